//! Generates `docs/COMPATIBILITY.md` from the OpenAPI documents, the tests and the notes in
//! `docs/compatibility`. The table may only grow.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use parlance::{
    dialects::{ada, aloochat, botpress, chat_api, cohere, connector},
    http::Document,
};
use serde_json::Value;

/// The dialects: title, folder of the tests, OpenAPI document, and true if `docs/compatibility` has
/// notes on it.
fn dialects() -> Vec<(&'static str, &'static str, Document, bool)> {
    let ada = ada::Settings::default();
    vec![
        ("Ada End Users (v1)", "ada", ada::document_v1(&ada), false),
        ("Ada (v2)", "ada", ada::document(&ada), true),
        (
            "Aloochat",
            "aloochat",
            aloochat::document(&aloochat::Settings::default()),
            true,
        ),
        (
            "Cohere",
            "cohere",
            cohere::document(&cohere::Settings::default()),
            true,
        ),
        (
            "Connector (the protocol that Cohere's chat uses)",
            "connector",
            connector::document(),
            false,
        ),
        (
            "Botpress",
            "botpress",
            botpress::document(&botpress::Settings::default()),
            true,
        ),
        (
            "Chat (the built-in integration `chat` of Botpress)",
            "chat",
            chat_api::document(),
            true,
        ),
    ]
}

struct Operation {
    id: String,
    method: String,
    path: String,
}

fn operations(document: &Document) -> Vec<Operation> {
    let document: Value = serde_json::from_str(&document.json("")).expect("JSON");
    let base = document["servers"][0]["url"].as_str().expect("a server");
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            operations.push(Operation {
                id: operation["operationId"].as_str().expect("an id").to_owned(),
                method: method.to_uppercase(),
                path: format!("{base}{path}"),
            });
        }
    }
    operations
}

/// Counts the tests of an operation in each file, by their names: `{operation id}_…`. A name that
/// starts with several ids belongs to the longest one.
fn tests_of(folder: &str, operation: &Operation, all: &[Operation]) -> BTreeMap<String, usize> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/api")
        .join(folder);
    let mut found = BTreeMap::new();
    for path in sources(&folder) {
        let text = fs::read_to_string(&path).expect("a source");
        let names = text
            .lines()
            .filter_map(|line| line.strip_prefix("async fn "));
        let count = names
            .filter(|name| owner(name, all) == Some(&operation.id))
            .count();
        if count > 0 {
            let name = path.strip_prefix(&folder).expect("below it").display();
            found.insert(name.to_string(), count);
        }
    }
    found
}

/// Lists the Rust files in a folder and its subfolders.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of tests") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// Converts an operation id to its form in test names: `getEndUsers` to `get_end_users`.
fn in_names(id: &str) -> String {
    let mut name = String::new();
    for character in id
        .replace("OAuth", "Oauth")
        .replace("AISpend", "AiSpend")
        .chars()
    {
        if character.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(character.to_ascii_lowercase());
    }
    name
}

/// The id of the operation that a test with this name covers.
fn owner<'a>(test: &str, all: &'a [Operation]) -> Option<&'a String> {
    let begins = |id: &&String| test.starts_with(&format!("{}_", in_names(id)));
    let ids = all.iter().map(|operation| &operation.id);
    ids.filter(begins).max_by_key(|id| id.len())
}

fn generate() -> String {
    let mut text = String::from(
        "# Compatibility\n\n`tests/api/compatibility.rs` generates this page from the OpenAPI \
         documents, the tests and the notes in `docs/compatibility`: edit those.\n\nThe tests also \
         call every operation below without a key, with a foreign key, with another tenant's key and \
         beyond its limits (the files `access.rs` and `limits.rs` beside its tests).\n",
    );
    for (title, folder, document, has_notes) in dialects() {
        text.push_str(&format!(
            "\n## {title}\n\n| Operation | State | Evidence |\n|---|---|---|\n"
        ));
        let all = operations(&document);
        for operation in &all {
            let tests = tests_of(folder, operation, &all);
            assert!(!tests.is_empty(), "{} has no test of its own", operation.id);
            let evidence: Vec<String> = tests
                .iter()
                .map(|(file, count)| format!("{count} in `tests/api/{folder}/{file}`"))
                .collect();
            text.push_str(&format!(
                "| `{} {}` {} | works | {} |\n",
                operation.method,
                operation.path,
                operation.id,
                evidence.join(", ")
            ));
        }
        if !has_notes {
            continue;
        }
        let notes = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("docs/compatibility")
            .join(format!("{folder}.md"));
        let notes = fs::read_to_string(notes).expect("the notes of the dialect");
        text.push('\n');
        text.push_str(&notes);
        for part in more_notes(folder) {
            text.push_str(&part);
        }
    }
    text
}

/// Further notes on a dialect: the files `{folder}-….md`, sorted by name. The client suites
/// (`tests/clients`) write the results of the official clients.
fn more_notes(folder: &str) -> Vec<String> {
    let notes = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/compatibility");
    let names = fs::read_dir(notes).expect("the notes").map(|entry| {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str());
        (name.expect("a name").to_owned(), path)
    });
    let begin = format!("{folder}-");
    let found: BTreeMap<String, PathBuf> =
        names.filter(|(name, _)| name.starts_with(&begin)).collect();
    let read = |path: &PathBuf| fs::read_to_string(path).expect("a note");
    found
        .values()
        .map(|path| format!("\n{}", read(path)))
        .collect()
}

#[test]
fn the_table_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/COMPATIBILITY.md");
    let generated = generate();
    let committed = fs::read_to_string(&path).unwrap_or_default();
    for row in rows(&committed) {
        assert!(
            rows(&generated).any(|kept| kept == row),
            "the table may only grow, but this operation is gone: {row}"
        );
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &generated).expect("it can be written");
    } else {
        assert_eq!(committed, generated, "regenerate it with UPDATE_DOCS=1");
    }
}

/// The operations that work, according to a table.
fn rows(table: &str) -> impl Iterator<Item = &str> {
    table
        .lines()
        .filter(|line| line.contains("| works |"))
        .filter_map(|line| line.split('|').nth(1))
}
