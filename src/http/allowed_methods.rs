//! The methods of each path, for the `Allow` header of an answer with 405 (RFC 9110 §15.5.6).

use std::{cmp::Reverse, sync::OnceLock};

use poem::http::HeaderValue;
use serde_json::{Map, Value};

use super::Published;

/// A path template and its methods: `("/spec", "GET, HEAD")`. A segment in braces matches any text.
pub type PathMethods = (&'static str, &'static str);

/// The path that a dialect used for routing, if it differs from the path of the request. Attached to poem's error.
#[derive(Debug, Clone)]
pub struct RoutedPath(pub String);

/// The methods of each path of an endpoint.
#[derive(Default)]
pub struct AllowedMethods {
    document: Option<Published>,
    extra_paths: &'static [PathMethods],
    /// Built at first use: parsing the large document is rarely needed.
    table: OnceLock<Vec<(String, String)>>,
}

impl AllowedMethods {
    /// Creates the table from the paths of a document and additional paths.
    #[must_use]
    pub fn new(document: Option<Published>, extra_paths: &'static [PathMethods]) -> Self {
        Self {
            document,
            extra_paths,
            table: OnceLock::new(),
        }
    }

    /// Returns the methods of a path, if the path is known.
    #[must_use]
    pub fn methods_of(&self, path: &str) -> Option<HeaderValue> {
        let path = path.trim_end_matches('/');
        let table = self.table.get_or_init(|| self.build_table());
        // Like the router, prefer a template that names the segment to one with a placeholder.
        let found = table
            .iter()
            .filter_map(|(template, methods)| Some((match_template(template, path)?, methods)))
            .max_by_key(|(fit, _)| Reverse(fit.clone()));
        HeaderValue::from_str(found?.1).ok()
    }

    fn build_table(&self) -> Vec<(String, String)> {
        let document = self.document.as_ref().map(|document| document.json(""));
        let document: Value = document
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        let paths = document["paths"].as_object().into_iter().flatten();
        let of_document = paths.map(|(path, operations)| {
            let operations = operations.as_object().into_iter().flat_map(Map::keys);
            let methods = operations.map(|method| match method.as_str() {
                "get" => "GET, HEAD".to_owned(),
                other => other.to_ascii_uppercase(),
            });
            let methods: Vec<String> = methods.collect();
            (path.trim_end_matches('/').to_owned(), methods.join(", "))
        });
        let of_extra_paths = self.extra_paths.iter().map(|(path, methods)| {
            let path = path.trim_end_matches('/');
            (path.to_owned(), (*methods).to_owned())
        });
        of_document.chain(of_extra_paths).collect()
    }
}

/// Matches a path with a template. Returns for each segment true if the template has a placeholder there, or `None`
/// if the path does not match.
pub(super) fn match_template(template: &str, path: &str) -> Option<Vec<bool>> {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    let mut fit = Vec::new();
    loop {
        match (template.next(), path.next()) {
            (None, None) => return Some(fit),
            (Some(named), Some(segment)) if named.starts_with('{') => {
                fit.push(named != segment);
            }
            (Some(named), Some(segment)) if named == segment => fit.push(false),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_taken_by_its_name_first() {
        const ROWS: &[PathMethods] = &[
            ("/", "GET, HEAD"),
            ("/users/{id}", "GET, HEAD, DELETE"),
            ("/users/me", "PUT"),
            ("/users/{id}/keys", "POST"),
        ];
        let allowed = AllowedMethods::new(None, ROWS);
        let at = |path| allowed.methods_of(path);
        assert_eq!(at("/users/me").expect("known"), "PUT");
        assert_eq!(at("/users/7/").expect("known"), "GET, HEAD, DELETE");
        assert_eq!(at("/users/me/keys").expect("known"), "POST");
        assert_eq!(at("/").expect("known"), "GET, HEAD");
        assert_eq!(at("/users"), None);
    }
}
