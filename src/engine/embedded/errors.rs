//! Converts errors of the code into failures and texts.

use rquickjs::{CaughtError, Value};

use super::{isolate_state::IsolateState, modules};
use crate::engine::{EngineError, Exception};

/// Returns the failure for an exception that was thrown while the code was loaded.
pub(super) fn to_load_error(state: &IsolateState, exception: Exception) -> EngineError {
    let missing = state.missing.borrow();
    let text = &exception.text;
    if state.budget.was_interrupted() {
        EngineError::CpuTime(state.limits.cpu)
    } else if !missing.is_empty() {
        let list: Vec<&str> = missing.iter().map(String::as_str).collect();
        let list = list.join(", ");
        EngineError::Missing(format!("the embedded engine does not have {list}"))
    } else if is_out_of_memory(text) {
        EngineError::Memory(state.limits.memory)
    } else if text.starts_with("ReferenceError") || text.starts_with("SyntaxError") {
        let first = exception
            .stack
            .as_ref()
            .and_then(|stack| stack.lines().next());
        let place = first.map_or_else(String::new, |frame| format!(" {}", frame.trim_start()));
        EngineError::Missing(format!(
            "the embedded engine cannot load the code: {text}{place}"
        ))
    } else {
        EngineError::Load(exception)
    }
}

/// Returns the failure for an exception that a call threw.
pub(super) fn to_call_error(exception: Exception, memory: usize) -> EngineError {
    match is_out_of_memory(&exception.text) {
        true => EngineError::Memory(memory),
        false => EngineError::Thrown(exception),
    }
}

/// True for an out-of-memory error. A regular expression without memory fails with a `SyntaxError`.
fn is_out_of_memory(text: &str) -> bool {
    let mut names = ["InternalError", "SyntaxError"].iter();
    names.any(|name| {
        let rest = text.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(": out of memory"))
    })
}

/// Converts an error of the engine into an exception with its stack.
pub(super) fn to_exception(error: &CaughtError<'_>) -> Exception {
    match error {
        CaughtError::Exception(exception) => {
            let name: Option<String> = exception.as_object().get("name").ok();
            let name = name.unwrap_or_else(|| "Error".to_owned());
            let message = exception.message().unwrap_or_default();
            let stack = exception.stack().unwrap_or_default();
            new_exception(format!("{name}: {message}"), &stack)
        }
        CaughtError::Value(value) => new_exception(value_to_text(value), ""),
        CaughtError::Error(rquickjs::Error::Allocation) => {
            new_exception("InternalError: out of memory".to_owned(), "")
        }
        CaughtError::Error(error) => new_exception(error.to_string(), ""),
    }
}

/// Creates an exception, with the positions of its stack as they are in the bundle.
pub(super) fn new_exception(text: String, stack: &str) -> Exception {
    Exception::new(text, &modules::unwrap_positions(stack))
}

fn value_to_text(value: &Value<'_>) -> String {
    if value.is_null() {
        return "null".to_owned();
    }
    if value.is_undefined() {
        return "undefined".to_owned();
    }
    let text: Option<String> = value.get().ok();
    text.unwrap_or_else(|| "a value that is not an error was thrown".to_owned())
}
