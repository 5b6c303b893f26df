//! What a file may ask of the parsers: they take time, or memory, by the square of how deep it is
//! nested.

use serde_json::Value;

/// The deepest nesting of elements, and of quotes and lists in a line.
const DEEPEST: usize = 200;
/// The most work of a page: for each tag, what is open there.
const WORK_MAX: usize = 4_000_000;
/// How much is kept of the name of a member or a column, in bytes.
const NAME_MAX: usize = 200;

/// Elements that have no end, or whose end is implied by the next one.
const UNNESTED: [&str; 29] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr", "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option",
    "optgroup", "colgroup", "rt", "rp", "param",
];
/// Elements that are opened again in each block after the one that they are opened in.
const FORMATTING: [&str; 14] = [
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
];

/// True if a page is nested so that its tree can be made in a bounded time. Judged by the tags alone.
pub(super) fn html_fits(text: &str) -> bool {
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
        if !UNNESTED.contains(&name) {
            let open = match FORMATTING.contains(&name) {
                true => &mut formatting,
                false => &mut depth,
            };
            *open = match closes {
                true => open.saturating_sub(1),
                false => *open + 1,
            };
        }
        if depth > DEEPEST || formatting > DEEPEST || work > WORK_MAX {
            return false;
        }
    }
    true
}

/// True if no line of a Markdown text begins within more quotes and lists than are read, and no
/// brackets are nested deeper.
pub(super) fn markdown_fits(text: &str) -> bool {
    let mut brackets = 0_usize;
    text.lines().all(|line| {
        let begin = line
            .bytes()
            .take_while(|byte| b"> \t-*+0123456789.)".contains(byte));
        let containers = begin.filter(|byte| b">-*+.)".contains(byte)).count();
        // A rule (`-----`) is long, and a container of nothing.
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
        brackets <= DEEPEST && (containers <= DEEPEST || is_rule)
    })
}

/// As much of a name as is kept.
pub(super) fn name(name: &str) -> &str {
    &name[..name.floor_char_boundary(NAME_MAX)]
}

/// The way to a member of what is at `path`, as much of it as is kept: it is written again for each value.
pub(super) fn way(path: &str, member: &str) -> String {
    match path {
        "" => name(member).to_owned(),
        path => name(&format!("{path}.{}", name(member))).to_owned(),
    }
}

/// The most bytes that the text of a record may have: a few times what the record has.
pub(super) fn record_bytes(record: &Value) -> usize {
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
    use crate::domain::retrieval::folders::read::{Content, Format, read};

    fn read_whole(format: Format, text: &str) -> Content {
        read(format, text.as_bytes()).expect("a text")
    }

    #[test]
    fn usual_pages_fit_and_those_that_are_nested_without_end_do_not() {
        let page = "<html><body><ul>".to_owned()
            + &"<li><p>text <b>bold</b> and <br> <img src=x></li>".repeat(10_000);
        assert!(html_fits(&page));
        assert!(html_fits("a < b and b > c"));
        assert!(!html_fits(&"<div>".repeat(300)));
        assert!(!html_fits(&"<font size=1>".repeat(300)));
        let again = "<font size=1>".repeat(150) + &"<p>x".repeat(200_000);
        assert!(!html_fits(&again));
        assert!(markdown_fits(
            "> > quote\n\n---------\n- [a](b) [c]\n  1. d\n"
        ));
        assert!(markdown_fits(&"-".repeat(1_000)));
        assert!(!markdown_fits(&">".repeat(1_000)));
        // Signs alone are a rule; with a text they are lists in lists.
        assert!(markdown_fits(&"- ".repeat(1_000)));
        assert!(!markdown_fits(&("- ".repeat(1_000) + "x")));
        assert!(!markdown_fits(&"[".repeat(1_000)));
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
        /// Whatever a file says, it is read on half of the stack of the server's threads.
        #[test]
        fn any_file_is_read(pieces in prop::collection::vec(piece(), 0..12)) {
            let text = pieces.concat();
            let all = move || {
                for format in [
                    Format::Markdown, Format::Text, Format::Html, Format::Json, Format::JsonLines,
                    Format::Csv, Format::Tsv,
                ] {
                    drop(read(format, text.as_bytes()));
                }
            };
            let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(all);
            thread.expect("a thread").join().expect("no overflow");
        }
    }
}
