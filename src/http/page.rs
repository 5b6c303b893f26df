//! Pages: embedded files with places to fill.

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

/// An embedded text file.
pub(crate) fn text(name: &str) -> String {
    let file = Assets::get(name).expect("the file is embedded at build time");
    String::from_utf8_lossy(&file.data).into_owned()
}

/// Fills `{{name}}` places of a page. The values are HTML, and places in them stay as they are.
pub(crate) fn fill(page: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(page.len());
    let mut rest = page;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let Some((name, after)) = after.split_once("}}") else {
            filled.push_str("{{");
            rest = after;
            continue;
        };
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => filled.push_str(value),
            None => filled.push_str(&format!("{{{{{name}}}}}")),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// A text as HTML: within an element or a quoted attribute. Braces too, so that it is no place of
/// a page to be filled.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '{' => escaped.push_str("&#123;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_once() {
        let values = [("a", "{{b}}"), ("b", "2")];
        assert_eq!(fill("<{{a}}|{{b}}|{{c}}|{{", &values), "<{{b}}|2|{{c}}|{{");
    }

    #[test]
    fn escaped_text_is_text() {
        assert_eq!(
            escape("<a b=\"c'd\">&{{e}}"),
            "&lt;a b=&quot;c&#39;d&quot;&gt;&amp;&#123;&#123;e}}"
        );
    }
}
