//! Bots: what Botpress keeps of an agent. A bot is an agent; one that was made otherwise becomes a
//! bot when it is first asked for.

pub mod analytics;
pub mod background;
mod create;
pub(in crate::domain) mod delete;
pub mod issues;
mod list;
pub mod logs;
mod recurring;
mod rows;
pub(in crate::domain) mod sealed;
pub(in crate::domain) mod secrets;
mod settings;
mod transfer;
mod update;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(in crate::domain) use self::rows::ensure;
pub use self::{
    create::{NewBot, create, make},
    delete::delete,
    list::{Summary, list},
    rows::find,
    secrets::SecretPatches,
    settings::Settings,
    transfer::transfer,
    update::{Authentication, Update, update},
};
use super::{definitions::BotDefinition, installations::Installation};
use crate::kernel::{
    Secret, Timestamp,
    ids::{AccountId, AgentId},
};

/// A bot.
#[derive(Debug, Clone)]
pub struct Bot {
    /// Its id: that of the agent.
    pub id: AgentId,
    /// Its name.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// What it declares.
    pub definition: BotDefinition,
    /// Its configuration, which keeps to the declared schema.
    pub configuration: Map<String, Value>,
    /// What deliveries to it are signed with.
    pub signing_secret: Secret,
    /// Media files.
    pub medias: Vec<Media>,
    /// Where it runs, for one in development.
    pub url: Option<String>,
    /// Whether it is in development.
    pub dev: bool,
    /// Whether it is stopped.
    pub blocked: bool,
    /// Who made it, if a person did.
    pub created_by: Option<AccountId>,
    /// When code was last deployed.
    pub deployed_at: Option<Timestamp>,
    /// The names of its secrets.
    pub secrets: Vec<String>,
    /// The integrations that are installed in it.
    pub installations: Vec<Installation>,
    /// Its row.
    pub(in crate::domain) seq: i64,
}

/// A media file of a bot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Its address.
    pub url: String,
    /// Its name.
    pub name: String,
}
