//! Operations that vendors have and this server has not: a caller learns that, and is not sent to look for a
//! mistake in a path.
//!
//! The lists are beside this file, an operation a line: method, path as the vendor's documents write it, and the
//! name. An operation that this server comes to serve is struck from them; a test compares them with its documents.

use poem::http::Method;

use crate::kernel::{Error, Kind};

const ALOOCHAT: &str = include_str!("absent/aloochat.txt");
const ADA: &str = include_str!("absent/ada.txt");
const BOTPRESS: &str = include_str!("absent/botpress.txt");

/// An operation of a vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// `GET`, …
    pub method: &'static str,
    /// `/v1/tables/{table}`
    pub path: &'static str,
    /// `getTable`
    pub name: &'static str,
}

/// The operations that a dialect has not.
pub fn operations(dialect: &str) -> impl Iterator<Item = Operation> {
    let list = match dialect {
        "aloochat" => ALOOCHAT,
        "ada" => ADA,
        "botpress" => BOTPRESS,
        _ => "",
    };
    list.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some(Operation {
            method: words.next()?,
            path: words.next()?,
            name: words.next()?,
        })
    })
}

/// The failure of a request to a dialect, in the words for what is not there if that is why.
pub(super) fn explained(error: Error, dialect: &str, method: &Method, path: &str) -> Error {
    // Some of their paths look like those of operations that are here, with another id.
    let may_be_why = matches!(
        error.kind(),
        Kind::NoOperation
            | Kind::MethodNotAllowed
            | Kind::NotFound
            | Kind::ReferenceNotFound
            | Kind::Invalid
    );
    let found = may_be_why.then(|| find(dialect, method.as_str(), path));
    match found.flatten() {
        Some(Operation { method, path, name }) => {
            let text = format!("{name} ({method} {path}) is not part of this server");
            Error::new(Kind::NoOperation, text)
        }
        None => error,
    }
}

fn find(dialect: &str, method: &str, path: &str) -> Option<Operation> {
    // The path comes without what the dialect is mounted at.
    let has = |pattern: &str| {
        let mut below = ["/api/public", "/api"]
            .iter()
            .filter_map(|base| pattern.strip_prefix(base));
        fits(pattern, path) || below.any(|below| fits(below, path))
    };
    let is_of = |operation: &Operation| operation.method == method && has(operation.path);
    // A word in a path counts more than a place for any.
    let places = |operation: &Operation| operation.path.matches('{').count();
    operations(dialect).filter(is_of).min_by_key(places)
}

/// True if a path is one of a pattern, with a slash at its end or without.
fn fits(pattern: &str, path: &str) -> bool {
    let mut given = path.trim_end_matches('/').split('/');
    let mut wanted = pattern.trim_end_matches('/').split('/');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) => {
                let is_place = wanted.starts_with('{') && !given.is_empty();
                if !is_place && wanted != given {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_by_their_pattern() {
        let name = |method, path| find("botpress", method, path).map(|found| found.name);
        assert_eq!(name("GET", "/v1/tables"), Some("listTables"));
        assert_eq!(name("GET", "/v1/tables/"), Some("listTables"));
        assert_eq!(name("GET", "/v1/tables/t%20x"), Some("getTable"));
        assert_eq!(name("GET", "/v1/tables//rows"), None);
        assert_eq!(
            name("POST", "/v1/tables/t/rows/find"),
            Some("findTableRows")
        );
        assert_eq!(name("GET", "/v1/files/tags"), Some("listFileTags"));
        assert_eq!(name("PATCH", "/v1/tables"), None);
        assert_eq!(find("cohere", "GET", "/v1/tables"), None);
        let ada = |path| find("ada", "GET", path).map(|found| found.name);
        assert_eq!(ada("/v2/knowledge/articles/"), Some("listArticles"));
        assert_eq!(ada("/api/v2/knowledge/articles"), Some("listArticles"));
        let lines = BOTPRESS.lines().chain(ADA.lines()).count();
        let read = operations("botpress").chain(operations("ada")).count();
        assert_eq!(lines, read);
    }
}
