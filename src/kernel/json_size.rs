//! The size of JSON text, without the text.

use std::io::{self, Write};

use serde::Serialize;

/// Counts the bytes that are written to it.
struct ByteCounter(usize);

impl Write for ByteCounter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the size of a value as JSON text without spaces, in bytes.
#[must_use]
pub fn json_size(value: &(impl Serialize + ?Sized)) -> usize {
    let mut counter = ByteCounter(0);
    // Fails only for maps with keys that are not strings, which no caller has.
    let _ = serde_json::to_writer(&mut counter, value);
    counter.0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_size_is_that_of_the_text() {
        for value in [
            json!({}),
            json!({"a": [1, 2.5, null, "\u{e9}\n"], "b": {"c": false}}),
        ] {
            assert_eq!(json_size(&value), value.to_string().len());
        }
    }
}
