//! The paths that a source uses, read off its text: `use` trees and paths in the code.

/// A file below `src`.
pub struct Source {
    /// Path below `src`, with `/`.
    pub path: String,
    pub text: String,
}

/// A path that a source uses, without `crate`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// Line, from 1.
    pub line: usize,
    /// Names from the root of the crate: `["domain", "bots", "messages", "list"]`.
    pub path: Vec<String>,
}

impl Source {
    /// The module, from the root of the crate.
    pub fn module(&self) -> Vec<String> {
        let path = self.path.trim_end_matches(".rs");
        let path = path.trim_end_matches("/mod");
        path.split('/').map(str::to_owned).collect()
    }

    /// The code: comments and strings are blanked, and unit tests at the end are left out. Lines keep their
    /// numbers.
    pub fn code(&self) -> String {
        let in_test_file = self.path.contains("/tests");
        let mut code = String::new();
        for line in self.text.lines() {
            if in_test_file || line == "#[cfg(test)]" {
                break;
            }
            let mut quoted = false;
            let mut before = ' ';
            for (at, character) in line.char_indices() {
                if !quoted && line[at..].starts_with("//") {
                    break;
                }
                if character == '"' && before != '\\' && before != '\'' {
                    quoted = !quoted;
                }
                code.push(if quoted { ' ' } else { character });
                before = character;
            }
            code.push('\n');
        }
        code
    }

    /// Every path that begins with `crate`, `super` or `self`, in `use` trees and elsewhere.
    pub fn uses(&self) -> Vec<Used> {
        let code = self.code();
        let module = self.module();
        let mut used = Vec::new();
        let mut rest = 0;
        while let Some(at) = next_root(&code, rest) {
            let line = code[..at].matches('\n').count() + 1;
            let (paths, length) = tree(&code[at..]);
            for path in paths {
                if let Some(path) = absolute(&module, path) {
                    used.push(Used { line, path });
                }
            }
            rest = at + length.max(1);
        }
        used
    }
}

/// The next place where a path from a root begins.
fn next_root(code: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let found = ["crate::", "super::", "self::"]
            .iter()
            .filter_map(|root| code[at..].find(root))
            .min()?;
        at += found;
        let before = code[..at].chars().next_back();
        // `pub(in crate::…)` restricts and uses nothing.
        let restricts = code[..at].ends_with("pub(in ");
        if !restricts && before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':') {
            return Some(at);
        }
        at += 1;
    }
}

/// The paths of a `use` tree or of a plain path, and the length of its text.
fn tree(text: &str) -> (Vec<Vec<String>>, usize) {
    let mut paths = Vec::new();
    let mut prefix = Vec::new();
    let length = walk(text, 0, &mut prefix, &mut paths);
    (paths, length)
}

fn walk(text: &str, start: usize, prefix: &mut Vec<String>, paths: &mut Vec<Vec<String>>) -> usize {
    let depth = prefix.len();
    let mut at = start;
    loop {
        let name: String = text[at..]
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_' || *c == '*')
            .collect();
        at += name.len();
        if !name.is_empty() {
            prefix.push(name);
        }
        if !text[at..].starts_with("::") {
            break;
        }
        at += 2;
        if text[at..].starts_with('{') {
            at = group(text, at + 1, prefix, paths);
            prefix.truncate(depth);
            return at;
        }
        if text[at..].starts_with('<') {
            break;
        }
    }
    if prefix.len() > depth {
        paths.push(prefix.clone());
    }
    prefix.truncate(depth);
    at
}

/// Reads the members of a group until its end.
fn group(
    text: &str,
    start: usize,
    prefix: &mut Vec<String>,
    paths: &mut Vec<Vec<String>>,
) -> usize {
    let mut at = start;
    while let Some(character) = text[at..].chars().next() {
        match character {
            '}' => return at + 1,
            c if c.is_alphanumeric() || c == '_' || c == '*' => {
                at = walk(text, at, prefix, paths);
                // ` as other` says nothing about what is used.
                let end = text[at..].find([',', '}', '{']);
                at += end.unwrap_or(0);
            }
            c => at += c.len_utf8(),
        }
    }
    at
}

/// The path from the root of the crate; none for one that leaves it.
fn absolute(module: &[String], path: Vec<String>) -> Option<Vec<String>> {
    let mut from = match path[0].as_str() {
        "crate" => Vec::new(),
        "self" => module.to_vec(),
        "super" => module[..module.len().checked_sub(1)?].to_vec(),
        _ => return None,
    };
    for name in path.into_iter().skip(1) {
        match name.as_str() {
            "super" => drop(from.pop()?),
            "self" | "*" => {}
            _ => from.push(name),
        }
    }
    Some(from)
}

#[test]
fn paths_of_trees_and_of_code_are_found() {
    let source = Source {
        path: "domain/bots/list.rs".to_owned(),
        text: "use super::{files, super::webhooks as hooks};
use crate::{
    domain::{App, tenancy::{audit::{self, Actor}, members}},
    kernel::Result, // crate::none
};
pub(in crate::domain) fn a() -> crate::store::Job { \"crate::text\"; self::b::<u8>() }
#[cfg(test)]
mod tests { use crate::server; }"
            .to_owned(),
    };
    let found: Vec<_> = source
        .uses()
        .iter()
        .map(|used| format!("{} {}", used.line, used.path.join("::")))
        .collect();
    let expected = [
        "1 domain::bots::files",
        "1 domain::webhooks",
        "2 domain::App",
        "2 domain::tenancy::audit",
        "2 domain::tenancy::audit::Actor",
        "2 domain::tenancy::members",
        "2 kernel::Result",
        "6 store::Job",
        "6 domain::bots::list::b",
    ];
    assert_eq!(found, expected);
}
