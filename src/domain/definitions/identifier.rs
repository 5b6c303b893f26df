//! What names that developers choose must be like.

use crate::kernel::{Error, Kind, Result};

/// Checks the name of a tag, state, event, action or channel, which stands at `place`.
///
/// # Errors
/// `InvalidIdentifier` unless it begins with a lower-case letter and has 2 to 100 letters and digits
/// (the seed's text of that error).
pub fn check_identifier(name: &str, place: &str) -> Result<()> {
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if begins && letters && (2..=100).contains(&name.len()) {
        return Ok(());
    }
    Err(Error::new(
        Kind::InvalidIdentifier,
        format!(
            "{place}: {name:?} must begin with a lower-case letter and have 2 to 100 letters and \
             digits"
        ),
    ))
}
