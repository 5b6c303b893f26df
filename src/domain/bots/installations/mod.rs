//! Installations of integrations in bots.

mod alias;
mod built_in;
mod first_attempts;
mod link;
mod patch;
mod registration;
mod rows;
mod shareable;

use rusqlite::{Connection, Row, named_params};
use serde_json::{Map, Value};

pub(in crate::domain) use self::{
    alias::{alias_sql, resolve_alias, resolve_alias_prefix},
    built_in::{ensure_built_in, find_built_in},
    first_attempts::wait_for_first_attempts,
    link::write_link_reasons,
    patch::{apply_patch, configuration_claim},
    registration::{Endpoint, register_all, unregister_all},
};
pub use self::{
    patch::InstallationPatch,
    shareable::{
        InstallationRef, ShareableId, create_shareable_id, delete_shareable_id, get_shareable_id,
        unlink_sandboxed_conversations,
    },
};
use super::{
    author,
    integrations::{Integration, Verification},
    manage::Bot,
};
use crate::{
    domain::{
        shared::sql::{read_string_array, text_enum},
        tenancy::{
            acting_installation,
            request_auth::{ActingInstallation, RequestContext},
            sealed_columns::SealedColumn,
            write_tx::WriteTx,
        },
    },
    kernel::{
        Error, Kind, Patch, Result, Timestamp,
        ids::{IntegrationId, random_alphanumeric},
    },
    store::Sealer,
};

text_enum! {
    /// Registration status of an installation (botpress.md §1.2).
    pub enum Status {
        /// Waits for `register`.
        RegistrationPending = "registration_pending",
        /// Works.
        Registered = "registered",
        /// The integration has rejected `register`.
        RegistrationFailed = "registration_failed",
        /// Waits for `unregister`.
        UnregistrationPending = "unregistration_pending",
        /// Disabled, or not linked yet.
        Unregistered = "unregistered",
        /// The integration has failed to process `unregister`.
        UnregistrationFailed = "unregistration_failed",
    }
}

/// An integration that is installed in a bot.
#[derive(Debug, Clone)]
pub struct Installation {
    /// Id of the integration.
    pub integration_id: IntegrationId,
    /// Name of the integration.
    pub name: String,
    /// Version of the integration.
    pub version: String,
    /// Display name of the integration.
    pub title: String,
    /// Description of the integration.
    pub description: String,
    /// True if every workspace can use the integration.
    pub public: bool,
    /// True if no list has the integration, although it is public.
    pub unlisted: bool,
    /// State of the verification.
    pub verification: Verification,
    /// Last segment of the webhook's address.
    pub webhook_id: String,
    /// True if it is enabled.
    pub enabled: bool,
    /// Registration status.
    pub status: Status,
    /// Reason of the status, if there is one.
    pub status_reason: Option<String>,
    /// Name of its configuration among those that the integration declares; `None` for the default one.
    pub configuration_type: Option<String>,
    /// Configuration.
    pub configuration: Map<String, Value>,
    /// Identifier that the integration has set; requests on the shared webhook find the installation by it.
    pub identifier: Option<String>,
    /// Name that the bot's developer has given to it.
    pub alias: Option<String>,
    /// Channels that the bot does not use.
    pub disabled_channels: Vec<String>,
    /// Time of the installation.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
}

const LIST_ENABLED: &str = "
    SELECT bot_integrations.seq, integrations.id, integrations.name, integrations.workspace_id,
           integrations.seq AS integration_seq, bot_integrations.alias,
           bot_integrations.disabled_channels
    FROM bot_integrations JOIN integrations ON integrations.seq = bot_integrations.integration_seq
    WHERE bot_integrations.agent_seq = :agent_seq AND bot_integrations.enabled
    ORDER BY integrations.version_order DESC";

/// Lists the enabled integrations of a bot; newest version first within a name.
pub(in crate::domain) fn list_enabled(
    conn: &Connection,
    agent_seq: i64,
) -> Result<Vec<ActingInstallation>> {
    let mut statement = conn.prepare_cached(LIST_ENABLED)?;
    let rows = statement.query_map(
        named_params! {":agent_seq": agent_seq},
        acting_installation::from_row,
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

const SET_IDENTIFIER: &str = "
    UPDATE bot_integrations SET identifier = :identifier, updated_at = :now
    WHERE seq = :seq AND agent_seq = :agent_seq";

/// Sets or removes the identifier by which requests on the integration's shared webhook find the calling installation.
///
/// # Errors
/// `Forbidden` unless the caller is an integration, or errors of the store.
pub async fn set_identifier(call: &RequestContext, identifier: Patch<String>) -> Result<()> {
    let agent_seq = call.agent()?.seq;
    let installation = call.principal().installation.as_ref();
    let seq = installation
        .map(|installation| installation.seq)
        .ok_or_else(|| Error::new(Kind::Forbidden, "Only the integration itself may do this"))?;
    author::require_write(call)?;
    let webhooks = call.app().addresses().webhooks.clone();
    call.app()
        .run_write_tx(call, move |tx, _| {
            let place = (agent_seq, seq);
            match &identifier {
                Patch::Absent => Ok(()),
                // wire: nothing says that it loses its registration (botpress-today.md §8)
                Patch::Null => set_identifier_column(tx, place, None),
                Patch::Value(identifier) => write_identifier(tx, &webhooks, place, identifier),
            }
        })
        .await
}

/// Writes the identifier of an installation. This also links it.
pub(in crate::domain) fn write_identifier(
    tx: &WriteTx<'_>,
    webhooks: &str,
    place: (i64, i64),
    identifier: &str,
) -> Result<()> {
    set_identifier_column(tx, place, Some(identifier))?;
    registration::register_linked(tx, webhooks, place.1)
}

fn set_identifier_column(
    tx: &WriteTx<'_>,
    (agent_seq, seq): (i64, i64),
    identifier: Option<&str>,
) -> Result<()> {
    tx.conn
        .prepare_cached(SET_IDENTIFIER)?
        .execute(named_params! {
            ":identifier": identifier,
            ":now": tx.now,
            ":seq": seq,
            ":agent_seq": agent_seq,
        })?;
    Ok(())
}

const LIST_OF_BOT: &str = "
    SELECT bot_integrations.*, integrations.id, integrations.name, integrations.version,
           integrations.title, integrations.description, integrations.public,
           integrations.unlisted, integrations.verification
    FROM bot_integrations JOIN integrations ON integrations.seq = bot_integrations.integration_seq
    WHERE bot_integrations.agent_seq = :agent_seq AND bot_integrations.removed_at IS NULL
      AND NOT bot_integrations.implicit
    ORDER BY bot_integrations.seq";

/// Lists the integrations of a bot without the implicit installations, oldest first.
pub(in crate::domain) fn list_of_bot(
    conn: &Connection,
    sealer: &Sealer,
    agent_seq: i64,
) -> Result<Vec<Installation>> {
    let mut statement = conn.prepare_cached(LIST_OF_BOT)?;
    let rows = statement.query_map(named_params! {":agent_seq": agent_seq}, |row| {
        Ok(from_row(row, sealer))
    })?;
    rows.map(|row| row?).collect()
}

const INSERT: &str = "
    INSERT INTO bot_integrations
        (agent_seq, integration_seq, webhook_id, enabled, status, configuration, created_at,
         updated_at)
    VALUES
        (:agent_seq, :integration_seq, :webhook_id, 1, :status, :configuration, :now, :now)
    ON CONFLICT DO NOTHING";

/// Installs an integration in a bot inside a write transaction. The installation is enabled and not yet
/// registered. The caller has validated the configuration.
///
/// # Errors
/// `Conflict` if it is already installed, or errors of the store.
pub fn install(
    tx: &WriteTx<'_>,
    sealer: &Sealer,
    bot: &Bot,
    integration: &Integration,
    configuration: &Map<String, Value>,
) -> Result<()> {
    insert_row(tx, sealer, bot, integration, configuration).map(drop)
}

/// Inserts the row of a new installation; returns its row id and webhook id.
fn insert_row(
    tx: &WriteTx<'_>,
    sealer: &Sealer,
    bot: &Bot,
    integration: &Integration,
    configuration: &Map<String, Value>,
) -> Result<(i64, String)> {
    let webhook_id = new_webhook_id();
    let added = tx.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":agent_seq": bot.seq,
        ":integration_seq": integration.seq,
        ":webhook_id": webhook_id,
        ":status": Status::RegistrationPending,
        ":configuration": seal_configuration(sealer, &webhook_id, configuration),
        ":now": tx.now,
    })?;
    if added == 0 {
        return Err(Error::new(
            Kind::Conflict,
            format!("{} is installed already", integration.name),
        ));
    }
    Ok((tx.conn.last_insert_rowid(), webhook_id))
}

fn seal_configuration(
    sealer: &Sealer,
    webhook_id: &str,
    configuration: &Map<String, Value>,
) -> Vec<u8> {
    let text = Value::Object(configuration.clone()).to_string();
    SealedColumn::BotIntegrationConfiguration.seal(sealer, webhook_id, text.as_bytes())
}

/// Decrypts the configuration of the installation with this webhook id.
pub(in crate::domain) fn open_configuration(
    sealer: &Sealer,
    webhook_id: &str,
    sealed: &[u8],
) -> Result<Map<String, Value>> {
    let opened = SealedColumn::BotIntegrationConfiguration
        .open(sealer, webhook_id, sealed)
        .map_err(|error| Error::internal("a sealed configuration cannot be decrypted", error))?;
    serde_json::from_slice(&opened)
        .map_err(|error| Error::internal("a sealed configuration is not a JSON object", error))
}

/// Length of a webhook id, in bytes.
const WEBHOOK_ID_LENGTH: usize = 36;

/// Generates a webhook id. It must be unguessable, because some webhooks have no other protection.
fn new_webhook_id() -> String {
    random_alphanumeric(WEBHOOK_ID_LENGTH).to_lowercase()
}

/// True if the text has the form of a webhook id.
#[must_use]
pub fn is_webhook_id(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.len() == WEBHOOK_ID_LENGTH && text.bytes().all(is_letter)
}

fn from_row(row: &Row<'_>, sealer: &Sealer) -> Result<Installation> {
    let webhook_id: String = row.get("webhook_id")?;
    let sealed: Vec<u8> = row.get("configuration")?;
    let configuration = open_configuration(sealer, &webhook_id, &sealed)?;
    Ok(Installation {
        integration_id: row.get("id")?,
        name: row.get("name")?,
        version: row.get("version")?,
        title: row.get("title")?,
        description: row.get("description")?,
        public: row.get("public")?,
        unlisted: row.get("unlisted")?,
        verification: row.get("verification")?,
        webhook_id,
        enabled: row.get("enabled")?,
        status: row.get("status")?,
        status_reason: row.get("status_reason")?,
        configuration_type: row.get("configuration_type")?,
        configuration,
        identifier: row.get("identifier")?,
        alias: row.get("alias")?,
        disabled_channels: read_string_array(row, "disabled_channels")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
