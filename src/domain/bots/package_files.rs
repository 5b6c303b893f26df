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
        let Some(after) = skip_declaration(rest) else {
            return false;
        };
        rest = after.trim_start();
    }
    rest.strip_prefix("<svg")
        .is_some_and(|after| after.starts_with(|c: char| c.is_whitespace() || c == '>'))
}

/// Returns the text after the declaration or the comment that it begins with.
fn skip_declaration(text: &str) -> Option<&str> {
    if let Some(comment) = text.strip_prefix("<!--") {
        return Some(comment.split_once("-->")?.1);
    }
    let (head, after) = text.split_once('>')?;
    // A document type can contain declarations of its own in brackets.
    match head.split_once('[') {
        Some(_) if text.starts_with("<!") => {
            let mut rest = text;
            loop {
                (_, rest) = rest.split_once(']')?;
                if let Some(after) = rest.trim_start().strip_prefix('>') {
                    return Some(after);
                }
            }
        }
        _ => Some(after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn icons_are_svg() {
        for good in [
            "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            "\u{feff}<?xml version=\"1.0\"?>\n<!DOCTYPE svg>\n<!-- a > b --><svg>",
            "<!DOCTYPE svg PUBLIC \"-//W3C\" \"svg11.dtd\" [\n<!ENTITY ns \"http://a/[1]\">\n] ><svg>",
        ] {
            assert!(is_svg(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "<html><svg ></html>",
            "<svgs>",
            "<!-- <svg >",
            "<!DOCTYPE svg [<!ENTITY a \"b\"><svg>",
            "<!DOCTYPE html [<!ENTITY a \"b\">]><html>",
            "\u{89}PNG",
        ] {
            assert!(!is_svg(bad.as_bytes()), "{bad}");
        }
    }
}
