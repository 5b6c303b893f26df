//! Rows of installations, and the check that a saved installation needs no change of its row.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::{Map, Value};

use super::Status;
use crate::{
    domain::shared::sql::read_string_array,
    kernel::{
        Result,
        ids::{IntegrationId, WorkspaceId},
    },
    store::Sealer,
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
    /// True if the server installed it.
    implicit: bool,
    alias: Option<String>,
    status: Status,
    pub(super) configuration_type: Option<String>,
    pub(super) configuration: Vec<u8>,
    pub(super) disabled_channels: Vec<String>,
}

/// The state of an installation that a patch asks for.
pub(super) struct SavedInstallation<'a> {
    pub(super) integration_seq: i64,
    pub(super) enabled: bool,
    /// New alias; `None` keeps the old one.
    pub(super) alias: Option<&'a str>,
    pub(super) configuration: &'a Map<String, Value>,
    pub(super) configuration_type: Option<&'a str>,
    pub(super) disabled_channels: &'a [String],
}

const IS_ENQUEUED: &str = "
    SELECT 1 FROM bot_deliveries
    WHERE installation_seq = :seq AND operation = 'register' AND attempts = 0";

impl InstallationRow {
    /// True if the row has this state already, and no call of `register` has to be repeated for it: every deployment
    /// saves all installations, mostly as they are.
    ///
    /// # Errors
    /// Errors of the store.
    pub(super) fn is_settled_as(
        &self,
        conn: &Connection,
        sealer: &Sealer,
        saved: &SavedInstallation<'_>,
    ) -> Result<bool> {
        let is_same = !self.removed
            && !self.implicit
            && self.integration_seq == saved.integration_seq
            && self.enabled == saved.enabled
            && saved
                .alias
                .is_none_or(|alias| self.alias.as_deref() == Some(alias))
            && self.configuration_type.as_deref() == saved.configuration_type
            && self.disabled_channels == saved.disabled_channels;
        if !is_same {
            return Ok(false);
        }
        let known = super::open_configuration(sealer, &self.webhook_id, &self.configuration)?;
        if known != *saved.configuration {
            return Ok(false);
        }
        match self.status {
            Status::Registered => Ok(true),
            // A call that waits for its next attempt runs at once instead.
            Status::RegistrationPending => {
                let mut statement = conn.prepare_cached(IS_ENQUEUED)?;
                Ok(statement.exists(named_params! {":seq": self.seq})?)
            }
            _ => Ok(!self.enabled),
        }
    }
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
        implicit: row.get("implicit")?,
        alias: row.get("alias")?,
        status: row.get("status")?,
        configuration_type: row.get("configuration_type")?,
        configuration: row.get("configuration")?,
        disabled_channels: read_string_array(row, "disabled_channels")?,
    })
}
