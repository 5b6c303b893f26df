//! Retired names: words that say nothing to someone who knows the field and not this project.

use std::{collections::BTreeSet, fs, path::Path};

use super::{code, sources};

/// The names of the items, fields and modules that a line of code defines.
fn defined(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let words = [
        "fn ", "struct ", "enum ", "trait ", "type ", "const ", "static ", "mod ",
    ];
    let at = words.iter().find_map(|word| {
        let at = line.find(word)?;
        let before = &line[..at];
        let plain = before
            .chars()
            .all(|c| c.is_alphanumeric() || " ():_".contains(c));
        plain.then_some(at + word.len())
    })?;
    let name = &line[at..];
    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
    Some(&name[..end.unwrap_or(name.len())])
}

fn retired() -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/retired_names.txt");
    let text = fs::read_to_string(path).expect("the list");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let names: BTreeSet<String> = lines
        .flat_map(str::split_whitespace)
        .map(str::to_owned)
        .collect();
    assert!(names.len() > 100, "the list was not read");
    names
}

#[test]
fn no_retired_name_comes_back() {
    let retired = retired();
    let mut broken = Vec::new();
    for source in sources() {
        let module = source.module();
        if module.iter().any(|name| retired.contains(name)) {
            broken.push(source.path.clone());
        }
        for (number, line) in code(&source) {
            if defined(line).is_some_and(|name| retired.contains(name)) {
                broken.push(format!("{}:{}: {}", source.path, number + 1, line.trim()));
            }
        }
    }
    assert_eq!(broken, [""; 0]);
}

#[test]
fn definitions_are_found() {
    for (line, name) in [
        ("pub(in crate::domain) async fn haste() {", Some("haste")),
        ("    const DESK: u8 = 1;", Some("DESK")),
        ("pub struct Tally<'a> {", Some("Tally")),
        ("mod turns;", Some("turns")),
        ("    let haste = 1;", None),
        ("    call(|| fn_of(x));", None),
    ] {
        assert_eq!(defined(line), name, "{line}");
    }
}
