//! What of a bot is sealed in its row.

use serde_json::{Map, Value};

use crate::{
    kernel::{Error, Result, Secret, ids::AgentId},
    store::{Sealer, seal::Place},
};

fn place<'a>(column: &'a str, bot: &'a AgentId) -> Place<'a> {
    Place {
        table: "bots",
        column,
        row_id: bot.as_str(),
    }
}

pub(super) fn seal_secret(sealer: &Sealer, bot: &AgentId, secret: &Secret) -> Vec<u8> {
    sealer.seal(&place("signing_secret", bot), secret.expose().as_bytes())
}

pub(in crate::domain) fn open_secret(
    sealer: &Sealer,
    bot: &AgentId,
    sealed: &[u8],
) -> Result<Secret> {
    let opened = open(sealer, &place("signing_secret", bot), sealed)?;
    String::from_utf8(opened)
        .map(Secret::new)
        .map_err(|error| Error::internal("a sealed secret is no text", error))
}

pub(super) fn seal_configuration(
    sealer: &Sealer,
    bot: &AgentId,
    configuration: &Map<String, Value>,
) -> Vec<u8> {
    let text = Value::Object(configuration.clone()).to_string();
    sealer.seal(&place("configuration", bot), text.as_bytes())
}

pub(in crate::domain) fn open_configuration(
    sealer: &Sealer,
    bot: &AgentId,
    sealed: &[u8],
) -> Result<Map<String, Value>> {
    let opened = open(sealer, &place("configuration", bot), sealed)?;
    serde_json::from_slice(&opened)
        .map_err(|error| Error::internal("a sealed configuration is no object", error))
}

fn open(sealer: &Sealer, place: &Place<'_>, sealed: &[u8]) -> Result<Vec<u8>> {
    sealer
        .open(place, sealed)
        .map_err(|error| Error::internal("a sealed value of a bot does not open", error))
}
