//! Definitions of bots and integrations: tags, states, events, actions, channels. Each is stored as JSON in
//! the row of its bot or integration. The cache holds it by revision, with compiled schemas.

mod attributes;
mod bot;
mod cache;
mod claims;
mod identifier;
mod integration;
mod interface;
mod patch;
mod plugin;
mod recurring;
mod references;
mod schema;
mod scripts;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::{
    attributes::Attributes,
    bot::{BotDefinition, TagSet},
    identifier::{check_identifier, check_tag},
    integration::{
        ActionDefinition, ChannelDefinition, ConfigurationDefinition, ConversationTags,
        CreationRule, IntegrationDefinition, LinkTemplate, UserTags, WebhookIdentifier,
    },
    interface::{
        EntityDefinition, InterfaceDefinition, InterfaceDefinitionPatch, InterfaceImplementation,
        NameTemplate,
    },
    patch::{
        BotDefinitionPatch, ChannelPatch, ConfigurationPatch, IntegrationDefinitionPatch,
        NamedPatch,
    },
    plugin::{
        ALIAS_SEPARATOR, PluginConfiguration, PluginDefinition, PluginDefinitionPatch,
        PluginDependencies, PluginDependency,
    },
    recurring::RecurringEvent,
    schema::DeclaredSchema,
};
pub(in crate::domain) use self::{cache::DefinitionCache, claims::Keeps};
use crate::domain::shared::sql::text_enum;

/// Values by name.
pub type Named<T> = BTreeMap<String, T>;

/// The declaration of a tag.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TagDefinition {
    /// Display name, at most 64 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Description, at most 256 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

text_enum! {
    /// The kind of object that a state belongs to.
    pub enum StateKind {
        /// A conversation.
        Conversation = "conversation",
        /// A user.
        User = "user",
        /// The bot.
        Bot = "bot",
        /// An installation of the integration.
        Integration = "integration",
        /// A task.
        Task = "task",
        /// A workflow.
        Workflow = "workflow",
    }
}

/// The declaration of a state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StateDefinition {
    /// Kind of object that the state belongs to.
    #[serde(rename = "type")]
    pub kind: StateKind,
    /// Schema of the value.
    pub schema: DeclaredSchema,
    /// Time without a change, in milliseconds, after which the state expires; never if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<f64>,
}

/// The declaration of an event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventDefinition {
    /// Display name, at most 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Description, at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Schema of the payload.
    pub schema: DeclaredSchema,
    /// Attributes; stored for clients, without effect.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}
