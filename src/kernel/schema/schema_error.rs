//! Describes why a schema is invalid; the text names the keyword and its place in the schema.

use jsonschema::{ValidationError, error::ValidationErrorKind};
use serde_json::Value;

use super::{
    ecma_patterns::PatternSources,
    report::{to_path, to_violations, truncate_text},
};
use crate::kernel::{
    Rule, Violation,
    violation::{Location, PathSegment},
};

/// Maximum length of a description, in bytes.
const MAX_TEXT_BYTES: usize = 500;

/// Maximum length of a value in a description, in bytes.
const MAX_VALUE_BYTES: usize = 60;

/// Describes the validator's error for an invalid schema.
pub(super) fn describe_compile_error(
    error: &ValidationError<'_>,
    patterns: &PatternSources,
) -> String {
    let text = match error.kind() {
        ValidationErrorKind::Referencing(why) => format!("$ref: {why}"),
        _ => {
            let found = to_violations(error, Location::Body);
            match found.first() {
                Some(first) => {
                    describe_violation(first, find_wrong_value(first, error.instance()), patterns)
                }
                // For `false`, the error contains no rule (`report::violations`).
                None => {
                    let place = describe_place(&to_path(error.instance_path()));
                    format!("{place} must not be {}", error.instance())
                }
            }
        }
    };
    truncate_text(&text, MAX_TEXT_BYTES)
}

/// Returns the wrong value. For a pattern, the validator's error holds the object that contains it.
fn find_wrong_value<'v>(violation: &Violation, instance: &'v Value) -> &'v Value {
    match violation.path.last() {
        Some(PathSegment::Key(name)) => instance.get(name).unwrap_or(instance),
        _ => instance,
    }
}

fn describe_violation(violation: &Violation, value: &Value, patterns: &PatternSources) -> String {
    let written = |text: &str| {
        patterns
            .get(text)
            .cloned()
            .unwrap_or_else(|| text.to_owned())
    };
    let place = describe_place(&violation.path);
    let value_text = match value {
        Value::String(text) => format!("{:?}", truncate_text(&written(text), MAX_VALUE_BYTES)),
        Value::Array(_) | Value::Object(_) => String::new(),
        other => other.to_string(),
    };
    let value_text = match (&violation.rule, value_text.as_str()) {
        (Rule::Required | Rule::Unexpected, _) | (_, "") => String::new(),
        (_, value_text) => format!(", not {value_text}"),
    };
    match &violation.rule {
        Rule::Format(format) if format == "regex" => {
            format!("{place} must be a valid regular expression{value_text}")
        }
        rule => format!("{place} {rule}{value_text}"),
    }
}

/// Returns the innermost keyword on a path into a schema.
fn innermost_keyword(path: &[PathSegment]) -> Option<&str> {
    let mut names = path.iter().filter_map(|step| match step {
        PathSegment::Key(name) => Some(name.as_str()),
        PathSegment::Index(_) => None,
    });
    names.rfind(|name| referencing::Draft::Draft202012.is_known_keyword(name))
}

/// Formats a path into a schema as a JSON pointer: `#/properties/age/minimum`.
fn to_json_pointer(path: &[PathSegment]) -> String {
    let mut pointer = "#".to_owned();
    for step in path {
        match step {
            PathSegment::Key(name) => {
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
            }
            PathSegment::Index(index) => pointer.push_str(&format!("/{index}")),
        }
    }
    truncate_text(&pointer, 200)
}

/// Formats the keyword and its place.
fn describe_place(path: &[PathSegment]) -> String {
    let pointer = to_json_pointer(path);
    match innermost_keyword(path) {
        Some(keyword) => format!("{keyword} at {pointer}"),
        None => pointer,
    }
}
