//! The installation that a caller acts as, and whether it may.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use crate::kernel::{
    Result,
    ids::{IntegrationId, WorkspaceId},
};

/// The installed integration that someone calls as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerInstallation {
    /// The integration.
    pub integration_id: IntegrationId,
    /// Its name.
    pub name: String,
    /// The workspace that it belongs to.
    pub(in crate::domain) owner: WorkspaceId,
    /// The row of the installation.
    pub(in crate::domain) seq: i64,
    /// The row of the integration.
    pub(in crate::domain) integration_seq: i64,
}

impl CallerInstallation {
    /// The mark of the rows that belong to the integration: the same for all its versions, and that of no
    /// other integration.
    pub(in crate::domain) fn key(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

const FIND_ACTING: &str = "
    SELECT bot_integrations.seq, integrations.id, integrations.name, integrations.workspace_id,
           integrations.seq AS integration_seq
    FROM bot_integrations JOIN integrations ON integrations.seq = bot_integrations.integration_seq
    WHERE bot_integrations.agent_seq = :agent_seq AND integrations.id = :id
      AND (bot_integrations.enabled OR bot_integrations.status = 'unregistration_pending')";

/// The installation of an integration that may act in a bot: one that is on, or whose `unregister` is
/// still to be done, which may need the API to undo what `register` did (0024 ends that at once).
pub(in crate::domain) fn find_acting(
    conn: &Connection,
    agent_seq: i64,
    id: &IntegrationId,
) -> Result<Option<CallerInstallation>> {
    let found = conn
        .prepare_cached(FIND_ACTING)?
        .query_row(named_params! {":agent_seq": agent_seq, ":id": id}, |row| {
            from_row(row)
        });
    Ok(found.optional()?)
}

/// Reads an installation from a row.
pub(in crate::domain) fn from_row(row: &Row<'_>) -> rusqlite::Result<CallerInstallation> {
    Ok(CallerInstallation {
        integration_id: row.get("id")?,
        name: row.get("name")?,
        owner: row.get("workspace_id")?,
        seq: row.get("seq")?,
        integration_seq: row.get("integration_seq")?,
    })
}
