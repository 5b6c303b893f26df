//! Parses URLs that callers pass in.

use std::cell::Cell;

use url::{SyntaxViolation, Url};

/// Parses an http or https URL with a host. The URL must be written in full.
///
/// A browser also accepts `https:///x`, `https:x` or a URL with a line break, and calls another host than the text
/// suggests. This function returns `None` for such a text. It does not check URLs that were stored earlier, so these
/// can still be called.
#[must_use]
pub fn parse_web_url(text: &str) -> Option<Url> {
    let is_odd = Cell::new(false);
    let note = |violation| {
        is_odd.set(
            is_odd.get()
                || matches!(
                    violation,
                    SyntaxViolation::ExpectedDoubleSlash
                        | SyntaxViolation::Backslash
                        | SyntaxViolation::C0SpaceIgnored
                        | SyntaxViolation::TabOrNewlineIgnored
                ),
        );
    };
    let url = Url::options()
        .syntax_violation_callback(Some(&note))
        .parse(text)
        .ok()?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    (is_web && !is_odd.get()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_two_slashes_and_a_host() {
        for text in [
            "https://example.com",
            "http://127.0.0.1:8080/a//b?c=d#e",
            "https://[::1]/",
            "HTTPS://Example.com/ü",
        ] {
            assert!(parse_web_url(text).is_some(), "{text}");
        }
        for text in [
            "https:///x",
            "https:x",
            "https:/x",
            "https:\\\\x",
            "https://a\\b",
            " https://x",
            "https://x\n",
            "https://exa\tmple.com",
            "https://",
            "ftp://x",
            "x",
            "",
        ] {
            assert!(parse_web_url(text).is_none(), "{text:?}");
        }
    }
}
