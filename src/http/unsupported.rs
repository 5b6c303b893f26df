//! Vendor operations that this server does not implement. The error names the operation, so that the caller does not
//! search for a mistake in the path.
//!
//! The lists are in `unsupported/*.txt`, one operation per line: method, path as the vendor documents it, and name. Remove
//! an operation from its list when the server implements it; a test compares the lists with the OpenAPI documents.

use poem::http::Method;

use crate::kernel::{Error, Kind};

const ALOOCHAT: &str = include_str!("unsupported/aloochat.txt");
const ADA: &str = include_str!("unsupported/ada.txt");
const BOTPRESS: &str = include_str!("unsupported/botpress.txt");

/// An operation of a vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// HTTP method: `GET`, …
    pub method: &'static str,
    /// Path template: `/v1/tables/{table}`.
    pub path: &'static str,
    /// Operation id: `getTable`.
    pub name: &'static str,
}

/// Returns the operations of a vendor that its dialect does not implement.
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

/// Returns the error of a failed request. If the request matches an operation that is not implemented, the error says
/// so.
pub(super) fn explain_unsupported(
    error: Error,
    dialect: &str,
    method: &Method,
    path: &str,
) -> Error {
    // An unimplemented path can match an implemented one with another id.
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
    // The path comes without the base path of the dialect.
    let has = |pattern: &str| {
        let mut below = ["/api/public", "/api"]
            .iter()
            .filter_map(|base| pattern.strip_prefix(base));
        matches_pattern(pattern, path) || below.any(|below| matches_pattern(below, path))
    };
    let is_of = |operation: &Operation| operation.method == method && has(operation.path);
    // A literal segment matches better than a placeholder.
    let placeholders = |operation: &Operation| operation.path.matches('{').count();
    operations(dialect).filter(is_of).min_by_key(placeholders)
}

/// True if a path matches a pattern. A trailing slash makes no difference.
fn matches_pattern(pattern: &str, path: &str) -> bool {
    let mut segments = path.trim_end_matches('/').split('/');
    let mut pattern_segments = pattern.trim_end_matches('/').split('/');
    loop {
        match (pattern_segments.next(), segments.next()) {
            (None, None) => return true,
            (Some(expected), Some(segment)) => {
                let is_placeholder = expected.starts_with('{') && !segment.is_empty();
                if !is_placeholder && expected != segment {
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
        assert_eq!(find("ada", "PATCH", "/v2/knowledge/articles/"), None);
        assert_eq!(find("cohere", "GET", "/v2/knowledge/articles/"), None);
        let ada = |path| find("ada", "GET", path).map(|found| found.name);
        assert_eq!(ada("/v2/knowledge/articles/"), Some("listArticles"));
        assert_eq!(ada("/api/v2/knowledge/articles"), Some("listArticles"));
        let lines = BOTPRESS.lines().chain(ADA.lines()).count();
        let read = operations("botpress").chain(operations("ada")).count();
        assert_eq!(lines, read);
    }
}
