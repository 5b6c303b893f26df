//! Citations of the vendors' contracts (docs/contracts): read off the sources and the documents, so that
//! each one names a section that exists.
//!
//! The forms are `ada.md §3.3`, `` `ada.md` §2, §3.1 ``, `botpress-today.md §0.3–0.6`, `aloochat.md §3, row 5`,
//! `cohere.md §5, item 2` and `botpress.md §4 "States"`. Within a contract, a bare `§` cites the same file.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// The files that may cite, and the folders of such files.
const CITING: [&str; 6] = [
    "src",
    "tests/api",
    "benches",
    "docs",
    "README.md",
    "config.example.toml",
];

/// The extensions of the files that are read.
const TEXTS: [&str; 5] = ["rs", "sql", "txt", "md", "toml"];

/// Below the package's folder.
const CONTRACTS: &str = "docs/contracts/";

/// The beginnings of lines that do not belong to a sentence.
const MARKERS: [&str; 4] = ["//!", "///", "//", "--"];

/// What may be between two sections of one citation.
const SEPARATORS: [&str; 8] = [", §", " and §", " to §", "/§", "–§", "-§", "–", "-"];

/// The sections of a contract by their numbers: each with its heading and its subsections.
type Sections = BTreeMap<String, String>;

struct Source {
    /// Its path below the package's folder.
    path: String,
    text: String,
}

struct Citation {
    /// The path and the line.
    place: String,
    /// The name of the contract's file.
    contract: String,
    section: String,
    part: Part,
}

/// What a citation names within a section.
enum Part {
    Whole,
    /// A heading, or a paragraph that begins with these words in bold.
    Title(String),
    /// The number of a table's row.
    Row(String),
    /// The number in a list.
    Item(String),
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for name in CITING {
        walk(&root.join(name), &mut |path: PathBuf| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            if extension.is_some_and(|extension| TEXTS.contains(&extension)) {
                let text = fs::read_to_string(&path).expect("a text in UTF-8");
                let path = path.strip_prefix(root).expect("below the package");
                let path = path.display().to_string();
                found.push(Source { path, text });
            }
        });
    }
    assert!(found.len() > 50, "the sources were not found");
    found
}

fn walk(path: &Path, found: &mut impl FnMut(PathBuf)) {
    if path.is_file() {
        return found(path.to_owned());
    }
    for entry in fs::read_dir(path).expect("a directory") {
        walk(&entry.expect("an entry").path(), found);
    }
}

/// The contracts by the names of their files.
fn contracts(sources: &[Source]) -> BTreeMap<String, Sections> {
    let contracts = sources.iter().filter_map(|source| {
        let name = source.path.strip_prefix(CONTRACTS)?;
        Some((name.to_owned(), sections(&source.text)))
    });
    contracts.collect()
}

fn sections(text: &str) -> Sections {
    let lines: Vec<&str> = text.lines().collect();
    let mut sections = Sections::new();
    for (number, line) in lines.iter().enumerate() {
        let Some((level, title)) = heading(line) else {
            continue;
        };
        let (section, _) = leading_number(title);
        let ends = |line: &&str| heading(line).is_some_and(|(other, _)| other <= level);
        let below = lines[number + 1..].iter().position(ends);
        let end = below.map_or(lines.len(), |below| number + 1 + below);
        if !section.is_empty() {
            sections.insert(section.to_owned(), lines[number..end].join("\n"));
        }
    }
    sections
}

/// The level and the title, with its number, of a line `### 3.3 Object and rules`.
fn heading(line: &str) -> Option<(usize, &str)> {
    let title = line.trim_start_matches('#');
    let level = line.len() - title.len();
    (level > 0).then_some(level).zip(title.strip_prefix(' '))
}

/// The number at the beginning of a text, without a final point, and the rest.
fn leading_number(text: &str) -> (&str, &str) {
    let rest = text.trim_start_matches(|sign: char| sign.is_ascii_digit() || sign == '.');
    let number = text[..text.len() - rest.len()].trim_end_matches('.');
    (number, rest)
}

fn citations(source: &Source) -> Vec<Citation> {
    let (text, starts) = joined(&source.text);
    let own = source.path.strip_prefix(CONTRACTS);
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find('§').map(|at| from + at) {
        from = at + '§'.len_utf8();
        let before = &text[..at];
        let own = own.filter(|_| !cites_rfc(before));
        let Some(contract) = contract_before(before).or(own) else {
            continue;
        };
        let line = starts.partition_point(|start| *start <= at);
        let (parts, rest) = cited_sections(&text[from..]);
        from = text.len() - rest.len();
        found.extend(parts.into_iter().map(|(section, part)| Citation {
            place: format!("{}:{line}", source.path),
            contract: contract.to_owned(),
            section,
            part,
        }));
    }
    found
}

/// A text as one line, without the markers of comments, and where each of its lines begins.
fn joined(text: &str) -> (String, Vec<usize>) {
    let mut joined = String::new();
    let mut starts = Vec::new();
    for line in text.lines() {
        starts.push(joined.len());
        let line = line.trim();
        let marker = MARKERS.iter().find_map(|marker| line.strip_prefix(marker));
        joined.push_str(marker.unwrap_or(line).trim());
        joined.push(' ');
    }
    (joined, starts)
}

/// The name of the file that a text ends with, which may be in backticks.
fn contract_before(text: &str) -> Option<&str> {
    let text = text.trim_end_matches([' ', '`', ',']);
    let stem = text.strip_suffix(".md")?;
    let is_part = |sign: char| sign.is_ascii_alphanumeric() || sign == '-' || sign == '_';
    let start = stem.trim_end_matches(is_part).len();
    (start < stem.len()).then(|| &text[start..])
}

fn cites_rfc(before: &str) -> bool {
    let number = before.trim_end();
    let name = number.trim_end_matches(|sign: char| sign.is_ascii_digit());
    name.len() < number.len() && name.trim_end().ends_with("RFC")
}

/// The sections that a list after `§` names, each with its part, and the rest of the text.
fn cited_sections(text: &str) -> (Vec<(String, Part)>, &str) {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        let (section, after) = leading_number(rest);
        let (part, after) = cited_part(after);
        found.push((section.to_owned(), part));
        let next = SEPARATORS.iter().find_map(|separator| {
            let next = after.strip_prefix(separator)?;
            next.starts_with(|sign: char| sign.is_ascii_digit())
                .then_some(next)
        });
        let Some(next) = next else {
            return (found, after);
        };
        rest = next;
    }
}

/// The part that is named after the number of a section, and the rest of the text.
fn cited_part(text: &str) -> (Part, &str) {
    let after = text.trim_start_matches([',', ' ']);
    if after.len() == text.len() {
        return (Part::Whole, text);
    }
    if let Some((title, rest)) = after.strip_prefix('"').and_then(|t| t.split_once('"')) {
        return (Part::Title(title.to_owned()), rest);
    }
    for (word, part) in [("row ", Part::Row as fn(_) -> _), ("item ", Part::Item)] {
        if let Some(number) = after.strip_prefix(word) {
            let (number, rest) = leading_number(number);
            return (part(number.to_owned()), rest);
        }
    }
    (Part::Whole, text)
}

/// What a citation names and the contracts do not have.
fn missing(citation: &Citation, contracts: &BTreeMap<String, Sections>) -> Option<String> {
    let Citation {
        place,
        contract,
        section,
        part,
    } = citation;
    let Some(sections) = contracts.get(contract) else {
        return Some(format!("{place}: no {contract}"));
    };
    let Some(text) = sections.get(section) else {
        return Some(format!("{place}: no §{section} in {contract}"));
    };
    let (exists, name) = match part {
        Part::Whole => return None,
        Part::Title(title) => (has_title(text, title), format!("\"{title}\"")),
        Part::Row(number) => (has_row(text, number), format!("row {number}")),
        Part::Item(number) => (has_item(text, number), format!("item {number}")),
    };
    (!exists).then(|| format!("{place}: no {name} in {contract} §{section}"))
}

fn has_title(section: &str, title: &str) -> bool {
    section.lines().any(|line| {
        let bold = line.trim_start_matches("* ").strip_prefix("**");
        let named = bold.or_else(|| heading(line).map(|(_, title)| leading_number(title).1));
        let rest = named.and_then(|named| named.trim_start_matches([' ', '.']).strip_prefix(title));
        rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    })
}

fn has_row(section: &str, number: &str) -> bool {
    let begin = format!("| {number} |");
    section.lines().any(|line| line.starts_with(&begin))
}

fn has_item(section: &str, number: &str) -> bool {
    let begin = format!("{number}. ");
    section.lines().any(|line| line.starts_with(&begin))
}

#[test]
fn every_cited_section_exists() {
    let sources = sources();
    let contracts = contracts(&sources);
    let elsewhere = |source: &&Source| !source.path.starts_with(CONTRACTS);
    let count: usize = sources
        .iter()
        .filter(elsewhere)
        .map(|source| citations(source).len())
        .sum();
    assert!(count >= 100, "only {count} citations were found");

    let all = sources.iter().flat_map(citations);
    let broken: Vec<String> = all
        .filter_map(|citation| missing(&citation, &contracts))
        .collect();
    assert_eq!(broken, [""; 0]);
}

#[test]
fn a_wrong_citation_is_noticed() {
    let contracts = contracts(&sources());
    let wrong = [
        ("§9.9", "no §9.9 in ada.md"),
        ("§1.1, §9.9", "no §9.9 in ada.md"),
        ("§1.1–9.9", "no §9.9 in ada.md"),
        ("§1.1 \"Nothing\"", "no \"Nothing\" in ada.md §1.1"),
        ("§1.1, row 9", "no row 9 in ada.md §1.1"),
        ("§1.1, item 9", "no item 9 in ada.md §1.1"),
    ];
    for (cited, message) in wrong {
        // The name is put in here: this file is read too.
        let text = format!(
            "fn f() {{}}\n// wire: as published ({}.md\n// {cited}).",
            "ada"
        );
        let path = "src/a.rs".to_owned();
        let found = citations(&Source { path, text });
        let broken = found
            .iter()
            .find_map(|citation| missing(citation, &contracts));
        assert_eq!(broken, Some(format!("src/a.rs:3: {message}")));
    }
}
