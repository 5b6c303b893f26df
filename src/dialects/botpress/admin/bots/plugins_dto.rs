//! DTOs of the plugins of a bot.

use std::collections::BTreeMap;

use poem_openapi::Object;

use crate::{
    dialects::botpress::admin::packages_dto::{
        LifecycleStatus, Visibility, package_icon_url, package_readme_url,
    },
    domain::bots::plugins::{self, BindingRequest, BotPlugin, PluginPatch},
    http::JsonObject,
};

/// A plugin of a bot.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct BotPluginDto {
    /// True if the plugin is enabled. It has no effect.
    enabled: bool,
    /// Name of the plugin.
    name: String,
    /// Version of the plugin.
    version: String,
    /// Configuration data.
    configuration: JsonObject,
    /// Installations that provide the plugin's interfaces, by its aliases.
    interfaces: BTreeMap<String, InterfaceBinding>,
    /// Installations that provide the plugin's integrations, by its aliases.
    integrations: BTreeMap<String, IntegrationBinding>,
    /// Id of the plugin.
    id: String,
    /// Time at which the bot got the plugin, in ISO 8601.
    created_at: String,
    /// Time of the last update, in ISO 8601.
    updated_at: String,
    /// Display name of the plugin.
    title: String,
    /// Description of the plugin.
    description: String,
    /// Address of the icon.
    icon_url: String,
    /// Address of the readme; empty if there is none.
    readme_url: String,
    /// True if every workspace can use the plugin.
    public: bool,
    /// Workspaces that can use the plugin.
    visibility: Visibility,
    /// Stage of the version.
    lifecycle_status: LifecycleStatus,
}

/// An installation whose integration implements an interface.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct InterfaceBinding {
    /// Id of the integration.
    integration_id: String,
    /// Key of the installation in `bot.integrations`.
    integration_alias: String,
    /// Key of the implementation in the integration.
    integration_interface_alias: String,
    /// Id of the interface.
    interface_id: String,
}

/// An installation of an integration.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct IntegrationBinding {
    /// Id of the integration.
    integration_id: String,
    /// Key of the installation in `bot.integrations`.
    integration_alias: String,
}

impl BotPluginDto {
    /// Converts a plugin of a bot. `origin` is the address at which the caller reaches this server.
    pub fn new(origin: &str, plugin: BotPlugin) -> Self {
        let id = plugin.id.to_string();
        let interface = |binding: plugins::InterfaceBinding| InterfaceBinding {
            integration_id: binding.integration_id,
            integration_alias: binding.integration_alias,
            integration_interface_alias: binding.integration_interface_alias,
            interface_id: binding.interface_id,
        };
        let integration = |binding: plugins::IntegrationBinding| IntegrationBinding {
            integration_id: binding.integration_id,
            integration_alias: binding.integration_alias,
        };
        let (interfaces, integrations) = (plugin.bindings.interfaces, plugin.bindings.integrations);
        let interfaces = interfaces.into_iter();
        let integrations = integrations.into_iter();
        Self {
            enabled: plugin.enabled,
            name: plugin.name,
            version: plugin.version,
            configuration: JsonObject(plugin.configuration),
            interfaces: interfaces
                .map(|(name, one)| (name, interface(one)))
                .collect(),
            integrations: integrations
                .map(|(name, one)| (name, integration(one)))
                .collect(),
            created_at: plugin.created_at.to_rfc3339_millis(),
            updated_at: plugin.updated_at.to_rfc3339_millis(),
            title: plugin.title,
            description: plugin.description,
            icon_url: package_icon_url(origin, &id),
            readme_url: package_readme_url(origin, &id, plugin.has_readme),
            public: plugin.visibility.is_public(),
            visibility: plugin.visibility.into(),
            lifecycle_status: LifecycleStatus::Published,
            id,
        }
    }
}

/// A plugin of a bot in a request. Absent fields keep their value.
#[derive(Object)]
pub struct BotPluginRequest {
    /// Id of the plugin.
    id: String,
    /// True to enable the plugin; a new one is enabled. It has no effect.
    enabled: Option<bool>,
    /// Configuration data.
    configuration: Option<JsonObject>,
    /// Installations that provide the plugin's interfaces, by its aliases.
    interfaces: Option<BTreeMap<String, InterfaceBindingRequest>>,
    /// Installations that provide the plugin's integrations, by its aliases.
    integrations: Option<BTreeMap<String, IntegrationBindingRequest>>,
}

/// An installation whose integration implements an interface.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct InterfaceBindingRequest {
    /// Id of the integration.
    integration_id: String,
    /// Key of the installation in `bot.integrations`; the first installation of the integration if absent.
    integration_alias: Option<String>,
    /// Key of the implementation in the integration; the only one of the interface if absent.
    integration_interface_alias: Option<String>,
}

/// An installation of an integration.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct IntegrationBindingRequest {
    /// Id of the integration.
    integration_id: String,
    /// Key of the installation in `bot.integrations`.
    integration_alias: String,
}

impl From<BotPluginRequest> for PluginPatch {
    fn from(given: BotPluginRequest) -> Self {
        let interface = |binding: InterfaceBindingRequest| BindingRequest {
            integration_id: binding.integration_id,
            integration_alias: binding.integration_alias,
            integration_interface_alias: binding.integration_interface_alias,
        };
        let integration = |binding: IntegrationBindingRequest| BindingRequest {
            integration_id: binding.integration_id,
            integration_alias: Some(binding.integration_alias),
            integration_interface_alias: None,
        };
        let interfaces = given.interfaces.map(|given| {
            let given = given.into_iter();
            given.map(|(name, one)| (name, interface(one))).collect()
        });
        let integrations = given.integrations.map(|given| {
            let given = given.into_iter();
            given.map(|(name, one)| (name, integration(one))).collect()
        });
        Self {
            id: given.id,
            enabled: given.enabled,
            configuration: given.configuration.map(|configuration| configuration.0),
            interfaces,
            integrations,
        }
    }
}
