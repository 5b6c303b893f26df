//! Rules for the names that developers choose.

use crate::kernel::{Error, Kind, Result};

/// Allowed length of a name, in bytes.
const ALLOWED_LENGTH: std::ops::RangeInclusive<usize> = 2..=100;

/// Checks the name of a state, event, action, channel or message type. `place` names the member in errors.
///
/// # Errors
/// `InvalidIdentifier` unless the name begins with a lower-case letter and has 2 to 100 letters and digits
/// (botpress.md §1.4: the reference page's text of that error).
pub fn check_identifier(name: &str, place: &str) -> Result<()> {
    if has_valid_start(name) && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(invalid_identifier(name, place, "letters and digits"))
}

/// Checks the name of a tag. More characters are allowed, because the vendor's own integrations declare
/// `display_name` (botpress-today.md §0.5). A colon is not: it separates an integration from its tag.
///
/// # Errors
/// `InvalidIdentifier` for any other name.
pub fn check_tag(name: &str, place: &str) -> Result<()> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if has_valid_start(name) && name.bytes().all(fits) {
        return Ok(());
    }
    Err(invalid_identifier(
        name,
        place,
        "letters, digits, _, - and .",
    ))
}

fn has_valid_start(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase()) && ALLOWED_LENGTH.contains(&name.len())
}

fn invalid_identifier(name: &str, place: &str, allowed: &str) -> Error {
    Error::new(
        Kind::InvalidIdentifier,
        format!(
            "{place}: {name:?} must begin with a lower-case letter and have 2 to 100 {allowed}"
        ),
    )
}
