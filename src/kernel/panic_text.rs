//! The text of a panic.

use std::any::Any;

/// Returns the text of a caught panic; `None` if its payload is not a text.
#[must_use]
pub fn panic_text(panic: &(dyn Any + Send)) -> Option<&str> {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
}
