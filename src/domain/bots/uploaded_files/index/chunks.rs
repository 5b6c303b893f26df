//! Splits the text of a file into passages.

use std::path::Path;

use crate::domain::{
    bots::uploaded_files::passages::{GivenPassage, Subtype},
    retrieval::{
        answers::{Language, units},
        folders::{Content, Format, Section},
    },
};

/// Number of passages whose text tells the language of a file.
const LANGUAGE_PASSAGES: usize = 20;
/// Length up to which a text gets the language of its file, in characters.
const MIN_LANGUAGE_CHARS: usize = 200;

/// A passage to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::domain::bots::uploaded_files) struct NewPassage {
    pub(in crate::domain::bots::uploaded_files) subtype: Subtype,
    pub(in crate::domain::bots::uploaded_files) page: Option<u32>,
    /// Title of the file and heading of the section.
    pub(in crate::domain::bots::uploaded_files) heading: String,
    pub(in crate::domain::bots::uploaded_files) text: String,
    pub(in crate::domain::bots::uploaded_files) language: Language,
}

/// Returns the passages of a file with a maximum length in characters; `None` if there are too many.
pub(super) fn split(
    content: &Content,
    format: Format,
    key: &str,
    (max_chars, max_passages): (usize, usize),
) -> Option<Vec<NewPassage>> {
    let name = Path::new(key).file_stem();
    let name = name.map_or_else(|| key.into(), |name| name.to_string_lossy());
    let title = content.title.as_deref().unwrap_or(&name);
    let beginning = content.sections.iter().take(3);
    let beginning: Vec<&str> = beginning.map(|section| section.text.as_str()).collect();
    let language = Language::detect(&beginning.join("\n"));
    let subtype = match format {
        Format::Json | Format::JsonLines | Format::Csv | Format::Tsv => Subtype::Table,
        Format::Lines => Subtype::Code,
        Format::Markdown | Format::Text | Format::Html | Format::Docx | Format::Pdf => {
            Subtype::Paragraph
        }
    };
    let mut passages = Vec::new();
    for section in &content.sections {
        let heading = match &section.heading {
            Some(heading) if heading != title => format!("{title} — {heading}"),
            _ => title.to_owned(),
        };
        for text in split_section(section, max_chars) {
            if passages.len() == max_passages {
                return None;
            }
            passages.push(NewPassage {
                subtype,
                page: section.page,
                heading: heading.clone(),
                text: text.to_owned(),
                language,
            });
        }
    }
    Some(passages)
}

/// Returns the passages of a file that the caller has split itself. A short text does not tell its language, so that it
/// gets that of the file.
pub(in crate::domain::bots::uploaded_files) fn from_given(
    given: Vec<GivenPassage>,
) -> Vec<NewPassage> {
    let beginning = given.iter().take(LANGUAGE_PASSAGES);
    let beginning: Vec<&str> = beginning.map(|passage| passage.text.as_str()).collect();
    let of_file = Language::detect(&beginning.join("\n"));
    let passages = given.into_iter().map(|passage| NewPassage {
        language: match passage.text.chars().nth(MIN_LANGUAGE_CHARS) {
            Some(_) => Language::detect(&passage.text),
            None => of_file,
        },
        subtype: passage.subtype,
        page: passage.page,
        heading: String::new(),
        text: passage.text,
    });
    passages.collect()
}

/// Joins units up to the maximum length, and splits a unit that is longer.
fn split_section(section: &Section, max_chars: usize) -> Vec<&str> {
    let text = section.text.as_str();
    let mut found: Vec<&str> = Vec::new();
    let (mut from, mut end, mut chars) = (None, 0, 0);
    for unit in units(text) {
        let start = from.unwrap_or(unit.start);
        let more = text[end.max(start)..unit.end].chars().count();
        if chars > 0 && chars + more > max_chars {
            push(&mut found, &text[start..end], max_chars);
            (from, chars) = (Some(unit.start), text[unit.clone()].chars().count());
        } else {
            from = Some(start);
            chars += more;
        }
        end = unit.end;
    }
    if let Some(start) = from {
        push(&mut found, &text[start..end], max_chars);
    }
    found
}

fn push<'a>(found: &mut Vec<&'a str>, mut text: &'a str, max_chars: usize) {
    loop {
        let cut = text.char_indices().nth(max_chars).map(|(at, _)| at);
        let Some(cut) = cut else {
            break;
        };
        // A space near the end keeps words whole.
        let space = text[..cut].rfind(char::is_whitespace);
        let cut = space.filter(|at| *at > cut / 2).unwrap_or(cut);
        found.push(text[..cut].trim());
        text = &text[cut..];
    }
    let rest = text.trim();
    if !rest.is_empty() {
        found.push(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(text: &str, max_chars: usize) -> Vec<usize> {
        let section = Section {
            heading: None,
            text: text.to_owned(),
            page: None,
        };
        let found = split_section(&section, max_chars);
        found.iter().map(|text| text.chars().count()).collect()
    }

    #[test]
    fn no_passage_is_longer_than_allowed() {
        let sentences = "A sentence with exactly six words. ".repeat(50);
        for (text, most) in [
            (sentences.as_str(), 100),
            (&"word ".repeat(400), 150),
            (&"ü".repeat(1_000), 100),
        ] {
            let found = lengths(text, most);
            assert!(found.len() > 1, "{text}");
            assert!(
                found.iter().all(|chars| *chars <= most && *chars > 0),
                "{found:?}"
            );
        }
        assert_eq!(lengths("Short.", 100), [6]);
        assert_eq!(lengths("", 100), [0; 0]);
    }
}
