//! Reading HTML.

use std::borrow::Cow;

use ego_tree::iter::Edge;
use scraper::{Html, Node};

use super::{super::bounds, Content, builder::Builder, one_line};

/// Elements whose text is not read.
const UNREAD: &[&str] = &[
    "head", "script", "style", "noscript", "template", "svg", "nav",
];

/// Elements that a line ends with.
const LINES: &[&str] = &[
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

/// Elements that a paragraph ends with, unless they stand in an item or a cell.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
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

/// Elements whose parts stay together.
const ITEMS: &[&str] = &["li", "td", "th", "dd", "dt"];

/// Reads a page that fits its bounds, as a browser shows it.
pub(super) fn html(text: &str) -> Content {
    let document = Html::parse_document(text);
    let mut built = Builder::default();
    let mut title = None;
    let mut heading: Option<String> = None;
    // Depth of elements whose text is not read, and whether this is the title.
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
                    .is_some_and(|parent| name(parent.value()) == "title");
                if in_title {
                    title = Some(one_line(text)).filter(|title| !title.is_empty());
                } else if unread == 0 {
                    let into = heading.as_mut().unwrap_or(&mut built.text);
                    push_words(into, text);
                }
            }
            element @ Node::Element(_) => {
                let name = name(element);
                if UNREAD.contains(&name) {
                    unread = if opens {
                        unread + 1
                    } else {
                        unread.saturating_sub(1)
                    };
                } else if matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6") {
                    if opens {
                        heading = Some(String::new());
                    } else if let Some(heading) = heading.take() {
                        built.head(heading.trim().to_owned());
                    }
                } else if heading.is_none() {
                    end(&mut built, name, opens, &mut items);
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
fn end(built: &mut Builder, name: &str, opens: bool, items: &mut usize) {
    if ITEMS.contains(&name) {
        *items = match opens {
            true => *items + 1,
            false => items.saturating_sub(1),
        };
    }
    if matches!(name, "td" | "th") {
        if !opens && !built.text.ends_with('\n') {
            built.text.push_str(" | ");
        }
    } else if LINES.contains(&name) || (BLOCKS.contains(&name) && *items > 0) {
        built.end_line();
    } else if BLOCKS.contains(&name) {
        // A list or a table belongs to the line before it.
        match opens && matches!(name, "ul" | "ol" | "dl" | "table") {
            true => built.end_line(),
            false => built.end_block(),
        }
    }
}

fn name(node: &Node) -> &str {
    node.as_element().map_or("", |element| element.name())
}

/// Adds words with single spaces between them, as a browser shows them.
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
    into.push_str(&one_line(text));
    if spaced(text, true) && !spaced(into, true) {
        into.push(' ');
    }
}

/// The names of elements that texts of connectors have, by which they are known for markup.
const USUAL: &[&str] = &[
    "a",
    "b",
    "blockquote",
    "body",
    "br",
    "code",
    "div",
    "em",
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
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "script",
    "section",
    "small",
    "span",
    "strong",
    "style",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
];

/// A text without its markup, as a browser shows it. One without markup, or with more than is read, stays
/// as it is.
#[must_use]
pub fn plain_text(text: &str) -> Cow<'_, str> {
    if !has_markup(text) || !bounds::html_fits(text) {
        return Cow::Borrowed(text);
    }
    let content = html(text);
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
    let is_tag = |rest: &str| {
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        let end = rest
            .find(|character: char| !character.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        USUAL.contains(&name.as_str())
            && rest[end..].starts_with(['>', '/', ' ', '\n', '\t'])
            && rest[end..].contains('>')
    };
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
