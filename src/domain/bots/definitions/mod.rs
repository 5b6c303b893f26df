//! What bots and integrations declare: tags, states, events, actions, channels. Stored as JSON with
//! the bot or the integration, and kept in memory by its revision with its schemas compiled.

mod bot;
mod cache;
mod claims;
mod identifier;
mod integration;
mod patch;
mod recurring;
mod schema;
mod scripts;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::{
    bot::{BotDefinition, TagSet},
    identifier::{check_identifier, check_tag},
    integration::{
        Action, Channel, Configuration, ConversationTags, Creation, IntegrationDefinition,
        LinkTemplate, UserTags, WebhookIdentifier,
    },
    patch::{
        BotDefinitionPatch, ChannelPatch, ConfigurationPatch, IntegrationDefinitionPatch,
        NamedPatch,
    },
    recurring::RecurringEvent,
    schema::DeclaredSchema,
};
pub(in crate::domain) use self::{cache::Declarations, claims::Keeps};
use crate::domain::shared::sql::text_enum;

/// Things by name.
pub type Named<T> = BTreeMap<String, T>;

/// A tag that may be set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tag {
    /// Its name for people: at most 64 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it means: at most 256 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

text_enum! {
    /// What a state is kept with.
    pub enum StateKind {
        /// A conversation.
        Conversation = "conversation",
        /// A user.
        User = "user",
        /// The bot.
        Bot = "bot",
        /// The installation of the integration.
        Integration = "integration",
    }
}

/// A state that may be kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// What it is kept with.
    #[serde(rename = "type")]
    pub kind: StateKind,
    /// What it must keep to.
    pub schema: DeclaredSchema,
    /// After how many milliseconds without a change it ends; never if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<f64>,
}

/// An event that may happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its name for people: at most 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it means: at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What its payload must keep to.
    pub schema: DeclaredSchema,
}
