//! Agents: Botpress bots, Ada AI agents and Aloochat agents. Each has a unique handle.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::Serialize;

use super::{
    audit::{self, NewAuditRecord},
    quotas::{self, UsageType},
    write_tx::WriteTx,
};
use crate::kernel::{
    Error, Kind, Result, Timestamp,
    ids::{AgentId, WorkspaceId},
    time::serialize_rfc3339,
};

/// Maximum length of a handle: that of a label in a host name, since `{handle}.localhost` selects the agent.
const MAX_HANDLE_BYTES: usize = 63;

/// An agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Agent {
    /// Id of the agent.
    pub id: AgentId,
    /// Workspace of the agent.
    pub workspace_id: WorkspaceId,
    /// Handle, unique on this server.
    pub handle: String,
    /// Display name.
    pub name: String,
    /// Time of creation.
    #[serde(serialize_with = "serialize_rfc3339")]
    pub created_at: Timestamp,
    /// Row number, which large tables refer to.
    #[serde(skip)]
    pub(in crate::domain) seq: i64,
}

/// Fields of a new agent.
#[derive(Debug, Clone)]
pub struct NewAgent {
    /// Id of the agent.
    pub id: AgentId,
    /// Handle: lower-case letters, digits and inner hyphens, at most 63 characters.
    pub handle: String,
    /// Display name.
    pub name: String,
}

const INSERT: &str = "
    INSERT INTO agents (id, workspace_id, handle, name, created_at, updated_at)
    VALUES (:id, :workspace_id, :handle, :name, :now, :now)
    ON CONFLICT DO NOTHING";

/// Creates an agent in a workspace.
///
/// `Invalid` for a malformed handle, `Conflict` for a handle or id that exists, `NotFound` for a missing workspace,
/// `QuotaExceeded` if the plan allows no more agents.
pub fn create(tx: &WriteTx<'_>, workspace: &WorkspaceId, new: NewAgent) -> Result<Agent> {
    check_handle(&new.handle)?;
    super::workspaces::find(tx.conn, workspace)?;
    quotas::require(tx, workspace, UsageType::BotCount, 1)?;
    let added = tx.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":id": new.id,
        ":workspace_id": workspace,
        ":handle": new.handle,
        ":name": new.name,
        ":now": tx.now,
    })?;
    if added == 0 {
        return Err(Error::new(
            Kind::Conflict,
            format!(
                "there is an agent with the handle {} or the id {} already",
                new.handle, new.id
            ),
        ));
    }
    let seq = tx.conn.last_insert_rowid();
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: Some(workspace),
            action: "agent.create",
            resource_id: new.id.as_str(),
            resource_name: Some(&new.handle),
        },
    )?;
    Ok(Agent {
        id: new.id,
        workspace_id: workspace.clone(),
        handle: new.handle,
        name: new.name,
        created_at: tx.now,
        seq,
    })
}

fn check_handle(handle: &str) -> Result<()> {
    let letters = handle
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let ends = !handle.starts_with('-') && !handle.ends_with('-');
    if handle.is_empty() || handle.len() > MAX_HANDLE_BYTES || !letters || !ends {
        return Err(Error::invalid(format!(
            "the handle {handle:?} must have 1 to {MAX_HANDLE_BYTES} lower-case letters, digits or inner \
             hyphens"
        )));
    }
    Ok(())
}

const FIND: &str = "
    SELECT seq, id, workspace_id, handle, name, created_at FROM agents
    WHERE workspace_id = :workspace_id AND (id = :key OR handle = :key) AND deleted_at IS NULL";

/// Finds the agent of a workspace with this id or handle.
///
/// # Errors
/// `NotFound`, and errors of the store.
pub fn find(conn: &Connection, workspace: &WorkspaceId, id_or_handle: &str) -> Result<Agent> {
    conn.prepare_cached(FIND)?
        .query_row(
            named_params! {":workspace_id": workspace, ":key": id_or_handle},
            from_row,
        )
        .optional()?
        .ok_or_else(|| {
            Error::not_found(format!(
                "there is no agent {id_or_handle} in the workspace {workspace}"
            ))
        })
}

const FIND_BY_ID: &str = "
    SELECT seq, id, workspace_id, handle, name, created_at FROM agents
    WHERE id = :key AND deleted_at IS NULL";

/// Finds the agent with this id in any workspace. For the operator and the program itself.
///
/// # Errors
/// `NotFound`, and errors of the store.
pub fn find_by_id(conn: &Connection, id: &AgentId) -> Result<Agent> {
    find_one(conn, FIND_BY_ID, id.as_str())
}

const FIND_DELETED: &str = "
    SELECT seq, id, workspace_id, handle, name, created_at FROM agents
    WHERE id = :key AND deleted_at IS NOT NULL";

/// Finds a deleted agent that still has rows.
pub(in crate::domain) fn find_deleted(conn: &Connection, id: &AgentId) -> Result<Option<Agent>> {
    let found = conn
        .prepare_cached(FIND_DELETED)?
        .query_row(named_params! {":key": id}, from_row);
    Ok(found.optional()?)
}

const FIND_BY_HANDLE: &str = "
    SELECT seq, id, workspace_id, handle, name, created_at FROM agents
    WHERE handle = :key AND deleted_at IS NULL";

/// Finds the agent with this handle in any workspace. For the operator and the program itself.
///
/// # Errors
/// `NotFound`, and errors of the store.
pub fn find_by_handle(conn: &Connection, handle: &str) -> Result<Agent> {
    find_one(conn, FIND_BY_HANDLE, handle)
}

fn find_one(conn: &Connection, statement: &str, key: &str) -> Result<Agent> {
    conn.prepare_cached(statement)?
        .query_row(named_params! {":key": key}, from_row)
        .optional()?
        .ok_or_else(|| Error::not_found(format!("there is no agent {key}")))
}

const LIST_ALL: &str = "
    SELECT seq, id, workspace_id, handle, name, created_at FROM agents
    WHERE deleted_at IS NULL ORDER BY seq";

/// Lists the agents of all workspaces, oldest first. Only for the operator.
///
/// # Errors
/// Errors of the store.
pub fn list_all(conn: &Connection) -> Result<Vec<Agent>> {
    let mut statement = conn.prepare_cached(LIST_ALL)?;
    let rows = statement.query_map([], from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

const LIST: &str = "
    SELECT seq, id, workspace_id, handle, name, created_at FROM agents
    WHERE workspace_id = :workspace_id AND deleted_at IS NULL ORDER BY seq";

/// Lists the agents of a workspace, oldest first.
///
/// # Errors
/// Errors of the store.
pub fn list(conn: &Connection, workspace: &WorkspaceId) -> Result<Vec<Agent>> {
    let mut statement = conn.prepare_cached(LIST)?;
    let rows = statement.query_map(named_params! {":workspace_id": workspace}, from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Agent> {
    Ok(Agent {
        id: row.get("id")?,
        workspace_id: row.get("workspace_id")?,
        handle: row.get("handle")?,
        name: row.get("name")?,
        created_at: row.get("created_at")?,
        seq: row.get("seq")?,
    })
}
