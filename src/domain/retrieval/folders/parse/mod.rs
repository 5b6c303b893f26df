//! Parses files: detects the format, and extracts the title and the sections.

mod builder;
mod docx;
mod encoding;
mod html;
mod lines;
mod markdown;
mod pdf;
mod records;

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::html::strip_markup;
pub(super) use self::{docx::parse_docx, pdf::parse_pdf};
use self::{
    html::parse_html,
    lines::join_wrapped_lines,
    markdown::parse_markdown,
    records::{build_sections, detect_delimiter, parse_table},
};
use super::parser_limits;

/// A section: the part of a file under one heading, or one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Heading; none before the first heading.
    pub heading: Option<String>,
    /// Text, with a line break after each paragraph or item.
    pub text: String,
    /// Page of the document, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
}

/// Text of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Title that the file itself contains.
    pub title: Option<String>,
    /// Sections, in their order.
    pub sections: Vec<Section>,
}

/// A file format that can be parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Markdown.
    Markdown,
    /// Plain text.
    Text,
    /// Text with significant line breaks: code, configuration, logs.
    Lines,
    /// HTML.
    Html,
    /// JSON: one record, or a list of records.
    Json,
    /// JSON Lines: one record per line.
    JsonLines,
    /// CSV with a header line.
    Csv,
    /// CSV with tabs as separators.
    Tsv,
    /// A Word document.
    Docx,
    /// A PDF document.
    Pdf,
}

/// File extensions of plain text.
const TEXT_EXTENSIONS: &[&str] = &[
    "txt", "text", "rst", "adoc", "asciidoc", "org", "textile", "wiki", "tex", "bib",
];

/// File extensions of text with significant line breaks.
const LINES_EXTENSIONS: &[&str] = &[
    "bash",
    "bat",
    "c",
    "cc",
    "cfg",
    "clj",
    "cmake",
    "conf",
    "cpp",
    "cs",
    "css",
    "dart",
    "diff",
    "ex",
    "exs",
    "go",
    "gradle",
    "graphql",
    "groovy",
    "h",
    "hpp",
    "hs",
    "ics",
    "ini",
    "java",
    "jl",
    "js",
    "jsx",
    "kt",
    "kts",
    "less",
    "log",
    "lua",
    "m",
    "mjs",
    "patch",
    "php",
    "pl",
    "po",
    "properties",
    "proto",
    "ps1",
    "py",
    "r",
    "rb",
    "rs",
    "sass",
    "scala",
    "scss",
    "sh",
    "sql",
    "srt",
    "svelte",
    "swift",
    "tf",
    "toml",
    "ts",
    "tsx",
    "vcf",
    "vtt",
    "vue",
    "xml",
    "yaml",
    "yml",
    "zsh",
];

impl Format {
    /// Returns the format for a file name; none for a file that is not read. A file without an
    /// extension counts as text until its bytes prove otherwise.
    #[must_use]
    pub fn from_path(path: &Path) -> Option<Self> {
        let Some(extension) = path.extension() else {
            return Some(Self::Text);
        };
        let extension = extension.to_str()?.to_ascii_lowercase();
        Some(match extension.as_str() {
            "md" | "markdown" | "mdx" => Self::Markdown,
            "html" | "htm" | "xhtml" => Self::Html,
            "json" => Self::Json,
            "jsonl" | "ndjson" => Self::JsonLines,
            "csv" => Self::Csv,
            "tsv" | "tab" => Self::Tsv,
            "docx" | "docm" => Self::Docx,
            "pdf" => Self::Pdf,
            text if TEXT_EXTENSIONS.contains(&text) => Self::Text,
            lines if LINES_EXTENSIONS.contains(&lines) => Self::Lines,
            _ => return None,
        })
    }

    /// True for a document, which only a separate process parses.
    #[must_use]
    pub const fn is_document(self) -> bool {
        matches!(self, Self::Docx | Self::Pdf)
    }
}

/// Parses the bytes of a file; none if they are not text. Invalid JSON or CSV and input that is
/// nested too deep are indexed as plain text, so that they stay searchable.
#[must_use]
pub fn parse_file(format: Format, bytes: &[u8]) -> Option<Content> {
    let text = encoding::decode(bytes)?;
    Some(parse_text(format, &text))
}

fn parse_text(format: Format, text: &str) -> Content {
    match format {
        Format::Markdown if !parser_limits::is_markdown_within_limits(text) => plain_content(text),
        Format::Html if !parser_limits::is_html_within_limits(text) => plain_content(text),
        Format::Markdown => parse_markdown(text),
        Format::Text => plain_content(&join_wrapped_lines(text)),
        // A separate process parses documents.
        Format::Lines | Format::Docx | Format::Pdf => plain_content(text),
        Format::Html => parse_html(text),
        Format::Json => match serde_json::from_str(text) {
            Ok(value) => build_sections(match value {
                Value::Array(items) => items,
                one => vec![one],
            }),
            Err(_) => plain_content(text),
        },
        Format::JsonLines => {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            match lines.map(serde_json::from_str).collect() {
                Ok(values) => build_sections(values),
                Err(_) => plain_content(text),
            }
        }
        Format::Csv => {
            parse_table(text, detect_delimiter(text)).unwrap_or_else(|| plain_content(text))
        }
        Format::Tsv => parse_table(text, b'\t').unwrap_or_else(|| plain_content(text)),
    }
}

fn plain_content(text: &str) -> Content {
    Content {
        title: None,
        sections: vec![Section {
            heading: None,
            text: text.to_owned(),
            page: None,
        }],
    }
}

/// Joins a text to one line.
fn to_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
