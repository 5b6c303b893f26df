//! Changes of what is declared: things by name that are set, and removed where null is given
//! (botpress.md §1.3). What is not named stays.

use std::collections::BTreeMap;

use super::{
    Action, BotDefinition, Channel, Configuration, Creation, DeclaredSchema, Event,
    IntegrationDefinition, Named, RecurringEvent, State, Tag,
};
use crate::kernel::Patch;

/// Things by name to be set, or removed where there is none.
pub type NamedPatch<T> = BTreeMap<String, Option<T>>;

/// Applies a patch.
fn apply<T>(patch: NamedPatch<T>, named: &mut Named<T>) {
    for (name, one) in patch {
        match one {
            Some(one) => named.insert(name, one),
            None => named.remove(&name),
        };
    }
}

fn set<T>(given: Option<T>, member: &mut T) {
    if let Some(given) = given {
        *member = given;
    }
}

/// A change of what a bot declares.
#[derive(Debug, Clone, Default)]
pub struct BotDefinitionPatch {
    /// Tags of users.
    pub user: NamedPatch<Tag>,
    /// Tags of conversations.
    pub conversation: NamedPatch<Tag>,
    /// Tags of messages.
    pub message: NamedPatch<Tag>,
    /// States.
    pub states: NamedPatch<State>,
    /// Events.
    pub events: NamedPatch<Event>,
    /// Recurring events.
    pub recurring_events: NamedPatch<RecurringEvent>,
    /// What its configuration must keep to.
    pub configuration: Option<DeclaredSchema>,
}

impl BotDefinitionPatch {
    /// Applies the change.
    pub fn apply(self, definition: &mut BotDefinition) {
        apply(self.user, &mut definition.user.tags);
        apply(self.conversation, &mut definition.conversation.tags);
        apply(self.message, &mut definition.message.tags);
        apply(self.states, &mut definition.states);
        apply(self.events, &mut definition.events);
        apply(self.recurring_events, &mut definition.recurring_events);
        set(self.configuration, &mut definition.configuration);
    }
}

/// A change of what a version of an integration declares.
#[derive(Debug, Clone, Default)]
pub struct IntegrationDefinitionPatch {
    /// The schema of the configuration.
    pub configuration: Option<DeclaredSchema>,
    /// The script that makes the address that a user follows.
    pub link_template_script: Patch<String>,
    /// True if an installation has to be linked to work.
    pub link_required: Option<bool>,
    /// The ways to configure it that a bot can choose instead.
    pub configurations: NamedPatch<ConfigurationPatch>,
    /// The script that takes the identifier out of a request.
    pub extract_script: Patch<String>,
    /// The script that answers where there is none.
    pub fallback_handler_script: Patch<String>,
    /// Channels.
    pub channels: NamedPatch<ChannelPatch>,
    /// States.
    pub states: NamedPatch<State>,
    /// Events.
    pub events: NamedPatch<Event>,
    /// Actions.
    pub actions: NamedPatch<Action>,
    /// Tags of its users.
    pub user_tags: NamedPatch<Tag>,
    /// Whether bots can have users made.
    pub user_creation: Option<Creation>,
}

/// A change of one of the named configurations.
#[derive(Debug, Clone, Default)]
pub struct ConfigurationPatch {
    /// Its name for people.
    pub title: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// The schema of the configuration.
    pub schema: Option<DeclaredSchema>,
    /// The script that makes the address that a user follows.
    pub link_template_script: Patch<String>,
    /// True if an installation has to be linked to work.
    pub link_required: Option<bool>,
}

/// A change of a channel.
#[derive(Debug, Clone, Default)]
pub struct ChannelPatch {
    /// Its name for people.
    pub title: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Types of message.
    pub messages: NamedPatch<DeclaredSchema>,
    /// Tags of its conversations.
    pub conversation_tags: NamedPatch<Tag>,
    /// Whether bots can have conversations made.
    pub conversation_creation: Option<Creation>,
    /// Tags of its messages.
    pub message_tags: NamedPatch<Tag>,
}

impl IntegrationDefinitionPatch {
    /// Applies the change.
    pub fn apply(self, definition: &mut IntegrationDefinition) {
        set(self.configuration, &mut definition.configuration.schema);
        let link = &mut definition.configuration.identifier;
        self.link_template_script
            .apply(&mut link.link_template_script);
        set(self.link_required, &mut link.required);
        for (name, configuration) in self.configurations {
            match configuration {
                Some(patch) => patch.apply(definition.configurations.entry(name).or_default()),
                None => drop(definition.configurations.remove(&name)),
            }
        }
        let identifier = &mut definition.identifier;
        self.extract_script.apply(&mut identifier.extract_script);
        self.fallback_handler_script
            .apply(&mut identifier.fallback_handler_script);
        for (name, channel) in self.channels {
            match channel {
                Some(patch) => patch.apply(definition.channels.entry(name).or_default()),
                None => drop(definition.channels.remove(&name)),
            }
        }
        apply(self.states, &mut definition.states);
        apply(self.events, &mut definition.events);
        apply(self.actions, &mut definition.actions);
        apply(self.user_tags, &mut definition.user.tags);
        set(self.user_creation, &mut definition.user.creation);
    }
}

impl ConfigurationPatch {
    fn apply(self, configuration: &mut Configuration) {
        if self.title.is_some() {
            configuration.title = self.title;
        }
        if self.description.is_some() {
            configuration.description = self.description;
        }
        set(self.schema, &mut configuration.schema);
        let link = &mut configuration.identifier;
        self.link_template_script
            .apply(&mut link.link_template_script);
        set(self.link_required, &mut link.required);
    }
}

impl ChannelPatch {
    fn apply(self, channel: &mut Channel) {
        if self.title.is_some() {
            channel.title = self.title;
        }
        if self.description.is_some() {
            channel.description = self.description;
        }
        apply(self.messages, &mut channel.messages);
        apply(self.conversation_tags, &mut channel.conversation.tags);
        set(
            self.conversation_creation,
            &mut channel.conversation.creation,
        );
        apply(self.message_tags, &mut channel.message.tags);
    }
}
