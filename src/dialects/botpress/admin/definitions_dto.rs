//! DTOs of the definitions that bots and integrations declare: tags, events and states.

use std::collections::BTreeMap;

use poem_openapi::{Enum, Object, types::Type};

use super::packages_dto::{AttributesDto, attributes_to_domain, attributes_to_dto};
use crate::{
    domain::bots::definitions::{self, DeclaredSchema, Named, NamedPatch, StateKind, TagSet},
    http::{JsonObject, Nullable},
    kernel::{Result, schema::Limits},
};

/// A tag definition.
#[derive(Object)]
pub struct TagDefinition {
    /// Display name.
    #[oai(validator(max_length = 64), skip_serializing_if_is_none)]
    title: Option<String>,
    /// Description of the tag.
    #[oai(validator(max_length = 256), skip_serializing_if_is_none)]
    description: Option<String>,
}

/// Tag definitions, by name.
pub type TagDefinitions = BTreeMap<String, TagDefinition>;

/// Entries to set, by name; null removes an entry.
pub type Patches<T> = BTreeMap<String, Nullable<T>>;

/// Converts patches; `given` converts one entry.
///
/// # Errors
/// The error of `given` for the first entry that it rejects.
pub fn patches_to_domain<T: Type, U>(
    patches: Option<Patches<T>>,
    given: impl Fn(T, &str) -> Result<U>,
) -> Result<NamedPatch<U>> {
    let mut taken = NamedPatch::new();
    for (name, Nullable(one)) in patches.unwrap_or_default() {
        let one = one.map(|one| given(one, &name)).transpose()?;
        taken.insert(name, one);
    }
    Ok(taken)
}

/// Converts patches of tag definitions.
pub fn tag_patches_to_domain(
    patches: Option<Patches<TagDefinition>>,
) -> NamedPatch<definitions::TagDefinition> {
    let patches = patches.unwrap_or_default().into_iter();
    patches
        .map(|(name, Nullable(tag))| (name, tag.map(Into::into)))
        .collect()
}

/// A patch of the tags of users, conversations or messages.
#[derive(Object, Default)]
#[oai(rename = "TaggedPatch")]
pub struct TagSetPatch {
    /// Tag definitions, by name; null removes one.
    pub tags: Option<Patches<TagDefinition>>,
}

impl From<TagDefinition> for definitions::TagDefinition {
    fn from(tag: TagDefinition) -> Self {
        Self {
            title: tag.title,
            description: tag.description,
        }
    }
}

/// Tags of users, conversations or messages.
#[derive(Object, Default)]
#[oai(rename = "Tagged")]
pub struct TagSetDto {
    /// Tag definitions, by name.
    tags: TagDefinitions,
}

/// Tags of users, conversations or messages in a request.
#[derive(Object, Default)]
#[oai(rename = "GivenTagged")]
pub struct TagSetRequest {
    /// Tag definitions, by name.
    tags: Option<TagDefinitions>,
}

impl From<TagSet> for TagSetDto {
    fn from(set: TagSet) -> Self {
        Self {
            tags: tags_to_dto(set.tags),
        }
    }
}

impl From<TagSetRequest> for TagSet {
    fn from(given: TagSetRequest) -> Self {
        Self {
            tags: given.tags.map(tags_to_domain).unwrap_or_default(),
        }
    }
}

/// Converts tag definitions for a response.
pub fn tags_to_dto(tags: Named<definitions::TagDefinition>) -> TagDefinitions {
    let shown = |tag: definitions::TagDefinition| TagDefinition {
        title: tag.title,
        description: tag.description,
    };
    tags.into_iter()
        .map(|(name, tag)| (name, shown(tag)))
        .collect()
}

/// Converts tag definitions of a request.
pub fn tags_to_domain(tags: TagDefinitions) -> Named<definitions::TagDefinition> {
    tags.into_iter()
        .map(|(name, tag)| (name, tag.into()))
        .collect()
}

/// Returns the source of a JSON Schema.
pub fn schema_to_dto(schema: &DeclaredSchema) -> JsonObject {
    JsonObject(schema.source().clone())
}

/// Parses the JSON Schema of a request. `name` is the field's path in error messages.
///
/// # Errors
/// `InvalidSchema` if the schema is not valid.
pub fn parse_schema(schema: JsonObject, name: &str, limits: &Limits) -> Result<DeclaredSchema> {
    DeclaredSchema::new(schema.0, name, limits)
}

/// An event definition.
#[derive(Object)]
pub struct EventDefinition {
    /// Display name.
    #[oai(validator(max_length = 64), skip_serializing_if_is_none)]
    title: Option<String>,
    /// Description of the event.
    #[oai(validator(max_length = 256), skip_serializing_if_is_none)]
    description: Option<String>,
    /// JSON Schema of the payload.
    schema: JsonObject,
    /// Attributes. They have no effect.
    #[oai(skip_serializing_if_is_none)]
    attributes: Option<AttributesDto>,
}

impl EventDefinition {
    /// Converts the definition; `name` is the event's name.
    ///
    /// # Errors
    /// `InvalidSchema` if the schema is not valid.
    pub fn into_domain(self, name: &str, limits: &Limits) -> Result<definitions::EventDefinition> {
        Ok(definitions::EventDefinition {
            title: self.title,
            description: self.description,
            schema: parse_schema(self.schema, &format!("events.{name}.schema"), limits)?,
            attributes: attributes_to_domain(self.attributes),
        })
    }
}

impl From<definitions::EventDefinition> for EventDefinition {
    fn from(event: definitions::EventDefinition) -> Self {
        Self {
            schema: schema_to_dto(&event.schema),
            title: event.title,
            description: event.description,
            attributes: attributes_to_dto(event.attributes),
        }
    }
}

/// Owner type of a bot's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum BotStateType {
    /// A conversation.
    Conversation,
    /// A user.
    User,
    /// The bot.
    Bot,
    /// A task.
    Task,
    /// A workflow.
    Workflow,
}

/// A state definition of a bot.
#[derive(Object)]
pub struct BotStateDefinition {
    /// Owner type of the state.
    r#type: BotStateType,
    /// JSON Schema of the payload.
    schema: JsonObject,
    /// Time without a write after which the state expires, in milliseconds.
    #[oai(validator(minimum(value = "1")), skip_serializing_if_is_none)]
    expiry: Option<f64>,
}

impl BotStateDefinition {
    /// Converts the definition; `name` is the state's name.
    ///
    /// # Errors
    /// `InvalidSchema` if the schema is not valid.
    pub fn into_domain(self, name: &str, limits: &Limits) -> Result<definitions::StateDefinition> {
        Ok(definitions::StateDefinition {
            kind: match self.r#type {
                BotStateType::Conversation => StateKind::Conversation,
                BotStateType::User => StateKind::User,
                BotStateType::Bot => StateKind::Bot,
                BotStateType::Task => StateKind::Task,
                BotStateType::Workflow => StateKind::Workflow,
            },
            schema: parse_schema(self.schema, &format!("states.{name}.schema"), limits)?,
            expiry: self.expiry,
        })
    }
}

impl From<definitions::StateDefinition> for BotStateDefinition {
    fn from(state: definitions::StateDefinition) -> Self {
        Self {
            r#type: match state.kind {
                StateKind::Conversation => BotStateType::Conversation,
                StateKind::User => BotStateType::User,
                StateKind::Bot | StateKind::Integration => BotStateType::Bot,
                StateKind::Task => BotStateType::Task,
                StateKind::Workflow => BotStateType::Workflow,
            },
            schema: schema_to_dto(&state.schema),
            expiry: state.expiry,
        }
    }
}
