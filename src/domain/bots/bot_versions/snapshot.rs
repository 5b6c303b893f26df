//! Contents of a stored version: what a bot is made of, without its secrets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    domain::{
        bots::{
            definitions::BotDefinition,
            installations::{Installation, InstallationPatch},
            manage::{Bot, BotPatch, Media},
        },
        tenancy::sealed_columns::SealedColumn,
    },
    kernel::{Error, Patch, Result, ids::IntegrationId},
    store::Sealer,
};

/// Contents of a stored version, beside its code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Definition.
    pub definition: BotDefinition,
    /// Media files.
    pub medias: Vec<Media>,
    /// Installations by alias or id.
    pub integrations: BTreeMap<String, InstallationSnapshot>,
    configuration: Map<String, Value>,
}

/// An installation in a stored version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InstallationSnapshot {
    /// Integration.
    pub integration_id: IntegrationId,
    /// True if it is enabled.
    pub enabled: bool,
    /// Name of its configuration among those that the integration declares; `None` for the default one.
    pub configuration_type: Option<String>,
    configuration: Map<String, Value>,
}

impl Snapshot {
    /// Takes the contents of a bot.
    pub(super) fn of(bot: &Bot) -> Self {
        let entry = |one: &Installation| {
            let snapshot = InstallationSnapshot {
                integration_id: one.integration_id.clone(),
                enabled: one.enabled,
                configuration_type: one.configuration_type.clone(),
                configuration: one.configuration.clone(),
            };
            (installation_key(one), snapshot)
        };
        Self {
            definition: bot.definition.clone(),
            medias: bot.medias.clone(),
            integrations: bot.installations.iter().map(entry).collect(),
            configuration: bot.configuration.clone(),
        }
    }

    /// Returns the changes that give a bot these contents and this code.
    pub(super) fn into_patch(self, bot: &Bot, code: Option<String>, webhooks: String) -> BotPatch {
        let removed = bot
            .installations
            .iter()
            .map(|one| (installation_key(one), None));
        let mut integrations: BTreeMap<_, _> = removed.collect();
        for (key, one) in self.integrations {
            let is_alias = key != one.integration_id.as_str();
            let patch = InstallationPatch {
                integration_id: is_alias.then(|| one.integration_id.clone()),
                enabled: Some(one.enabled),
                configuration_type: one.configuration_type.map_or(Patch::Null, Patch::Value),
                configuration: Some(one.configuration),
            };
            integrations.insert(key, Some(patch));
        }
        BotPatch {
            new_definition: Some(self.definition),
            configuration: Some(self.configuration),
            integrations,
            code,
            medias: Some(self.medias),
            webhooks,
            ..BotPatch::default()
        }
    }

    /// Encrypts the contents for the version with this id.
    pub(super) fn seal(&self, sealer: &Sealer, version: &str) -> Result<Vec<u8>> {
        let text = serde_json::to_vec(self)
            .map_err(|error| Error::internal("a version of a bot cannot be serialized", error))?;
        Ok(SealedColumn::BotVersion.seal(sealer, version, &text))
    }

    /// Decrypts the contents of the version with this id.
    pub(super) fn open(sealer: &Sealer, version: &str, sealed: &[u8]) -> Result<Self> {
        let opened = SealedColumn::BotVersion
            .open(sealer, version, sealed)
            .map_err(|error| Error::internal("a sealed version cannot be decrypted", error))?;
        serde_json::from_slice(&opened)
            .map_err(|error| Error::internal("a stored version cannot be read", error))
    }
}

/// Returns the key of an installation in its bot: its alias, or the id of its integration.
fn installation_key(one: &Installation) -> String {
    let alias = one.alias.clone();
    alias.unwrap_or_else(|| one.integration_id.to_string())
}
