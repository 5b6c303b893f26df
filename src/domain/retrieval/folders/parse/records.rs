//! Parses records: JSON and tables.

use serde_json::Value;

use super::{Content, Section, to_one_line};
use crate::domain::retrieval::folders::parser_limits;

/// Names of members and columns that contain the heading of a record.
pub(super) const HEADING_NAMES: &[&str] = &["title", "name", "question", "subject", "heading"];

/// Returns one section for each record.
pub(super) fn build_sections(values: Vec<Value>) -> Content {
    let sections = values.into_iter().map(|value| {
        let mut text = String::new();
        write_value(
            "",
            &value,
            &mut text,
            parser_limits::max_record_bytes(&value),
        );
        let named = HEADING_NAMES
            .iter()
            .find_map(|name| value.get(name)?.as_str());
        Section {
            heading: named.map(to_one_line),
            text,
            page: None,
        }
    });
    Content {
        title: None,
        sections: sections
            .filter(|section| !section.text.is_empty())
            .collect(),
    }
}

/// Writes one line, `path: value`, for each scalar in a value.
fn write_value(path: &str, value: &Value, text: &mut String, most: usize) {
    if text.len() > most {
        return;
    }
    let scalar = match value {
        Value::Object(members) => {
            for (name, value) in members {
                write_value(&parser_limits::member_path(path, name), value, text, most);
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

/// Parses a table with a header line into one section for each row; none if it is not a table.
pub(super) fn parse_table(text: &str, delimiter: u8) -> Option<Content> {
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
            let header =
                parser_limits::truncate_name(headers.get(index).unwrap_or_default().trim());
            if HEADING_NAMES
                .iter()
                .any(|name| name.eq_ignore_ascii_case(header))
            {
                heading.get_or_insert_with(|| to_one_line(value));
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
                page: None,
            });
        }
    }
    Some(content)
}

/// Separators of tables, the most common one first.
const DELIMITERS: [u8; 4] = *b",;\t|";

/// Number of lines that are examined to detect the separator.
const SAMPLE_LINES: usize = 20;

/// Returns the separator that splits most of the first lines into the same number of columns. Some
/// programs write `;` because their locale uses the comma in numbers.
pub(super) fn detect_delimiter(text: &str) -> u8 {
    let columns = |delimiter: u8| {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let counts: Vec<usize> = reader
            .records()
            .take(SAMPLE_LINES)
            .map_while(Result::ok)
            .map(|record| record.len())
            .collect();
        let first = counts.first().copied().unwrap_or_default();
        let alike = counts.iter().filter(|count| **count == first).count();
        // Equal line counts have priority over the number of cells.
        (first > 1).then_some((alike * first, alike))
    };
    let best = DELIMITERS
        .into_iter()
        .rev()
        .max_by_key(|delimiter| columns(*delimiter).map(|(cells, alike)| (alike, cells)));
    best.unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_separated_by_what_the_lines_have_in_common() {
        assert_eq!(detect_delimiter("a,b\n1,2\n"), b',');
        assert_eq!(
            detect_delimiter("Name;Preis\nBrot;1,50\nMilch;0,99\n"),
            b';'
        );
        assert_eq!(detect_delimiter("a\tb\n1,5\t2\n"), b'\t');
        assert_eq!(detect_delimiter("a|b|c\n1|2|3\n"), b'|');
        assert_eq!(detect_delimiter("alone\nno\n"), b',');
        assert_eq!(detect_delimiter("a,b\n\"x; y; z\",2\n\"u\",3"), b',');
        assert_eq!(detect_delimiter(""), b',');
    }
}
