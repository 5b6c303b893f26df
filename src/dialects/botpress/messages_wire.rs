//! Messages as Botpress shows and takes them.

use poem_openapi::{Enum, Object, types::Example};
use serde::Serialize;
use serde_json::json;

use super::{
    conversations_wire,
    paging::Meta,
    tags::{GivenTags, ShownTags},
    users_wire::{self, EXAMPLE_TIME},
};
use crate::{
    domain::{
        bots::{messages, schedules},
        shared::paging::Page,
    },
    http::{JsonObject, JsonText},
};

/// The id in every example.
pub const EXAMPLE_ID: &str = "0194bb14-7b22-7a90-b3d1-5e4c0d9f8a61";

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Serialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
enum Direction {
    /// From an integration to the bot.
    Incoming,
    /// From the bot.
    Outgoing,
}

/// A message.
#[derive(Object, Serialize)]
#[oai(rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Its id.
    id: String,
    /// When it was created, in ISO 8601.
    created_at: String,
    /// Its type.
    r#type: String,
    /// What it says.
    payload: JsonText,
    /// Which way it went.
    direction: Direction,
    /// The id of the user who wrote it.
    user_id: String,
    /// The id of the conversation that it is in.
    conversation_id: String,
    /// Its tags.
    tags: ShownTags,
}

impl Message {
    /// A message as an integration sees it, or a bot.
    pub fn seen_by(integration: Option<&str>, message: messages::Message) -> Self {
        Self {
            id: message.id.into(),
            created_at: message.created_at.to_rfc3339_millis(),
            r#type: message.kind,
            payload: JsonText(message.payload),
            direction: if message.incoming {
                Direction::Incoming
            } else {
                Direction::Outgoing
            },
            user_id: message.user_id.into(),
            conversation_id: message.conversation_id.into(),
            tags: message.tags.seen_by(integration),
        }
    }
}

/// An example of a payload.
fn example_payload() -> JsonObject {
    JsonObject::of(json!({"text": "Hello"}))
}

impl Example for Message {
    fn example() -> Self {
        Self {
            id: EXAMPLE_ID.to_owned(),
            created_at: EXAMPLE_TIME.to_owned(),
            r#type: "text".to_owned(),
            payload: JsonText((&example_payload().0).into()),
            direction: Direction::Incoming,
            user_id: users_wire::EXAMPLE_ID.to_owned(),
            conversation_id: conversations_wire::EXAMPLE_ID.to_owned(),
            tags: [("telegram:id".to_owned(), "501".to_owned())].into(),
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
    /// Where the next page is.
    meta: Meta,
}

impl MessagesResponse {
    /// A page as an integration sees it, or a bot.
    pub fn seen_by(integration: Option<&str>, page: Page<messages::Message>) -> Self {
        let shown = |message| Message::seen_by(integration, message);
        Self {
            meta: Meta::new(page.next),
            messages: page.items.into_iter().map(shown).collect(),
        }
    }
}

impl Example for MessagesResponse {
    fn example() -> Self {
        Self {
            messages: vec![Message::example()],
            meta: Meta::default(),
        }
    }
}

/// When something is delivered: either of the two.
#[derive(Object)]
#[oai(rename_all = "camelCase")]
pub struct Schedule {
    /// At this time, in ISO 8601. One that has passed is now.
    date_time: Option<String>,
    /// After this many milliseconds.
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
    /// What it says. It keeps to what the channel declares of its type.
    payload: JsonObject,
    /// The id of the user who writes it; the bot's own for the bot.
    user_id: String,
    /// The id of the conversation that it goes into.
    conversation_id: String,
    /// Its type.
    r#type: String,
    /// Its tags.
    tags: GivenTags,
    /// When it is delivered; at once if absent.
    schedule: Option<Schedule>,
}

impl Example for CreateMessageBody {
    fn example() -> Self {
        Self {
            payload: example_payload(),
            user_id: users_wire::EXAMPLE_ID.to_owned(),
            conversation_id: conversations_wire::EXAMPLE_ID.to_owned(),
            r#type: "text".to_owned(),
            tags: GivenTags::default(),
            schedule: None,
        }
    }
}

impl From<CreateMessageBody> for messages::New {
    fn from(body: CreateMessageBody) -> Self {
        Self {
            conversation: body.conversation_id.into(),
            user: body.user_id.into(),
            kind: body.r#type,
            payload: body.payload.0,
            tags: body.tags.0,
            schedule: body.schedule.map(Into::into),
            by_participant: false,
        }
    }
}
