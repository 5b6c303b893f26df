//! What a bot declares.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{DeclaredSchema, Event, Named, State, Tag, check_identifier};
use crate::kernel::Result;

/// What a bot declares.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct BotDefinition {
    /// Tags of users.
    pub user: TagSet,
    /// Tags of conversations.
    pub conversation: TagSet,
    /// Tags of messages.
    pub message: TagSet,
    /// States.
    pub states: Named<State>,
    /// Events of its own.
    pub events: Named<Event>,
    /// Events that happen again and again.
    pub recurring_events: Named<RecurringEvent>,
    /// What its configuration must keep to.
    pub configuration: DeclaredSchema,
}

/// Tags by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TagSet {
    /// The tags.
    pub tags: Named<Tag>,
}

/// An event that happens again and again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecurringEvent {
    /// When: a cron expression of five fields, in UTC.
    pub cron: String,
    /// The type of the event.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its payload.
    pub payload: Map<String, Value>,
}

impl BotDefinition {
    /// Checks the names that the bot's developer has chosen.
    ///
    /// # Errors
    /// `InvalidIdentifier`.
    pub fn check(&self) -> Result<()> {
        let places = [
            ("user.tags", self.user.tags.keys().collect::<Vec<_>>()),
            ("conversation.tags", self.conversation.tags.keys().collect()),
            ("message.tags", self.message.tags.keys().collect()),
            ("states", self.states.keys().collect()),
            ("events", self.events.keys().collect()),
            ("recurringEvents", self.recurring_events.keys().collect()),
        ];
        for (place, names) in places {
            for name in names {
                check_identifier(name, place)?;
            }
        }
        Ok(())
    }
}
