//! Response DTOs of interfaces.

use std::collections::BTreeMap;

use poem_openapi::{Object, types::Example};

use crate::{
    dialects::botpress::{
        admin::{
            definitions_dto::{EventDefinition, schema_to_dto},
            integrations::dto::{ActionDefinition, EXAMPLE_TIME, SchemaDefinition, convert_values},
            packages_dto::{
                AttributesDto, EntityDefinition, attributes_to_dto, package_icon_url,
                package_readme_url,
            },
        },
        paging::PageMeta,
    },
    domain::{
        bots::{
            definitions::{self, ChannelDefinition},
            packages::{self, interfaces},
        },
        shared::paging::Page,
    },
};

/// A version of an interface: what integrations that implement it have.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct Interface {
    /// Id of the interface.
    id: String,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Time of the last update, in ISO 8601.
    updated_at: String,
    /// Name of the interface.
    name: String,
    /// Version of the interface.
    version: String,
    /// Entities, by name.
    entities: BTreeMap<String, EntityDefinition>,
    /// Event definitions, by name.
    events: BTreeMap<String, EventDefinition>,
    /// Action definitions, by name.
    actions: BTreeMap<String, ActionDefinition>,
    /// Channels, by name.
    channels: BTreeMap<String, InterfaceChannel>,
    /// Script for the names of an implementation's actions and events. It has no effect.
    #[oai(skip_serializing_if_is_none)]
    name_template: Option<NameTemplate>,
    /// Attributes. They have no effect.
    #[oai(skip_serializing_if_is_none)]
    attributes: Option<AttributesDto>,
    /// Display name.
    title: String,
    /// Description of the interface.
    description: String,
    /// Address of the icon.
    icon_url: String,
    /// Address of the readme; empty if there is none.
    readme_url: String,
    /// True if every workspace can use the interface.
    public: bool,
}

/// A channel of an interface.
#[derive(Object)]
struct InterfaceChannel {
    /// Display name.
    #[oai(skip_serializing_if_is_none)]
    title: Option<String>,
    /// Description of the channel.
    #[oai(skip_serializing_if_is_none)]
    description: Option<String>,
    /// Message types, by name.
    messages: BTreeMap<String, SchemaDefinition>,
}

/// Script for the names of an implementation's actions and events.
#[derive(Object)]
pub struct NameTemplate {
    /// Script.
    #[oai(validator(max_length = 2000))]
    script: String,
    /// Language of the script.
    #[oai(validator(max_length = 200))]
    language: String,
}

impl From<definitions::NameTemplate> for NameTemplate {
    fn from(template: definitions::NameTemplate) -> Self {
        Self {
            script: template.script,
            language: template.language,
        }
    }
}

impl From<NameTemplate> for definitions::NameTemplate {
    fn from(template: NameTemplate) -> Self {
        Self {
            script: template.script,
            language: template.language,
        }
    }
}

impl From<ChannelDefinition> for InterfaceChannel {
    fn from(channel: ChannelDefinition) -> Self {
        let messages = channel.messages.iter().map(|(name, schema)| {
            let schema = schema_to_dto(schema);
            (name.clone(), SchemaDefinition { schema })
        });
        Self {
            messages: messages.collect(),
            title: channel.title,
            description: channel.description,
        }
    }
}

impl Interface {
    /// Converts an interface. `origin` is the address at which the caller reaches this server.
    pub fn new(origin: &str, interface: interfaces::Interface) -> Self {
        let id = interface.id.to_string();
        let definition = interface.definition;
        Self {
            icon_url: package_icon_url(origin, &id),
            readme_url: package_readme_url(origin, &id, interface.has_readme),
            created_at: interface.created_at.to_rfc3339_millis(),
            updated_at: interface.updated_at.to_rfc3339_millis(),
            name: interface.name,
            version: interface.version,
            entities: convert_values(definition.entities),
            events: convert_values(definition.events),
            actions: convert_values(definition.actions),
            channels: convert_values(definition.channels),
            name_template: definition.name_template.map(Into::into),
            attributes: attributes_to_dto(definition.attributes),
            title: interface.title,
            description: interface.description,
            public: interface.visibility.is_public(),
            id,
        }
    }
}

/// One version of an interface.
#[derive(Object)]
#[oai(example, rename = "InterfaceResponse")]
pub struct InterfaceResponse {
    /// The interface.
    pub interface: Interface,
}

const EXAMPLE_ID: &str = "0d3ac7c8-6a5e-4f0e-8a6d-51f0a2f4f1b7";
const EXAMPLE_ORIGIN: &str = "http://127.0.0.1:4600";

impl Example for InterfaceResponse {
    fn example() -> Self {
        Self {
            interface: Interface {
                id: EXAMPLE_ID.to_owned(),
                created_at: EXAMPLE_TIME.to_owned(),
                updated_at: EXAMPLE_TIME.to_owned(),
                name: "readable".to_owned(),
                version: "0.1.0".to_owned(),
                entities: BTreeMap::new(),
                events: BTreeMap::new(),
                actions: BTreeMap::new(),
                channels: BTreeMap::new(),
                name_template: None,
                attributes: None,
                title: "Readable".to_owned(),
                description: "Reads items".to_owned(),
                icon_url: package_icon_url(EXAMPLE_ORIGIN, EXAMPLE_ID),
                readme_url: String::new(),
                public: true,
            },
        }
    }
}

/// An interface in a list.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct InterfaceSummary {
    /// Id of the interface.
    id: String,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Time of the last update, in ISO 8601.
    updated_at: String,
    /// Name of the interface.
    name: String,
    /// Version of the interface.
    version: String,
    /// Display name.
    title: String,
    /// Description of the interface.
    description: String,
    /// Address of the icon.
    icon_url: String,
    /// Address of the readme; empty if there is none.
    readme_url: String,
    /// True if every workspace can use the interface.
    public: bool,
}

/// A page of interfaces.
#[derive(Object)]
#[oai(example, rename = "listInterfacesResponse")]
pub struct ListInterfacesResponse {
    /// The interfaces, newest first.
    interfaces: Vec<InterfaceSummary>,
    /// Position of the next page.
    meta: PageMeta,
}

impl ListInterfacesResponse {
    /// Converts a page. `origin` is the address at which the caller reaches this server.
    pub fn new(origin: &str, page: Page<packages::Summary>) -> Self {
        let to_dto = |summary: packages::Summary| {
            let id = summary.id.to_string();
            InterfaceSummary {
                icon_url: package_icon_url(origin, &id),
                readme_url: package_readme_url(origin, &id, summary.has_readme),
                created_at: summary.created_at.to_rfc3339_millis(),
                updated_at: summary.updated_at.to_rfc3339_millis(),
                name: summary.name,
                version: summary.version,
                title: summary.title,
                description: summary.description,
                public: summary.visibility.is_public(),
                id,
            }
        };
        Self {
            interfaces: page.items.into_iter().map(to_dto).collect(),
            meta: PageMeta::new(page.next),
        }
    }
}

impl Example for ListInterfacesResponse {
    fn example() -> Self {
        Self {
            interfaces: vec![InterfaceSummary {
                id: EXAMPLE_ID.to_owned(),
                created_at: EXAMPLE_TIME.to_owned(),
                updated_at: EXAMPLE_TIME.to_owned(),
                name: "readable".to_owned(),
                version: "0.1.0".to_owned(),
                title: "Readable".to_owned(),
                description: "Reads items".to_owned(),
                icon_url: package_icon_url(EXAMPLE_ORIGIN, EXAMPLE_ID),
                readme_url: String::new(),
                public: true,
            }],
            meta: PageMeta::default(),
        }
    }
}
