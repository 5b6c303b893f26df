//! What names that developers choose must be like.

use crate::kernel::{Error, Kind, Result};

/// How long a name is.
const LENGTH: std::ops::RangeInclusive<usize> = 2..=100;

/// Checks the name of a state, event, action, channel or type of messages, which stands at `place`.
///
/// # Errors
/// `InvalidIdentifier` unless it begins with a lower-case letter and has 2 to 100 letters and digits
/// (the seed's text of that error).
pub fn check_identifier(name: &str, place: &str) -> Result<()> {
    if begins(name) && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(invalid(name, place, "letters and digits"))
}

/// Checks the name of a tag, which may have more: the vendor's own integrations declare `display_name`
/// (botpress-today.md §0.5). A colon would name the tag of an integration.
///
/// # Errors
/// `InvalidIdentifier`.
pub fn check_tag(name: &str, place: &str) -> Result<()> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if begins(name) && name.bytes().all(fits) {
        return Ok(());
    }
    Err(invalid(name, place, "letters, digits, _, - and ."))
}

fn begins(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase()) && LENGTH.contains(&name.len())
}

fn invalid(name: &str, place: &str, allowed: &str) -> Error {
    Error::new(
        Kind::InvalidIdentifier,
        format!(
            "{place}: {name:?} must begin with a lower-case letter and have 2 to 100 {allowed}"
        ),
    )
}
