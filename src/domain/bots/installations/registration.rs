//! Status of an installation and its `register` and `unregister` deliveries (botpress.md §4
//! "Install/uninstall").

use std::sync::LazyLock;

use rusqlite::{Connection, Params, named_params};
use serde_json::{Value, json};

use super::{Status, rows::InstallationRow};
use crate::{
    domain::{
        bots::{
            callable::INTEGRATION_IS_CALLABLE,
            definitions::{IntegrationDefinition, LinkTemplate},
            integrations::Integration,
            manage::Bot,
        },
        tenancy::write_tx::WriteTx,
    },
    kernel::Result,
};

/// Presence of code or a url, which receives the calls to an integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::domain) enum Endpoint {
    /// It has code or a url.
    Present,
    /// It has neither, so there is nothing to register.
    Missing,
}

/// Status reason of an installation that must be linked first. Module `link` later replaces it by one with
/// the address of the link.
pub(super) const NOT_LINKED: &str = "It has to be linked with an account first";

static IS_CALLABLE: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT 1 FROM integrations WHERE seq = :seq AND {INTEGRATION_IS_CALLABLE}")
});

impl Endpoint {
    /// Returns the endpoint of the integration in this row.
    pub(in crate::domain) fn find(conn: &Connection, integration_seq: i64) -> Result<Self> {
        let mut statement = conn.prepare_cached(&IS_CALLABLE)?;
        Ok(
            match statement.exists(named_params! {":seq": integration_seq})? {
                true => Self::Present,
                false => Self::Missing,
            },
        )
    }
}

/// Sets the status of a changed installation and enqueues `register` or `unregister`. Each change repeats
/// `register`.
// wire: the vendor documents that each save repeats it; a save that changes nothing does not here, because the vendor's
// CLI saves all installations at each deployment (botpress-today.md §0.4)
pub(super) fn update_registration(
    tx: &WriteTx<'_>,
    bot: &Bot,
    webhooks: &str,
    (link, endpoint): (&LinkTemplate, Endpoint),
    standing: &InstallationRow,
    enabled: bool,
) -> Result<()> {
    let (status, reason) = match (enabled, endpoint) {
        (true, _) if link.required && standing.identifier.is_none() => {
            (Status::Unregistered, Some(NOT_LINKED))
        }
        (true, Endpoint::Present) => (Status::RegistrationPending, None),
        (true, Endpoint::Missing) => (Status::Registered, None),
        (false, Endpoint::Present) if standing.enabled => (Status::UnregistrationPending, None),
        (false, _) => (Status::Unregistered, None),
    };
    set_status(tx.conn, standing.seq, status, reason)?;
    enqueue_registration(tx, bot, webhooks, standing, status)
}

const REMOVE: &str = "
    UPDATE bot_integrations SET
        enabled = 0, alias = NULL, disabled_channels = '[]', removed_at = :now, updated_at = :now
    WHERE seq = :seq";

/// Removes an installation. Its row stays, so that a later installation has the same webhook.
pub(super) fn remove_installation(
    tx: &WriteTx<'_>,
    bot: &Bot,
    webhooks: &str,
    standing: &InstallationRow,
) -> Result<()> {
    tx.conn
        .prepare_cached(REMOVE)?
        .execute(named_params! {":seq": standing.seq, ":now": tx.now})?;
    let status = match Endpoint::find(tx.conn, standing.integration_seq)? {
        Endpoint::Present if standing.enabled => Status::UnregistrationPending,
        _ => Status::Unregistered,
    };
    set_status(tx.conn, standing.seq, status, None)?;
    enqueue_registration(tx, bot, webhooks, standing, status)
}

const SET_STATUS: &str = "
    UPDATE bot_integrations SET status = :status, status_reason = :reason WHERE seq = :seq";

fn set_status(conn: &Connection, seq: i64, status: Status, reason: Option<&str>) -> Result<()> {
    conn.prepare_cached(SET_STATUS)?
        .execute(named_params! {":seq": seq, ":status": status, ":reason": reason})?;
    Ok(())
}

/// Cancels pending deliveries. A call that is already running is not aborted.
const CANCEL: &str = "
    DELETE FROM bot_deliveries
    WHERE installation_seq = :seq AND operation IN ('register', 'unregister')
    RETURNING agent_seq, installation_seq";

/// Cancels deliveries, and makes the dispatcher poll their receivers now. Otherwise the later deliveries with
/// the same ordering key would wait for the next attempt of the cancelled ones.
fn cancel_deliveries(tx: &WriteTx<'_>, sql: &str, parameters: impl Params) -> Result<()> {
    let mut statement = tx.conn.prepare_cached(sql)?;
    let forgotten = statement.query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?)))?;
    for receiver in forgotten {
        tx.retry_deliveries_now(receiver?);
    }
    Ok(())
}

const ENQUEUE: &str = "
    INSERT INTO bot_deliveries
        (agent_seq, installation_seq, operation, payload, lane, due_at, created_at)
    VALUES (:agent_seq, :seq, :operation, :payload, 0, :now, :now)";

/// Replaces the pending deliveries of an installation by the one that its new status needs.
fn enqueue_registration(
    tx: &WriteTx<'_>,
    bot: &Bot,
    webhooks: &str,
    standing: &InstallationRow,
    status: Status,
) -> Result<()> {
    cancel_deliveries(tx, CANCEL, named_params! {":seq": standing.seq})?;
    let operation = match status {
        Status::RegistrationPending => "register",
        Status::UnregistrationPending => "unregister",
        _ => return Ok(()),
    };
    let webhook = format!("{webhooks}/{}", standing.webhook_id);
    tx.conn.prepare_cached(ENQUEUE)?.execute(named_params! {
        ":agent_seq": bot.seq,
        ":seq": standing.seq,
        ":operation": operation,
        ":payload": json!({"webhookUrl": webhook}).to_string(),
        ":now": tx.now,
    })?;
    tx.wake_delivery_dispatcher();
    Ok(())
}

static SET_LINKED_STATUS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "
    UPDATE bot_integrations SET status_reason = NULL, status = CASE
        WHEN EXISTS (
            SELECT 1 FROM integrations
            WHERE integrations.seq = bot_integrations.integration_seq AND {INTEGRATION_IS_CALLABLE})
        THEN 'registration_pending' ELSE 'registered' END
    WHERE seq = :seq AND enabled AND status = 'unregistered'"
    )
});

const ENQUEUE_LINKED: &str = "
    INSERT INTO bot_deliveries
        (agent_seq, installation_seq, operation, payload, lane, due_at, created_at)
    SELECT agent_seq, seq, 'register',
           json_object('webhookUrl', :webhooks || '/' || webhook_id), 0, :now, :now
    FROM bot_integrations WHERE seq = :seq AND status = 'registration_pending'";

/// Registers an installation that waited for its link.
pub(super) fn register_linked(tx: &WriteTx<'_>, webhooks: &str, seq: i64) -> Result<()> {
    let waited = tx
        .conn
        .prepare_cached(&SET_LINKED_STATUS)?
        .execute(named_params! {":seq": seq})?;
    if waited > 0 {
        tx.conn
            .prepare_cached(ENQUEUE_LINKED)?
            .execute(named_params! {
                ":seq": seq, ":webhooks": webhooks, ":now": tx.now,
            })?;
        tx.wake_delivery_dispatcher();
    }
    Ok(())
}

const CANCEL_ALL: &str = "
    DELETE FROM bot_deliveries
    WHERE operation = 'register' AND installation_seq IN (
        SELECT seq FROM bot_integrations WHERE integration_seq = :integration_seq)
    RETURNING agent_seq, installation_seq";

/// Only installations that are enabled and do not wait for a link.
const SET_ALL_PENDING: &str = "
    UPDATE bot_integrations SET status = 'registration_pending', status_reason = NULL
    WHERE integration_seq = :integration_seq AND enabled
      AND (identifier IS NOT NULL
           OR coalesce(configuration_type, '') NOT IN (SELECT value FROM json_each(:to_link)))";

const ENQUEUE_ALL: &str = "
    INSERT INTO bot_deliveries
        (agent_seq, installation_seq, operation, payload, lane, due_at, created_at)
    SELECT agent_seq, seq, 'register',
           json_object('webhookUrl', :webhooks || '/' || webhook_id), 0, :now, :now
    FROM bot_integrations
    WHERE integration_seq = :integration_seq AND status = 'registration_pending' AND enabled";

/// Registers every installation of an integration whose url has changed, or that has code or a url for the
/// first time.
pub(in crate::domain) fn register_all(
    tx: &WriteTx<'_>,
    webhooks: &str,
    integration: &Integration,
) -> Result<()> {
    let of = integration.seq;
    let conn = tx.conn;
    cancel_deliveries(tx, CANCEL_ALL, named_params! {":integration_seq": of})?;
    conn.prepare_cached(SET_ALL_PENDING)?
        .execute(named_params! {
            ":integration_seq": of, ":to_link": types_to_link(&integration.definition).to_string(),
        })?;
    conn.prepare_cached(ENQUEUE_ALL)?.execute(named_params! {
        ":integration_seq": of, ":webhooks": webhooks, ":now": tx.now,
    })?;
    tx.wake_delivery_dispatcher();
    Ok(())
}

/// Returns the names of the configurations that require a link, as a JSON array. The empty string is the
/// default configuration; no other configuration has that name.
fn types_to_link(definition: &IntegrationDefinition) -> Value {
    let types = definition.configurations.iter();
    let named = types.map(|(name, one)| (name.as_str(), one));
    let all = named.chain([("", &definition.configuration)]);
    let required = all.filter(|(_, one)| one.identifier.required);
    required.map(|(name, _)| name).collect()
}

static DISABLE_ALL: LazyLock<String> = LazyLock::new(|| {
    format!(
        "
    UPDATE bot_integrations SET enabled = 0, updated_at = :now, status = CASE
        WHEN enabled AND status <> 'unregistered' AND EXISTS (
            SELECT 1 FROM integrations
            WHERE integrations.seq = bot_integrations.integration_seq AND {INTEGRATION_IS_CALLABLE})
        THEN 'unregistration_pending' ELSE status END
    WHERE agent_seq = :agent_seq AND removed_at IS NULL"
    )
});

const CANCEL_REGISTRATIONS: &str = "
    DELETE FROM bot_deliveries WHERE agent_seq = :agent_seq AND operation = 'register'
    RETURNING agent_seq, installation_seq";

/// Skips installations that already have a pending `unregister`, because they were removed earlier.
const ENQUEUE_UNREGISTRATIONS: &str = "
    INSERT INTO bot_deliveries
        (agent_seq, installation_seq, operation, payload, lane, due_at, created_at)
    SELECT agent_seq, seq, 'unregister',
           json_object('webhookUrl', :webhooks || '/' || webhook_id), 0, :now, :now
    FROM bot_integrations
    WHERE agent_seq = :agent_seq AND status = 'unregistration_pending' AND NOT EXISTS (
        SELECT 1 FROM bot_deliveries
        WHERE installation_seq = bot_integrations.seq AND operation = 'unregister')";

/// Disables every installation of a bot that is being deleted, and enqueues `unregister` for the registered
/// ones.
pub(in crate::domain) fn unregister_all(
    tx: &WriteTx<'_>,
    webhooks: &str,
    agent_seq: i64,
) -> Result<()> {
    let conn = tx.conn;
    conn.prepare_cached(&DISABLE_ALL)?
        .execute(named_params! {":agent_seq": agent_seq, ":now": tx.now})?;
    cancel_deliveries(
        tx,
        CANCEL_REGISTRATIONS,
        named_params! {":agent_seq": agent_seq},
    )?;
    conn.prepare_cached(ENQUEUE_UNREGISTRATIONS)?
        .execute(named_params! {
            ":agent_seq": agent_seq, ":webhooks": webhooks, ":now": tx.now,
        })?;
    tx.wake_delivery_dispatcher();
    Ok(())
}
