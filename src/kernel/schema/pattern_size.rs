//! Estimates the compiled size of a regular expression and the cost of a match.
//!
//! The estimate uses the text alone and errs to the larger side. The engine's own limit on the compiled size
//! applies only after the memory was used.

/// Maximum length of a pattern, in bytes.
pub(super) const MAX_PATTERN_BYTES: usize = 4096;
/// Maximum nesting depth of groups.
pub(super) const MAX_GROUP_DEPTH: usize = 50;
/// Maximum size of one pattern, in the unit of its `size`.
pub(super) const MAX_SIZE: u64 = 50_000;

/// The estimate for a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PatternEstimate {
    /// Approximate number of states of the compiled pattern.
    pub(super) size: u64,
    /// Approximate number of states that can be active at one byte of the text.
    pub(super) active_states: u64,
    /// True if the pattern has lookaround or backreferences, so that a match may backtrack.
    pub(super) backtracks: bool,
}

/// Estimates a pattern.
///
/// # Errors
/// A text that names the exceeded limit.
pub(super) fn estimate_pattern(pattern: &str) -> Result<PatternEstimate, String> {
    if pattern.len() > MAX_PATTERN_BYTES {
        return Err(format!("a pattern has at most {MAX_PATTERN_BYTES} bytes"));
    }
    let mut reader = PatternReader {
        rest: pattern,
        backtracks: false,
    };
    let size = reader.read_alternatives(0)?;
    if size > MAX_SIZE {
        return Err(format!(
            "the pattern {} is too large when its repetitions are written out",
            super::report::truncate_text(pattern, 60)
        ));
    }
    let active = if is_one_repetition(pattern) { 8 } else { size };
    Ok(PatternEstimate {
        size,
        active_states: active,
        backtracks: reader.backtracks,
    })
}

/// True for one repeated class between `^` and `$`, such as `^.{0,2000}$`. Only one of its states is active
/// at a time.
fn is_one_repetition(pattern: &str) -> bool {
    let Some(inner) = pattern
        .strip_prefix('^')
        .and_then(|rest| rest.strip_suffix('$'))
    else {
        return false;
    };
    let mut reader = PatternReader {
        rest: inner,
        backtracks: false,
    };
    let one = !inner.starts_with('(') && reader.read_atom(0).is_ok();
    reader.read_repetitions();
    one && reader.rest.is_empty() && !reader.backtracks
}

struct PatternReader<'a> {
    rest: &'a str,
    backtracks: bool,
}

impl PatternReader<'_> {
    fn next_char(&mut self) -> Option<char> {
        let next = self.rest.chars().next()?;
        self.rest = &self.rest[next.len_utf8()..];
        Some(next)
    }

    /// Reads up to the end of the group or of the pattern; returns the size.
    fn read_alternatives(&mut self, depth: usize) -> Result<u64, String> {
        if depth > MAX_GROUP_DEPTH {
            return Err(format!(
                "groups of a pattern are nested at most {MAX_GROUP_DEPTH} deep"
            ));
        }
        let mut size = 1_u64;
        loop {
            match self.rest.chars().next() {
                None => return Ok(size),
                Some(')') if depth > 0 => {
                    self.next_char();
                    return Ok(size);
                }
                Some('|' | '^' | '$') => {
                    self.next_char();
                    size = size.saturating_add(1);
                }
                Some(_) => {
                    let atom = self.read_atom(depth)?;
                    let times = self.read_repetitions();
                    size = size.saturating_add(atom.saturating_mul(times));
                }
            }
        }
    }

    /// Reads one character, class or group; returns its size.
    fn read_atom(&mut self, depth: usize) -> Result<u64, String> {
        Ok(match self.next_char() {
            Some('(') => self.read_group(depth)?,
            Some('[') => self.read_class(),
            Some('.') => 12,
            Some('\\') => self.read_escape(),
            Some(character) => character.len_utf8() as u64,
            None => 0,
        })
    }

    fn read_group(&mut self, depth: usize) -> Result<u64, String> {
        for (opening, backtracks) in [
            ("?:", false),
            ("?=", true),
            ("?!", true),
            ("?<=", true),
            ("?<!", true),
            ("?>", true),
        ] {
            if let Some(rest) = self.rest.strip_prefix(opening) {
                self.rest = rest;
                self.backtracks |= backtracks;
                break;
            }
        }
        self.read_alternatives(depth + 1)
    }

    fn read_class(&mut self) -> u64 {
        let mut size = 4_u64;
        if self.rest.starts_with('^') {
            self.next_char();
            size = 16;
        }
        while let Some(character) = self.next_char() {
            match character {
                ']' => break,
                '\\' => size = size.saturating_add(self.read_escape()),
                other => size = size.saturating_add(other.len_utf8() as u64),
            }
        }
        size
    }

    fn read_escape(&mut self) -> u64 {
        match self.next_char() {
            // Unicode classes have hundreds of ranges.
            Some('p' | 'P') => {
                if let Some((name, rest)) = self.rest.split_once('}')
                    && name.starts_with('{')
                {
                    self.rest = rest;
                }
                500
            }
            Some('1'..='9' | 'k') => {
                self.backtracks = true;
                1
            }
            Some('D' | 'W' | 'S') => 16,
            Some('d' | 'w' | 's') => 8,
            _ => 4,
        }
    }

    /// Reads the repetitions of the last atom; returns their maximum number.
    fn read_repetitions(&mut self) -> u64 {
        let mut times = 1_u64;
        loop {
            match self.rest.chars().next() {
                Some('*' | '+' | '?') => {
                    self.next_char();
                    times = times.saturating_mul(2);
                }
                Some('{') => match self.read_counted_repetition() {
                    Some(counted) => times = times.saturating_mul(counted),
                    None => return times,
                },
                _ => return times,
            }
        }
    }

    /// Reads `{n}`, `{n,}` or `{n,m}`. For another use of the brace, returns `None` and consumes nothing.
    fn read_counted_repetition(&mut self) -> Option<u64> {
        let (inner, rest) = self.rest.strip_prefix('{')?.split_once('}')?;
        let (min, max) = inner.split_once(',').unwrap_or((inner, inner));
        let number = |text: &str| match text.trim() {
            "" => Some(0),
            digits if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
                Some(digits.parse().unwrap_or(u64::MAX))
            }
            _ => None,
        };
        let times = number(min)?.max(number(max)?).saturating_add(1);
        self.rest = rest;
        Some(times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_patterns_are_small() {
        for pattern in [
            "^[a-z0-9_-]{1,64}$",
            r"^\d{4}-\d{2}-\d{2}$",
            r"^(?=.*[A-Z])(?=.*\d).{8,}$",
            "^.{0,2000}$",
            r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$",
            r"^\p{L}{1,50}$",
            "a{",
            "{,",
            "(((",
            "[",
            "\\",
            "",
        ] {
            let found = estimate_pattern(pattern).expect(pattern);
            assert!(found.size < 40_000, "{pattern}: {found:?}");
        }
        assert!(estimate_pattern(r"(a)\1").expect("a pattern").backtracks);
        assert!(!estimate_pattern(r"^\d+$").expect("a pattern").backtracks);
        assert_eq!(
            estimate_pattern("^.{0,2000}$")
                .expect("a pattern")
                .active_states,
            8
        );
        assert!(
            estimate_pattern("(?:a|b)*a(?:a|b){2000}")
                .expect("a pattern")
                .active_states
                > 2000
        );
    }

    #[test]
    fn what_grows_or_nests_is_refused() {
        assert!(estimate_pattern("((((a{100}){100}){100}){100}){100}").is_err());
        assert!(estimate_pattern(&"(".repeat(60)).is_err());
        assert!(estimate_pattern(&"(".repeat(5000)).is_err());
        assert!(estimate_pattern(&"a".repeat(5000)).is_err());
        assert!(estimate_pattern("a{99999999999999999999999}").is_err());
        assert!(estimate_pattern(r"\p{L}{1000}").is_err());
    }
}
