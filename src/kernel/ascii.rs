//! Escapes JSON to ASCII, for texts that clients split into lines.
//!
//! Python's `splitlines` also ends a line at U+0085, U+2028 and U+2029, which JSON may contain unescaped.
//! Clients that split a stream with it lose every event that contains one of them.

use std::{
    borrow::Cow,
    fmt::Write as _,
    io::{self, Write},
};

/// Escapes all characters of a JSON text that are not ASCII. They can only occur inside strings.
#[must_use]
pub fn ascii_json(json: &str) -> Cow<'_, str> {
    if json.is_ascii() {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() * 2);
    for character in json.chars() {
        if character.is_ascii() {
            escaped.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a `String` does not fail.
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    }
    Cow::Owned(escaped)
}

/// A writer that forwards lines of JSON in ASCII. Each write must consist of whole characters, as a logger's
/// writes do.
#[derive(Debug)]
pub struct AsciiLines<W>(pub W);

impl<W: Write> Write for AsciiLines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.0.write_all(ascii_json(text).as_bytes())?,
            Err(_) => self.0.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn lines_are_in_ascii() {
        let mut lines = AsciiLines(Vec::new());
        lines
            .write_all("{\"a\":\"\u{2028}\u{85}😀\"}\n".as_bytes())
            .expect("it is written");
        assert_eq!(
            String::from_utf8(lines.0).expect("ASCII"),
            "{\"a\":\"\\u2028\\u0085\\ud83d\\ude00\"}\n"
        );
    }

    proptest! {
        #[test]
        fn escaped_json_says_the_same(name in ".*", text in ".*") {
            let value = json!({name: [text]});
            let written = value.to_string();
            let escaped = ascii_json(&written);
            prop_assert!(escaped.is_ascii());
            prop_assert_eq!(serde_json::from_str::<Value>(&escaped).expect("JSON"), value);
        }
    }
}
