//! The definition of one version of an interface: the entities, events, actions and channels that an integration
//! which implements it has (botpress-today.md §1).

use serde::{Deserialize, Serialize};

use super::{
    ActionDefinition, Attributes, ChannelDefinition, ChannelPatch, DeclaredSchema, EventDefinition,
    Named, NamedPatch,
    attributes::{check_attributes, check_attributes_of, merge_attributes},
    check_identifier,
    patch::{apply_actions, apply_channels, apply_entries, apply_events},
};
use crate::kernel::{Error, Kind, Patch, Result, ids::PackageId};

/// Maximum length of an entity's name, in bytes.
const MAX_ENTITY_NAME_BYTES: usize = 100;

/// A kind of object that actions and events refer to by `{"$ref": "name"}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntityDefinition {
    /// Display name, at most 64 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Description, at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Schema of the entity.
    pub schema: DeclaredSchema,
}

/// The script that makes the names of an implementation's actions and events. Stored for clients, without effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameTemplate {
    /// Script.
    pub script: String,
    /// Language of the script.
    pub language: String,
}

/// The definition of one version of an interface.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct InterfaceDefinition {
    /// Entities.
    pub entities: Named<EntityDefinition>,
    /// Events.
    pub events: Named<EventDefinition>,
    /// Actions.
    pub actions: Named<ActionDefinition>,
    /// Channels, without tags.
    pub channels: Named<ChannelDefinition>,
    /// Script for the names of an implementation's actions and events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_template: Option<NameTemplate>,
    /// Attributes; stored for clients, without effect.
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
    /// Version of the SDK that made the definition; stored, without effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdk_version: Option<String>,
}

/// An implementation of an interface in an integration: its version, and the integration's names for the parts of
/// the interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceImplementation {
    /// Id of the interface.
    pub id: PackageId,
    /// Name of the interface. Empty until the id is resolved.
    pub name: String,
    /// Version of the interface. Empty until the id is resolved.
    pub version: String,
    /// Names of entities, by their names in the interface.
    #[serde(default)]
    pub entities: Named<String>,
    /// Names of actions, by their names in the interface.
    #[serde(default)]
    pub actions: Named<String>,
    /// Names of events, by their names in the interface.
    #[serde(default)]
    pub events: Named<String>,
    /// Names of channels, by their names in the interface.
    #[serde(default)]
    pub channels: Named<String>,
}

impl InterfaceDefinition {
    /// Validates the names that the developer chose.
    ///
    /// # Errors
    /// `InvalidIdentifier` for a bad name, `Invalid` for attributes out of bounds.
    pub fn check(&self) -> Result<()> {
        check_entities(&self.entities)?;
        let places = [
            ("events", self.events.keys().collect::<Vec<_>>()),
            ("actions", self.actions.keys().collect()),
            ("channels", self.channels.keys().collect()),
        ];
        for (place, names) in places {
            for name in names {
                check_identifier(name, place)?;
            }
        }
        for (name, channel) in &self.channels {
            let place = format!("channels.{name}.messages");
            let mut names = channel.messages.keys();
            names.try_for_each(|name| check_identifier(name, &place))?;
        }
        check_attributes(&self.attributes, "attributes")?;
        check_attributes_of(&self.events, "events", |event| &event.attributes)?;
        check_attributes_of(&self.actions, "actions", |action| &action.attributes)
    }
}

/// Checks the names of entities. References contain them, so they have no slash and no colon.
///
/// # Errors
/// `InvalidIdentifier` for any other name.
pub(super) fn check_entities(entities: &Named<EntityDefinition>) -> Result<()> {
    let fits = |name: &&String| {
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        (1..=MAX_ENTITY_NAME_BYTES).contains(&name.len()) && name.bytes().all(letters)
    };
    match entities.keys().find(|name| !fits(name)) {
        None => Ok(()),
        Some(name) => Err(Error::new(
            Kind::InvalidIdentifier,
            format!(
                "entities: {name:?} must have 1 to {MAX_ENTITY_NAME_BYTES} letters, digits, _ and -"
            ),
        )),
    }
}

/// A patch of an interface's definition.
#[derive(Debug, Clone, Default)]
pub struct InterfaceDefinitionPatch {
    /// Entities.
    pub entities: NamedPatch<EntityDefinition>,
    /// Events.
    pub events: NamedPatch<EventDefinition>,
    /// Actions.
    pub actions: NamedPatch<ActionDefinition>,
    /// Channels.
    pub channels: NamedPatch<ChannelPatch>,
    /// Script for the names of an implementation's actions and events.
    pub name_template: Patch<NameTemplate>,
    /// Attributes; `None` removes one.
    pub attributes: Attributes,
    /// Version of the SDK that made the definition.
    pub sdk_version: Option<String>,
}

impl InterfaceDefinitionPatch {
    /// Applies the patch.
    pub fn apply(self, definition: &mut InterfaceDefinition) {
        apply_entries(self.entities, &mut definition.entities);
        apply_events(self.events, &mut definition.events);
        apply_actions(self.actions, &mut definition.actions);
        apply_channels(self.channels, &mut definition.channels);
        self.name_template.apply(&mut definition.name_template);
        merge_attributes(self.attributes, &mut definition.attributes);
        if self.sdk_version.is_some() {
            definition.sdk_version = self.sdk_version;
        }
    }
}
