//! Rows of installations.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::{
    domain::shared::sql::read_string_array,
    kernel::{
        Result,
        ids::{IntegrationId, WorkspaceId},
    },
};

/// The row of an installation, with columns of its integration.
pub(super) struct InstallationRow {
    pub(super) seq: i64,
    pub(super) integration_seq: i64,
    pub(super) integration_id: IntegrationId,
    pub(super) name: String,
    /// Workspace that owns the integration.
    pub(super) owner: WorkspaceId,
    pub(super) webhook_id: String,
    pub(super) enabled: bool,
    pub(super) identifier: Option<String>,
    pub(super) removed: bool,
    pub(super) configuration_type: Option<String>,
    pub(super) configuration: Vec<u8>,
    pub(super) disabled_channels: Vec<String>,
}

const DELETE: &str = "DELETE FROM bot_integrations WHERE seq = :seq";

pub(super) fn delete_row(conn: &Connection, seq: i64) -> Result<()> {
    conn.prepare_cached(DELETE)?
        .execute(named_params! {":seq": seq})?;
    Ok(())
}

const BY_KEY: &str = "
    SELECT bot_integrations.*, integrations.id, integrations.name, integrations.workspace_id
    FROM bot_integrations JOIN integrations ON integrations.seq = bot_integrations.integration_seq
    WHERE bot_integrations.agent_seq = :agent_seq AND bot_integrations.removed_at IS NULL
      AND NOT bot_integrations.implicit AND (bot_integrations.alias = :key OR integrations.id = :key)
    ORDER BY bot_integrations.alias = :key DESC LIMIT 1";

pub(super) fn find_by_key(
    conn: &Connection,
    agent_seq: i64,
    key: &str,
) -> Result<Option<InstallationRow>> {
    let found = conn.prepare_cached(BY_KEY)?.query_row(
        named_params! {":agent_seq": agent_seq, ":key": key},
        from_row,
    );
    Ok(found.optional()?)
}

const BY_INTEGRATION: &str = "
    SELECT bot_integrations.*, integrations.id, integrations.name, integrations.workspace_id
    FROM bot_integrations JOIN integrations ON integrations.seq = bot_integrations.integration_seq
    WHERE bot_integrations.agent_seq = :agent_seq
      AND bot_integrations.integration_seq = :integration_seq";

pub(super) fn find_by_integration(
    conn: &Connection,
    agent_seq: i64,
    integration_seq: i64,
) -> Result<Option<InstallationRow>> {
    let found = conn.prepare_cached(BY_INTEGRATION)?.query_row(
        named_params! {":agent_seq": agent_seq, ":integration_seq": integration_seq},
        from_row,
    );
    Ok(found.optional()?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<InstallationRow> {
    let removed: Option<i64> = row.get("removed_at")?;
    Ok(InstallationRow {
        seq: row.get("seq")?,
        integration_seq: row.get("integration_seq")?,
        integration_id: row.get("id")?,
        name: row.get("name")?,
        owner: row.get("workspace_id")?,
        webhook_id: row.get("webhook_id")?,
        enabled: row.get("enabled")?,
        identifier: row.get("identifier")?,
        removed: removed.is_some(),
        configuration_type: row.get("configuration_type")?,
        configuration: row.get("configuration")?,
        disabled_channels: read_string_array(row, "disabled_channels")?,
    })
}
