//! Plugins of bots. The code of a plugin is in the code of the bot already, so the server runs nothing for it. It adds the
//! plugin's definitions to those of the bot, with the entities of the bot's integrations in them (botpress-today.md
//! §2.2, §2.3).

mod bind;
mod merge;
mod patch;
mod rows;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::merge::dereference;
pub(in crate::domain) use self::{
    merge::{invalidate_for_integration, load_bot_definition, load_definitions},
    patch::{apply_patches, drop_entries_of_plugins},
    rows::{has_plugins, list_of_bot},
};
use super::{definitions::Named, packages::Visibility};
use crate::kernel::{Timestamp, ids::PackageId};

/// A plugin in a bot.
#[derive(Debug, Clone)]
pub struct BotPlugin {
    /// Name that the bot's developer has given to it.
    pub alias: String,
    /// Id of the version.
    pub id: PackageId,
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// True if it is enabled; stored, without effect.
    pub enabled: bool,
    /// Display name.
    pub title: String,
    /// Description.
    pub description: String,
    /// Workspaces that can use it.
    pub visibility: Visibility,
    /// True if it has a readme.
    pub has_readme: bool,
    /// Configuration; it matches the schema of the plugin.
    pub configuration: Map<String, Value>,
    /// Installations that provide what it needs.
    pub bindings: Bindings,
    /// Time of the installation.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    pub(super) package_seq: i64,
}

/// The installations that provide what a plugin needs, by the aliases of the plugin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bindings {
    /// Installations of integrations that implement an interface.
    pub interfaces: Named<InterfaceBinding>,
    /// Installations of integrations.
    pub integrations: Named<IntegrationBinding>,
}

/// An installation whose integration implements an interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InterfaceBinding {
    /// Id of the integration.
    pub integration_id: String,
    /// Key of the installation: its alias, or the id of its integration.
    pub integration_alias: String,
    /// Key of the implementation in the integration.
    pub integration_interface_alias: String,
    /// Id of the interface that the integration implements.
    pub interface_id: String,
}

/// An installation of an integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IntegrationBinding {
    /// Id of the integration.
    pub integration_id: String,
    /// Key of the installation: its alias, or the id of its integration.
    pub integration_alias: String,
}

/// Changes to a plugin in a bot. Absent members stay as they are.
#[derive(Debug, Clone, Default)]
pub struct PluginPatch {
    /// Id of the version.
    pub id: String,
    /// True to enable it; a new plugin is enabled by default.
    pub enabled: Option<bool>,
    /// Configuration; replaces the old one.
    pub configuration: Option<Map<String, Value>>,
    /// Installations for interfaces; replace the old ones.
    pub interfaces: Option<BTreeMap<String, BindingRequest>>,
    /// Installations for integrations; replace the old ones.
    pub integrations: Option<BTreeMap<String, BindingRequest>>,
}

/// An installation in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindingRequest {
    /// Id of the integration.
    pub integration_id: String,
    /// Key of the installation; the first installation of the integration if absent.
    pub integration_alias: Option<String>,
    /// Key of the implementation; the only one of the interface if absent.
    pub integration_interface_alias: Option<String>,
}

impl From<InterfaceBinding> for BindingRequest {
    fn from(binding: InterfaceBinding) -> Self {
        Self {
            integration_id: binding.integration_id,
            integration_alias: Some(binding.integration_alias),
            integration_interface_alias: Some(binding.integration_interface_alias),
        }
    }
}

impl From<IntegrationBinding> for BindingRequest {
    fn from(binding: IntegrationBinding) -> Self {
        Self {
            integration_id: binding.integration_id,
            integration_alias: Some(binding.integration_alias),
            integration_interface_alias: None,
        }
    }
}

/// Plugins by alias; `None` removes the plugin from the bot.
pub type PluginPatches = BTreeMap<String, Option<PluginPatch>>;
