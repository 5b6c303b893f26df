//! Who may use what (docs/ARCHITECTURE.md): read off the sources, so that a short cut is noticed.

mod imports;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use self::imports::Source;

/// The layers, from the lowest. One may use itself and those before it.
const LAYERS: [&str; 11] = [
    "kernel", "store", "net", "engine", "domain", "http", "dialects", "console", "config",
    "server", "cli",
];

/// The areas of the domain, from the lowest. One may use itself and those before it.
const AREAS: [&str; 12] = [
    "shared",
    "tenancy",
    "webhooks",
    "end_users",
    "inbox",
    "service_integrations",
    "retrieval",
    "bots",
    "webchat",
    "ai",
    "platform_integrations",
    "lifecycle",
];

/// Items that `src/domain/mod.rs` exports, and the area that has them.
const EXPORTED: [(&str, &str); 6] = [
    ("Addresses", "tenancy"),
    ("App", "tenancy"),
    ("WriteTx", "tenancy"),
    ("Renderers", "lifecycle"),
    ("Settings", "lifecycle"),
    ("open", "lifecycle"),
];

/// Maximum number of entries in `src/domain`.
const MAX_DOMAIN_ENTRIES: usize = 14;

/// Modules that use one another in a circle, by their area. There are no circles beyond one area. A circle may
/// shrink; a module that joins one needs a reason.
const CIRCLES: &[(&str, &[&str])] = &[
    (
        "bots",
        &[
            "author",
            "conversations",
            "deliveries",
            "events",
            "installations",
            "integrations",
            "manage",
            "messages",
            "protocol",
            "schedules",
            "states",
            "users",
            "workflows",
        ],
    ),
    ("retrieval", &["answers", "folders"]),
    (
        "tenancy",
        &[
            "access_tokens",
            "account_call",
            "admission",
            "agents",
            "api_keys",
            "app",
            "audit",
            "auth_scope",
            "claims",
            "commit_batch",
            "keyring",
            "members",
            "quotas",
            "request_auth",
            "usage",
            "workspaces",
            "write_tx",
        ],
    ),
];

/// A word and the only places, below `src`, that may have it.
const RESERVED: [(&str, &[&str]); 16] = [
    ("poem::", &["http/", "dialects/", "console/", "server/"]),
    (
        "poem_openapi::",
        &["http/", "dialects/", "console/", "server/"],
    ),
    ("askama", &["http/", "dialects/", "console/"]),
    ("rusqlite", &["store/", "domain/"]),
    ("reqwest::", &["net/outbound"]),
    ("anyhow", &["main.rs", "cli/"]),
    ("SystemTime", &["kernel/clock.rs"]),
    ("Instant::now", &["kernel/clock.rs"]),
    ("tokio::time", &["kernel/clock.rs"]),
    ("Utc::now", &["kernel/clock.rs"]),
    // Every column that is sealed is in the list that `parlance check` reads. A link is not stored.
    (
        "SealLocation {",
        &[
            "store/seal/",
            "domain/tenancy/sealed_columns/",
            "domain/tenancy/billing/link.rs",
        ],
    ),
    // A reader of messages needs the memtables as well as these tables.
    ("messages_of_", &["domain/bots/messages/"]),
    ("messages_indexed", &["domain/bots/messages/"]),
    // No foreign key leads from a message to these: each deletes its messages first.
    (
        "DELETE FROM conversations ",
        &[
            "domain/bots/conversations/change.rs",
            "domain/bots/manage/delete.rs",
        ],
    ),
    (
        "DELETE FROM end_users ",
        &["domain/end_users/rows.rs", "domain/bots/manage/delete.rs"],
    ),
    ("DELETE FROM agents ", &["domain/bots/manage/delete.rs"]),
];

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

/// Lines of code with their numbers: without comments and without the unit tests at the end.
fn code(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    let in_test_file = source.path.contains("/tests");
    source
        .text
        .lines()
        .enumerate()
        .take_while(move |(_, line)| !in_test_file && *line != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn rank(names: &[&str], name: &str) -> Option<usize> {
    names.iter().position(|known| *known == name)
}

/// Uses of a layer by one below it.
fn uses_of_higher_layers(sources: &[Source]) -> Vec<String> {
    let mut broken = Vec::new();
    for source in sources {
        let layer = source.path.split(['/', '.']).next().expect("a name");
        let Some(own) = rank(&LAYERS, layer) else {
            continue;
        };
        for used in source.uses() {
            let other = used.path.first().and_then(|name| rank(&LAYERS, name));
            if other.is_some_and(|other| other > own) {
                broken.push(format!(
                    "{}:{} uses {}",
                    source.path, used.line, used.path[0]
                ));
            }
        }
    }
    broken
}

/// The area of the domain that a path leads to; none for a path outside of the domain.
fn area(path: &[String]) -> Option<&str> {
    let [first, second, ..] = path else {
        return None;
    };
    if first != "domain" {
        return None;
    }
    let exported = EXPORTED.iter().find(|(item, _)| item == second);
    Some(exported.map_or(second, |(_, area)| area))
}

/// Uses of an area by one below it.
fn uses_of_higher_areas(sources: &[Source]) -> Vec<String> {
    let mut broken = Vec::new();
    for source in sources {
        let module = source.module();
        let Some(own) = area(&module).and_then(|area| rank(&AREAS, area)) else {
            continue;
        };
        for used in source.uses() {
            let other = area(&used.path).and_then(|area| rank(&AREAS, area));
            if other.is_some_and(|other| other > own) {
                let path = used.path.join("::");
                broken.push(format!("{}:{} uses {path}", source.path, used.line));
            }
        }
    }
    broken
}

/// Methods that an area adds to `App` or `WriteTx`, with the rank of the area.
fn added_methods(sources: &[Source]) -> BTreeMap<String, usize> {
    let mut methods = BTreeMap::new();
    for source in sources {
        let module = source.module();
        let Some(rank) = area(&module).and_then(|area| rank(&AREAS, area)) else {
            continue;
        };
        let mut adds = false;
        for (_, line) in code(source) {
            if line.starts_with("impl ") {
                adds = line == "impl App {" || line == "impl WriteTx<'_> {";
            }
            let after = line.trim_start().split_once("fn ").map(|(_, after)| after);
            let name = after.and_then(|after| after.split(['(', '<']).next());
            if let (true, Some(name), true) = (adds, name, line.starts_with("    ")) {
                methods.entry(name.to_owned()).or_insert(rank);
            }
        }
    }
    methods
}

/// Calls of a method that an area above adds to `App` or `WriteTx`.
fn calls_of_higher_areas(sources: &[Source]) -> Vec<String> {
    let methods = added_methods(sources);
    let mut broken = Vec::new();
    for source in sources {
        let module = source.module();
        let Some(own) = area(&module).and_then(|area| rank(&AREAS, area)) else {
            continue;
        };
        for (number, line) in code(source) {
            for (name, rank) in &methods {
                let called = ["app", "app()", "change", "tx"]
                    .iter()
                    .any(|on| line.contains(&format!("{on}.{name}(")));
                if *rank > own && called {
                    broken.push(format!("{}:{} calls {name}", source.path, number + 1));
                }
            }
        }
    }
    broken
}

#[test]
fn a_layer_uses_only_those_below_it() {
    assert_eq!(uses_of_higher_layers(&sources()), [""; 0]);
}

#[test]
fn an_area_uses_only_those_below_it() {
    let sources = sources();
    assert_eq!(uses_of_higher_areas(&sources), [""; 0]);
    assert_eq!(calls_of_higher_areas(&sources), [""; 0]);
}

#[test]
fn a_backward_import_is_found() {
    let planted = |path: &str, text: &str| {
        let mut sources = sources();
        sources.push(Source {
            path: path.to_owned(),
            text: text.to_owned(),
        });
        sources
    };
    let layer = planted(
        "net/planted.rs",
        "use crate::{kernel::Result, domain::App};",
    );
    assert_eq!(
        uses_of_higher_layers(&layer),
        ["net/planted.rs:1 uses domain"]
    );
    for text in [
        "use crate::domain::{bots::messages, tenancy::members};",
        "use super::super::bots::messages;",
        "fn planted() {\n    super::super::bots::messages::list();\n}",
    ] {
        let found = uses_of_higher_areas(&planted("domain/tenancy/planted.rs", text));
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(
            found[0].contains("uses domain::bots::messages"),
            "{found:?}"
        );
    }
    let calls = planted(
        "domain/tenancy/planted.rs",
        "fn planted(app: &App) {\n    app.listeners();\n}",
    );
    let found = calls_of_higher_areas(&calls);
    assert_eq!(found, ["domain/tenancy/planted.rs:2 calls listeners"]);
}

#[test]
fn the_domain_has_few_entries_and_each_is_an_area() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/domain");
    let entries: BTreeSet<String> = fs::read_dir(root)
        .expect("the domain")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .collect();
    assert!(entries.len() <= MAX_DOMAIN_ENTRIES, "{entries:?}");
    let areas: BTreeSet<String> = AREAS.iter().map(ToString::to_string).collect();
    let found: BTreeSet<String> = entries
        .into_iter()
        .filter(|name| name != "mod.rs")
        .collect();
    assert_eq!(found, areas);
}

/// The modules of an area that use one another in a circle.
fn circle(sources: &[Source], of: &str) -> BTreeSet<String> {
    let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources {
        let module = source.module();
        if area(&module) != Some(of) || module.len() < 3 {
            continue;
        }
        for used in source.uses() {
            if area(&used.path) == Some(of) && used.path.len() > 3 && used.path[2] != module[2] {
                let from = edges.entry(module[2].clone()).or_default();
                from.insert(used.path[2].clone());
            }
        }
    }
    let reached = |from: &String| {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&String> = edges.get(from).into_iter().flatten().collect();
        while let Some(next) = open.pop() {
            if reached.insert(next.clone()) {
                open.extend(edges.get(next).into_iter().flatten());
            }
        }
        reached
    };
    let modules = edges
        .keys()
        .filter(|module| reached(module).contains(*module));
    modules.cloned().collect()
}

#[test]
fn circles_are_named_and_stay_within_one_area() {
    let sources = sources();
    let found: BTreeMap<&str, BTreeSet<String>> = AREAS
        .iter()
        .map(|of| (*of, circle(&sources, of)))
        .filter(|(_, modules)| !modules.is_empty())
        .collect();
    let named: BTreeMap<&str, BTreeSet<String>> = CIRCLES
        .iter()
        .map(|(of, modules)| (*of, modules.iter().map(ToString::to_string).collect()))
        .collect();
    assert_eq!(found, named);
}

#[test]
fn a_dialect_uses_neither_another_one_nor_the_store() {
    let mut broken = Vec::new();
    for source in sources() {
        let Some(rest) = source.path.strip_prefix("dialects/") else {
            continue;
        };
        let own = rest.split('/').next().expect("a name");
        for used in source.uses() {
            let layer = used.path.first().map_or("", String::as_str);
            let other = used.path.get(1).is_some_and(|dialect| dialect != own);
            if layer == "store" || (layer == "dialects" && other && own != "mod.rs") {
                let path = used.path.join("::");
                broken.push(format!("{}:{}: {path}", source.path, used.line));
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
