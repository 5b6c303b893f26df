//! Addresses that callers give.

use std::cell::Cell;

use url::{SyntaxViolation, Url};

/// An http or https address with a host, as it is written in full.
///
/// A browser also takes `https:///x`, `https:x` or one with a line break for an address, of another
/// host than it seems; here such a text is none. Addresses that were stored earlier are not read by
/// this, so that they can still be called.
#[must_use]
pub fn web_address(text: &str) -> Option<Url> {
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
            assert!(web_address(text).is_some(), "{text}");
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
            assert!(web_address(text).is_none(), "{text:?}");
        }
    }
}
