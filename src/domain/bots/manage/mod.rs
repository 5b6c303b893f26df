//! Bots: the Botpress data of agents. Every agent is a bot; an agent that another dialect created gets its
//! row in `bots` on the first Botpress request for it.

pub mod analytics;
pub mod counters;
mod create;
pub(in crate::domain) mod delete;
pub mod issues;
mod list;
pub mod logs;
pub mod maintenance;
mod recurring;
mod rows;
pub(in crate::domain) mod sealing;
pub(in crate::domain) mod secrets;
mod settings;
mod transfer;
mod update;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(in crate::domain) use self::rows::{ensure_bot, find_agent, load};
pub use self::{
    create::{NewBot, create, create_in_tx},
    delete::delete,
    list::{Summary, list},
    rows::find,
    secrets::SecretPatches,
    settings::Settings,
    transfer::transfer,
    update::{AuthenticationMethod, BotPatch, update},
};
use super::{definitions::BotDefinition, installations::Installation, plugins::BotPlugin};
use crate::kernel::{
    Secret, Timestamp,
    ids::{AccountId, AgentId},
};

/// A bot.
#[derive(Debug, Clone)]
pub struct Bot {
    /// Id of the bot, which is the id of the agent.
    pub id: AgentId,
    /// Name.
    pub name: String,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    /// Tags, states, events and schemas that the bot declares.
    pub definition: BotDefinition,
    /// Configuration; it conforms to the declared schema.
    pub configuration: Map<String, Value>,
    /// Key of the signatures on deliveries to the bot.
    pub signing_secret: Secret,
    /// Media files.
    pub medias: Vec<Media>,
    /// Address of the running bot, if it is in development.
    pub url: Option<String>,
    /// True if it is in development.
    pub dev: bool,
    /// True if it is stopped.
    pub blocked: bool,
    /// Account that created the bot; absent if no account did.
    pub created_by: Option<AccountId>,
    /// Time of the last deployment of code.
    pub deployed_at: Option<Timestamp>,
    /// Names of the secrets.
    pub secrets: Vec<String>,
    /// Installed integrations.
    pub installations: Vec<Installation>,
    /// Plugins.
    pub plugins: Vec<BotPlugin>,
    /// Definitions that the plugins add, under the names `ALIAS#name`.
    pub plugin_definition: BotDefinition,
    pub(in crate::domain) seq: i64,
}

/// A media file of a bot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Address.
    pub url: String,
    /// Name.
    pub name: String,
}
