//! Contents of a stored version: what a bot is made of, without its secrets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    domain::{
        bots::{
            definitions::{BotDefinition, Named},
            installations::{Installation, InstallationPatch},
            manage::{Bot, BotPatch, Media},
            plugins::{BindingRequest, Bindings, BotPlugin, PluginPatch, PluginPatches},
        },
        tenancy::sealed_columns::SealedColumn,
    },
    kernel::{
        Error, Patch, Result,
        ids::{IntegrationId, PackageId},
    },
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
    plugins: BTreeMap<String, PluginSnapshot>,
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
    /// Channels that the bot does not use.
    #[serde(default)]
    disabled_channels: Vec<String>,
    configuration: Map<String, Value>,
}

/// A plugin in a stored version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct PluginSnapshot {
    id: PackageId,
    enabled: bool,
    configuration: Map<String, Value>,
    bindings: Bindings,
}

impl From<&BotPlugin> for PluginSnapshot {
    fn from(plugin: &BotPlugin) -> Self {
        Self {
            id: plugin.id.clone(),
            enabled: plugin.enabled,
            configuration: plugin.configuration.clone(),
            bindings: plugin.bindings.clone(),
        }
    }
}

impl From<PluginSnapshot> for PluginPatch {
    fn from(plugin: PluginSnapshot) -> Self {
        Self {
            id: plugin.id.to_string(),
            enabled: Some(plugin.enabled),
            configuration: Some(plugin.configuration),
            interfaces: Some(to_requests(plugin.bindings.interfaces)),
            integrations: Some(to_requests(plugin.bindings.integrations)),
        }
    }
}

fn to_requests<B: Into<BindingRequest>>(bindings: Named<B>) -> BTreeMap<String, BindingRequest> {
    let bindings = bindings.into_iter();
    bindings.map(|(alias, one)| (alias, one.into())).collect()
}

impl Snapshot {
    /// Takes the contents of a bot.
    pub(super) fn of(bot: &Bot) -> Self {
        let entry = |one: &Installation| {
            let snapshot = InstallationSnapshot {
                integration_id: one.integration_id.clone(),
                enabled: one.enabled,
                configuration_type: one.configuration_type.clone(),
                disabled_channels: one.disabled_channels.clone(),
                configuration: one.configuration.clone(),
            };
            (installation_key(one), snapshot)
        };
        Self {
            definition: bot.definition.clone(),
            medias: bot.medias.clone(),
            integrations: bot.installations.iter().map(entry).collect(),
            plugins: bot
                .plugins
                .iter()
                .map(|plugin| (plugin.alias.clone(), plugin.into()))
                .collect(),
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
                disabled_channels: Some(one.disabled_channels),
            };
            integrations.insert(key, Some(patch));
        }
        let removed = bot.plugins.iter();
        let mut plugins: PluginPatches =
            removed.map(|plugin| (plugin.alias.clone(), None)).collect();
        let kept = self.plugins.into_iter();
        plugins.extend(kept.map(|(alias, plugin)| (alias, Some(plugin.into()))));
        BotPatch {
            new_definition: Some(self.definition),
            configuration: Some(self.configuration),
            integrations,
            plugins,
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
