//! Response DTOs of integrations.

use std::collections::BTreeMap;

use poem_openapi::{Enum, Object, types::Example};

use crate::{
    dialects::botpress::admin::{
        configurations_dto::{
            Configuration, LinkTemplate, NamedConfiguration, configurations_to_dto,
        },
        definitions_dto::{EventDefinition, TagDefinitions, TagSetDto, schema_to_dto, tags_to_dto},
        installations_dto::{icon_url, readme_url},
        packages_dto::{
            AttributesDto, EntityDefinition, Implementation, LifecycleStatus, VerificationStatus,
            Visibility, attributes_to_dto,
        },
    },
    domain::bots::{
        definitions::{self, StateKind},
        integrations,
    },
    http::JsonObject,
};

/// Time in every example.
pub(in crate::dialects::botpress) const EXAMPLE_TIME: &str = "2026-01-31T09:30:00.000Z";

/// A version of an integration.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct Integration {
    /// Id of the integration.
    id: String,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Time of the last update, in ISO 8601.
    updated_at: String,
    /// Scripts that route requests at the shared webhook to an installation.
    identifier: Identifier,
    /// Name of the integration.
    name: String,
    /// Version of the integration.
    version: String,
    /// Default configuration.
    configuration: Configuration,
    /// Named configurations that a bot can choose instead, by name.
    configurations: BTreeMap<String, NamedConfiguration>,
    /// Channels, by name.
    channels: BTreeMap<String, Channel>,
    /// State definitions, by name.
    states: BTreeMap<String, IntegrationStateDefinition>,
    /// Event definitions, by name.
    events: BTreeMap<String, EventDefinition>,
    /// Action definitions, by name.
    actions: BTreeMap<String, ActionDefinition>,
    /// User tags and creation rules.
    user: TagsWithCreationRule,
    /// Entities, by name.
    entities: BTreeMap<String, EntityDefinition>,
    /// Implementations of interfaces, by key.
    interfaces: BTreeMap<String, Implementation>,
    /// Attributes. They have no effect.
    #[oai(skip_serializing_if_is_none)]
    attributes: Option<AttributesDto>,
    /// True if the integration is in development.
    dev: bool,
    /// Display name.
    title: String,
    /// Description of the integration.
    description: String,
    /// Address of the icon.
    icon_url: String,
    /// Address of the readme; empty if there is none.
    readme_url: String,
    /// True if every workspace can install the integration.
    public: bool,
    /// Workspaces that can use the integration.
    visibility: Visibility,
    /// State of the verification.
    verification_status: VerificationStatus,
    /// Stage of the version.
    lifecycle_status: LifecycleStatus,
    /// Names of the integration's secrets; empty for callers of other workspaces.
    // wire: not on the reference page (botpress.md §0); the vendor's CLI does not ask again for secrets in
    // this list
    secrets: Vec<String>,
}

/// Scripts that route requests at an integration's shared webhook to an installation.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
struct Identifier {
    /// VRL script that extracts the identifier from the request.
    #[oai(skip_serializing_if_is_none)]
    extract_script: Option<String>,
    /// VRL script that answers requests without a matching installation.
    #[oai(skip_serializing_if_is_none)]
    fallback_handler_script: Option<String>,
}

/// A channel.
#[derive(Object)]
struct Channel {
    /// Display name.
    #[oai(skip_serializing_if_is_none)]
    title: Option<String>,
    /// Description of the channel.
    #[oai(skip_serializing_if_is_none)]
    description: Option<String>,
    /// Message types, by name.
    messages: BTreeMap<String, SchemaDefinition>,
    /// Conversation tags and creation rules.
    conversation: TagsWithCreationRule,
    /// Message tags.
    message: TagSetDto,
}

/// A JSON Schema.
#[derive(Object)]
#[oai(rename = "WithSchema")]
pub struct SchemaDefinition {
    /// The JSON Schema.
    pub schema: JsonObject,
}

/// Tag definitions, and the rules for creation by bots.
#[derive(Object)]
#[oai(rename = "WithCreation")]
struct TagsWithCreationRule {
    /// Tag definitions, by name.
    tags: TagDefinitions,
    /// Rules for creation by bots.
    creation: CreationRule,
}

/// Rules for the users or conversations that bots create through the integration.
#[derive(Object)]
#[oai(rename = "Creation", rename_all = "camelCase")]
pub struct CreationRule {
    /// True if bots can create them.
    pub enabled: bool,
    /// Tags that a bot must set.
    pub required_tags: Vec<String>,
}

/// Owner type of an integration's state.
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

/// A state definition of an integration.
#[derive(Object)]
pub struct IntegrationStateDefinition {
    /// Owner type of the state.
    pub r#type: IntegrationStateType,
    /// JSON Schema of the payload.
    pub schema: JsonObject,
}

/// An action definition.
#[derive(Object)]
pub struct ActionDefinition {
    /// Display name.
    #[oai(validator(max_length = 64), skip_serializing_if_is_none)]
    pub title: Option<String>,
    /// Description of the action.
    #[oai(validator(max_length = 256), skip_serializing_if_is_none)]
    pub description: Option<String>,
    /// True if calls have a cost. It has no effect.
    #[oai(skip_serializing_if_is_none)]
    pub billable: Option<bool>,
    /// True if outputs can be cached by their input. It has no effect.
    #[oai(skip_serializing_if_is_none)]
    pub cacheable: Option<bool>,
    /// Schema of the input.
    pub input: SchemaDefinition,
    /// Schema of the output.
    pub output: SchemaDefinition,
    /// Attributes. They have no effect.
    #[oai(skip_serializing_if_is_none)]
    pub attributes: Option<AttributesDto>,
}

impl Integration {
    /// Converts an integration. `origin` is the address at which the caller reaches this server.
    pub fn new(origin: &str, integration: integrations::Integration) -> Self {
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
            configurations: configurations_to_dto(definition.configurations),
            channels: convert_values(definition.channels),
            states: convert_values(definition.states),
            events: convert_values(definition.events),
            actions: convert_values(definition.actions),
            user: TagsWithCreationRule {
                tags: tags_to_dto(definition.user.tags),
                creation: definition.user.creation.into(),
            },
            entities: convert_values(definition.entities),
            interfaces: convert_values(definition.interfaces),
            attributes: attributes_to_dto(definition.attributes),
            dev: integration.dev,
            title: integration.title,
            description: integration.description,
            public: integration.public,
            visibility: Visibility::for_integration(integration.public, integration.unlisted),
            verification_status: integration.verification.into(),
            lifecycle_status: LifecycleStatus::Published,
            secrets: integration.secrets,
            id,
        }
    }
}

pub(in crate::dialects::botpress) fn convert_values<T, U: From<T>>(
    named: BTreeMap<String, T>,
) -> BTreeMap<String, U> {
    named
        .into_iter()
        .map(|(name, one)| (name, one.into()))
        .collect()
}

impl From<definitions::ChannelDefinition> for Channel {
    fn from(channel: definitions::ChannelDefinition) -> Self {
        let messages = channel.messages.into_iter();
        let with_schema = |schema: definitions::DeclaredSchema| SchemaDefinition {
            schema: schema_to_dto(&schema),
        };
        Self {
            title: channel.title,
            description: channel.description,
            messages: messages
                .map(|(name, schema)| (name, with_schema(schema)))
                .collect(),
            conversation: TagsWithCreationRule {
                tags: tags_to_dto(channel.conversation.tags),
                creation: channel.conversation.creation.into(),
            },
            message: channel.message.into(),
        }
    }
}

impl From<definitions::CreationRule> for CreationRule {
    fn from(creation: definitions::CreationRule) -> Self {
        Self {
            enabled: creation.enabled,
            required_tags: creation.required_tags,
        }
    }
}

impl From<definitions::StateDefinition> for IntegrationStateDefinition {
    fn from(state: definitions::StateDefinition) -> Self {
        Self {
            r#type: match state.kind {
                StateKind::Conversation => IntegrationStateType::Conversation,
                StateKind::User => IntegrationStateType::User,
                StateKind::Integration | StateKind::Bot | StateKind::Task | StateKind::Workflow => {
                    IntegrationStateType::Integration
                }
            },
            schema: schema_to_dto(&state.schema),
        }
    }
}

impl From<definitions::ActionDefinition> for ActionDefinition {
    fn from(action: definitions::ActionDefinition) -> Self {
        let with_schema = |schema: &definitions::DeclaredSchema| SchemaDefinition {
            schema: schema_to_dto(schema),
        };
        Self {
            input: with_schema(&action.input),
            output: with_schema(&action.output),
            title: action.title,
            description: action.description,
            billable: action.billable,
            cacheable: action.cacheable,
            attributes: attributes_to_dto(action.attributes),
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
                user: TagsWithCreationRule {
                    tags: BTreeMap::new(),
                    creation: definitions::CreationRule::default().into(),
                },
                entities: BTreeMap::new(),
                interfaces: BTreeMap::new(),
                attributes: None,
                dev: false,
                title: "Whint".to_owned(),
                description: "Messages by webhook".to_owned(),
                public: false,
                visibility: Visibility::for_integration(false, false),
                verification_status: VerificationStatus::Unapproved,
                lifecycle_status: LifecycleStatus::Published,
                secrets: Vec::new(),
            },
        }
    }
}
