//! Limits for input of the parsers, whose time or memory grows with the square of the nesting
//! depth.

use serde_json::Value;

/// Maximum depth of nested elements, and of quotes and lists in a line.
const MAX_DEPTH: usize = 200;
/// Maximum work for a page: the sum of the open elements at each tag.
const WORK_MAX: usize = 4_000_000;
/// Maximum length of the name of a member or a column, in bytes.
const NAME_MAX: usize = 200;

/// Elements without an end tag, or whose end the next element implies.
const NON_NESTING_ELEMENTS: [&str; 29] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr", "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option",
    "optgroup", "colgroup", "rt", "rp", "param",
];
/// Elements that the parser opens again in each following block.
const FORMATTING_ELEMENTS: [&str; 14] = [
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
];

/// True if the nesting of a page permits a bounded parse time. Only the tags are examined.
pub(super) fn is_html_within_limits(text: &str) -> bool {
    let (mut depth, mut formatting, mut work) = (0_usize, 0_usize, 0_usize);
    for tag in text.split('<').skip(1) {
        let (closes, tag) = match tag.strip_prefix('/') {
            Some(tag) => (true, tag),
            None => (false, tag),
        };
        let end = tag
            .find(|character: char| !character.is_ascii_alphanumeric() && character != '-')
            .unwrap_or(tag.len());
        let name = tag[..end.min(20)].to_ascii_lowercase();
        if name.is_empty() {
            continue;
        }
        work += 1 + 2 * formatting + depth / 16;
        let name = name.as_str();
        if !NON_NESTING_ELEMENTS.contains(&name) {
            let open = match FORMATTING_ELEMENTS.contains(&name) {
                true => &mut formatting,
                false => &mut depth,
            };
            *open = match closes {
                true => open.saturating_sub(1),
                false => *open + 1,
            };
        }
        if depth > MAX_DEPTH || formatting > MAX_DEPTH || work > WORK_MAX {
            return false;
        }
    }
    true
}

/// True if a Markdown text has no line with too many nested quotes and lists, and no brackets that
/// are nested too deep.
pub(super) fn is_markdown_within_limits(text: &str) -> bool {
    let mut brackets = 0_usize;
    text.lines().all(|line| {
        let begin = line
            .bytes()
            .take_while(|byte| b"> \t-*+0123456789.)".contains(byte));
        let containers = begin.filter(|byte| b">-*+.)".contains(byte)).count();
        // A horizontal rule (`-----`) is long but nests nothing.
        let is_rule = ["-", "*"]
            .iter()
            .any(|sign| line.replace([' ', '\t'], "").replace(sign, "").is_empty());
        if line.trim().is_empty() {
            brackets = 0;
        }
        for byte in line.bytes() {
            match byte {
                b'[' => brackets += 1,
                b']' => brackets = brackets.saturating_sub(1),
                _ => {}
            }
        }
        brackets <= MAX_DEPTH && (containers <= MAX_DEPTH || is_rule)
    })
}

/// Truncates a name.
pub(super) fn truncate_name(name: &str) -> &str {
    &name[..name.floor_char_boundary(NAME_MAX)]
}

/// Returns the truncated path of a member of the value at `path`. The path is repeated for each
/// value, so its length is limited.
pub(super) fn member_path(path: &str, member: &str) -> String {
    match path {
        "" => truncate_name(member).to_owned(),
        path => truncate_name(&format!("{path}.{}", truncate_name(member))).to_owned(),
    }
}

/// Returns the maximum length of a record's text, in bytes: a small multiple of the record's size.
pub(super) fn max_record_bytes(record: &Value) -> usize {
    let mut bytes = 1_000_usize;
    let mut left = vec![record];
    while let Some(value) = left.pop() {
        bytes += 16;
        match value {
            Value::String(text) => bytes += text.len() * 2,
            Value::Array(items) => left.extend(items),
            Value::Object(members) => {
                for (name, value) in members {
                    bytes += name.len() * 2;
                    left.push(value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    bytes.saturating_mul(4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::domain::retrieval::folders::parse::{Content, Format, parse_file};

    fn read_whole(format: Format, text: &str) -> Content {
        parse_file(format, text.as_bytes()).expect("a text")
    }

    #[test]
    fn usual_pages_fit_and_those_that_are_nested_without_end_do_not() {
        let page = "<html><body><ul>".to_owned()
            + &"<li><p>text <b>bold</b> and <br> <img src=x></li>".repeat(10_000);
        assert!(is_html_within_limits(&page));
        assert!(is_html_within_limits("a < b and b > c"));
        assert!(!is_html_within_limits(&"<div>".repeat(300)));
        assert!(!is_html_within_limits(&"<font size=1>".repeat(300)));
        let again = "<font size=1>".repeat(150) + &"<p>x".repeat(200_000);
        assert!(!is_html_within_limits(&again));
        assert!(is_markdown_within_limits(
            "> > quote\n\n---------\n- [a](b) [c]\n  1. d\n"
        ));
        assert!(is_markdown_within_limits(&"-".repeat(1_000)));
        assert!(!is_markdown_within_limits(&">".repeat(1_000)));
        // Signs alone are a rule; before text they are nested lists.
        assert!(is_markdown_within_limits(&"- ".repeat(1_000)));
        assert!(!is_markdown_within_limits(&("- ".repeat(1_000) + "x")));
        assert!(!is_markdown_within_limits(&"[".repeat(1_000)));
        let deep = read_whole(Format::Html, &"<div>".repeat(100_000));
        assert!(deep.sections[0].text.starts_with("<div><div>"));
    }

    #[test]
    fn long_names_are_not_written_out_for_each_value() {
        let record = json!({"n".repeat(50_000): vec![1; 1_000]}).to_string();
        let written = &read_whole(Format::Json, &record).sections[0].text;
        assert!(written.len() < 500_000, "{}", written.len());
        let table = format!("{}\n{}", "h".repeat(50_000), "1\n".repeat(1_000));
        let read = read_whole(Format::Csv, &table);
        assert!(read.sections.iter().all(|section| section.text.len() < 300));
    }

    fn piece() -> impl Strategy<Value = String> {
        let pieces = [
            "<div>",
            "</div>",
            "<p>",
            "<b>",
            "<table>",
            "<td>",
            "<svg>",
            "<!--",
            "<a href=x>",
            ">",
            "- ",
            "[",
            "](",
            "*",
            "`",
            "|",
            "\n",
            "# ",
            "\"",
            ",",
            "{\"a\":",
            "[1,",
            "}",
            "]",
            "x",
        ];
        (prop::sample::select(pieces.to_vec()), 1..300_usize)
            .prop_map(|(piece, times)| piece.repeat(times))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Any file is read within half of the stack size of the server's threads.
        #[test]
        fn any_file_is_read(pieces in prop::collection::vec(piece(), 0..12)) {
            let text = pieces.concat();
            let all = move || {
                for format in [
                    Format::Markdown, Format::Text, Format::Html, Format::Json, Format::JsonLines,
                    Format::Csv, Format::Tsv,
                ] {
                    drop(parse_file(format, text.as_bytes()));
                }
            };
            let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(all);
            thread.expect("a thread").join().expect("no overflow");
        }
    }
}
