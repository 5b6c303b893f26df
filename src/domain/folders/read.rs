//! Reading a file: what kind it is, its title, and its sections.

use std::path::Path;

use ego_tree::iter::Edge;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use scraper::{Html, Node};
use serde_json::Value;

use super::bounds;

/// A part of a file under one heading, or one record of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The heading; none before the first one.
    pub heading: Option<String>,
    /// The text, with a line break after each paragraph or item.
    pub text: String,
}

/// What a file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// The title that it gives itself.
    pub title: Option<String>,
    /// Its parts, in their order.
    pub sections: Vec<Section>,
}

/// A kind of file that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Markdown.
    Markdown,
    /// Plain text.
    Text,
    /// HTML.
    Html,
    /// JSON: one record, or a list of records.
    Json,
    /// JSON, one record a line.
    JsonLines,
    /// CSV with a line of headers.
    Csv,
    /// The same, separated by tabs.
    Tsv,
}

impl Format {
    /// The format that a file's name tells; none for files that are not read.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match extension.as_str() {
            "md" | "markdown" | "mdx" => Self::Markdown,
            "txt" | "text" | "rst" | "adoc" | "log" => Self::Text,
            "html" | "htm" | "xhtml" => Self::Html,
            "json" => Self::Json,
            "jsonl" | "ndjson" => Self::JsonLines,
            "csv" => Self::Csv,
            "tsv" => Self::Tsv,
            _ => return None,
        })
    }
}

/// Reads the bytes of a file. What is not UTF-8 is replaced; what is no JSON or CSV, and what is nested
/// too deep to be read as what it is, is read as text, so that it can be found all the same.
#[must_use]
pub fn read(format: Format, bytes: &[u8]) -> Content {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    match format {
        Format::Markdown if !bounds::markdown_fits(text) => plain(text),
        Format::Html if !bounds::html_fits(text) => plain(text),
        Format::Markdown => markdown(text),
        Format::Text => plain(text),
        Format::Html => html(text),
        Format::Json => match serde_json::from_str(text) {
            Ok(value) => records(match value {
                Value::Array(items) => items,
                one => vec![one],
            }),
            Err(_) => plain(text),
        },
        Format::JsonLines => {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            match lines.map(serde_json::from_str).collect() {
                Ok(values) => records(values),
                Err(_) => plain(text),
            }
        }
        Format::Csv => table(text, b',').unwrap_or_else(|| plain(text)),
        Format::Tsv => table(text, b'\t').unwrap_or_else(|| plain(text)),
    }
}

fn plain(text: &str) -> Content {
    Content {
        title: None,
        sections: vec![Section {
            heading: None,
            text: text.to_owned(),
        }],
    }
}

/// Builds sections from headings and text as they come.
#[derive(Default)]
struct Builder {
    content: Content,
    heading: Option<String>,
    text: String,
}

impl Builder {
    fn head(&mut self, heading: String) {
        self.end_section();
        if !heading.is_empty() {
            self.content.title.get_or_insert_with(|| heading.clone());
            self.heading = Some(heading);
        }
    }

    fn end_section(&mut self) {
        let text = std::mem::take(&mut self.text);
        if !text.trim().is_empty() {
            let heading = self.heading.clone();
            self.content.sections.push(Section { heading, text });
        }
    }

    fn end_line(&mut self) {
        let end = self.text.trim_end().len();
        self.text.truncate(end);
        if end > 0 {
            self.text.push('\n');
        }
    }

    fn finish(mut self) -> Content {
        self.end_section();
        self.content
    }
}

fn markdown(text: &str) -> Content {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut built = Builder::default();
    let mut heading: Option<String> = None;
    let mut metadata = false;
    for event in Parser::new_ext(text, options) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let heading = heading.take().unwrap_or_default();
                built.head(heading.trim().to_owned());
            }
            Event::Start(Tag::MetadataBlock(_)) => metadata = true,
            Event::End(TagEnd::MetadataBlock(_)) => metadata = false,
            Event::Text(text) if metadata => {
                built.content.title = built.content.title.or_else(|| front_title(&text));
            }
            Event::Text(text) | Event::Code(text) => match &mut heading {
                Some(heading) => heading.push_str(&text),
                None => built.text.push_str(&text),
            },
            Event::SoftBreak => built.text.push(' '),
            Event::HardBreak
            | Event::Rule
            | Event::End(
                TagEnd::Paragraph
                | TagEnd::Item
                | TagEnd::CodeBlock
                | TagEnd::TableRow
                | TagEnd::TableHead,
            ) => built.end_line(),
            Event::End(TagEnd::TableCell) => built.text.push_str(" | "),
            _ => {}
        }
    }
    built.finish()
}

/// `title:` of a front matter.
fn front_title(text: &str) -> Option<String> {
    let title = text.lines().find_map(|line| line.strip_prefix("title:"))?;
    let title = title.trim().trim_matches(['"', '\'']);
    (!title.is_empty()).then(|| title.to_owned())
}

/// Elements whose text is not read.
const UNREAD: &[&str] = &[
    "head", "script", "style", "noscript", "template", "svg", "nav",
];

/// Elements that a line ends with.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "br",
    "caption",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "form",
    "header",
    "hr",
    "li",
    "main",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "td",
    "th",
    "title",
    "tr",
    "ul",
];

fn html(text: &str) -> Content {
    let document = Html::parse_document(text);
    let mut built = Builder::default();
    let mut title = None;
    let mut heading: Option<String> = None;
    // Depth of elements whose text is not read, and whether this is the title.
    let mut unread = 0_usize;
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
                } else if BLOCKS.contains(&name) && heading.is_none() {
                    built.end_line();
                }
            }
            _ => {}
        }
    }
    let mut content = built.finish();
    content.title = title.or(content.title);
    content
}

fn name(node: &Node) -> &str {
    node.as_element().map_or("", |element| element.name())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
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

/// The names of what gives a record its heading.
const NAMES: &[&str] = &["title", "name", "question", "subject", "heading"];

fn records(values: Vec<Value>) -> Content {
    let sections = values.into_iter().map(|value| {
        let mut text = String::new();
        write_value("", &value, &mut text, bounds::record_bytes(&value));
        let named = NAMES.iter().find_map(|name| value.get(name)?.as_str());
        Section {
            heading: named.map(one_line),
            text,
        }
    });
    Content {
        title: None,
        sections: sections
            .filter(|section| !section.text.is_empty())
            .collect(),
    }
}

/// A line for each value that is no object and no list, with the way to it.
fn write_value(path: &str, value: &Value, text: &mut String, most: usize) {
    if text.len() > most {
        return;
    }
    let scalar = match value {
        Value::Object(members) => {
            for (name, value) in members {
                write_value(&bounds::way(path, name), value, text, most);
            }
            return;
        }
        Value::Array(items) => {
            for item in items {
                write_value(path, item, text, most);
            }
            return;
        }
        Value::Null => return,
        Value::String(scalar) => scalar.clone(),
        other => other.to_string(),
    };
    if !path.is_empty() {
        text.push_str(path);
        text.push_str(": ");
    }
    text.push_str(&scalar);
    text.push('\n');
}

/// A section for each line. None if it is no table.
fn table(text: &str, delimiter: u8) -> Option<Content> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .from_reader(text.as_bytes());
    let headers = reader.headers().ok()?.clone();
    let mut content = Content::default();
    for record in reader.records() {
        let record = record.ok()?;
        let mut lines = String::new();
        let mut heading = None;
        for (index, value) in record
            .iter()
            .enumerate()
            .filter(|(_, value)| !value.is_empty())
        {
            let header = bounds::name(headers.get(index).unwrap_or_default().trim());
            if NAMES.iter().any(|name| name.eq_ignore_ascii_case(header)) {
                heading.get_or_insert_with(|| one_line(value));
            }
            if !header.is_empty() {
                lines.push_str(header);
                lines.push_str(": ");
            }
            lines.push_str(value);
            lines.push('\n');
        }
        if !lines.is_empty() {
            content.sections.push(Section {
                heading,
                text: lines,
            });
        }
    }
    Some(content)
}
