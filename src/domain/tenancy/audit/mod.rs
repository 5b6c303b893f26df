//! Audit records: actor, action and resource of each change, written in its transaction.

mod page;
mod prune;

use std::fmt;

use rusqlite::{Connection, named_params, params};
use serde::Serialize;
use uuid::Uuid;

pub use self::{
    page::{AuditRecordWithAccount, list_page},
    prune::{Settings, prune},
};
use super::write_tx::WriteTx;
use crate::{
    domain::shared::row_range::RowRange,
    kernel::{
        Result, Timestamp,
        ids::{ApiKeyId, WorkspaceId},
    },
};

/// Actor of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Owner of an API key.
    Key(ApiKeyId),
    /// Operator of this machine, through the command line or the console.
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

/// Audit record to write.
pub struct NewAuditRecord<'a> {
    /// Workspace of the action; `None` for an action outside of any tenant.
    pub workspace: Option<&'a WorkspaceId>,
    /// Action, as `subject.verb`: `api_key.revoke`.
    pub action: &'static str,
    /// Id of the resource.
    pub resource_id: &'a str,
    /// Name of the resource, if it has one.
    pub resource_name: Option<&'a str>,
}

/// Stored audit record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditRecord {
    /// Time of the action.
    pub at: Timestamp,
    /// Actor: `key:<id>`, `operator` or `system`.
    pub actor: String,
    /// Name of the client's project, if the request had one.
    pub client_name: Option<String>,
    /// Action: `subject.verb`.
    pub action: String,
    /// Id of the resource.
    pub resource_id: String,
    /// Name of the resource at that time.
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
/// Errors of the store.
pub fn record(tx: &WriteTx<'_>, entry: &NewAuditRecord<'_>) -> Result<()> {
    let numbers = match entry.workspace {
        Some(workspace) => tx.find_row_range(workspace)?,
        None => None,
    };
    let numbers = numbers.unwrap_or(RowRange::WITHOUT_WORKSPACE);
    // By position: this runs with almost every change, and each named parameter costs a search through all names.
    tx.conn.prepare_cached(INSERT)?.execute(params![
        numbers.after,
        numbers.before,
        Uuid::new_v4().to_string(),
        entry.workspace,
        tx.now,
        tx.actor.to_string(),
        tx.client_name,
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

/// Lists the newest audit records of a workspace, newest first.
///
/// # Errors
/// Errors of the store.
pub fn list_newest(
    conn: &Connection,
    workspace: &WorkspaceId,
    limit: u32,
) -> Result<Vec<AuditRecord>> {
    let Some(numbers) = RowRange::find(conn, workspace)? else {
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
            Ok(AuditRecord {
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
