//! Hexadecimal digits.

use std::fmt::Write;

/// Returns two lowercase digits for each byte.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing into a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Returns the bytes of a text of digits; `None` if it is not one.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    let pairs = (0..text.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back() {
        let bytes = [0, 9, 10, 255];
        assert_eq!(encode(&bytes), "00090aff");
        assert_eq!(decode("00090aFF").as_deref(), Some(&bytes[..]));
        assert_eq!(decode(""), Some(Vec::new()));
        for other in ["0", "0g", "é"] {
            assert_eq!(decode(other), None, "{other}");
        }
    }
}
