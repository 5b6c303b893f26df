//! Broken rules in the words of a validator that several vendors use.

use crate::kernel::{
    Error, Rule, Violation,
    violation::{Location, Step},
};

/// All broken rules of an error, so that all can be mended at once; its own text if there are none.
#[must_use]
pub fn broken_rules(error: &Error) -> String {
    if error.broken_rules().is_empty() {
        return error.message().to_owned();
    }
    let rules: Vec<String> = error.broken_rules().iter().map(text).collect();
    rules.join("; ")
}

/// A broken rule as the vendor's validator words it: `request/body must have required property 'x'`.
/// The same of an error that says that something is not there, in the words by which clients know it
/// (botpress-today.md §10.3).
#[must_use]
pub fn not_found(error: &Error) -> String {
    let text = broken_rules(error);
    match text.to_ascii_lowercase().contains("not found") {
        true => text,
        false => format!("{text} (not found)"),
    }
}

fn text(violation: &Violation) -> String {
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
        Some((Step::Key(last), above)) if violation.rule == Rule::Required => (Some(last), above),
        _ => (None, violation.path.as_slice()),
    };
    for step in above {
        match step {
            Step::Key(key) => place.push_str(&format!("/{key}")),
            Step::Index(index) => place.push_str(&format!("/{index}")),
        }
    }
    match last {
        Some(name) => format!("{place} must have required property '{name}'"),
        None => format!("{place} {}", violation.rule),
    }
}
