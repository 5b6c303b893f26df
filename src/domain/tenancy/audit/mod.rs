//! Audit records: who changed what, written in the transaction of the change.

mod page;
mod prune;

use std::fmt;

use rusqlite::{Connection, named_params, params};
use serde::Serialize;
use uuid::Uuid;

pub use self::{
    page::{Shown, page},
    prune::{Settings, prune},
};
use super::write_tx::Change;
use crate::{
    domain::shared::row_range::Numbers,
    kernel::{
        Result, Timestamp,
        ids::{ApiKeyId, WorkspaceId},
    },
};

/// Who makes a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The holder of an API key.
    Key(ApiKeyId),
    /// Whoever runs this machine, through the command line or the console.
    Operator,
    /// The program itself.
    System,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => write!(f, "key:{id}"),
            Self::Operator => f.write_str("operator"),
            Self::System => f.write_str("system"),
        }
    }
}

/// What was done.
pub struct Entry<'a> {
    /// The tenant it was done in; none for what belongs to no tenant.
    pub workspace: Option<&'a WorkspaceId>,
    /// The deed, as `subject.verb`: `api_key.revoke`.
    pub action: &'static str,
    /// The id of what it was done to.
    pub resource_id: &'a str,
    /// The name of what it was done to, where it has one.
    pub resource_name: Option<&'a str>,
}

/// One audit record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    /// When it was done.
    pub at: Timestamp,
    /// Who did it: `key:<id>`, `operator` or `system`.
    pub actor: String,
    /// The project that the caller said to work for, if it named one.
    pub client_name: Option<String>,
    /// What was done: `subject.verb`.
    pub action: String,
    /// To which resource.
    pub resource_id: String,
    /// The resource's name at that time.
    pub resource_name: Option<String>,
}

const INSERT: &str = "
    INSERT INTO audit_records
        (seq, id, workspace_id, at, actor, client_name, action, resource_id, resource_name)
    VALUES (
        (SELECT coalesce(max(seq), ?1) + 1 FROM audit_records WHERE seq > ?1 AND seq < ?2),
        ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

/// Writes an audit record of a change, in its transaction.
///
/// # Errors
/// Those of the store.
pub fn record(change: &Change<'_>, entry: &Entry<'_>) -> Result<()> {
    let numbers = match entry.workspace {
        Some(workspace) => Numbers::of(change.conn, workspace)?,
        None => None,
    };
    let numbers = numbers.unwrap_or(Numbers::OF_NONE);
    // By position: with almost every change, and a name costs a search through those of all.
    change.conn.prepare_cached(INSERT)?.execute(params![
        numbers.after,
        numbers.before,
        Uuid::new_v4().to_string(),
        entry.workspace,
        change.now,
        change.actor.to_string(),
        change.client_name,
        entry.action,
        entry.resource_id,
        entry.resource_name,
    ])?;
    Ok(())
}

const LIST: &str = "
    SELECT at, actor, client_name, action, resource_id, resource_name FROM audit_records
    WHERE workspace_id = :workspace_id AND seq > :after AND seq < :before
    ORDER BY seq DESC LIMIT :limit";

/// The newest audit records of a workspace, newest first.
///
/// # Errors
/// Those of the store.
pub fn newest(conn: &Connection, workspace: &WorkspaceId, limit: u32) -> Result<Vec<Record>> {
    let Some(numbers) = Numbers::of(conn, workspace)? else {
        return Ok(Vec::new());
    };
    let mut statement = conn.prepare_cached(LIST)?;
    let rows = statement.query_map(
        named_params! {
            ":workspace_id": workspace,
            ":after": numbers.after,
            ":before": numbers.before,
            ":limit": limit,
        },
        |row| {
            Ok(Record {
                at: row.get("at")?,
                actor: row.get("actor")?,
                client_name: row.get("client_name")?,
                action: row.get("action")?,
                resource_id: row.get("resource_id")?,
                resource_name: row.get("resource_name")?,
            })
        },
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
