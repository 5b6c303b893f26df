//! Who may use what (docs/ARCHITECTURE.md): read off the sources, so that a short cut is noticed.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The layers, from the lowest. One may use itself and those before it.
const LAYERS: [&str; 11] = [
    "kernel", "store", "net", "engine", "domain", "http", "dialects", "console", "config",
    "server", "cli",
];

/// A word and the only places, below `src`, that may have it.
const RESERVED: [(&str, &[&str]); 10] = [
    ("poem::", &["http/", "dialects/", "console/", "server/"]),
    (
        "poem_openapi::",
        &["http/", "dialects/", "console/", "server/"],
    ),
    ("rusqlite", &["store/", "domain/"]),
    ("reqwest::", &["net/"]),
    ("anyhow", &["main.rs", "cli/"]),
    ("SystemTime", &["kernel/clock.rs"]),
    ("Instant::now", &["kernel/clock.rs"]),
    ("tokio::time", &["kernel/clock.rs"]),
    ("Utc::now", &["kernel/clock.rs"]),
    // Every column that is sealed is in the list that `parlance check` reads. A link is not stored.
    (
        "Place {",
        &[
            "store/seal/",
            "domain/sealed/",
            "domain/billing/link.rs",
            // Another word for another thing.
            "domain/states/set.rs",
        ],
    ),
];

struct Source {
    /// Its path below `src`.
    path: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &mut |path: PathBuf| {
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source");
            let path = path.strip_prefix(&root).expect("below src");
            let path = path.display().to_string();
            found.push(Source { path, text });
        }
    });
    assert!(found.len() > 50, "the sources were not found");
    found
}

fn walk(directory: &Path, found: &mut impl FnMut(PathBuf)) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(&path, found);
        } else {
            found(path);
        }
    }
}

/// The lines of code: without comments and without the unit tests at the end.
fn code(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    let in_test_file = source.path.contains("/tests");
    source
        .text
        .lines()
        .enumerate()
        .take_while(move |(_, line)| !in_test_file && *line != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn a_layer_uses_only_those_below_it() {
    let mut broken = Vec::new();
    for source in sources() {
        let layer = source.path.split(['/', '.']).next().expect("a name");
        let Some(rank) = LAYERS.iter().position(|name| *name == layer) else {
            continue;
        };
        for (number, line) in code(&source) {
            for (above, name) in LAYERS.iter().enumerate().skip(rank + 1) {
                // `use crate::{a::…, b::…}` has one name a line.
                let grouped = line.trim_start().starts_with(&format!("{name}::"));
                let in_group =
                    grouped && line.starts_with("    ") && is_crate_group(&source, number);
                if line.contains(&format!("crate::{name}")) || in_group {
                    broken.push(format!(
                        "{}:{} uses {}",
                        source.path,
                        number + 1,
                        LAYERS[above]
                    ));
                }
            }
        }
    }
    assert_eq!(broken, [""; 0]);
}

/// Whether a line stands directly within `use crate::{ … }`.
fn is_crate_group(source: &Source, number: usize) -> bool {
    let before: Vec<&str> = source.text.lines().take(number).collect();
    let opened = before.iter().rev().find(|line| line.starts_with("use "));
    opened.is_some_and(|line| line.starts_with("use crate::{"))
}

#[test]
fn a_dialect_uses_neither_another_one_nor_the_store() {
    let mut broken = Vec::new();
    for source in sources() {
        let Some(rest) = source.path.strip_prefix("dialects/") else {
            continue;
        };
        let own = rest.split('/').next().expect("a name");
        for (number, line) in code(&source) {
            let other = line
                .split_once("dialects::")
                .is_some_and(|(_, used)| !used.starts_with(own));
            let in_group = line.starts_with("    store::") && is_crate_group(&source, number);
            if (other && own != "mod.rs") || line.contains("crate::store") || in_group {
                broken.push(format!("{}:{}: {line}", source.path, number + 1));
            }
        }
    }
    assert_eq!(broken, [""; 0]);
}

#[test]
fn what_is_reserved_stays_where_it_belongs() {
    let mut broken = Vec::new();
    for source in sources() {
        for (number, line) in code(&source) {
            for (word, places) in RESERVED {
                let allowed = places.iter().any(|place| source.path.starts_with(place));
                let named = line.contains(word)
                    || line.contains(&format!("use {}", word.trim_end_matches("::")));
                if named && !allowed {
                    broken.push(format!("{}:{}: {word}", source.path, number + 1));
                }
            }
        }
    }
    assert_eq!(broken, [""; 0]);
}

#[test]
fn sql_is_only_in_store_and_domain() {
    let statements = [
        "SELECT ",
        "INSERT INTO ",
        "UPDATE ",
        "DELETE FROM ",
        "PRAGMA ",
    ];
    let mut broken = Vec::new();
    for source in sources() {
        if source.path.starts_with("store/") || source.path.starts_with("domain/") {
            continue;
        }
        for (number, line) in code(&source) {
            if statements.iter().any(|statement| line.contains(statement)) {
                broken.push(format!("{}:{}", source.path, number + 1));
            }
        }
    }
    assert_eq!(broken, [""; 0]);
}

#[test]
fn no_file_has_two_subjects() {
    for source in sources() {
        let lines = source.text.lines().count();
        assert!(lines <= 400, "{} has {lines} lines", source.path);
    }
}

#[test]
fn nothing_is_left_open() {
    for source in sources() {
        for (number, line) in code(&source) {
            for word in ["todo!", "unimplemented!", ".unwrap()", "dbg!"] {
                assert!(
                    !line.contains(word),
                    "{}:{}: {word}",
                    source.path,
                    number + 1
                );
            }
        }
    }
}
