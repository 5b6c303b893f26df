//! Parses HTML, and removes HTML markup from texts.

use std::borrow::Cow;

use ego_tree::iter::Edge;
use scraper::{Html, Node};

use super::{Content, builder::SectionBuilder, to_one_line};
use crate::domain::retrieval::folders::parser_limits;

/// Elements whose text is ignored.
const IGNORED_ELEMENTS: &[&str] = &[
    "head", "script", "style", "noscript", "template", "svg", "nav",
];

/// Elements that end a line.
const LINE_ELEMENTS: &[&str] = &[
    "br",
    "caption",
    "dd",
    "dt",
    "figcaption",
    "li",
    "summary",
    "title",
    "tr",
];

/// Elements that end a paragraph, except within an item or a cell.
const BLOCK_ELEMENTS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "center",
    "details",
    "div",
    "dl",
    "figure",
    "footer",
    "form",
    "header",
    "hr",
    "main",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "ul",
];

/// Elements whose content stays together.
const ITEM_ELEMENTS: &[&str] = &["li", "td", "th", "dd", "dt"];

/// Parses a page within the parser limits into the text that a browser shows.
pub(super) fn parse_html(text: &str) -> Content {
    let document = Html::parse_document(text);
    let mut built = SectionBuilder::default();
    let mut title = None;
    let mut heading: Option<String> = None;
    // Depth of elements whose text is ignored.
    let mut unread = 0_usize;
    let mut items = 0_usize;
    for edge in document.tree.root().traverse() {
        let (node, opens) = match edge {
            Edge::Open(node) => (node, true),
            Edge::Close(node) => (node, false),
        };
        match node.value() {
            Node::Text(text) if opens => {
                let in_title = node
                    .parent()
                    .is_some_and(|parent| element_name(parent.value()) == "title");
                if in_title {
                    title = Some(to_one_line(text)).filter(|title| !title.is_empty());
                } else if unread == 0 {
                    let into = heading.as_mut().unwrap_or(&mut built.text);
                    push_words(into, text);
                }
            }
            element @ Node::Element(_) => {
                let name = element_name(element);
                if IGNORED_ELEMENTS.contains(&name) {
                    unread = if opens {
                        unread + 1
                    } else {
                        unread.saturating_sub(1)
                    };
                } else if matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6") {
                    if opens {
                        heading = Some(String::new());
                    } else if let Some(heading) = heading.take() {
                        built.start_section(heading.trim().to_owned());
                    }
                } else if heading.is_none() {
                    end_element(&mut built, name, opens, &mut items);
                }
            }
            _ => {}
        }
    }
    let mut content = built.finish();
    content.title = title.or(content.title);
    content
}

/// Ends a line or a paragraph at the beginning or the end of an element.
fn end_element(built: &mut SectionBuilder, name: &str, opens: bool, items: &mut usize) {
    if ITEM_ELEMENTS.contains(&name) {
        *items = match opens {
            true => *items + 1,
            false => items.saturating_sub(1),
        };
    }
    if matches!(name, "td" | "th") {
        if !opens && !built.text.ends_with('\n') {
            built.text.push_str(" | ");
        }
    } else if LINE_ELEMENTS.contains(&name) || (BLOCK_ELEMENTS.contains(&name) && *items > 0) {
        built.end_line();
    } else if BLOCK_ELEMENTS.contains(&name) {
        // A list or a table belongs to the line before it.
        match opens && matches!(name, "ul" | "ol" | "dl" | "table") {
            true => built.end_line(),
            false => built.end_block(),
        }
    }
}

fn element_name(node: &Node) -> &str {
    node.as_element().map_or("", |element| element.name())
}

/// Appends words with single spaces between them, as a browser shows them.
fn push_words(into: &mut String, text: &str) {
    let spaced = |text: &str, end: bool| {
        let edge = if end {
            text.chars().next_back()
        } else {
            text.chars().next()
        };
        edge.is_none_or(char::is_whitespace)
    };
    if spaced(text, false) && !spaced(into, true) {
        into.push(' ');
    }
    into.push_str(&to_one_line(text));
    if spaced(text, true) && !spaced(into, true) {
        into.push(' ');
    }
}

/// Element names that mark a connector's text as HTML.
const MARKUP_ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "article",
    "aside",
    "b",
    "blockquote",
    "body",
    "br",
    "center",
    "code",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "html",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "nav",
    "ol",
    "p",
    "pre",
    "samp",
    "script",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "style",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
    "wbr",
];

/// Element names that also occur as placeholders (`<label>`). They count as markup only as an end
/// tag (`</label>`) or with attributes.
const AMBIGUOUS_ELEMENTS: &[&str] = &[
    "address", "button", "caption", "cite", "details", "dfn", "fieldset", "figure", "footer",
    "form", "head", "header", "iframe", "input", "label", "legend", "link", "main", "meta",
    "noscript", "object", "option", "picture", "q", "s", "select", "summary", "svg", "template",
    "textarea", "time", "title", "tt", "var", "video",
];

/// Removes the markup from a text, as a browser shows it. A text without markup or beyond the
/// parser limits is returned unchanged.
#[must_use]
pub fn strip_markup(text: &str) -> Cow<'_, str> {
    if !has_markup(text) || !parser_limits::is_html_within_limits(text) {
        return Cow::Borrowed(text);
    }
    let content = parse_html(text);
    let mut plain = String::new();
    for section in content.sections {
        if let Some(heading) = section.heading {
            plain.push_str(&heading);
            plain.push('\n');
        }
        plain.push_str(&section.text);
        plain.push('\n');
    }
    plain.truncate(plain.trim_end().len());
    Cow::Owned(plain)
}

fn has_markup(text: &str) -> bool {
    let is_entity = |rest: &str| {
        let end = rest.find(';').filter(|end| (2..=8).contains(end));
        end.is_some_and(|end| {
            let name = &rest[..end];
            let number = name.strip_prefix('#');
            number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_alphanumeric()))
                || matches!(name, "amp" | "lt" | "gt" | "quot" | "apos" | "nbsp")
        })
    };
    text.split('<').skip(1).any(is_tag) || text.split('&').skip(1).any(is_entity)
}

/// True if the text after `<` is a tag of an element that connectors' texts contain.
fn is_tag(rest: &str) -> bool {
    let closes = rest.starts_with('/');
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let end = rest
        .find(|character: char| !character.is_ascii_alphanumeric() && !"-:".contains(character))
        .unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    let Some((inside, _)) = rest.split_once('>') else {
        return false;
    };
    if !inside.is_empty() && !inside.starts_with(['/', ' ', '\n', '\r', '\t']) {
        return false;
    }
    let name = name.to_ascii_lowercase();
    let is_sure = closes || inside.contains('=') || inside.ends_with('/');
    MARKUP_ELEMENTS.contains(&name.as_str())
        || (is_sure && (AMBIGUOUS_ELEMENTS.contains(&name.as_str()) || is_namespaced(&name)))
}

/// True for the name of an element of Office or Confluence, such as `o:p` and
/// `ac:structured-macro`.
fn is_namespaced(name: &str) -> bool {
    let begins = |part: &str| part.starts_with(|first: char| first.is_ascii_alphabetic());
    name.split_once(':')
        .is_some_and(|(space, local)| begins(space) && begins(local))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_no_text_whichever_they_are() {
        for (text, plain) in [
            ("<dl><dt>Oak</dt><dd>A tree.</dd></dl>", "Oak\nA tree."),
            ("<dd>A tree.", "A tree."),
            ("<font color=red>Stop.</font>", "Stop."),
            ("<center>Stop.</center>", "Stop."),
            ("<figure><figcaption>Oak</figcaption></figure>", "Oak"),
            (
                "<details><summary>Oak</summary>A tree.</details>",
                "Oak\nA tree.",
            ),
            ("Press <kbd>Enter</kbd>.", "Press Enter."),
            ("<article>Oak.</article>", "Oak."),
            ("<section>Oak.</section>", "Oak."),
            ("<button>Save</button>", "Save"),
            ("<label for=\"x\">Name", "Name"),
            ("<header>Oak</header>", "Oak"),
            ("<footer>Oak</footer>", "Oak"),
            ("<aside>Oak</aside>", "Oak"),
            ("<main>Oak</main>", "Oak"),
            ("<mark>Oak</mark>", "Oak"),
            ("<small>Oak</small>", "Oak"),
            ("H<sub>2</sub>O, m<sup>2</sup>", "H2O, m2"),
            ("Oak.<o:p></o:p>", "Oak."),
            (
                "<ac:structured-macro ac:name=\"info\">Oak.</ac:structured-macro>",
                "Oak.",
            ),
            ("<ri:page ri:content-title=\"x\" />Oak.", "Oak."),
        ] {
            assert_eq!(strip_markup(text), plain, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_tag_is_text() {
        for text in [
            "Run cp <source> <target>.",
            "Write <label> and <title>.",
            "See <https://example.com/a> or <mailto:a@example.com>.",
            "Log in as <user:password>.",
            "If a < b and c > d, it is.",
        ] {
            assert_eq!(strip_markup(text), text);
        }
    }
}
