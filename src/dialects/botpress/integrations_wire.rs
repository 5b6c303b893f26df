//! Integrations as Botpress shows them.

use std::collections::BTreeMap;

use poem_openapi::{Enum, Object, types::Example};

use super::{
    configurations_wire::{Configuration, LinkTemplate, NamedConfiguration, shown_configurations},
    definitions_wire::{EventDefinition, TagDefinitions, Tagged, shown_schema, shown_tags},
    installations_wire::{icon_url, readme_url},
};
use crate::{
    domain::bots::{
        definitions::{self, StateKind},
        integrations,
    },
    http::JsonObject,
};

/// The time in every example.
pub(super) const EXAMPLE_TIME: &str = "2026-01-31T09:30:00.000Z";

/// A version of an integration.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct Integration {
    /// Its id.
    id: String,
    /// When it was created, in ISO 8601.
    created_at: String,
    /// When it was last changed, in ISO 8601.
    updated_at: String,
    /// How a request to its shared webhook finds an installation.
    identifier: Identifier,
    /// Its name.
    name: String,
    /// Its version.
    version: String,
    /// How a bot configures it.
    configuration: Configuration,
    /// The ways to configure it that a bot can choose instead, by name.
    configurations: BTreeMap<String, NamedConfiguration>,
    /// Its channels, by name.
    channels: BTreeMap<String, Channel>,
    /// Its states, by name.
    states: BTreeMap<String, IntegrationStateDefinition>,
    /// Its events, by name.
    events: BTreeMap<String, EventDefinition>,
    /// Its actions, by name.
    actions: BTreeMap<String, ActionDefinition>,
    /// Its users.
    user: WithCreation,
    /// Whether it is in development.
    dev: bool,
    /// Its name for people.
    title: String,
    /// What it is.
    description: String,
    /// The address of its icon.
    icon_url: String,
    /// The address of its readme; empty if it has none.
    readme_url: String,
    /// Whether every workspace can use it.
    public: bool,
    /// The names of its secrets; none for other workspaces.
    // wire: not in the seed; the command line does not ask again for those that it finds here
    secrets: Vec<String>,
}

/// How a request to an integration's shared webhook finds an installation.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct Identifier {
    /// A VRL script that takes the identifier out of the request.
    #[oai(skip_serializing_if_is_none)]
    extract_script: Option<String>,
    /// A VRL script that answers where there is none.
    #[oai(skip_serializing_if_is_none)]
    fallback_handler_script: Option<String>,
}

/// A channel.
#[derive(Object)]
struct Channel {
    /// Its name for people.
    #[oai(skip_serializing_if_is_none)]
    title: Option<String>,
    /// What it is.
    #[oai(skip_serializing_if_is_none)]
    description: Option<String>,
    /// The types of its messages, by name.
    messages: BTreeMap<String, WithSchema>,
    /// Its conversations.
    conversation: WithCreation,
    /// Its messages.
    message: Tagged,
}

/// What has a JSON Schema.
#[derive(Object)]
pub struct WithSchema {
    /// The JSON Schema.
    pub schema: JsonObject,
}

/// Tags, and whether bots can have some made.
#[derive(Object)]
struct WithCreation {
    /// The tags, by name.
    tags: TagDefinitions,
    /// Whether bots can have some made.
    creation: Creation,
}

/// Whether bots can have users or conversations made, and with which tags.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct Creation {
    /// Whether they can.
    pub enabled: bool,
    /// The tags that must be given.
    pub required_tags: Vec<String>,
}

/// What a state of an integration is kept with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum IntegrationStateType {
    /// A conversation.
    Conversation,
    /// A user.
    User,
    /// The installation.
    Integration,
}

/// A state that an integration may keep.
#[derive(Object)]
pub struct IntegrationStateDefinition {
    /// What it is kept with.
    pub r#type: IntegrationStateType,
    /// The JSON Schema of its payload.
    pub schema: JsonObject,
}

/// What bots can ask an integration to do.
#[derive(Object)]
pub struct ActionDefinition {
    /// Its name for people.
    #[oai(validator(max_length = 64), skip_serializing_if_is_none)]
    pub title: Option<String>,
    /// What it does.
    #[oai(validator(max_length = 256), skip_serializing_if_is_none)]
    pub description: Option<String>,
    /// What is to be given.
    pub input: WithSchema,
    /// What comes back.
    pub output: WithSchema,
}

impl Integration {
    /// An integration, for callers who reach this server at `origin`.
    pub fn at(origin: &str, integration: integrations::Integration) -> Self {
        let id = integration.id.to_string();
        let definition = integration.definition;
        let readme = integration.has_readme.then(|| readme_url(origin, &id));
        Self {
            icon_url: icon_url(origin, &id),
            readme_url: readme.unwrap_or_default(),
            created_at: integration.created_at.to_rfc3339_millis(),
            updated_at: integration.updated_at.to_rfc3339_millis(),
            identifier: Identifier {
                extract_script: definition.identifier.extract_script,
                fallback_handler_script: definition.identifier.fallback_handler_script,
            },
            name: integration.name,
            version: integration.version,
            configuration: definition.configuration.into(),
            configurations: shown_configurations(definition.configurations),
            channels: shown(definition.channels),
            states: shown(definition.states),
            events: shown(definition.events),
            actions: shown(definition.actions),
            user: WithCreation {
                tags: shown_tags(definition.user.tags),
                creation: definition.user.creation.into(),
            },
            dev: integration.dev,
            title: integration.title,
            description: integration.description,
            public: integration.public,
            secrets: integration.secrets,
            id,
        }
    }
}

fn shown<T, U: From<T>>(named: BTreeMap<String, T>) -> BTreeMap<String, U> {
    named
        .into_iter()
        .map(|(name, one)| (name, one.into()))
        .collect()
}

impl From<definitions::Channel> for Channel {
    fn from(channel: definitions::Channel) -> Self {
        let messages = channel.messages.into_iter();
        let with_schema = |schema: definitions::DeclaredSchema| WithSchema {
            schema: shown_schema(&schema),
        };
        Self {
            title: channel.title,
            description: channel.description,
            messages: messages
                .map(|(name, schema)| (name, with_schema(schema)))
                .collect(),
            conversation: WithCreation {
                tags: shown_tags(channel.conversation.tags),
                creation: channel.conversation.creation.into(),
            },
            message: channel.message.into(),
        }
    }
}

impl From<definitions::Creation> for Creation {
    fn from(creation: definitions::Creation) -> Self {
        Self {
            enabled: creation.enabled,
            required_tags: creation.required_tags,
        }
    }
}

impl From<definitions::State> for IntegrationStateDefinition {
    fn from(state: definitions::State) -> Self {
        Self {
            r#type: match state.kind {
                StateKind::Conversation => IntegrationStateType::Conversation,
                StateKind::User => IntegrationStateType::User,
                StateKind::Integration | StateKind::Bot => IntegrationStateType::Integration,
            },
            schema: shown_schema(&state.schema),
        }
    }
}

impl From<definitions::Action> for ActionDefinition {
    fn from(action: definitions::Action) -> Self {
        let with_schema = |schema: &definitions::DeclaredSchema| WithSchema {
            schema: shown_schema(schema),
        };
        Self {
            input: with_schema(&action.input),
            output: with_schema(&action.output),
            title: action.title,
            description: action.description,
        }
    }
}

/// One version of an integration.
#[derive(Object)]
#[oai(example, rename = "IntegrationResponse")]
pub struct IntegrationResponse {
    /// The integration.
    pub integration: Integration,
}

impl Example for IntegrationResponse {
    fn example() -> Self {
        let id = "c2a3e5c4-92f4-4c7e-9a1e-3f7c5a3b9d10".to_owned();
        Self {
            integration: Integration {
                icon_url: icon_url("http://127.0.0.1:4600", &id),
                readme_url: readme_url("http://127.0.0.1:4600", &id),
                id,
                created_at: EXAMPLE_TIME.to_owned(),
                updated_at: EXAMPLE_TIME.to_owned(),
                identifier: Identifier {
                    extract_script: None,
                    fallback_handler_script: None,
                },
                name: "whint".to_owned(),
                version: "0.1.0".to_owned(),
                configuration: Configuration {
                    identifier: LinkTemplate {
                        link_template_script: None,
                        required: false,
                    },
                    schema: Some(JsonObject::default()),
                },
                configurations: BTreeMap::new(),
                channels: BTreeMap::new(),
                states: BTreeMap::new(),
                events: BTreeMap::new(),
                actions: BTreeMap::new(),
                user: WithCreation {
                    tags: BTreeMap::new(),
                    creation: definitions::Creation::default().into(),
                },
                dev: false,
                title: "Whint".to_owned(),
                description: "Messages by webhook".to_owned(),
                public: false,
                secrets: Vec::new(),
            },
        }
    }
}
