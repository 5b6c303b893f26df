//! How large a regular expression becomes when it is compiled, and what it takes to match it.
//!
//! An estimate from the text alone, which errs to the larger side. The engine's own limit on the
//! compiled size comes after the memory was used.

/// The longest pattern, in bytes.
pub(super) const LONGEST: usize = 4096;
/// The deepest nesting of groups.
pub(super) const DEEPEST: usize = 50;
/// The largest size of one pattern, in the units of [`Pattern::size`].
pub(super) const LARGEST: u64 = 50_000;

/// What an estimate found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pattern {
    /// About how many states it is compiled to.
    pub(super) size: u64,
    /// About how many of them a byte of the text can concern.
    pub(super) active: u64,
    /// True if it looks around or refers back, so that matching may go back and try again.
    pub(super) backtracks: bool,
}

/// Estimates a pattern.
///
/// # Errors
/// A text that says which limit it exceeds.
pub(super) fn estimate(pattern: &str) -> Result<Pattern, String> {
    if pattern.len() > LONGEST {
        return Err(format!("a pattern has at most {LONGEST} bytes"));
    }
    let mut reader = Reader {
        rest: pattern,
        backtracks: false,
    };
    let size = reader.alternatives(0)?;
    if size > LARGEST {
        return Err(format!(
            "the pattern {} is too large when its repetitions are written out",
            super::report::shortened(pattern, 60)
        ));
    }
    let active = if is_one_repetition(pattern) { 8 } else { size };
    Ok(Pattern {
        size,
        active,
        backtracks: reader.backtracks,
    })
}

/// True for one repeated class between `^` and `$`, such as `^.{0,2000}$`: at most one place of it
/// is reached at a time.
fn is_one_repetition(pattern: &str) -> bool {
    let Some(inner) = pattern
        .strip_prefix('^')
        .and_then(|rest| rest.strip_suffix('$'))
    else {
        return false;
    };
    let mut reader = Reader {
        rest: inner,
        backtracks: false,
    };
    let one = !inner.starts_with('(') && reader.atom(0).is_ok();
    reader.repeated();
    one && reader.rest.is_empty() && !reader.backtracks
}

struct Reader<'a> {
    rest: &'a str,
    backtracks: bool,
}

impl Reader<'_> {
    fn take(&mut self) -> Option<char> {
        let next = self.rest.chars().next()?;
        self.rest = &self.rest[next.len_utf8()..];
        Some(next)
    }

    /// Everything up to the end of a group, or of the pattern.
    fn alternatives(&mut self, depth: usize) -> Result<u64, String> {
        if depth > DEEPEST {
            return Err(format!(
                "groups of a pattern are nested at most {DEEPEST} deep"
            ));
        }
        let mut size = 1_u64;
        loop {
            match self.rest.chars().next() {
                None => return Ok(size),
                Some(')') if depth > 0 => {
                    self.take();
                    return Ok(size);
                }
                Some('|' | '^' | '$') => {
                    self.take();
                    size = size.saturating_add(1);
                }
                Some(_) => {
                    let atom = self.atom(depth)?;
                    let times = self.repeated();
                    size = size.saturating_add(atom.saturating_mul(times));
                }
            }
        }
    }

    /// One character, class or group.
    fn atom(&mut self, depth: usize) -> Result<u64, String> {
        Ok(match self.take() {
            Some('(') => self.group(depth)?,
            Some('[') => self.class(),
            Some('.') => 12,
            Some('\\') => self.escape(),
            Some(character) => character.len_utf8() as u64,
            None => 0,
        })
    }

    fn group(&mut self, depth: usize) -> Result<u64, String> {
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
        self.alternatives(depth + 1)
    }

    fn class(&mut self) -> u64 {
        let mut size = 4_u64;
        if self.rest.starts_with('^') {
            self.take();
            size = 16;
        }
        while let Some(character) = self.take() {
            match character {
                ']' => break,
                '\\' => size = size.saturating_add(self.escape()),
                other => size = size.saturating_add(other.len_utf8() as u64),
            }
        }
        size
    }

    fn escape(&mut self) -> u64 {
        match self.take() {
            // Classes of Unicode have hundreds of ranges.
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

    /// How often the last atom is repeated at most.
    fn repeated(&mut self) -> u64 {
        let mut times = 1_u64;
        loop {
            match self.rest.chars().next() {
                Some('*' | '+' | '?') => {
                    self.take();
                    times = times.saturating_mul(2);
                }
                Some('{') => match self.counted() {
                    Some(counted) => times = times.saturating_mul(counted),
                    None => return times,
                },
                _ => return times,
            }
        }
    }

    /// `{n}`, `{n,}` or `{n,m}`; none, without taking it, for another use of the brace.
    fn counted(&mut self) -> Option<u64> {
        let (inner, rest) = self.rest.strip_prefix('{')?.split_once('}')?;
        let (least, most) = inner.split_once(',').unwrap_or((inner, inner));
        let number = |text: &str| match text.trim() {
            "" => Some(0),
            digits if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
                Some(digits.parse().unwrap_or(u64::MAX))
            }
            _ => None,
        };
        let times = number(least)?.max(number(most)?).saturating_add(1);
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
            let found = estimate(pattern).expect(pattern);
            assert!(found.size < 40_000, "{pattern}: {found:?}");
        }
        assert!(estimate(r"(a)\1").expect("a pattern").backtracks);
        assert!(!estimate(r"^\d+$").expect("a pattern").backtracks);
        assert_eq!(estimate("^.{0,2000}$").expect("a pattern").active, 8);
        assert!(
            estimate("(?:a|b)*a(?:a|b){2000}")
                .expect("a pattern")
                .active
                > 2000
        );
    }

    #[test]
    fn what_grows_or_nests_is_refused() {
        assert!(estimate("((((a{100}){100}){100}){100}){100}").is_err());
        assert!(estimate(&"(".repeat(60)).is_err());
        assert!(estimate(&"(".repeat(5000)).is_err());
        assert!(estimate(&"a".repeat(5000)).is_err());
        assert!(estimate("a{99999999999999999999999}").is_err());
        assert!(estimate(r"\p{L}{1000}").is_err());
    }
}
