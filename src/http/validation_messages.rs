//! Words validation errors like the validator that several vendors use.

use crate::kernel::{
    Error, Rule, Violation,
    violation::{Location, PathSegment},
};

/// Returns all violations of an error, so that the caller can fix all at once, or its message if there are none.
#[must_use]
pub fn violation_messages(error: &Error) -> String {
    if error.broken_rules().is_empty() {
        return error.message().to_owned();
    }
    let rules: Vec<String> = error.broken_rules().iter().map(violation_message).collect();
    rules.join("; ")
}

/// Returns the message of a "not found" error with the words that clients look for (botpress-today.md §10.3).
#[must_use]
pub fn not_found_message(error: &Error) -> String {
    let text = violation_messages(error);
    match text.to_ascii_lowercase().contains("not found") {
        true => text,
        false => format!("{text} (not found)"),
    }
}

/// Words a violation like the vendor's validator: `request/body must have required property 'x'`.
fn violation_message(violation: &Violation) -> String {
    if let Rule::More { .. } = violation.rule {
        return violation.to_string();
    }
    let mut place = match violation.location {
        Location::Body => "request/body",
        Location::Query => "request/query",
        Location::Path => "request/params",
        Location::Header => "request/headers",
    }
    .to_owned();
    let (last, above) = match violation.path.split_last() {
        Some((PathSegment::Key(last), above)) if violation.rule == Rule::Required => {
            (Some(last), above)
        }
        _ => (None, violation.path.as_slice()),
    };
    for step in above {
        match step {
            PathSegment::Key(key) => place.push_str(&format!("/{key}")),
            PathSegment::Index(index) => place.push_str(&format!("/{index}")),
        }
    }
    match last {
        Some(name) => format!("{place} must have required property '{name}'"),
        None => format!("{place} {}", violation.rule),
    }
}
