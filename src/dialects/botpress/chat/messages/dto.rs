//! DTOs of messages.

use poem_openapi::{Enum, Object, types::Example};
use serde::Serialize;
use serde_json::json;

use crate::{
    dialects::botpress::{
        chat::{
            conversations,
            tags::{TagChanges, TagValues},
            users::{self, dto::EXAMPLE_TIME},
        },
        paging::PageMeta,
    },
    domain::{
        bots::{messages, schedules},
        shared::paging::Page,
    },
    http::{JsonObject, JsonText},
};

/// Id in every example.
pub const EXAMPLE_ID: &str = "0194bb14-7b22-7a90-b3d1-5e4c0d9f8a61";

/// Direction of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
enum Direction {
    /// From an integration to the bot.
    Incoming,
    /// From the bot to an integration.
    Outgoing,
}

/// A message.
#[derive(Object, Serialize)]
#[oai(rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Id of the message.
    id: String,
    /// Time of creation, in ISO 8601.
    created_at: String,
    /// Time of the last update, in ISO 8601.
    updated_at: String,
    /// Type of the message.
    r#type: String,
    /// Payload of the message.
    payload: JsonText,
    /// Direction of the message.
    direction: Direction,
    /// Id of the user who sent the message.
    user_id: String,
    /// Id of the conversation.
    conversation_id: String,
    /// Tags of the message.
    tags: TagValues,
    /// Origin of the message, if it is not simply written by a user or the bot.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<Origin>,
}

/// Origin of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize)]
#[oai(rename = "MessageOrigin", rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Made or imported by a program.
    Synthetic,
}

impl From<Origin> for messages::Origin {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::Synthetic => Self::Synthetic,
        }
    }
}

impl Message {
    /// Converts a message. The viewer is an integration, which also sees its own tags without prefix, or the
    /// bot (`None`).
    pub fn for_viewer(integration: Option<&str>, message: messages::Message) -> Self {
        Self {
            id: message.id.into(),
            created_at: message.created_at.to_rfc3339_millis(),
            updated_at: message.updated_at.to_rfc3339_millis(),
            r#type: message.kind,
            payload: JsonText(message.payload),
            direction: if message.incoming {
                Direction::Incoming
            } else {
                Direction::Outgoing
            },
            user_id: message.user_id.into(),
            conversation_id: message.conversation_id.into(),
            tags: message.tags.visible_to(integration),
            origin: message.origin.map(|origin| match origin {
                messages::Origin::Synthetic => Origin::Synthetic,
            }),
        }
    }
}

/// Returns the payload of the examples.
pub fn example_payload() -> JsonObject {
    JsonObject::from_value(json!({"text": "Hello"}))
}

impl Example for Message {
    fn example() -> Self {
        Self {
            id: EXAMPLE_ID.to_owned(),
            created_at: EXAMPLE_TIME.to_owned(),
            updated_at: EXAMPLE_TIME.to_owned(),
            r#type: "text".to_owned(),
            payload: JsonText((&example_payload().0).into()),
            direction: Direction::Incoming,
            user_id: users::dto::EXAMPLE_ID.to_owned(),
            conversation_id: conversations::dto::EXAMPLE_ID.to_owned(),
            tags: [("telegram:id".to_owned(), "501".to_owned())].into(),
            origin: None,
        }
    }
}

/// One message.
#[derive(Object, Serialize)]
#[oai(example, rename = "MessageResponse")]
pub struct MessageResponse {
    /// The message.
    pub message: Message,
}

impl Example for MessageResponse {
    fn example() -> Self {
        Self {
            message: Message::example(),
        }
    }
}

/// A page of messages.
#[derive(Object, Serialize)]
#[oai(example, rename = "listMessagesResponse")]
pub struct MessagesResponse {
    /// The messages, newest first.
    messages: Vec<Message>,
    /// Position of the next page.
    meta: PageMeta,
}

impl MessagesResponse {
    /// Converts a page. The viewer is an integration, which also sees its own tags without prefix, or the bot
    /// (`None`).
    pub fn for_viewer(integration: Option<&str>, page: Page<messages::Message>) -> Self {
        let shown = |message| Message::for_viewer(integration, message);
        Self {
            meta: PageMeta::new(page.next),
            messages: page.items.into_iter().map(shown).collect(),
        }
    }
}

impl Example for MessagesResponse {
    fn example() -> Self {
        Self {
            messages: vec![Message::example()],
            meta: PageMeta::default(),
        }
    }
}

/// Time of a delivery: either a time or a delay.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct Schedule {
    /// Time of the delivery, in ISO 8601. A time in the past means immediately.
    date_time: Option<String>,
    /// Delay of the delivery, in milliseconds.
    #[oai(validator(minimum(value = "0")))]
    delay: Option<f64>,
}

impl Example for Schedule {
    fn example() -> Self {
        Self {
            date_time: None,
            delay: Some(60_000.0),
        }
    }
}

impl From<Schedule> for schedules::Schedule {
    fn from(schedule: Schedule) -> Self {
        Self {
            date_time: schedule.date_time,
            delay: schedule.delay,
        }
    }
}

/// A new message.
#[derive(Object)]
#[oai(example, rename = "createMessageBody", rename_all = "camelCase")]
pub struct CreateMessageBody {
    /// Payload of the message. It must match the schema that the channel declares for the type.
    payload: JsonObject,
    /// Id of the user who sends the message; a bot passes its own id.
    user_id: String,
    /// Id of the conversation.
    conversation_id: String,
    /// Type of the message.
    r#type: String,
    /// Tags of the message.
    tags: TagChanges,
    /// Time of delivery; immediately if absent.
    schedule: Option<Schedule>,
    /// Origin of the message.
    origin: Option<Origin>,
}

impl Example for CreateMessageBody {
    fn example() -> Self {
        Self {
            payload: example_payload(),
            user_id: users::dto::EXAMPLE_ID.to_owned(),
            conversation_id: conversations::dto::EXAMPLE_ID.to_owned(),
            r#type: "text".to_owned(),
            tags: TagChanges::default(),
            schedule: None,
            origin: None,
        }
    }
}

impl From<CreateMessageBody> for messages::NewMessage {
    fn from(body: CreateMessageBody) -> Self {
        Self {
            conversation: body.conversation_id.into(),
            user: body.user_id.into(),
            content: messages::NewContent {
                kind: body.r#type,
                payload: body.payload.0,
                tags: body.tags.0,
                discriminators: None,
                origin: body.origin.map(Into::into),
            },
            schedule: body.schedule.map(Into::into),
            by_participant: false,
        }
    }
}

/// A message to find by its tags, or to create.
#[derive(Object)]
#[oai(example, rename = "getOrCreateMessageBody", rename_all = "camelCase")]
pub struct GetOrCreateMessageBody {
    /// Payload of the message. It must match the schema that the channel declares for the type.
    payload: JsonObject,
    /// Id of the user who sends the message; a bot passes its own id.
    user_id: String,
    /// Id of the conversation.
    conversation_id: String,
    /// Type of the message.
    r#type: String,
    /// Tags of the message.
    tags: TagChanges,
    /// Time of delivery; immediately if absent.
    schedule: Option<Schedule>,
    /// Origin of the message.
    origin: Option<Origin>,
    /// Names of the tags by which the message is found; if absent, user, type and all tags must be equal.
    discriminate_by_tags: Option<Vec<String>>,
}

impl Example for GetOrCreateMessageBody {
    fn example() -> Self {
        Self {
            payload: example_payload(),
            user_id: users::dto::EXAMPLE_ID.to_owned(),
            conversation_id: conversations::dto::EXAMPLE_ID.to_owned(),
            r#type: "text".to_owned(),
            tags: TagChanges::default(),
            schedule: None,
            origin: None,
            discriminate_by_tags: Some(vec!["id".to_owned()]),
        }
    }
}

impl From<GetOrCreateMessageBody> for messages::NewMessage {
    fn from(body: GetOrCreateMessageBody) -> Self {
        Self {
            conversation: body.conversation_id.into(),
            user: body.user_id.into(),
            content: messages::NewContent {
                kind: body.r#type,
                payload: body.payload.0,
                tags: body.tags.0,
                discriminators: body.discriminate_by_tags,
                origin: body.origin.map(Into::into),
            },
            schedule: body.schedule.map(Into::into),
            by_participant: false,
        }
    }
}

/// An update of a message. Absent fields and tags keep their value.
#[derive(Object)]
#[oai(example, rename = "updateMessageBody")]
pub struct UpdateMessageBody {
    /// Tags to set; an empty value removes a tag.
    // wire: the specification requires it, the reference page allows its absence (botpress.md §0)
    tags: Option<TagChanges>,
    /// New payload, which replaces the old one. It must match the schema of the message's type.
    payload: Option<JsonObject>,
}

impl Example for UpdateMessageBody {
    fn example() -> Self {
        Self {
            tags: Some(TagChanges::default()),
            payload: Some(example_payload()),
        }
    }
}

impl From<UpdateMessageBody> for messages::MessagePatch {
    fn from(body: UpdateMessageBody) -> Self {
        Self {
            tags: body.tags.unwrap_or_default().0,
            payload: body.payload.map(|payload| payload.0),
        }
    }
}
