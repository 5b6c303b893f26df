//! Workspaces as rows.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::Serialize;

use crate::{
    domain::{
        shared::plans::Plan,
        tenancy::{
            audit::{self, Entry},
            write_tx::Change,
        },
    },
    kernel::{
        Error, Kind, Result, Timestamp,
        ids::{WorkspaceId, random_alphanumeric},
        time::serialize_shown,
    },
};

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Workspace {
    /// Its id, which Aloochat shows as `company_id`.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// When it was created.
    #[serde(serialize_with = "serialize_shown")]
    pub created_at: Timestamp,
}

const INSERT: &str = "
    INSERT INTO workspaces (id, name, handle, created_at, updated_at)
    VALUES (:id, :name, :handle, :now, :now)
    ON CONFLICT (id) DO NOTHING";

/// Creates a workspace.
///
/// # Errors
/// `Invalid` for an empty name, `Conflict` for an id that is taken.
pub fn create(change: &Change<'_>, id: WorkspaceId, name: &str) -> Result<Workspace> {
    if name.trim().is_empty() {
        return Err(Error::invalid("a workspace needs a name"));
    }
    let added = change.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":id": id,
        ":name": name,
        ":handle": free_handle(change.conn, &id, name)?,
        ":now": change.now,
    })?;
    if added == 0 {
        return Err(Error::new(
            Kind::Conflict,
            format!("there is a workspace with the id {id} already"),
        ));
    }
    audit::record(
        change,
        &Entry {
            workspace: Some(&id),
            action: "workspace.create",
            resource_id: id.as_str(),
            resource_name: Some(name),
        },
    )?;
    Ok(Workspace {
        id,
        name: name.to_owned(),
        created_at: change.now,
    })
}

/// The longest part of a handle that comes of the name.
const HANDLE_MAX: usize = 40;

/// A handle claims the names of integrations that begin with it: one that published names begin with is
/// not given to somebody else.
const HANDLE_IS_TAKEN: &str = "
    SELECT 1 FROM workspaces WHERE handle = :handle
    UNION ALL
    SELECT 1 FROM integration_names
    WHERE published AND workspace_id <> :id
      AND name >= :handle || '/' AND name < :handle || '0'";

/// A handle that no workspace has: the name in lower-case letters, digits and hyphens.
fn free_handle(conn: &Connection, id: &WorkspaceId, name: &str) -> Result<String> {
    let mut handle = String::new();
    for letter in name.chars().take(HANDLE_MAX) {
        if letter.is_ascii_alphanumeric() {
            handle.push(letter.to_ascii_lowercase());
        } else if !handle.is_empty() && !handle.ends_with('-') {
            handle.push('-');
        }
    }
    let handle = handle.trim_end_matches('-');
    let begins = handle.starts_with(|letter: char| letter.is_ascii_lowercase());
    let handle = if begins { handle } else { "workspace" };
    let mut taken = conn.prepare_cached(HANDLE_IS_TAKEN)?;
    if begins && !taken.exists(named_params! {":handle": handle, ":id": id})? {
        return Ok(handle.to_owned());
    }
    Ok(format!(
        "{handle}-{}",
        random_alphanumeric(8).to_lowercase()
    ))
}

const FIND: &str = "SELECT id, name, created_at FROM workspaces WHERE id = :id AND closed_at IS NULL AND NOT system";

/// The workspace with this id.
///
/// # Errors
/// `NotFound`, or those of the store.
pub fn find(conn: &Connection, id: &WorkspaceId) -> Result<Workspace> {
    conn.prepare_cached(FIND)?
        .query_row(named_params! {":id": id}, from_row)
        .optional()?
        .ok_or_else(|| Error::not_found(format!("there is no workspace with the id {id}")))
}

const LIST: &str = "SELECT id, name, created_at FROM workspaces WHERE closed_at IS NULL AND NOT system ORDER BY seq";

/// Every workspace, oldest first. For the operator alone.
///
/// # Errors
/// Those of the store.
pub fn list(conn: &Connection) -> Result<Vec<Workspace>> {
    let mut statement = conn.prepare_cached(LIST)?;
    let rows = statement.query_map([], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

const IS_BLOCKED: &str = "SELECT blocked FROM workspaces WHERE id = :id";

/// Whether a workspace is blocked.
///
/// # Errors
/// Those of the store.
pub fn is_blocked(conn: &Connection, id: &WorkspaceId) -> Result<bool> {
    let blocked = conn
        .prepare_cached(IS_BLOCKED)?
        .query_row(named_params! {":id": id}, |row| row.get("blocked"))
        .optional()?;
    Ok(blocked.unwrap_or(false))
}

/// The plan of a workspace.
///
/// # Errors
/// `NotFound`, or those of the store.
pub fn plan(conn: &Connection, id: &WorkspaceId) -> Result<Plan> {
    spending(conn, id).map(|found| found.plan)
}

/// What a workspace pays for, and how far it goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spending {
    /// What it pays for.
    pub plan: Plan,
    /// The most that its messages may cost in a month beyond the plan's price, in dollars; 0 is none
    /// set.
    pub limit: f64,
}

const SPENDING: &str = "SELECT plan, spending_limit FROM workspaces WHERE id = :id";

/// What a workspace pays for, and how far it goes.
///
/// # Errors
/// `NotFound`, or those of the store.
pub fn spending(conn: &Connection, id: &WorkspaceId) -> Result<Spending> {
    let read = |row: &Row<'_>| {
        Ok(Spending {
            plan: row.get("plan")?,
            limit: row.get("spending_limit")?,
        })
    };
    conn.prepare_cached(SPENDING)?
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
