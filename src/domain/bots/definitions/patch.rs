//! Patches of definitions. An entry is set by name and removed by null (botpress.md §1.3); other entries
//! stay.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
};

use super::{
    ActionDefinition, Attributes, BotDefinition, ChannelDefinition, ConfigurationDefinition,
    CreationRule, DeclaredSchema, EntityDefinition, EventDefinition, IntegrationDefinition,
    InterfaceImplementation, Named, RecurringEvent, StateDefinition, TagDefinition,
    attributes::merge_attributes,
};
use crate::kernel::Patch;

/// Entries to set, by name; `None` removes the entry.
pub type NamedPatch<T> = BTreeMap<String, Option<T>>;

/// Applies the entries of a patch.
pub(super) fn apply_entries<T>(patch: NamedPatch<T>, named: &mut Named<T>) {
    for (name, one) in patch {
        match one {
            Some(one) => named.insert(name, one),
            None => named.remove(&name),
        };
    }
}

/// Applies patches of events. A new definition keeps the attributes that it does not name (botpress-today.md §1).
pub(super) fn apply_events(patch: NamedPatch<EventDefinition>, named: &mut Named<EventDefinition>) {
    apply_with_attributes(patch, named, |event| &mut event.attributes);
}

/// Applies patches of actions, as [`apply_events`].
pub(super) fn apply_actions(
    patch: NamedPatch<ActionDefinition>,
    named: &mut Named<ActionDefinition>,
) {
    apply_with_attributes(patch, named, |action| &mut action.attributes);
}

fn apply_with_attributes<T>(
    patch: NamedPatch<T>,
    named: &mut Named<T>,
    attributes: impl Fn(&mut T) -> &mut Attributes,
) {
    for (name, one) in patch {
        let old = named.remove(&name);
        let Some(mut one) = one else { continue };
        let old = old.map(|mut old| mem::take(attributes(&mut old)));
        let mut merged = old.unwrap_or_default();
        merge_attributes(mem::take(attributes(&mut one)), &mut merged);
        *attributes(&mut one) = merged;
        named.insert(name, one);
    }
}

/// Applies patches of channels.
pub(super) fn apply_channels(
    patches: NamedPatch<ChannelPatch>,
    channels: &mut Named<ChannelDefinition>,
) {
    for (name, channel) in patches {
        match channel {
            Some(patch) => patch.apply(channels.entry(name).or_default()),
            None => drop(channels.remove(&name)),
        }
    }
}

fn set_if_present<T>(given: Option<T>, member: &mut T) {
    if let Some(given) = given {
        *member = given;
    }
}

/// A patch of a bot's definition.
#[derive(Debug, Clone, Default)]
pub struct BotDefinitionPatch {
    /// Tags of users.
    pub user: NamedPatch<TagDefinition>,
    /// Tags of conversations.
    pub conversation: NamedPatch<TagDefinition>,
    /// Tags of messages.
    pub message: NamedPatch<TagDefinition>,
    /// States.
    pub states: NamedPatch<StateDefinition>,
    /// Events.
    pub events: NamedPatch<EventDefinition>,
    /// Actions.
    pub actions: NamedPatch<ActionDefinition>,
    /// Recurring events.
    pub recurring_events: NamedPatch<RecurringEvent>,
    /// Schema of the configuration.
    pub configuration: Option<DeclaredSchema>,
    /// Tags of the bot itself; `None` removes one.
    pub tags: Attributes,
    /// Types of the events that the bot wants; null wants all.
    pub subscriptions: Patch<BTreeSet<String>>,
    /// Stored for clients, without effect.
    pub always_alive: Option<bool>,
}

impl BotDefinitionPatch {
    /// Drops the entries whose names `is_foreign` selects.
    pub(in crate::domain) fn drop_entries(&mut self, is_foreign: impl Fn(&str) -> bool) {
        self.user.retain(|name, _| !is_foreign(name));
        self.conversation.retain(|name, _| !is_foreign(name));
        self.message.retain(|name, _| !is_foreign(name));
        self.states.retain(|name, _| !is_foreign(name));
        self.events.retain(|name, _| !is_foreign(name));
        self.actions.retain(|name, _| !is_foreign(name));
    }

    /// Applies the patch.
    pub fn apply(self, definition: &mut BotDefinition) {
        apply_entries(self.user, &mut definition.user.tags);
        apply_entries(self.conversation, &mut definition.conversation.tags);
        apply_entries(self.message, &mut definition.message.tags);
        apply_entries(self.states, &mut definition.states);
        apply_events(self.events, &mut definition.events);
        apply_actions(self.actions, &mut definition.actions);
        apply_entries(self.recurring_events, &mut definition.recurring_events);
        set_if_present(self.configuration, &mut definition.configuration);
        merge_attributes(self.tags, &mut definition.tags);
        self.subscriptions.apply(&mut definition.subscriptions);
        if self.always_alive.is_some() {
            definition.always_alive = self.always_alive;
        }
    }
}

/// A patch of an integration's definition.
#[derive(Debug, Clone, Default)]
pub struct IntegrationDefinitionPatch {
    /// Schema of the default configuration.
    pub configuration: Option<DeclaredSchema>,
    /// VRL script that renders the address for the user to open.
    pub link_template_script: Patch<String>,
    /// True if an installation works only after it is linked.
    pub link_required: Option<bool>,
    /// Alternative configurations that a bot can choose.
    pub configurations: NamedPatch<ConfigurationPatch>,
    /// VRL script that extracts the identifier from a request on the shared webhook.
    pub extract_script: Patch<String>,
    /// VRL script that renders the response if no installation matches.
    pub fallback_handler_script: Patch<String>,
    /// Channels.
    pub channels: NamedPatch<ChannelPatch>,
    /// States.
    pub states: NamedPatch<StateDefinition>,
    /// Events.
    pub events: NamedPatch<EventDefinition>,
    /// Actions.
    pub actions: NamedPatch<ActionDefinition>,
    /// Tags of users.
    pub user_tags: NamedPatch<TagDefinition>,
    /// Rule for users that bots ask the integration to create.
    pub user_creation: Option<CreationRule>,
    /// Entities.
    pub entities: NamedPatch<EntityDefinition>,
    /// Implementations of interfaces; only their ids are resolved yet.
    pub interfaces: NamedPatch<InterfaceImplementation>,
    /// Attributes; `None` removes one.
    pub attributes: Attributes,
}

/// A patch of one of the alternative configurations.
#[derive(Debug, Clone, Default)]
pub struct ConfigurationPatch {
    /// Display name.
    pub title: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Schema of the configuration.
    pub schema: Option<DeclaredSchema>,
    /// VRL script that renders the address for the user to open.
    pub link_template_script: Patch<String>,
    /// True if an installation works only after it is linked.
    pub link_required: Option<bool>,
}

/// A patch of a channel.
#[derive(Debug, Clone, Default)]
pub struct ChannelPatch {
    /// Display name.
    pub title: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Message types, each with the schema of its payload.
    pub messages: NamedPatch<DeclaredSchema>,
    /// Tags of conversations.
    pub conversation_tags: NamedPatch<TagDefinition>,
    /// Rule for conversations that bots ask the integration to create.
    pub conversation_creation: Option<CreationRule>,
    /// Tags of messages.
    pub message_tags: NamedPatch<TagDefinition>,
}

impl IntegrationDefinitionPatch {
    /// Applies the patch.
    pub fn apply(self, definition: &mut IntegrationDefinition) {
        set_if_present(self.configuration, &mut definition.configuration.schema);
        let link = &mut definition.configuration.identifier;
        self.link_template_script
            .apply(&mut link.link_template_script);
        set_if_present(self.link_required, &mut link.required);
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
        apply_channels(self.channels, &mut definition.channels);
        apply_entries(self.states, &mut definition.states);
        apply_events(self.events, &mut definition.events);
        apply_actions(self.actions, &mut definition.actions);
        apply_entries(self.entities, &mut definition.entities);
        apply_entries(self.interfaces, &mut definition.interfaces);
        merge_attributes(self.attributes, &mut definition.attributes);
        apply_entries(self.user_tags, &mut definition.user.tags);
        set_if_present(self.user_creation, &mut definition.user.creation);
    }
}

impl ConfigurationPatch {
    fn apply(self, configuration: &mut ConfigurationDefinition) {
        if self.title.is_some() {
            configuration.title = self.title;
        }
        if self.description.is_some() {
            configuration.description = self.description;
        }
        set_if_present(self.schema, &mut configuration.schema);
        let link = &mut configuration.identifier;
        self.link_template_script
            .apply(&mut link.link_template_script);
        set_if_present(self.link_required, &mut link.required);
    }
}

impl ChannelPatch {
    fn apply(self, channel: &mut ChannelDefinition) {
        if self.title.is_some() {
            channel.title = self.title;
        }
        if self.description.is_some() {
            channel.description = self.description;
        }
        apply_entries(self.messages, &mut channel.messages);
        apply_entries(self.conversation_tags, &mut channel.conversation.tags);
        set_if_present(
            self.conversation_creation,
            &mut channel.conversation.creation,
        );
        apply_entries(self.message_tags, &mut channel.message.tags);
    }
}
