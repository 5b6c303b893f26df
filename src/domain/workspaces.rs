//! Workspaces: the tenants.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::Serialize;

use super::{
    audit::{self, Entry},
    context::Change,
};
use crate::kernel::{Error, Kind, Result, Timestamp, ids::WorkspaceId};

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Workspace {
    /// Its id, which Aloochat shows as `company_id`.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
}

const INSERT: &str = "
    INSERT INTO workspaces (id, name, created_at, updated_at) VALUES (:id, :name, :now, :now)
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

const FIND: &str = "SELECT id, name, created_at FROM workspaces WHERE id = :id";

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

const LIST: &str = "SELECT id, name, created_at FROM workspaces ORDER BY seq";

/// Every workspace, oldest first. For the operator alone.
///
/// # Errors
/// Those of the store.
pub fn list(conn: &Connection) -> Result<Vec<Workspace>> {
    let mut statement = conn.prepare_cached(LIST)?;
    let rows = statement.query_map([], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Workspace> {
    Ok(Workspace {
        id: row.get("id")?,
        name: row.get("name")?,
        created_at: row.get("created_at")?,
    })
}
