//! The reason why a body is not JSON, worded for its sender.

use crate::kernel::schema::truncate_text;

/// Maximum length of the excerpt from a body that is not JSON, in bytes.
const EXCERPT_MAX: usize = 24;

/// Returns the parser's reason. If the body does not even begin like JSON, describes its beginning first: the parser
/// gives the same reason for an empty body, a form, a compressed body and an HTML page.
#[must_use]
pub fn describe_json_error(bytes: &[u8], error: &serde_json::Error) -> String {
    let begin = bytes.trim_ascii_start();
    let lead = match begin.first() {
        None => "it is empty or blank".to_owned(),
        Some(b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
            return error.to_string();
        }
        Some(0x1f) => "it is compressed, but Content-Encoding: gzip is missing".to_owned(),
        Some(_) => match std::str::from_utf8(begin) {
            Ok(text) => format!(
                "it begins with {:?}, which is not JSON",
                truncate_text(text, EXCERPT_MAX)
            ),
            Err(_) => "it is not text in UTF-8".to_owned(),
        },
    };
    format!("{lead} ({error})")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(bytes: &[u8]) -> String {
        let error = serde_json::from_slice::<serde_json::Value>(bytes).expect_err("no JSON");
        describe_json_error(bytes, &error)
    }

    #[test]
    fn a_fault_says_what_is_there() {
        assert!(fault(b"ame=x&y=z").starts_with("it begins with \"ame=x&y=z\", which is not JSON"));
        assert!(fault(b"\n<!doctype html>").starts_with("it begins with \"<!doctype html>\""));
        assert!(fault(b" \n ").starts_with("it is empty or blank"));
        assert!(fault(b"\x1f\x8b\x08").contains("gzip"));
        assert!(fault(b"\x89PNG").starts_with("it is not text in UTF-8"));
        assert!(fault("é".repeat(20).as_bytes()).contains('…'));
        assert_eq!(fault(b"{\"a\": }"), "expected value at line 1 column 7");
    }
}
