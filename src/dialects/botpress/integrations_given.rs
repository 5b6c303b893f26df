//! Integrations as they are given: new versions, and changes of them.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use poem_openapi::{
    Object,
    types::{Example, MaybeUndefined},
};

use super::{
    configurations_wire::{
        GivenConfiguration, GivenNamedConfiguration, given_configurations, patch,
    },
    definitions_wire::{
        EventDefinition, Patches, TagDefinition, TaggedPatch, given_patches, given_schema,
        given_tag_patches,
    },
    integrations_wire::{
        ActionDefinition, Creation, IntegrationStateDefinition, IntegrationStateType, WithSchema,
    },
};
use crate::{
    domain::bots::{
        definitions::{
            self, ChannelPatch, DeclaredSchema, IntegrationDefinition, IntegrationDefinitionPatch,
            StateKind,
        },
        integrations::{NewIntegration, Parts, Update},
    },
    http::Nullable,
    kernel::{Error, Result, Rule, Secret, Violation, schema::Limits},
};

/// Bodies for new integrations and for changes of them: what they have in common is declared once.
macro_rules! body {
    ($(#[$meta:meta])* pub struct $name:ident { $channel:ty; $($own:tt)* }) => {
        $(#[$meta])*
        pub struct $name {
            $($own)*
            /// How a bot configures it.
            configuration: Option<GivenConfiguration>,
            /// The ways to configure it that a bot can choose instead, by name.
            configurations: Option<Patches<GivenNamedConfiguration>>,
            /// Its states, by name.
            states: Option<Patches<IntegrationStateDefinition>>,
            /// Its events, by name.
            events: Option<Patches<EventDefinition>>,
            /// Its actions, by name.
            actions: Option<Patches<ActionDefinition>>,
            /// How a request to its shared webhook finds an installation.
            identifier: Option<GivenIdentifier>,
            /// Its channels, by name.
            channels: Option<Patches<$channel>>,
            /// Its users.
            user: Option<GivenWithCreation>,
            /// Its code: a CommonJS bundle that exports `handler`.
            code: Option<String>,
            /// Where it runs, for one in development.
            url: Option<String>,
            /// Its icon: SVG in base64. All versions of the name have it.
            icon: Option<String>,
            /// Its readme: Markdown in base64.
            readme: Option<String>,
            /// Its name for people.
            #[oai(validator(min_length = 1, max_length = 64))]
            title: Option<String>,
            /// What it is.
            #[oai(validator(max_length = 256))]
            description: Option<String>,
            /// Whether every workspace can use it.
            public: Option<bool>,
            /// Secrets that its code finds in its environment, by name. They are never shown.
            secrets: Option<BTreeMap<String, Nullable<String>>>,
        }

        impl $name {
            fn definition(&mut self, limits: &Limits) -> Result<IntegrationDefinitionPatch> {
                let configuration = self.configuration.take().unwrap_or_default();
                let link = configuration.identifier.unwrap_or_default();
                let identifier = self.identifier.take().unwrap_or_default();
                let user = self.user.take().unwrap_or_default();
                let schema = configuration.schema;
                let schema = schema.map(|schema| given_schema(schema, "configuration.schema", limits));
                Ok(IntegrationDefinitionPatch {
                    configuration: schema.transpose()?,
                    link_template_script: patch(link.link_template_script),
                    link_required: link.required,
                    configurations: given_configurations(self.configurations.take(), limits)?,
                    extract_script: patch(identifier.extract_script),
                    fallback_handler_script: patch(identifier.fallback_handler_script),
                    channels: given_patches(self.channels.take(), |channel, name| {
                        GivenChannel::from(channel).given(name, limits)
                    })?,
                    states: given_patches(self.states.take(), |state, name| {
                        given_state(state, name, limits)
                    })?,
                    events: given_patches(self.events.take(), |event, name| {
                        event.given(name, limits)
                    })?,
                    actions: given_patches(self.actions.take(), |action, name| {
                        given_action(action, name, limits)
                    })?,
                    user_tags: given_tag_patches(user.tags),
                    user_creation: user.creation.map(Into::into),
                })
            }

            fn parts(&mut self) -> Result<Parts> {
                let secrets = self.secrets.take().unwrap_or_default().into_iter();
                // Only what is in development has one.
                let in_development = self.url.is_some();
                Ok(Parts {
                    code: self.code.take(),
                    icon: decoded(self.icon.take(), "icon", in_development)?,
                    readme: decoded(self.readme.take(), "readme", in_development)?,
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
        /// Its name.
        name: String,
        /// Its version: `1.2.3`.
        version: String,
        /// Whether it is in development.
        dev: Option<bool>,
    }
}

body! {
    /// What of a version of an integration is to be changed. What is absent stays; null removes a
    /// thing by name.
    #[derive(Object, Default)]
    #[oai(example, rename = "updateIntegrationBody", rename_all = "camelCase")]
    pub struct UpdateIntegrationBody { GivenChannel; }
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
    /// The integration to make.
    ///
    /// # Errors
    /// `InvalidSchema` for a schema that is none, `Invalid` for what is not in base64.
    pub fn given(mut self, limits: &Limits) -> Result<NewIntegration> {
        let mut definition = IntegrationDefinition::default();
        self.definition(limits)?.apply(&mut definition);
        Ok(NewIntegration {
            definition,
            parts: self.parts()?,
            name: self.name,
            version: self.version,
            public: self.public.unwrap_or(false),
            dev: self.dev.unwrap_or(false),
            title: self.title,
            description: self.description.unwrap_or_default(),
            url: self.url,
            built_in: None,
        })
    }
}

impl UpdateIntegrationBody {
    /// The change, whose webhooks have addresses that begin with `webhooks`.
    ///
    /// # Errors
    /// `InvalidSchema` for a schema that is none, `Invalid` for what is not in base64.
    pub fn given(mut self, webhooks: String, limits: &Limits) -> Result<Update> {
        Ok(Update {
            definition: self.definition(limits)?,
            parts: self.parts()?,
            title: self.title,
            description: self.description,
            public: self.public,
            url: self.url,
            webhooks,
        })
    }
}

/// How a request to an integration's shared webhook finds an installation.
#[derive(Object, Default)]
#[oai(rename_all = "camelCase")]
struct GivenIdentifier {
    /// A VRL script that takes the identifier out of the request.
    #[oai(nullable)]
    extract_script: MaybeUndefined<String>,
    /// A VRL script that answers where there is none.
    #[oai(nullable)]
    fallback_handler_script: MaybeUndefined<String>,
}

/// Tags, and whether bots can have some made.
#[derive(Object, Default)]
struct GivenWithCreation {
    /// Whether bots can have some made.
    creation: Option<Creation>,
    /// The tags, by name.
    tags: Option<Patches<TagDefinition>>,
}

/// A new channel.
#[derive(Object)]
struct NewChannel {
    /// Its name for people.
    #[oai(validator(max_length = 64))]
    title: Option<String>,
    /// What it is.
    #[oai(validator(max_length = 256))]
    description: Option<String>,
    /// The types of its messages, by name.
    messages: Patches<WithSchema>,
    /// Its conversations.
    conversation: Option<GivenWithCreation>,
    /// Its messages.
    message: Option<TaggedPatch>,
}

/// A change of a channel.
#[derive(Object)]
struct GivenChannel {
    /// Its name for people.
    #[oai(validator(max_length = 64))]
    title: Option<String>,
    /// What it is.
    #[oai(validator(max_length = 256))]
    description: Option<String>,
    /// The types of its messages, by name.
    messages: Option<Patches<WithSchema>>,
    /// Its conversations.
    conversation: Option<GivenWithCreation>,
    /// Its messages.
    message: Option<TaggedPatch>,
}

impl From<NewChannel> for GivenChannel {
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

impl GivenChannel {
    fn given(self, name: &str, limits: &Limits) -> Result<ChannelPatch> {
        let conversation = self.conversation.unwrap_or_default();
        let schema = |message: WithSchema, kind: &str| {
            given_schema(
                message.schema,
                &format!("channels.{name}.messages.{kind}.schema"),
                limits,
            )
        };
        Ok(ChannelPatch {
            title: self.title,
            description: self.description,
            messages: given_patches(self.messages, schema)?,
            conversation_tags: given_tag_patches(conversation.tags),
            conversation_creation: conversation.creation.map(Into::into),
            message_tags: given_tag_patches(self.message.unwrap_or_default().tags),
        })
    }
}

impl From<Creation> for definitions::Creation {
    fn from(creation: Creation) -> Self {
        Self {
            enabled: creation.enabled,
            required_tags: creation.required_tags,
        }
    }
}

fn given_state(
    state: IntegrationStateDefinition,
    name: &str,
    limits: &Limits,
) -> Result<definitions::State> {
    Ok(definitions::State {
        kind: match state.r#type {
            IntegrationStateType::Conversation => StateKind::Conversation,
            IntegrationStateType::User => StateKind::User,
            IntegrationStateType::Integration => StateKind::Integration,
        },
        schema: given_schema(state.schema, &format!("states.{name}.schema"), limits)?,
        expiry: None,
    })
}

fn given_action(
    action: ActionDefinition,
    name: &str,
    limits: &Limits,
) -> Result<definitions::Action> {
    let schema = |given: WithSchema, member: &str| -> Result<DeclaredSchema> {
        given_schema(
            given.schema,
            &format!("actions.{name}.{member}.schema"),
            limits,
        )
    };
    Ok(definitions::Action {
        title: action.title,
        description: action.description,
        input: schema(action.input, "input")?,
        output: schema(action.output, "output")?,
    })
}

/// wire: `bp dev` sends the names of the files instead of what is in them, which is then left out.
fn decoded(given: Option<String>, name: &str, in_development: bool) -> Result<Option<Vec<u8>>> {
    let bytes = given.map(|text| BASE64_STANDARD.decode(text)).transpose();
    if bytes.is_err() && in_development {
        return Ok(None);
    }
    bytes.map_err(|_| {
        let rule = Rule::Other("must be in base64".to_owned());
        Error::from(Violation::body([name], rule))
    })
}
