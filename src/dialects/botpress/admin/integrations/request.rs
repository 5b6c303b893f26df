//! Request DTOs of integrations: new versions and updates.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use poem_openapi::{
    Object,
    types::{Example, MaybeUndefined},
};

use super::dto::{
    ActionDefinition, CreationRule, IntegrationStateDefinition, IntegrationStateType,
    SchemaDefinition,
};
use crate::{
    dialects::botpress::admin::{
        configurations_dto::{
            ConfigurationRequest, NamedConfigurationRequest, configuration_patches_to_domain,
            to_patch,
        },
        definitions_dto::{
            EventDefinition, Patches, TagDefinition, TagSetPatch, parse_schema, patches_to_domain,
            tag_patches_to_domain,
        },
        packages_dto::{
            AttributesDto, EntityDefinition, ImplementationRequest, Visibility,
            attributes_to_domain, entity_patches_to_domain, implementation_patches_to_domain,
        },
    },
    domain::bots::{
        definitions::{
            self, ChannelPatch, DeclaredSchema, IntegrationDefinition, IntegrationDefinitionPatch,
            StateKind,
        },
        integrations::{IntegrationPatch, NewIntegration, Parts},
    },
    http::Nullable,
    kernel::{Error, Result, Rule, Secret, Violation, schema::Limits},
};

/// Declares a request body with the fields that creates and updates share.
macro_rules! body {
    ($(#[$meta:meta])* pub struct $name:ident { $channel:ty; $($own:tt)* }) => {
        $(#[$meta])*
        pub struct $name {
            $($own)*
            /// Default configuration.
            configuration: Option<ConfigurationRequest>,
            /// Named configurations that a bot can choose instead, by name.
            configurations: Option<Patches<NamedConfigurationRequest>>,
            /// State definitions, by name.
            states: Option<Patches<IntegrationStateDefinition>>,
            /// Event definitions, by name.
            events: Option<Patches<EventDefinition>>,
            /// Action definitions, by name.
            actions: Option<Patches<ActionDefinition>>,
            /// Scripts that route requests at the shared webhook to an installation.
            identifier: Option<IdentifierRequest>,
            /// Channels, by name.
            channels: Option<Patches<$channel>>,
            /// User tags and creation rules.
            user: Option<TagsWithCreationRuleRequest>,
            /// Entities, by name.
            entities: Option<Patches<EntityDefinition>>,
            /// Implementations of interfaces, by key.
            interfaces: Option<Patches<ImplementationRequest>>,
            /// Attributes. They have no effect.
            attributes: Option<AttributesDto>,
            /// Code of the integration: a CommonJS bundle that exports `handler`.
            code: Option<String>,
            /// Address at which an integration in development runs.
            url: Option<String>,
            /// Icon: SVG in base64. All versions with this name share it.
            icon: Option<String>,
            /// Readme: Markdown in base64.
            readme: Option<String>,
            /// Display name.
            #[oai(validator(min_length = 1, max_length = 64))]
            title: Option<String>,
            /// Description of the integration.
            #[oai(validator(max_length = 256))]
            description: Option<String>,
            /// True if every workspace can install the integration; `visibility` precedes it.
            public: Option<bool>,
            /// Workspaces that can install the integration.
            visibility: Option<Visibility>,
            /// Secrets that the code reads from its environment, by name. They are never returned.
            secrets: Option<BTreeMap<String, Nullable<String>>>,
        }

        impl $name {
            fn take_definition_patch(&mut self, limits: &Limits) -> Result<IntegrationDefinitionPatch> {
                let configuration = self.configuration.take().unwrap_or_default();
                let link = configuration.identifier.unwrap_or_default();
                let identifier = self.identifier.take().unwrap_or_default();
                let user = self.user.take().unwrap_or_default();
                let schema = configuration.schema;
                let schema = schema.map(|schema| parse_schema(schema, "configuration.schema", limits));
                Ok(IntegrationDefinitionPatch {
                    configuration: schema.transpose()?,
                    link_template_script: to_patch(link.link_template_script),
                    link_required: link.required,
                    configurations: configuration_patches_to_domain(self.configurations.take(), limits)?,
                    extract_script: to_patch(identifier.extract_script),
                    fallback_handler_script: to_patch(identifier.fallback_handler_script),
                    channels: patches_to_domain(self.channels.take(), |channel, name| {
                        ChannelRequest::from(channel).into_patch(name, limits)
                    })?,
                    states: patches_to_domain(self.states.take(), |state, name| {
                        state_to_domain(state, name, limits)
                    })?,
                    events: patches_to_domain(self.events.take(), |event, name| {
                        event.into_domain(name, limits)
                    })?,
                    actions: patches_to_domain(self.actions.take(), |action, name| {
                        action_to_domain(action, name, limits)
                    })?,
                    user_tags: tag_patches_to_domain(user.tags),
                    user_creation: user.creation.map(Into::into),
                    entities: entity_patches_to_domain(self.entities.take(), limits)?,
                    interfaces: implementation_patches_to_domain(self.interfaces.take()),
                    attributes: attributes_to_domain(self.attributes.take()),
                })
            }

            /// Returns true for a public integration, and true for an unlisted one, if the body sets them.
            fn publicity(&self) -> (Option<bool>, Option<bool>) {
                match self.visibility {
                    Some(visibility) => (
                        Some(visibility != Visibility::Private),
                        Some(visibility == Visibility::Unlisted),
                    ),
                    None => (self.public, self.public.map(|_| false)),
                }
            }

            fn take_parts(&mut self) -> Result<Parts> {
                let secrets = self.secrets.take().unwrap_or_default().into_iter();
                // Only an integration in development has a `url`.
                let in_development = self.url.is_some();
                Ok(Parts {
                    code: self.code.take(),
                    icon: decode_base64(self.icon.take(), "icon", in_development)?,
                    readme: decode_base64(self.readme.take(), "readme", in_development)?,
                    secrets: secrets
                        .map(|(name, Nullable(value))| (name, value.map(Secret::new)))
                        .collect(),
                })
            }
        }
    };
}

body! {
    /// A new version of an integration.
    #[derive(Object, Default)]
    #[oai(example, rename = "createIntegrationBody", rename_all = "camelCase")]
    pub struct CreateIntegrationBody { NewChannel;
        /// Name of the integration.
        name: String,
        /// Version of the integration: `1.2.3`.
        version: String,
        /// True if the integration is in development.
        dev: Option<bool>,
    }
}

body! {
    /// An update of a version of an integration. Absent fields keep their value; null removes a named entry.
    #[derive(Object, Default)]
    #[oai(example, rename = "updateIntegrationBody", rename_all = "camelCase")]
    pub struct UpdateIntegrationBody { ChannelRequest; }
}

impl Example for CreateIntegrationBody {
    fn example() -> Self {
        Self {
            name: "whint".to_owned(),
            version: "0.1.0".to_owned(),
            title: Some("Whint".to_owned()),
            ..Self::default()
        }
    }
}

impl Example for UpdateIntegrationBody {
    fn example() -> Self {
        Self {
            title: Some("Whint".to_owned()),
            ..Self::default()
        }
    }
}

impl CreateIntegrationBody {
    /// Converts the body.
    ///
    /// # Errors
    /// `InvalidSchema` if a schema is not valid, `Invalid` if the icon or the readme is not base64.
    pub fn into_new_integration(mut self, limits: &Limits) -> Result<NewIntegration> {
        let mut definition = IntegrationDefinition::default();
        self.take_definition_patch(limits)?.apply(&mut definition);
        let (public, unlisted) = self.publicity();
        Ok(NewIntegration {
            definition,
            parts: self.take_parts()?,
            name: self.name,
            version: self.version,
            public: public.unwrap_or(false),
            unlisted: unlisted.unwrap_or(false),
            dev: self.dev.unwrap_or(false),
            title: self.title,
            description: self.description.unwrap_or_default(),
            url: self.url,
            built_in: None,
        })
    }
}

impl UpdateIntegrationBody {
    /// Converts the body. Webhook addresses begin with `webhooks`.
    ///
    /// # Errors
    /// `InvalidSchema` if a schema is not valid, `Invalid` if the icon or the readme is not base64.
    pub fn into_update(mut self, webhooks: String, limits: &Limits) -> Result<IntegrationPatch> {
        let (public, unlisted) = self.publicity();
        Ok(IntegrationPatch {
            definition: self.take_definition_patch(limits)?,
            parts: self.take_parts()?,
            title: self.title,
            description: self.description,
            public,
            unlisted,
            url: self.url,
            webhooks,
        })
    }
}

/// Scripts that route requests at an integration's shared webhook to an installation.
#[derive(Object, Default)]
#[oai(rename = "GivenIdentifier", rename_all = "camelCase")]
struct IdentifierRequest {
    /// VRL script that extracts the identifier from the request; null removes it.
    #[oai(nullable)]
    extract_script: MaybeUndefined<String>,
    /// VRL script that answers requests without a matching installation; null removes it.
    #[oai(nullable)]
    fallback_handler_script: MaybeUndefined<String>,
}

/// Tag definitions, and the rules for creation by bots.
#[derive(Object, Default)]
#[oai(rename = "GivenWithCreation")]
struct TagsWithCreationRuleRequest {
    /// Rules for creation by bots.
    creation: Option<CreationRule>,
    /// Tag definitions, by name.
    tags: Option<Patches<TagDefinition>>,
}

/// A new channel.
#[derive(Object)]
struct NewChannel {
    /// Display name.
    #[oai(validator(max_length = 64))]
    title: Option<String>,
    /// Description of the channel.
    #[oai(validator(max_length = 256))]
    description: Option<String>,
    /// Message types, by name.
    messages: Patches<SchemaDefinition>,
    /// Conversation tags and creation rules.
    conversation: Option<TagsWithCreationRuleRequest>,
    /// Message tags.
    message: Option<TagSetPatch>,
}

/// An update of a channel.
#[derive(Object)]
#[oai(rename = "GivenChannel")]
struct ChannelRequest {
    /// Display name.
    #[oai(validator(max_length = 64))]
    title: Option<String>,
    /// Description of the channel.
    #[oai(validator(max_length = 256))]
    description: Option<String>,
    /// Message types, by name.
    messages: Option<Patches<SchemaDefinition>>,
    /// Conversation tags and creation rules.
    conversation: Option<TagsWithCreationRuleRequest>,
    /// Message tags.
    message: Option<TagSetPatch>,
}

impl From<NewChannel> for ChannelRequest {
    fn from(channel: NewChannel) -> Self {
        Self {
            title: channel.title,
            description: channel.description,
            messages: Some(channel.messages),
            conversation: channel.conversation,
            message: channel.message,
        }
    }
}

impl ChannelRequest {
    fn into_patch(self, name: &str, limits: &Limits) -> Result<ChannelPatch> {
        let conversation = self.conversation.unwrap_or_default();
        let schema = |message: SchemaDefinition, kind: &str| {
            parse_schema(
                message.schema,
                &format!("channels.{name}.messages.{kind}.schema"),
                limits,
            )
        };
        Ok(ChannelPatch {
            title: self.title,
            description: self.description,
            messages: patches_to_domain(self.messages, schema)?,
            conversation_tags: tag_patches_to_domain(conversation.tags),
            conversation_creation: conversation.creation.map(Into::into),
            message_tags: tag_patches_to_domain(self.message.unwrap_or_default().tags),
        })
    }
}

impl From<CreationRule> for definitions::CreationRule {
    fn from(creation: CreationRule) -> Self {
        Self {
            enabled: creation.enabled,
            required_tags: creation.required_tags,
        }
    }
}

fn state_to_domain(
    state: IntegrationStateDefinition,
    name: &str,
    limits: &Limits,
) -> Result<definitions::StateDefinition> {
    Ok(definitions::StateDefinition {
        kind: match state.r#type {
            IntegrationStateType::Conversation => StateKind::Conversation,
            IntegrationStateType::User => StateKind::User,
            IntegrationStateType::Integration => StateKind::Integration,
        },
        schema: parse_schema(state.schema, &format!("states.{name}.schema"), limits)?,
        expiry: None,
    })
}

pub(in crate::dialects::botpress) fn action_to_domain(
    action: ActionDefinition,
    name: &str,
    limits: &Limits,
) -> Result<definitions::ActionDefinition> {
    let schema = |given: SchemaDefinition, member: &str| -> Result<DeclaredSchema> {
        parse_schema(
            given.schema,
            &format!("actions.{name}.{member}.schema"),
            limits,
        )
    };
    Ok(definitions::ActionDefinition {
        title: action.title,
        description: action.description,
        billable: action.billable,
        cacheable: action.cacheable,
        attributes: attributes_to_domain(action.attributes),
        input: schema(action.input, "input")?,
        output: schema(action.output, "output")?,
    })
}

/// Decodes base64 of the field `name`.
///
/// wire: `bp dev` sends file names instead of the contents, so an integration in development is stored
/// without them.
pub(in crate::dialects::botpress) fn decode_base64(
    given: Option<String>,
    name: &str,
    in_development: bool,
) -> Result<Option<Vec<u8>>> {
    let bytes = given.map(|text| BASE64_STANDARD.decode(text)).transpose();
    if bytes.is_err() && in_development {
        return Ok(None);
    }
    bytes.map_err(|_| {
        let rule = Rule::Other("must be in base64".to_owned());
        Error::from(Violation::body([name], rule))
    })
}
