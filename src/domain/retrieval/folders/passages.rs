//! Splits sections into passages: the units of search and citation.

use super::parse::{Content, Section};
use crate::domain::retrieval::answers::units;

/// Maximum length of a passage, in words. The connectors' guide asks for documents of at most 300
/// (cohere.md §3.3).
const WORDS_MAX: usize = 220;
/// Maximum length of a passage, in bytes, for texts without spaces.
const BYTES_MAX: usize = 2000;

/// A part of a file that is a search result of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Title of the file and heading of the passage's section.
    pub title: String,
    /// Text.
    pub text: String,
}

/// Returns the passages of a file, in their order. `name` is the title of a file without one.
#[must_use]
pub fn split_passages(content: &Content, name: &str) -> Vec<Passage> {
    let title = content.title.as_deref().unwrap_or(name);
    let mut passages = Vec::new();
    for section in &content.sections {
        let title = match &section.heading {
            Some(heading) if heading != title => format!("{title} — {heading}"),
            _ => title.to_owned(),
        };
        for text in split_section(section) {
            passages.push(Passage {
                title: title.clone(),
                text,
            });
        }
    }
    passages
}

/// Joins units up to the maximum length of a passage.
fn split_section(section: &Section) -> Vec<String> {
    let text = section.text.as_str();
    let mut found: Vec<String> = Vec::new();
    let mut from = None;
    let mut end = 0;
    let mut words = 0;
    for unit in units(text) {
        let more = text[unit.clone()].split_whitespace().count();
        if let Some(start) = from
            && (words + more > WORDS_MAX || unit.end - start > BYTES_MAX)
        {
            found.push(text[start..end].to_owned());
            from = None;
            words = 0;
        }
        from.get_or_insert(unit.start);
        end = unit.end;
        words += more;
    }
    if let Some(start) = from {
        found.push(text[start..end].to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::retrieval::folders::parse::{Format, parse_file};

    fn passages(format: Format, text: &str) -> Vec<(String, String)> {
        let passages = split_passages(
            &parse_file(format, text.as_bytes()).expect("a text"),
            "file",
        );
        passages
            .into_iter()
            .map(|passage| (passage.title, passage.text))
            .collect()
    }

    fn pair(title: &str, text: &str) -> (String, String) {
        (title.to_owned(), text.to_owned())
    }

    #[test]
    fn markdown_is_split_at_its_headings() {
        let text = "---\ntitle: Guide\n---\nIntro *with* `code`\nand more.\n\n## Backups\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n";
        assert_eq!(
            passages(Format::Markdown, text),
            [
                pair("Guide", "Intro with code and more."),
                pair("Guide — Backups", "one\ntwo\n\na | b |\n1 | 2 |"),
            ]
        );
    }

    #[test]
    fn html_is_read_as_it_is_shown() {
        let text = "<html><head><title>Shop &amp; more</title><style>p{}</style></head><body><nav>menu</nav>\
            <h1>Prices</h1><p>A <b>table</b>\n costs 5&nbsp;€.</p><script>x()</script><ul><li>one<li>two</ul>";
        assert_eq!(
            passages(Format::Html, text),
            [pair(
                "Shop & more — Prices",
                "A table costs 5 €.\n\none\ntwo"
            )]
        );
    }

    #[test]
    fn records_are_passages_of_their_own() {
        assert_eq!(
            passages(
                Format::Json,
                r#"[{"title":"A","tags":["x","y"],"n":{"m":1}},null,"b"]"#
            ),
            [
                pair("file — A", "title: A\ntags: x\ntags: y\nn.m: 1"),
                pair("file", "b"),
            ]
        );
        assert_eq!(
            passages(Format::Csv, "Name,City\n\"Ada, L.\",London\nBob\n"),
            [
                pair("file — Ada, L.", "Name: Ada, L.\nCity: London"),
                pair("file — Bob", "Name: Bob"),
            ]
        );
        assert_eq!(
            passages(Format::JsonLines, "{\"a\":1}\n\n{\"a\":2}\n"),
            [pair("file", "a: 1"), pair("file", "a: 2")]
        );
    }

    #[test]
    fn what_cannot_be_parsed_is_text() {
        assert_eq!(
            passages(Format::Json, "{not json"),
            [pair("file", "{not json")]
        );
    }

    #[test]
    fn a_long_text_is_split_between_sentences() {
        let text = "A sentence with exactly six words. ".repeat(100);
        let passages = passages(Format::Text, &text);
        assert!(passages.len() > 2);
        for (_, text) in passages {
            assert!(text.split_whitespace().count() <= WORDS_MAX && text.ends_with("words."));
        }
    }
}
