//! Finds and replaces positions in a bundle, such as `bundle.js:12:7`, in texts.

use super::exception::BUNDLE_FILE;

/// A position in a bundle: line and column, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Position {
    pub(super) line: u32,
    pub(super) column: u32,
}

/// Returns the distinct positions that a text names, at most `max`.
pub(super) fn find_positions(text: &str, max: usize) -> Vec<Position> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((_, position, end)) = find_next(text, at) {
        if found.len() == max {
            break;
        }
        if !found.contains(&position) {
            found.push(position);
        }
        at = end;
    }
    found
}

/// Replaces each position by the result of `with`. A position without a result stays.
pub(super) fn replace_positions(text: &str, with: impl Fn(Position) -> Option<String>) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut at = 0;
    while let Some((begin, position, end)) = find_next(text, at) {
        match with(position) {
            Some(source) => {
                replaced.push_str(&text[at..begin]);
                replaced.push_str(&source);
            }
            None => replaced.push_str(&text[at..end]),
        }
        at = end;
    }
    replaced.push_str(&text[at..]);
    replaced
}

/// Finds the first position from the index `at` on. Returns it between its start and its end.
fn find_next(text: &str, mut at: usize) -> Option<(usize, Position, usize)> {
    loop {
        let begin = at + text[at..].find(BUNDLE_FILE)?;
        let after = begin + BUNDLE_FILE.len();
        let Some((position, length)) = parse_position(&text[after..]) else {
            at = after;
            continue;
        };
        let begin = begin - usize::from(text[..begin].ends_with('/'));
        return Some((begin, position, after + length));
    }
}

/// Parses `:12:7` at the beginning of a text. Returns the position and the length of its text.
fn parse_position(text: &str) -> Option<(Position, usize)> {
    let (line, first) = parse_number(text)?;
    let (column, second) = parse_number(&text[first..])?;
    (line > 0).then_some((Position { line, column }, first + second))
}

fn parse_number(text: &str) -> Option<(u32, usize)> {
    let digits = text.strip_prefix(':')?;
    let end = digits.find(|letter: char| !letter.is_ascii_digit());
    let digits = &digits[..end.unwrap_or(digits.len())];
    Some((digits.parse().ok()?, digits.len() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_and_replaced() {
        let text = "Error: ü\n    at f (/bundle.js:3:14)\n    at bundle.js:3:14\nbundle.js:x bundle.js:9 \
                    bundle.js:99999999999:1 bundle.js:4:2";
        let (one, two) = (
            Position {
                line: 3,
                column: 14,
            },
            Position { line: 4, column: 2 },
        );
        assert_eq!(find_positions(text, 9), [one, two]);
        assert_eq!(find_positions(text, 1), [one]);
        let replaced = replace_positions(text, |position| {
            (position == one).then(|| "src/a.ts:1:2".to_owned())
        });
        assert_eq!(
            replaced,
            "Error: ü\n    at f (src/a.ts:1:2)\n    at src/a.ts:1:2\nbundle.js:x bundle.js:9 \
             bundle.js:99999999999:1 bundle.js:4:2"
        );
    }
}
