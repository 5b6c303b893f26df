//! The installation that a caller acts as, and the check that it may act.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::{
    domain::shared::sql::read_string_array,
    kernel::{
        Result,
        ids::{IntegrationId, WorkspaceId},
    },
};

/// Installed integration that a caller acts as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActingInstallation {
    /// Id of the integration.
    pub integration_id: IntegrationId,
    /// Name of the integration.
    pub name: String,
    /// Name that the bot's developer gave the installation.
    pub(in crate::domain) alias: Option<String>,
    /// Channels that the bot does not use.
    pub(in crate::domain) disabled_channels: Vec<String>,
    /// Workspace that the integration belongs to.
    pub(in crate::domain) owner: WorkspaceId,
    /// Row number of the installation.
    pub(in crate::domain) seq: i64,
    /// Row number of the integration.
    pub(in crate::domain) integration_seq: i64,
}

impl ActingInstallation {
    /// Returns the key that marks rows of the integration: the same for all its versions, and unique among
    /// integrations.
    pub(in crate::domain) fn integration_key(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// True if this is the alias of the installation or the name of the integration.
    pub(in crate::domain) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.alias.as_deref() == Some(name)
    }
}

const FIND_ACTING: &str = "
    SELECT bot_integrations.seq, integrations.id, integrations.name, integrations.workspace_id,
           integrations.seq AS integration_seq, bot_integrations.alias,
           bot_integrations.disabled_channels
    FROM bot_integrations JOIN integrations ON integrations.seq = bot_integrations.integration_seq
    WHERE bot_integrations.agent_seq = :agent_seq AND integrations.id = :id
      AND (bot_integrations.enabled OR bot_integrations.status = 'unregistration_pending')";

/// Finds the installation of an integration that may act in a bot. It must be enabled, or its `unregister` must be
/// pending: that handler may need the API to undo the work of `register` (migration 0024 ends a pending one at once).
pub(in crate::domain) fn find_acting(
    conn: &Connection,
    agent_seq: i64,
    id: &IntegrationId,
) -> Result<Option<ActingInstallation>> {
    let found = conn
        .prepare_cached(FIND_ACTING)?
        .query_row(named_params! {":agent_seq": agent_seq, ":id": id}, |row| {
            from_row(row)
        });
    Ok(found.optional()?)
}

/// Reads an installation from a row.
pub(in crate::domain) fn from_row(row: &Row<'_>) -> rusqlite::Result<ActingInstallation> {
    Ok(ActingInstallation {
        integration_id: row.get("id")?,
        name: row.get("name")?,
        alias: row.get("alias")?,
        disabled_channels: read_string_array(row, "disabled_channels")?,
        owner: row.get("workspace_id")?,
        seq: row.get("seq")?,
        integration_seq: row.get("integration_seq")?,
    })
}
