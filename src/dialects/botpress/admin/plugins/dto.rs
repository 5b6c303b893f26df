//! Response DTOs of plugins.

use std::collections::BTreeMap;

use poem_openapi::{Object, types::Example};

use crate::{
    dialects::botpress::{
        admin::{
            definitions_dto::{BotStateDefinition, EventDefinition, TagSetDto, schema_to_dto},
            integrations::dto::{ActionDefinition, EXAMPLE_TIME, convert_values},
            packages_dto::{
                AttributesDto, LifecycleStatus, Visibility, attributes_to_dto, package_icon_url,
                package_readme_url,
            },
        },
        paging::PageMeta,
    },
    domain::{
        bots::{
            definitions::{Named, PluginDependency},
            packages::{self, plugins},
        },
        shared::paging::Page,
    },
    http::JsonObject,
};

/// A version of a plugin: code and definitions that become a part of the bots that have it.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct Plugin {
    /// Id of the plugin.
    id: String,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Time of the last update, in ISO 8601.
    updated_at: String,
    /// Name of the plugin.
    name: String,
    /// Version of the plugin.
    version: String,
    /// Configuration of the plugin.
    configuration: PluginConfiguration,
    /// State definitions, by name.
    states: BTreeMap<String, BotStateDefinition>,
    /// Event definitions, by name.
    events: BTreeMap<String, EventDefinition>,
    /// Action definitions, by name.
    actions: BTreeMap<String, ActionDefinition>,
    /// Interfaces and integrations that the plugin needs.
    dependencies: Dependencies,
    /// Tags of users.
    user: TagSetDto,
    /// Tags of conversations.
    conversation: TagSetDto,
    /// Tags of messages.
    message: TagSetDto,
    /// Attributes. They have no effect.
    #[oai(skip_serializing_if_is_none)]
    attributes: Option<AttributesDto>,
    /// Display name.
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

/// Configuration of a plugin.
#[derive(Object)]
pub struct PluginConfiguration {
    /// Display name.
    #[oai(validator(max_length = 64), skip_serializing_if_is_none)]
    pub title: Option<String>,
    /// Description of the configuration.
    #[oai(validator(max_length = 256), skip_serializing_if_is_none)]
    pub description: Option<String>,
    /// JSON Schema of the configuration.
    pub schema: JsonObject,
}

/// Interfaces and integrations that a plugin needs.
#[derive(Object)]
#[oai(rename = "PluginDependencies")]
struct Dependencies {
    /// Interfaces, by the alias that the plugin's code uses.
    interfaces: BTreeMap<String, Dependency>,
    /// Integrations, by the alias that the plugin's code uses.
    integrations: BTreeMap<String, Dependency>,
}

/// An interface or an integration that a plugin needs.
#[derive(Object)]
#[oai(rename = "PluginDependency")]
struct Dependency {
    /// Id of the version that the plugin was made with.
    id: String,
    /// Name.
    name: String,
    /// Version or range.
    version: String,
}

impl From<PluginDependency> for Dependency {
    fn from(dependency: PluginDependency) -> Self {
        Self {
            id: dependency.id,
            name: dependency.name,
            version: dependency.version,
        }
    }
}

impl Plugin {
    /// Converts a plugin. `origin` is the address at which the caller reaches this server.
    pub fn new(origin: &str, plugin: plugins::Plugin) -> Self {
        let id = plugin.id.to_string();
        let definition = plugin.definition;
        let dependencies = |named: Named<PluginDependency>| convert_values(named);
        Self {
            icon_url: package_icon_url(origin, &id),
            readme_url: package_readme_url(origin, &id, plugin.has_readme),
            created_at: plugin.created_at.to_rfc3339_millis(),
            updated_at: plugin.updated_at.to_rfc3339_millis(),
            name: plugin.name,
            version: plugin.version,
            configuration: PluginConfiguration {
                schema: schema_to_dto(&definition.configuration.schema),
                title: definition.configuration.title,
                description: definition.configuration.description,
            },
            states: convert_values(definition.states),
            events: convert_values(definition.events),
            actions: convert_values(definition.actions),
            dependencies: Dependencies {
                interfaces: dependencies(definition.dependencies.interfaces),
                integrations: dependencies(definition.dependencies.integrations),
            },
            user: definition.user.into(),
            conversation: definition.conversation.into(),
            message: definition.message.into(),
            attributes: attributes_to_dto(definition.attributes),
            title: plugin.title,
            description: plugin.description,
            public: plugin.visibility.is_public(),
            visibility: plugin.visibility.into(),
            lifecycle_status: LifecycleStatus::Published,
            id,
        }
    }
}

/// One version of a plugin.
#[derive(Object)]
#[oai(example, rename = "PluginResponse")]
pub struct PluginResponse {
    /// The plugin.
    pub plugin: Plugin,
}

/// The code of a plugin for one platform.
#[derive(Object)]
#[oai(example, rename = "getPluginCodeResponse")]
pub struct PluginCodeResponse {
    /// Code.
    pub code: String,
}

const EXAMPLE_ID: &str = "7c1e9a52-8f0b-4c0d-9d0e-6a3bb2c5d4e1";
const EXAMPLE_ORIGIN: &str = "http://127.0.0.1:4600";

impl Example for PluginResponse {
    fn example() -> Self {
        Self {
            plugin: Plugin {
                id: EXAMPLE_ID.to_owned(),
                created_at: EXAMPLE_TIME.to_owned(),
                updated_at: EXAMPLE_TIME.to_owned(),
                name: "reader".to_owned(),
                version: "0.1.0".to_owned(),
                configuration: PluginConfiguration {
                    title: None,
                    description: None,
                    schema: JsonObject::default(),
                },
                states: BTreeMap::new(),
                events: BTreeMap::new(),
                actions: BTreeMap::new(),
                dependencies: Dependencies {
                    interfaces: BTreeMap::new(),
                    integrations: BTreeMap::new(),
                },
                user: TagSetDto::default(),
                conversation: TagSetDto::default(),
                message: TagSetDto::default(),
                attributes: None,
                title: "Reader".to_owned(),
                description: "Reads items".to_owned(),
                icon_url: package_icon_url(EXAMPLE_ORIGIN, EXAMPLE_ID),
                readme_url: String::new(),
                public: true,
                visibility: Visibility::Public,
                lifecycle_status: LifecycleStatus::Published,
            },
        }
    }
}

impl Example for PluginCodeResponse {
    fn example() -> Self {
        Self {
            code: "module.exports = {}".to_owned(),
        }
    }
}

/// A plugin in a list.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct PluginSummary {
    /// Id of the plugin.
    id: String,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Time of the last update, in ISO 8601.
    updated_at: String,
    /// Name of the plugin.
    name: String,
    /// Version of the plugin.
    version: String,
    /// Display name.
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

/// A page of plugins.
#[derive(Object)]
#[oai(example, rename = "listPluginsResponse")]
pub struct ListPluginsResponse {
    /// The plugins, newest first.
    plugins: Vec<PluginSummary>,
    /// Position of the next page.
    meta: PageMeta,
}

impl ListPluginsResponse {
    /// Converts a page. `origin` is the address at which the caller reaches this server.
    pub fn new(origin: &str, page: Page<packages::Summary>) -> Self {
        let to_dto = |summary: packages::Summary| {
            let id = summary.id.to_string();
            PluginSummary {
                icon_url: package_icon_url(origin, &id),
                readme_url: package_readme_url(origin, &id, summary.has_readme),
                created_at: summary.created_at.to_rfc3339_millis(),
                updated_at: summary.updated_at.to_rfc3339_millis(),
                name: summary.name,
                version: summary.version,
                title: summary.title,
                description: summary.description,
                public: summary.visibility.is_public(),
                visibility: summary.visibility.into(),
                lifecycle_status: LifecycleStatus::Published,
                id,
            }
        };
        Self {
            plugins: page.items.into_iter().map(to_dto).collect(),
            meta: PageMeta::new(page.next),
        }
    }
}

impl Example for ListPluginsResponse {
    fn example() -> Self {
        Self {
            plugins: vec![PluginSummary {
                id: EXAMPLE_ID.to_owned(),
                created_at: EXAMPLE_TIME.to_owned(),
                updated_at: EXAMPLE_TIME.to_owned(),
                name: "reader".to_owned(),
                version: "0.1.0".to_owned(),
                title: "Reader".to_owned(),
                description: "Reads items".to_owned(),
                icon_url: package_icon_url(EXAMPLE_ORIGIN, EXAMPLE_ID),
                readme_url: String::new(),
                public: true,
                visibility: Visibility::Public,
                lifecycle_status: LifecycleStatus::Published,
            }],
            meta: PageMeta::default(),
        }
    }
}
