//! Handles of workspaces: their format, and the check that one is free.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::rows::FIND_TAKEN_HANDLE;
use crate::{
    domain::tenancy::account_call::AccountContext,
    kernel::{
        Error, Kind, Result, Rule, Violation,
        ids::{AccountId, WorkspaceId},
    },
};

/// Maximum length of a handle.
const MAX_HANDLE_CHARS: usize = 64;
/// Number of free handles that are suggested for a taken one.
const MAX_SUGGESTIONS: usize = 3;

/// Result of the check of a handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandleAvailability {
    /// True if a workspace can take it.
    pub available: bool,
    /// Free handles like it; empty for a free one.
    pub suggestions: Vec<String>,
    /// Name of the workspace that has it, if the caller is a member of that workspace.
    pub used_by: Option<String>,
}

/// Checks the format of a handle.
///
/// # Errors
/// `Invalid` unless it has lower-case letters, digits, hyphens and underscores, and begins and ends with a letter or a
/// digit.
pub(super) fn check_format(handle: &str) -> Result<()> {
    let is_outer = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_inner = |c: char| is_outer(c) || matches!(c, '-' | '_');
    let fits = handle.starts_with(is_outer)
        && handle.ends_with(is_outer)
        && handle.chars().all(is_inner)
        && (3..=MAX_HANDLE_CHARS).contains(&handle.len());
    if fits {
        return Ok(());
    }
    let rule = format!(
        "must have 3 to {MAX_HANDLE_CHARS} lower-case letters, digits, hyphens and underscores, and begin \
         and end with a letter or a digit"
    );
    Err(Violation::body(["handle"], Rule::Other(rule)).into())
}

/// True if another workspace has the handle, or has published names that begin with it.
pub(super) fn is_taken(conn: &Connection, id: &WorkspaceId, handle: &str) -> Result<bool> {
    let mut statement = conn.prepare_cached(FIND_TAKEN_HANDLE)?;
    Ok(statement.exists(named_params! {":handle": handle, ":id": id})?)
}

/// Requires that a workspace can have this handle.
///
/// # Errors
/// `Invalid` for a malformed handle, `Conflict` for a taken one, and errors of the store.
pub(super) fn require_free(conn: &Connection, id: &WorkspaceId, handle: &str) -> Result<()> {
    check_format(handle)?;
    if is_taken(conn, id, handle)? {
        return Err(Error::new(
            Kind::Conflict,
            format!("The handle {handle} is taken"),
        ));
    }
    Ok(())
}

/// Checks whether a workspace of the caller could take a handle.
///
/// # Errors
/// `Invalid` for a malformed handle, and errors of the store.
pub fn check_handle(call: &AccountContext, handle: &str) -> Result<HandleAvailability> {
    check_format(handle)?;
    call.app().store().read(|conn| {
        let nobody = WorkspaceId::from("");
        if !is_taken(conn, &nobody, handle)? {
            return Ok(HandleAvailability {
                available: true,
                suggestions: Vec::new(),
                used_by: None,
            });
        }
        let mut suggestions = Vec::new();
        // The loop ends: at most as many numbers are taken as there are workspaces and names.
        for number in 1_u32.. {
            let suggestion = with_number(handle, number);
            if !is_taken(conn, &nobody, &suggestion)? {
                suggestions.push(suggestion);
            }
            if suggestions.len() == MAX_SUGGESTIONS {
                break;
            }
        }
        Ok(HandleAvailability {
            available: false,
            suggestions,
            used_by: find_own_name(conn, call.account(), handle)?,
        })
    })
}

/// Appends a number to a handle, and cuts the handle if the result would be too long.
fn with_number(handle: &str, number: u32) -> String {
    let number = number.to_string();
    let kept = handle.len().min(MAX_HANDLE_CHARS - number.len());
    format!("{}{number}", &handle[..kept])
}

const FIND_OWN_NAME: &str = "
    SELECT workspaces.name FROM workspaces
    JOIN members ON members.workspace_id = workspaces.id
    WHERE workspaces.handle = :handle AND members.account_id = :account_id";

fn find_own_name(conn: &Connection, account: &AccountId, handle: &str) -> Result<Option<String>> {
    let found = conn.prepare_cached(FIND_OWN_NAME)?.query_row(
        named_params! {":handle": handle, ":account_id": account},
        |row| row.get(0),
    );
    Ok(found.optional()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_have_a_format() {
        for good in ["abc", "a-b", "0a_b9", &"x".repeat(64)] {
            assert!(check_format(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "ab",
            "-abc",
            "abc-",
            "Abc",
            "a b",
            "ä-b",
            &"x".repeat(65),
        ] {
            assert!(check_format(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_numbered_handle_stays_short_enough() {
        assert_eq!(with_number("shop", 2), "shop2");
        assert_eq!(with_number(&"x".repeat(64), 12).len(), 64);
    }
}
