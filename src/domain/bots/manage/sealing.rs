//! Encrypts and decrypts the signing secret and the configuration in the row of a bot.

use serde_json::{Map, Value};

use crate::{
    domain::tenancy::sealed_columns::SealedColumn,
    kernel::{Error, Result, Secret, ids::AgentId},
    store::Sealer,
};

pub(super) fn seal_signing_secret(sealer: &Sealer, bot: &AgentId, secret: &Secret) -> Vec<u8> {
    SealedColumn::BotSigningSecret.seal(sealer, bot.as_str(), secret.expose().as_bytes())
}

pub(in crate::domain) fn open_signing_secret(
    sealer: &Sealer,
    bot: &AgentId,
    sealed: &[u8],
) -> Result<Secret> {
    let opened = open_column(SealedColumn::BotSigningSecret, sealer, bot, sealed)?;
    String::from_utf8(opened)
        .map(Secret::new)
        .map_err(|error| Error::internal("a sealed secret is not UTF-8", error))
}

pub(super) fn seal_configuration(
    sealer: &Sealer,
    bot: &AgentId,
    configuration: &Map<String, Value>,
) -> Vec<u8> {
    let text = Value::Object(configuration.clone()).to_string();
    SealedColumn::BotConfiguration.seal(sealer, bot.as_str(), text.as_bytes())
}

pub(in crate::domain) fn open_configuration(
    sealer: &Sealer,
    bot: &AgentId,
    sealed: &[u8],
) -> Result<Map<String, Value>> {
    let opened = open_column(SealedColumn::BotConfiguration, sealer, bot, sealed)?;
    serde_json::from_slice(&opened)
        .map_err(|error| Error::internal("a sealed configuration is not a JSON object", error))
}

fn open_column(
    column: SealedColumn,
    sealer: &Sealer,
    bot: &AgentId,
    sealed: &[u8],
) -> Result<Vec<u8>> {
    column
        .open(sealer, bot.as_str(), sealed)
        .map_err(|error| Error::internal("a sealed value of a bot cannot be decrypted", error))
}
