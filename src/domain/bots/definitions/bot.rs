//! The definition of a bot.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    ActionDefinition, Attributes, DeclaredSchema, EventDefinition, Named, RecurringEvent,
    StateDefinition, TagDefinition,
    attributes::{MAX_BOT_TAG_CHARS, check_attributes_of, check_texts},
    check_identifier, check_tag,
};
use crate::{
    domain::tenancy::claims::Claim,
    kernel::{Result, schema},
};

/// The definition of a bot.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct BotDefinition {
    /// Declared tags of users.
    pub user: TagSet,
    /// Declared tags of conversations.
    pub conversation: TagSet,
    /// Declared tags of messages.
    pub message: TagSet,
    /// Declared states.
    pub states: Named<StateDefinition>,
    /// Declared events.
    pub events: Named<EventDefinition>,
    /// Declared actions.
    #[serde(skip_serializing_if = "Named::is_empty")]
    pub actions: Named<ActionDefinition>,
    /// Recurring events.
    pub recurring_events: Named<RecurringEvent>,
    /// Schema of the configuration.
    pub configuration: DeclaredSchema,
    /// Tags of the bot itself; stored for clients, without effect.
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub tags: Attributes,
    /// Types of the events that the bot wants, all of them if `None`; stored, without effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscriptions: Option<BTreeSet<String>>,
    /// Stored for clients, without effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub always_alive: Option<bool>,
}

/// Declared tags by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TagSet {
    /// The tags.
    pub tags: Named<TagDefinition>,
}

impl Claim for BotDefinition {
    fn prove(&self, limits: &schema::Limits) -> Result<()> {
        self.check(limits)
    }
}

impl BotDefinition {
    /// Adds the definitions that plugins contribute.
    #[must_use]
    pub fn with_plugins(mut self, of_plugins: Self) -> Self {
        self.user.tags.extend(of_plugins.user.tags);
        self.conversation.tags.extend(of_plugins.conversation.tags);
        self.message.tags.extend(of_plugins.message.tags);
        self.states.extend(of_plugins.states);
        self.events.extend(of_plugins.events);
        self.actions.extend(of_plugins.actions);
        self
    }

    /// Validates the names that the developer chose, and the recurring events.
    ///
    /// # Errors
    /// `InvalidIdentifier`, `Invalid` for a broken cron expression, `InvalidData` for a payload that does not
    /// conform to the schema of its event.
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
            ("actions", self.actions.keys().collect()),
            ("recurringEvents", self.recurring_events.keys().collect()),
        ];
        for (place, names) in places {
            for name in names {
                check_identifier(name, place)?;
            }
        }
        check_texts(&self.tags, "tags", MAX_BOT_TAG_CHARS)?;
        check_attributes_of(&self.events, "events", |event| &event.attributes)?;
        check_attributes_of(&self.actions, "actions", |action| &action.attributes)?;
        for (values, (name, event)) in (1..).zip(&self.recurring_events) {
            event.check(name, &self.events, &limits.divided_among(values))?;
        }
        Ok(())
    }
}
