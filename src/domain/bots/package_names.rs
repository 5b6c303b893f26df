//! Rules for the names of integrations, interfaces and plugins. A name that begins with the handle of a workspace
//! and a slash belongs to that workspace only.

use rusqlite::{Connection, named_params};

use crate::kernel::{Error, Kind, Result, ids::WorkspaceId};

/// Checks a name. It may have hyphens, and the handle of a workspace before a slash.
///
/// # Errors
/// `InvalidIdentifier` for any other name.
pub(in crate::domain) fn check_name(name: &str) -> Result<()> {
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    let letters = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/'));
    if begins && letters && (2..=100).contains(&name.len()) {
        return Ok(());
    }
    Err(Error::new(
        Kind::InvalidIdentifier,
        format!(
            "name: {name:?} must begin with a lower-case letter and have 2 to 100 letters, digits, \
             hyphens, underscores or slashes"
        ),
    ))
}

const FIND_PREFIX_OWNER: &str =
    "SELECT 1 FROM workspaces WHERE handle = :handle AND id <> :workspace_id";

/// True if the name begins with the handle of another workspace and a slash.
fn is_foreign_prefix(conn: &Connection, name: &str, workspace: &WorkspaceId) -> Result<bool> {
    let Some((prefix, _)) = name.split_once('/') else {
        return Ok(false);
    };
    let mut statement = conn.prepare_cached(FIND_PREFIX_OWNER)?;
    let handle = prefix.to_lowercase();
    Ok(statement.exists(named_params! {":handle": handle, ":workspace_id": workspace})?)
}

/// Rejects a name that begins with the handle of another workspace.
///
/// # Errors
/// `Conflict` if it does, or errors of the store.
pub(in crate::domain) fn refuse_foreign_prefix(
    conn: &Connection,
    name: &str,
    workspace: &WorkspaceId,
) -> Result<()> {
    if !is_foreign_prefix(conn, name, workspace)? {
        return Ok(());
    }
    let (prefix, _) = name.split_once('/').unwrap_or_default();
    let text = format!("Names that begin with {prefix}/ belong to another workspace");
    Err(Error::new(Kind::Conflict, text))
}
