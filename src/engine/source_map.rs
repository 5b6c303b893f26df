//! The inline source map that a bundle carries at its end: `//# sourceMappingURL=data:application/json;base64,…`, as
//! bundlers write it on request. The map is untrusted input: its size and its number of entries are checked before it
//! is parsed.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use sourcemap::SourceMap;

use super::positions::Position;

/// Start of the comment that contains the map.
const COMMENT_START: &str = "//# sourceMappingURL=data:application/json";

/// Maximum number of entries of a map, at about 30 bytes each in memory: five times those of the largest public bot.
const MAX_ENTRIES: usize = 2_000_000;

/// Maximum length of a source's name in a text, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// A map without the texts of the sources, which are most of its size.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MapWithoutSources {
    version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source_root: Option<String>,
    #[serde(default)]
    sources: Vec<Option<String>>,
    #[serde(default)]
    names: Vec<serde_json::Value>,
    mappings: String,
}

/// Returns the map of a bundle, if it has one of at most `most_bytes` bytes.
pub(super) fn parse_inline_map(code: &str, most_bytes: usize) -> Option<SourceMap> {
    let begin = code.rfind(COMMENT_START)?;
    let comment = code[begin + COMMENT_START.len()..].lines().next()?;
    let (parameters, data) = comment.split_once(',')?;
    if !parameters.ends_with(";base64") || data.len() > most_bytes {
        return None;
    }
    let text = BASE64_STANDARD.decode(data.trim_end()).ok()?;
    let entries: MapWithoutSources = serde_json::from_slice(&text).ok()?;
    drop(text);
    let separators = |letter: &u8| matches!(letter, b',' | b';');
    if entries.mappings.bytes().filter(separators).count() >= MAX_ENTRIES {
        return None;
    }
    let text = serde_json::to_vec(&entries).ok()?;
    drop(entries);
    SourceMap::from_slice(&text).ok()
}

/// Returns the source position of a position in the bundle: `src/index.ts:12:7`.
pub(super) fn find_source_position(map: &SourceMap, position: Position) -> Option<String> {
    let (line, column) = (
        position.line.checked_sub(1)?,
        position.column.saturating_sub(1),
    );
    let token = map.lookup_token(line, column)?;
    // The last entry before the position may belong to another line.
    if token.get_dst_line() != line {
        return None;
    }
    let name = clean_source_name(token.get_source()?);
    Some(format!(
        "{name}:{}:{}",
        token.get_src_line() + 1,
        token.get_src_col() + 1
    ))
}

/// Returns the name of a source as its developer knows it: without the path from the bundle to it.
fn clean_source_name(name: &str) -> String {
    let name = name.split_once("://").map_or(name, |(_, path)| path);
    let mut name = name.trim_start_matches('/');
    while let Some(rest) = name.strip_prefix("../").or_else(|| name.strip_prefix("./")) {
        name = rest;
    }
    let name = &name[..name.floor_char_boundary(MAX_NAME_BYTES)];
    name.chars().filter(|letter| !letter.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(map: &str) -> String {
        let map = BASE64_STANDARD.encode(map);
        format!("exports.x = 1\n{COMMENT_START};charset=utf-8;base64,{map}\n")
    }

    fn of(map: &str) -> Option<SourceMap> {
        parse_inline_map(&bundle(map), usize::MAX)
    }

    #[test]
    fn a_place_is_found_in_its_source() {
        // Line 1, column 9 of the bundle is line 3, column 5 of the source.
        let map = r#"{"version":3,"sources":["../../src/index.ts"],"sourcesContent":["…"],
                      "names":["x"],"mappings":"QAEIA"}"#;
        let found = of(map).expect("a map");
        let place = |line, column| find_source_position(&found, Position { line, column });
        assert_eq!(place(1, 9).as_deref(), Some("src/index.ts:3:5"));
        assert_eq!(place(1, 30).as_deref(), Some("src/index.ts:3:5"));
        assert_eq!(place(1, 3), None);
        assert_eq!(place(2, 1), None);
    }

    #[test]
    fn what_is_no_map_or_too_large_is_none() {
        assert!(parse_inline_map("exports.x = 1", usize::MAX).is_none());
        assert!(of("{").is_none());
        assert!(of("[]").is_none());
        // Entries for a source that does not exist, and a number that does not end.
        assert!(of(r#"{"version":3,"sources":[],"names":[],"mappings":"AAAA"}"#).is_none());
        let endless = format!(
            r#"{{"version":3,"sources":["a"],"names":[],"mappings":"{}"}}"#,
            "g".repeat(100_000)
        );
        assert!(of(&endless).is_none());
        let many = format!(
            r#"{{"version":3,"sources":["a"],"names":[],"mappings":"{}"}}"#,
            ";".repeat(MAX_ENTRIES)
        );
        assert!(of(&many).is_none());
        let good = bundle(r#"{"version":3,"sources":["a"],"names":[],"mappings":"AAAA"}"#);
        assert!(parse_inline_map(&good, usize::MAX).is_some());
        assert!(parse_inline_map(&good, 10).is_none());
    }

    #[test]
    fn names_of_sources_are_tidied() {
        for (given, expected) in [
            ("../../src/a.ts", "src/a.ts"),
            ("webpack://bot/./src/a.ts", "bot/./src/a.ts"),
            ("./a\n.ts", "a.ts"),
            ("/home/me/a.ts", "home/me/a.ts"),
        ] {
            assert_eq!(clean_source_name(given), expected);
        }
    }
}
