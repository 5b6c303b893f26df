//! Icons and readmes of integrations, interfaces and plugins.

use crate::kernel::{Error, Result, Rule, Violation};

/// Checks an icon and a readme.
///
/// # Errors
/// `Invalid` unless the icon is an SVG image and the readme is text.
pub(in crate::domain) fn check_icon_and_readme(
    icon: Option<&[u8]>,
    readme: Option<&[u8]>,
) -> Result<()> {
    let broken = |member: &str, rule: &str| {
        let rule = Rule::Other(rule.to_owned());
        Error::from(Violation::body([member], rule))
    };
    if icon.is_some_and(|icon| !is_svg(icon)) {
        return Err(broken("icon", "must be an SVG image in base64"));
    }
    if readme.is_some_and(|readme| std::str::from_utf8(readme).is_err()) {
        return Err(broken("readme", "must be Markdown in base64"));
    }
    Ok(())
}

/// True if the bytes are an SVG image: text whose first element is `svg`.
fn is_svg(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    // An XML declaration, a document type and comments may precede the element.
    while rest.starts_with("<?") || rest.starts_with("<!") {
        let end = if rest.starts_with("<!--") { "-->" } else { ">" };
        let Some((_, after)) = rest.split_once(end) else {
            return false;
        };
        rest = after.trim_start();
    }
    rest.strip_prefix("<svg")
        .is_some_and(|after| after.starts_with(|c: char| c.is_whitespace() || c == '>'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn icons_are_svg() {
        for good in [
            "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            "\u{feff}<?xml version=\"1.0\"?>\n<!DOCTYPE svg>\n<!-- a > b --><svg>",
        ] {
            assert!(is_svg(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "<html><svg ></html>",
            "<svgs>",
            "<!-- <svg >",
            "\u{89}PNG",
        ] {
            assert!(!is_svg(bad.as_bytes()), "{bad}");
        }
    }
}
