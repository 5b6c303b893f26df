//! The options of `$regex`, written into the pattern: the patterns of JSON Schema have none.

/// Returns a pattern that matches with these options: `i` ignores case, `m` lets `^` and `$` match at line ends, `s` lets
/// `.` match line ends, `x` drops white space and comments.
pub(super) fn apply_options(pattern: &str, options: &str) -> String {
    let mut writer = PatternWriter {
        rest: pattern,
        output: String::with_capacity(pattern.len() * 2),
        is_in_class: false,
    };
    let has = |option| options.contains(option);
    while let Some(next) = writer.next_char() {
        let is_outside = !writer.is_in_class;
        match next {
            '\\' => writer.copy_escape(),
            '[' if is_outside => {
                writer.is_in_class = true;
                writer.output.push(next);
            }
            ']' => {
                writer.is_in_class = false;
                writer.output.push(next);
            }
            '(' if is_outside => writer.copy_group_start(),
            '.' if is_outside && has('s') => writer.output.push_str(r"[\s\S]"),
            '^' if is_outside && has('m') => writer.output.push_str(r"(?<![^\n])"),
            '$' if is_outside && has('m') => writer.output.push_str(r"(?![^\n])"),
            '#' if is_outside && has('x') => {
                let end = writer.rest.find('\n').unwrap_or(writer.rest.len());
                writer.rest = &writer.rest[end..];
            }
            space if is_outside && has('x') && space.is_whitespace() => {}
            letter if has('i') => writer.write_letter(letter),
            other => writer.output.push(other),
        }
    }
    writer.output
}

struct PatternWriter<'a> {
    rest: &'a str,
    output: String,
    is_in_class: bool,
}

impl PatternWriter<'_> {
    fn next_char(&mut self) -> Option<char> {
        let next = self.rest.chars().next()?;
        self.rest = &self.rest[next.len_utf8()..];
        Some(next)
    }

    /// Copies the next characters up to a number of them.
    fn copy(&mut self, count: usize) {
        for _ in 0..count {
            let next = self.next_char();
            self.output.extend(next);
        }
    }

    /// Copies up to the end of a name in brackets, if one begins here.
    fn copy_name(&mut self, open: char, close: char) {
        if let Some(end) = self
            .rest
            .find(close)
            .filter(|_| self.rest.starts_with(open))
        {
            self.copy(self.rest[..end].chars().count() + 1);
        }
    }

    fn copy_escape(&mut self) {
        self.output.push('\\');
        let kind = self.next_char();
        self.output.extend(kind);
        match kind {
            Some('u') if !self.rest.starts_with('{') => self.copy(4),
            Some('u' | 'p' | 'P') => self.copy_name('{', '}'),
            Some('k') => self.copy_name('<', '>'),
            Some('x') => self.copy(2),
            Some('c') => self.copy(1),
            _ => {}
        }
    }

    /// Copies the begin of a group with its name.
    fn copy_group_start(&mut self) {
        self.output.push('(');
        let is_look = self.rest.starts_with("?<=") || self.rest.starts_with("?<!");
        if self.rest.starts_with("?<") && !is_look {
            self.copy(1);
            self.copy_name('<', '>');
        }
    }

    /// Writes a letter, or a range that begins with it, in both cases.
    fn write_letter(&mut self, letter: char) {
        let Some(other) = swap_case(letter) else {
            self.output.push(letter);
            return;
        };
        if !self.is_in_class {
            self.output.extend(['[', letter, other, ']']);
            return;
        }
        let mut range = self.rest.chars();
        let (dash, end) = (range.next(), range.next());
        match (dash, end) {
            (Some('-'), Some(end)) if end != ']' && end != '\\' => {
                self.rest = &self.rest[1 + end.len_utf8()..];
                self.output.extend([letter, '-', end]);
                if let Some(other_end) = swap_case(end).filter(|end| other <= *end) {
                    self.output.extend([other, '-', other_end]);
                }
            }
            _ => self.output.extend([letter, other]),
        }
    }
}

/// Returns the letter in the other case, if that is one letter.
fn swap_case(letter: char) -> Option<char> {
    let only = |mut all: Box<dyn Iterator<Item = char>>| {
        let first = all.next()?;
        all.next().is_none().then_some(first)
    };
    let swapped = match letter.is_lowercase() {
        true => only(Box::new(letter.to_uppercase())),
        false => only(Box::new(letter.to_lowercase())),
    };
    swapped.filter(|swapped| *swapped != letter)
}

#[cfg(test)]
mod tests {
    use super::apply_options;

    #[test]
    fn options_are_written_into_the_pattern() {
        for (pattern, options, expected) in [
            ("^aB1$", "i", "^[aA][Bb]1$"),
            ("[a-c_x]", "i", "[a-cA-C_xX]"),
            (
                r"\d\u0041(?<name>é)\k<name>",
                "i",
                r"\d\u0041(?<name>[éÉ])\k<name>",
            ),
            (r"\p{Lu}(?:a|ß)", "i", r"\p{Lu}(?:[aA]|ß)"),
            ("^a.$", "ms", r"(?<![^\n])a[\s\S](?![^\n])"),
            ("[.^$]", "ms", "[.^$]"),
            ("a b # c\n[ d]", "x", "ab[ d]"),
            ("a[", "i", "[aA]["),
            ("\\", "i", "\\"),
        ] {
            assert_eq!(apply_options(pattern, options), expected, "{pattern}");
        }
    }
}
