//! What bots and integrations declare, as wire types.

use std::collections::BTreeMap;

use poem_openapi::{Enum, Object, types::Type};

use crate::{
    domain::bots::definitions::{self, DeclaredSchema, Named, NamedPatch, StateKind, TagSet},
    http::{JsonObject, Nullable},
    kernel::{Result, schema::Limits},
};

/// A tag that may be set.
#[derive(Object)]
pub struct TagDefinition {
    /// Its name for people.
    #[oai(validator(max_length = 64), skip_serializing_if_is_none)]
    title: Option<String>,
    /// What it means.
    #[oai(validator(max_length = 256), skip_serializing_if_is_none)]
    description: Option<String>,
}

/// Tags that may be set, by name.
pub type TagDefinitions = BTreeMap<String, TagDefinition>;

/// Things by name to be set, or removed with null.
pub type Patches<T> = BTreeMap<String, Nullable<T>>;

/// Patches as the domain takes them.
///
/// # Errors
/// That of `given` for the first one that is wrong.
pub fn given_patches<T: Type, U>(
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

/// Patches of tags as the domain takes them.
pub fn given_tag_patches(patches: Option<Patches<TagDefinition>>) -> NamedPatch<definitions::Tag> {
    let patches = patches.unwrap_or_default().into_iter();
    patches
        .map(|(name, Nullable(tag))| (name, tag.map(Into::into)))
        .collect()
}

/// A change of the tags of users, of conversations or of messages.
#[derive(Object, Default)]
pub struct TaggedPatch {
    /// By name; null removes one.
    pub tags: Option<Patches<TagDefinition>>,
}

impl From<TagDefinition> for definitions::Tag {
    fn from(tag: TagDefinition) -> Self {
        Self {
            title: tag.title,
            description: tag.description,
        }
    }
}

/// The tags of users, of conversations or of messages.
#[derive(Object, Default)]
pub struct Tagged {
    /// By name.
    tags: TagDefinitions,
}

/// The tags of users, of conversations or of messages, as they are given.
#[derive(Object, Default)]
pub struct GivenTagged {
    /// By name.
    tags: Option<TagDefinitions>,
}

impl From<TagSet> for Tagged {
    fn from(set: TagSet) -> Self {
        Self {
            tags: shown_tags(set.tags),
        }
    }
}

impl From<GivenTagged> for TagSet {
    fn from(given: GivenTagged) -> Self {
        Self {
            tags: given.tags.map(given_tags).unwrap_or_default(),
        }
    }
}

/// Tags as they are shown.
pub fn shown_tags(tags: Named<definitions::Tag>) -> TagDefinitions {
    let shown = |tag: definitions::Tag| TagDefinition {
        title: tag.title,
        description: tag.description,
    };
    tags.into_iter()
        .map(|(name, tag)| (name, shown(tag)))
        .collect()
}

/// Tags as they are given.
pub fn given_tags(tags: TagDefinitions) -> Named<definitions::Tag> {
    tags.into_iter()
        .map(|(name, tag)| (name, tag.into()))
        .collect()
}

/// A JSON Schema as it is shown.
pub fn shown_schema(schema: &DeclaredSchema) -> JsonObject {
    JsonObject(schema.source().clone())
}

/// A JSON Schema as it is given, for the member `name`.
///
/// # Errors
/// `InvalidSchema` for what is none.
pub fn given_schema(schema: JsonObject, name: &str, limits: &Limits) -> Result<DeclaredSchema> {
    DeclaredSchema::new(schema.0, name, limits)
}

/// An event that may happen.
#[derive(Object)]
pub struct EventDefinition {
    /// Its name for people.
    #[oai(validator(max_length = 64), skip_serializing_if_is_none)]
    title: Option<String>,
    /// What it means.
    #[oai(validator(max_length = 256), skip_serializing_if_is_none)]
    description: Option<String>,
    /// The JSON Schema of its payload.
    schema: JsonObject,
}

impl EventDefinition {
    /// The event of this name, as the domain takes it.
    ///
    /// # Errors
    /// `InvalidSchema`.
    pub fn given(self, name: &str, limits: &Limits) -> Result<definitions::Event> {
        Ok(definitions::Event {
            title: self.title,
            description: self.description,
            schema: given_schema(self.schema, &format!("events.{name}.schema"), limits)?,
        })
    }
}

impl From<definitions::Event> for EventDefinition {
    fn from(event: definitions::Event) -> Self {
        Self {
            schema: shown_schema(&event.schema),
            title: event.title,
            description: event.description,
        }
    }
}

/// What a state of a bot is kept with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "lowercase")]
pub enum BotStateType {
    /// A conversation.
    Conversation,
    /// A user.
    User,
    /// The bot.
    Bot,
}

/// A state that a bot may keep.
#[derive(Object)]
pub struct BotStateDefinition {
    /// What it is kept with.
    r#type: BotStateType,
    /// The JSON Schema of its payload.
    schema: JsonObject,
    /// After how many milliseconds without a change it ends.
    #[oai(validator(minimum(value = "1")), skip_serializing_if_is_none)]
    expiry: Option<f64>,
}

impl BotStateDefinition {
    /// The state of this name, as the domain takes it.
    ///
    /// # Errors
    /// `InvalidSchema`.
    pub fn given(self, name: &str, limits: &Limits) -> Result<definitions::State> {
        Ok(definitions::State {
            kind: match self.r#type {
                BotStateType::Conversation => StateKind::Conversation,
                BotStateType::User => StateKind::User,
                BotStateType::Bot => StateKind::Bot,
            },
            schema: given_schema(self.schema, &format!("states.{name}.schema"), limits)?,
            expiry: self.expiry,
        })
    }
}

impl From<definitions::State> for BotStateDefinition {
    fn from(state: definitions::State) -> Self {
        Self {
            r#type: match state.kind {
                StateKind::Conversation => BotStateType::Conversation,
                StateKind::User => BotStateType::User,
                StateKind::Bot | StateKind::Integration => BotStateType::Bot,
            },
            schema: shown_schema(&state.schema),
            expiry: state.expiry,
        }
    }
}
