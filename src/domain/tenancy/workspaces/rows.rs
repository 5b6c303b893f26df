//! Rows of workspaces.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::Serialize;

use crate::{
    domain::{
        shared::plans::Plan,
        tenancy::{
            audit::{self, NewAuditRecord},
            write_tx::WriteTx,
        },
    },
    kernel::{
        Error, Kind, Result, Timestamp,
        ids::{WorkspaceId, random_alphanumeric},
        time::serialize_rfc3339,
    },
};

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Workspace {
    /// Id of the workspace, the `company_id` of Aloochat.
    pub id: WorkspaceId,
    /// Display name.
    pub name: String,
    /// Time of creation.
    #[serde(serialize_with = "serialize_rfc3339")]
    pub created_at: Timestamp,
}

const INSERT: &str = "
    INSERT INTO workspaces (id, name, handle, created_at, updated_at)
    VALUES (:id, :name, :handle, :now, :now)
    ON CONFLICT (id) DO NOTHING";

/// Creates a workspace.
///
/// # Errors
/// `Invalid` for an empty name, `Conflict` for an id that exists, and errors of the store.
pub fn create(tx: &WriteTx<'_>, id: WorkspaceId, name: &str) -> Result<Workspace> {
    if name.trim().is_empty() {
        return Err(Error::invalid("a workspace needs a name"));
    }
    let added = tx.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":id": id,
        ":name": name,
        ":handle": choose_free_handle(tx.conn, &id, name)?,
        ":now": tx.now,
    })?;
    if added == 0 {
        return Err(Error::new(
            Kind::Conflict,
            format!("there is a workspace with the id {id} already"),
        ));
    }
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: Some(&id),
            action: "workspace.create",
            resource_id: id.as_str(),
            resource_name: Some(name),
        },
    )?;
    Ok(Workspace {
        id,
        name: name.to_owned(),
        created_at: tx.now,
    })
}

/// Maximum length of the part of a handle that is made from the name.
const MAX_HANDLE_NAME_CHARS: usize = 40;

/// A handle reserves the integration names that begin with it. So a handle with which published names of another
/// workspace begin is taken.
pub(super) const FIND_TAKEN_HANDLE: &str = "
    SELECT 1 FROM workspaces WHERE handle = :handle
    UNION ALL
    SELECT 1 FROM integration_names
    WHERE published AND workspace_id <> :id
      AND name >= :handle || '/' AND name < :handle || '0'";

/// Returns a handle that no workspace has: the name in lower-case letters, digits and hyphens.
fn choose_free_handle(conn: &Connection, id: &WorkspaceId, name: &str) -> Result<String> {
    let mut handle = String::new();
    for letter in name.chars().take(MAX_HANDLE_NAME_CHARS) {
        if letter.is_ascii_alphanumeric() {
            handle.push(letter.to_ascii_lowercase());
        } else if !handle.is_empty() && !handle.ends_with('-') {
            handle.push('-');
        }
    }
    let handle = handle.trim_end_matches('-');
    let has_valid_start = handle.starts_with(|letter: char| letter.is_ascii_lowercase());
    let handle = if has_valid_start { handle } else { "workspace" };
    let mut taken = conn.prepare_cached(FIND_TAKEN_HANDLE)?;
    if has_valid_start && !taken.exists(named_params! {":handle": handle, ":id": id})? {
        return Ok(handle.to_owned());
    }
    Ok(format!(
        "{handle}-{}",
        random_alphanumeric(8).to_lowercase()
    ))
}

const FIND: &str = "SELECT id, name, created_at FROM workspaces WHERE id = :id AND closed_at IS NULL AND NOT system";

/// Finds the workspace with this id.
///
/// # Errors
/// `NotFound`, and errors of the store.
pub fn find(conn: &Connection, id: &WorkspaceId) -> Result<Workspace> {
    conn.prepare_cached(FIND)?
        .query_row(named_params! {":id": id}, from_row)
        .optional()?
        .ok_or_else(|| Error::not_found(format!("there is no workspace with the id {id}")))
}

const LIST: &str = "SELECT id, name, created_at FROM workspaces WHERE closed_at IS NULL AND NOT system ORDER BY seq";

/// Lists all workspaces, oldest first. Only for the operator.
///
/// # Errors
/// Errors of the store.
pub fn list(conn: &Connection) -> Result<Vec<Workspace>> {
    let mut statement = conn.prepare_cached(LIST)?;
    let rows = statement.query_map([], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

const IS_BLOCKED: &str = "SELECT blocked FROM workspaces WHERE id = :id";

/// True if a workspace is blocked.
///
/// # Errors
/// Errors of the store.
pub fn is_blocked(conn: &Connection, id: &WorkspaceId) -> Result<bool> {
    let blocked = conn
        .prepare_cached(IS_BLOCKED)?
        .query_row(named_params! {":id": id}, |row| row.get("blocked"))
        .optional()?;
    Ok(blocked.unwrap_or(false))
}

/// Returns the plan of a workspace.
///
/// # Errors
/// `NotFound`, and errors of the store.
pub fn find_plan(conn: &Connection, id: &WorkspaceId) -> Result<Plan> {
    find_spending(conn, id).map(|found| found.plan)
}

/// Plan and spending limit of a workspace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spending {
    /// Plan of the workspace.
    pub plan: Plan,
    /// Maximum monthly cost of messages beyond the plan's price, in dollars; 0: no limit.
    pub limit: f64,
}

const FIND_SPENDING: &str = "SELECT plan, spending_limit FROM workspaces WHERE id = :id";

/// Returns the plan and the spending limit of a workspace.
///
/// # Errors
/// `NotFound`, and errors of the store.
pub fn find_spending(conn: &Connection, id: &WorkspaceId) -> Result<Spending> {
    let read = |row: &Row<'_>| {
        Ok(Spending {
            plan: row.get("plan")?,
            limit: row.get("spending_limit")?,
        })
    };
    conn.prepare_cached(FIND_SPENDING)?
        .query_row(named_params! {":id": id}, read)
        .optional()?
        .ok_or_else(|| Error::not_found(format!("there is no workspace with the id {id}")))
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Workspace> {
    Ok(Workspace {
        id: row.get("id")?,
        name: row.get("name")?,
        created_at: row.get("created_at")?,
    })
}
