//! Implicit installations of the integrations that are built into this program. The API does not list them in
//! a bot, so that a client that writes the bot's integrations back does not remove them.

use rusqlite::{Connection, OptionalExtension, named_params};
use serde_json::Map;

use super::{Status, new_webhook_id, seal_configuration};
use crate::{
    domain::{bots::integrations::Integration, tenancy::write_tx::WriteTx},
    kernel::Result,
    store::Sealer,
};

/// An installation of a built-in integration.
#[derive(Debug, Clone)]
pub(in crate::domain) struct BuiltInInstallation {
    pub(in crate::domain) webhook_id: String,
    /// True if it is enabled.
    pub(in crate::domain) enabled: bool,
    /// True if it was removed.
    pub(in crate::domain) removed: bool,
    seq: i64,
}

const FIND_BUILT_IN: &str = "
    SELECT bot_integrations.seq, bot_integrations.webhook_id, bot_integrations.enabled,
           bot_integrations.removed_at IS NOT NULL AS removed
    FROM bot_integrations JOIN integrations ON integrations.seq = bot_integrations.integration_seq
    WHERE bot_integrations.agent_seq = :agent_seq AND integrations.built_in
      AND integrations.name = :name
    ORDER BY bot_integrations.removed_at IS NULL DESC, bot_integrations.enabled DESC,
             integrations.version_order DESC
    LIMIT 1";

/// Finds the installation of a built-in integration in a bot; prefers one that is enabled.
pub(in crate::domain) fn find_built_in(
    conn: &Connection,
    agent_seq: i64,
    name: &str,
) -> Result<Option<BuiltInInstallation>> {
    let parameters = named_params! {":agent_seq": agent_seq, ":name": name};
    let found = conn
        .prepare_cached(FIND_BUILT_IN)?
        .query_row(parameters, |row| {
            Ok(BuiltInInstallation {
                seq: row.get("seq")?,
                webhook_id: row.get("webhook_id")?,
                enabled: row.get("enabled")?,
                removed: row.get("removed")?,
            })
        });
    Ok(found.optional()?)
}

const INSERT: &str = "
    INSERT INTO bot_integrations
        (agent_seq, integration_seq, webhook_id, enabled, status, configuration, implicit,
         created_at, updated_at)
    VALUES
        (:agent_seq, :integration_seq, :webhook_id, 1, :status, :configuration, 1, :now, :now)";

const REVIVE: &str = "
    UPDATE bot_integrations SET
        integration_seq = :integration_seq, enabled = 1, status = :status, status_reason = NULL,
        configuration = :configuration, implicit = 1, removed_at = NULL, updated_at = :now
    WHERE seq = :seq";

/// Installs a built-in integration in a bot unless it is installed, and returns the id of its webhook. A
/// reinstallation keeps the id.
pub(in crate::domain) fn ensure_built_in(
    tx: &WriteTx<'_>,
    sealer: &Sealer,
    agent_seq: i64,
    (integration_seq, name): (i64, &str),
) -> Result<String> {
    let known = find_built_in(tx.conn, agent_seq, name)?;
    if let Some(known) = &known
        && !known.removed
    {
        return Ok(known.webhook_id.clone());
    }
    let webhook_id = known
        .as_ref()
        .map_or_else(new_webhook_id, |known| known.webhook_id.clone());
    let configuration = seal_configuration(sealer, &webhook_id, &Map::new());
    match known {
        Some(known) => tx.conn.prepare_cached(REVIVE)?.execute(named_params! {
            ":seq": known.seq,
            ":integration_seq": integration_seq,
            ":status": Status::Registered,
            ":configuration": configuration,
            ":now": tx.now,
        })?,
        None => tx.conn.prepare_cached(INSERT)?.execute(named_params! {
            ":agent_seq": agent_seq,
            ":integration_seq": integration_seq,
            ":webhook_id": webhook_id,
            ":status": Status::Registered,
            ":configuration": configuration,
            ":now": tx.now,
        })?,
    };
    Ok(webhook_id)
}

const FIND_IMPLICIT: &str = "
    SELECT integrations.seq
    FROM bot_integrations JOIN integrations ON integrations.seq = bot_integrations.integration_seq
    WHERE bot_integrations.agent_seq = :agent_seq AND bot_integrations.implicit
      AND integrations.name = :name AND integrations.workspace_id = :owner";

/// Returns the row of the version of an integration that a bot has implicitly, if any.
pub(super) fn find_implicit(
    conn: &Connection,
    agent_seq: i64,
    integration: &Integration,
) -> Result<Option<i64>> {
    let parameters = named_params! {
        ":agent_seq": agent_seq, ":name": integration.name, ":owner": integration.workspace_id,
    };
    let found = conn
        .prepare_cached(FIND_IMPLICIT)?
        .query_row(parameters, |row| row.get(0));
    Ok(found.optional()?)
}

const REMOVE_IMPLICIT: &str = "
    UPDATE bot_integrations SET
        enabled = 0, status = :status, implicit = 0, removed_at = :now, updated_at = :now
    WHERE agent_seq = :agent_seq AND implicit AND seq <> :seq
      AND (SELECT name FROM integrations WHERE seq = bot_integrations.integration_seq) = :name";

/// Removes the implicit installation with the same name as an integration that a developer installs.
/// Conversations find their installation by the integration's name, so the name must be unique.
pub(super) fn remove_implicit(
    tx: &WriteTx<'_>,
    agent_seq: i64,
    installed: i64,
    name: &str,
) -> Result<()> {
    tx.conn
        .prepare_cached(REMOVE_IMPLICIT)?
        .execute(named_params! {
            ":agent_seq": agent_seq,
            ":seq": installed,
            ":name": name,
            ":status": Status::Unregistered,
            ":now": tx.now,
        })?;
    Ok(())
}
