//! Deletes versions of integrations.

use rusqlite::{Connection, named_params};

use super::{Integration, rows};
use crate::{
    domain::tenancy::{
        audit::{self, NewAuditRecord},
        members::Role,
        request_auth::RequestContext,
        write_tx::WriteTx,
    },
    kernel::{
        Error, Kind, Result,
        ids::{IntegrationId, WorkspaceId},
    },
};

/// Deletes a version of an integration in the workspace of the call, with its tokens. Deleting the last
/// version of a name deletes the shared icon.
///
/// # Errors
/// `Forbidden` for a role below developer, `NotFound`, `RelationConflict` while a bot has it installed, or
/// errors of the store.
pub async fn delete(call: &RequestContext, id: IntegrationId) -> Result<()> {
    call.require_role(Role::Developer)?;
    call.app()
        .run_write_tx(call, move |tx, workspace| delete_in_tx(tx, workspace, &id))
        .await
}

const COUNT_INSTALLATIONS: &str = "
    SELECT count(*) FROM bot_integrations JOIN agents ON agents.seq = bot_integrations.agent_seq
    WHERE bot_integrations.integration_seq = :seq AND bot_integrations.removed_at IS NULL
      AND agents.deleted_at IS NULL";

/// Deletes the rows of removed installations, which keep the webhook id for a later installation.
const FORGET_INSTALLATIONS: &str = "DELETE FROM bot_integrations WHERE integration_seq = :seq";

const DELETE_KEYS: &str = "DELETE FROM api_keys WHERE integration_id = :id";

const DELETE: &str = "DELETE FROM integrations WHERE seq = :seq";

const DELETE_ICON: &str = "
    DELETE FROM integration_icons
    WHERE workspace_id = :workspace_id AND name = :name AND NOT EXISTS (
        SELECT 1 FROM integrations WHERE workspace_id = :workspace_id AND name = :name)";

fn delete_in_tx(tx: &WriteTx<'_>, workspace: &WorkspaceId, id: &IntegrationId) -> Result<()> {
    let conn = tx.conn;
    let integration = rows::load(conn, workspace, id)?;
    let bots = count_installations(conn, &integration)?;
    if bots > 0 {
        let plural = if bots == 1 { "bot has" } else { "bots have" };
        return Err(Error::new(
            Kind::RelationConflict,
            format!(
                "{}@{} cannot be deleted: {bots} {plural} it installed",
                integration.name, integration.version
            ),
        ));
    }
    let of = named_params! {":seq": integration.seq};
    conn.prepare_cached(FORGET_INSTALLATIONS)?.execute(of)?;
    conn.prepare_cached(DELETE_KEYS)?
        .execute(named_params! {":id": id})?;
    conn.prepare_cached(DELETE)?.execute(of)?;
    conn.prepare_cached(DELETE_ICON)?.execute(named_params! {
        ":workspace_id": workspace, ":name": integration.name,
    })?;
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: Some(workspace),
            action: "integration.delete",
            resource_id: id.as_str(),
            resource_name: Some(&integration.name),
        },
    )
}

fn count_installations(conn: &Connection, integration: &Integration) -> Result<i64> {
    let bots = conn
        .prepare_cached(COUNT_INSTALLATIONS)?
        .query_row(named_params! {":seq": integration.seq}, |row| row.get(0))?;
    Ok(bots)
}
