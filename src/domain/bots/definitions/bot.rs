//! What a bot declares.

use serde::{Deserialize, Serialize};

use super::{
    DeclaredSchema, Event, Named, RecurringEvent, State, Tag, check_identifier, check_tag,
};
use crate::{
    domain::tenancy::claims::Claim,
    kernel::{Result, schema},
};

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

impl Claim for BotDefinition {
    fn prove(&self, limits: &schema::Limits) -> Result<()> {
        self.check(limits)
    }
}

impl BotDefinition {
    /// Checks the names that the bot's developer has chosen, and the recurring events.
    ///
    /// # Errors
    /// `InvalidIdentifier`, `Invalid` for what is no cron expression, `InvalidData` for a payload that
    /// does not keep to the schema of its event.
    pub fn check(&self, limits: &schema::Limits) -> Result<()> {
        for (place, tags) in [
            ("user.tags", &self.user.tags),
            ("conversation.tags", &self.conversation.tags),
            ("message.tags", &self.message.tags),
        ] {
            tags.keys().try_for_each(|name| check_tag(name, place))?;
        }
        let places = [
            ("states", self.states.keys().collect::<Vec<_>>()),
            ("events", self.events.keys().collect()),
            ("recurringEvents", self.recurring_events.keys().collect()),
        ];
        for (place, names) in places {
            for name in names {
                check_identifier(name, place)?;
            }
        }
        for (values, (name, event)) in (1..).zip(&self.recurring_events) {
            event.check(name, &self.events, &limits.shared(values))?;
        }
        Ok(())
    }
}
