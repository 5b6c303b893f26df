//! Reads stored integrations, and seals and opens the secret columns of installations.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::{Map, Value};

use super::{Definition, PlatformIntegration, Tag, not_found};
use crate::{
    domain::{
        shared::sql::read_enum_list,
        tenancy::{access_tokens::read_scopes, sealed_columns::SealedColumn},
    },
    kernel::{
        Error, Result, Secret,
        ids::{AgentId, InstallationId, PlatformIntegrationId},
    },
    store::Sealer,
};

const FIND: &str = "SELECT * FROM platform_integrations WHERE id = :id";

/// Returns an integration of any agent, for its installation and for the operator.
pub(super) fn find(conn: &Connection, id: &PlatformIntegrationId) -> Result<PlatformIntegration> {
    conn.prepare_cached(FIND)?
        .query_row(named_params! {":id": id}, from_row)
        .optional()?
        .ok_or_else(not_found)
}

const FIND_FOR_AGENT: &str = "
    SELECT * FROM platform_integrations WHERE agent_id = :agent_id AND id = :id";

/// Returns an integration of an agent.
pub(super) fn find_for_agent(
    conn: &Connection,
    agent: &AgentId,
    id: &PlatformIntegrationId,
) -> Result<PlatformIntegration> {
    conn.prepare_cached(FIND_FOR_AGENT)?
        .query_row(named_params! {":agent_id": agent, ":id": id}, from_row)
        .optional()?
        .ok_or_else(not_found)
}

pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<PlatformIntegration> {
    Ok(PlatformIntegration {
        id: row.get("id")?,
        agent_id: row.get("agent_id")?,
        status: row.get("status")?,
        definition: Definition {
            name: row.get("name")?,
            description: row.get("description")?,
            author: row.get("author")?,
            contact: row.get("contact")?,
            uninstallation_url: row.get("uninstallation_url")?,
            oauth_callback_url: row.get("oauth_callback_url")?,
            tags: read_enum_list(row, "tags", Tag::parse)?,
            scopes: read_scopes(row)?,
            identifier_field_path: row.get("identifier_field_path")?,
            configuration_fields: to_object(row.get("configuration_fields")?)?,
            icon_url: row.get("icon_url")?,
            call_to_action: row.get("call_to_action")?,
            error_codes: row
                .get::<_, Option<Value>>("error_codes")?
                .map(to_object)
                .transpose()?,
        },
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

/// A list of words as it is stored.
pub(super) fn to_json_array(words: impl Iterator<Item = &'static str>) -> String {
    Value::from_iter(words).to_string()
}

fn to_object(value: Value) -> rusqlite::Result<Map<String, Value>> {
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(rusqlite::Error::InvalidQuery),
    }
}

/// Seals the answers of an installation for storage.
pub(super) fn seal_configuration(
    sealer: &Sealer,
    id: &InstallationId,
    configuration: &Map<String, Value>,
) -> Result<Vec<u8>> {
    let text = serde_json::to_vec(configuration)
        .map_err(|error| Error::internal("a configuration cannot be serialized", error))?;
    Ok(SealedColumn::PlatformConfiguration.seal(sealer, id.as_str(), &text))
}

pub(super) fn open_configuration(
    sealer: &Sealer,
    id: &InstallationId,
    sealed: &[u8],
) -> Result<Map<String, Value>> {
    let text = SealedColumn::PlatformConfiguration
        .open(sealer, id.as_str(), sealed)
        .map_err(|error| Error::internal("a sealed configuration cannot be decrypted", error))?;
    serde_json::from_slice(&text)
        .map_err(|error| Error::internal("a configuration is not a JSON object", error))
}

/// Seals the secret that signs uninstall notifications. It is bound to the installation's id, so that it can
/// move unchanged to the row of the notification.
pub(super) fn seal_secret(sealer: &Sealer, id: &InstallationId, secret: &Secret) -> Vec<u8> {
    SealedColumn::PlatformClientSecret.seal(sealer, id.as_str(), secret.expose().as_bytes())
}

pub(super) fn open_secret(sealer: &Sealer, id: &InstallationId, sealed: &[u8]) -> Result<Secret> {
    let text = SealedColumn::PlatformClientSecret
        .open(sealer, id.as_str(), sealed)
        .map_err(|error| Error::internal("a sealed secret cannot be decrypted", error))?;
    String::from_utf8(text)
        .map(Secret::new)
        .map_err(|error| Error::internal("a sealed secret is not UTF-8", error))
}
