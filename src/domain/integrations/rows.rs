//! Integrations as rows.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::Integration;
use crate::{
    domain::access::Call,
    kernel::{
        Error, Result,
        ids::{IntegrationId, WorkspaceId},
    },
};

/// The integration with this id in the workspace of the call.
///
/// # Errors
/// `NotFound`, or those of the store.
pub fn find(call: &Call, id: &IntegrationId) -> Result<Integration> {
    call.domain()
        .store()
        .read(|conn| read(conn, call.workspace(), id))
}

const FIND: &str = "SELECT * FROM integrations WHERE id = :id AND workspace_id = :workspace_id";

/// The integration with this id.
pub(in crate::domain) fn read(
    conn: &Connection,
    workspace: &WorkspaceId,
    id: &IntegrationId,
) -> Result<Integration> {
    let found = conn
        .prepare_cached(FIND)?
        .query_row(
            named_params! {":id": id, ":workspace_id": workspace},
            |row| Ok(from_row(row)),
        )
        .optional()?;
    found.ok_or_else(|| Error::not_found(format!("There is no integration {id}")))?
}

fn from_row(row: &Row<'_>) -> Result<Integration> {
    let definition: String = row.get("definition")?;
    Ok(Integration {
        id: row.get("id")?,
        workspace_id: row.get("workspace_id")?,
        name: row.get("name")?,
        version: row.get("version")?,
        public: row.get("public")?,
        dev: row.get("dev")?,
        title: row.get("title")?,
        description: row.get("description")?,
        definition: serde_json::from_str(&definition)
            .map_err(|error| Error::internal("a stored definition cannot be read", error))?,
        url: row.get("url")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        seq: row.get("seq")?,
    })
}
