//! Errors of the code as failures and texts.

use rquickjs::CaughtError;

use super::desk::Desk;
use crate::domain::runtime::{Failure, failure::cut};

/// Why the code cannot be loaded.
pub(super) fn load_failure(desk: &Desk, text: String) -> Failure {
    let missing = desk.missing.borrow();
    if desk.budget.was_interrupted() {
        Failure::CpuTime(desk.limits.cpu)
    } else if !missing.is_empty() {
        let list: Vec<&str> = missing.iter().map(String::as_str).collect();
        let list = list.join(", ");
        Failure::Missing(format!("the embedded engine does not have {list}"))
    } else if text.starts_with("ReferenceError") || text.starts_with("SyntaxError") {
        Failure::Missing(format!("the embedded engine cannot load the code: {text}"))
    } else {
        match failure_of(&text, desk.limits.memory) {
            Failure::Thrown(text) => Failure::Load(text),
            other => other,
        }
    }
}

/// What a thrown error means.
pub(super) fn failure_of(text: &str, memory: usize) -> Failure {
    // A regular expression that finds no memory is a SyntaxError.
    let names = ["InternalError", "SyntaxError"].iter();
    let mut names = names.filter_map(|name| text.strip_prefix(name));
    if names.any(|rest| rest.starts_with(": out of memory")) {
        Failure::Memory(memory)
    } else {
        Failure::Thrown(text.to_owned())
    }
}

/// An error as a text.
pub(super) fn describe(error: &CaughtError<'_>) -> String {
    cut(match error {
        CaughtError::Exception(exception) => {
            let name: Option<String> = exception.as_object().get("name").ok();
            let name = name.unwrap_or_else(|| "Error".to_owned());
            let message = exception.message().unwrap_or_default();
            format!("{name}: {message}")
        }
        CaughtError::Value(value) => {
            let text: Option<String> = value.get().ok();
            text.unwrap_or_else(|| "a value that is no error was thrown".to_owned())
        }
        CaughtError::Error(rquickjs::Error::Allocation) => {
            "InternalError: out of memory".to_owned()
        }
        CaughtError::Error(error) => error.to_string(),
    })
}
