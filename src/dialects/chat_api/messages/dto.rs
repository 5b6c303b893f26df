//! DTOs of messages. Here the type is a member of the payload, and `metadata` is beside the payload; the
//! domain stores the type beside the payload, and `metadata` in it.

use poem_openapi::{Object, types::Example};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    dialects::chat_api::{
        conversations,
        paging::Meta,
        users::{self, dto::EXAMPLE_TIME},
    },
    domain::{shared::paging::Page, webchat},
    http::JsonObject,
    kernel::{Error, Rule, Violation},
};

/// Message ID in the examples of the OpenAPI document.
pub const EXAMPLE_ID: &str = "0194bb14-7b22-7a90-b3d1-5e4c0d9f8a61";

/// Type of a message that consists of several parts.
const BLOC: &str = "bloc";

/// A message.
#[derive(Object, Serialize)]
#[oai(rename_all = "camelCase")]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// ID of the message.
    id: String,
    /// Time of creation (ISO 8601).
    created_at: String,
    /// Payload of the message: `type` and the members that belong to the type.
    payload: JsonObject,
    /// ID of the user who sent the message, or of the bot.
    user_id: String,
    /// ID of the conversation.
    conversation_id: String,
    /// Metadata of the message.
    #[oai(skip_serializing_if_is_none)]
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<JsonObject>,
}

impl From<webchat::Message> for Message {
    fn from(message: webchat::Message) -> Self {
        let mut payload = message.payload;
        let metadata = match payload.remove("metadata") {
            Some(Value::Object(members)) => Some(JsonObject(members)),
            _ => None,
        };
        if message.kind == BLOC {
            map_items(&mut payload, flatten_part);
        }
        Self {
            id: message.id.into(),
            created_at: message.created_at.to_rfc3339_millis(),
            payload: JsonObject(with_type(message.kind, payload)),
            user_id: message.user,
            conversation_id: message.conversation,
            metadata,
        }
    }
}

/// Returns the payload with its type as the first member.
fn with_type(kind: String, payload: Map<String, Value>) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("type".to_owned(), kind.into());
    members.extend(payload.into_iter().filter(|(name, _)| name != "type"));
    members
}

fn map_items(payload: &mut Map<String, Value>, change: fn(Value) -> Value) {
    if let Some(Value::Array(items)) = payload.get_mut("items") {
        for item in items {
            *item = change(item.take());
        }
    }
}

/// Converts a part of a message to the client's format: `{type, text}`.
fn flatten_part(item: Value) -> Value {
    match item {
        Value::Object(mut members) => {
            let kind = members.remove("type");
            let payload = members.remove("payload");
            match (kind, payload) {
                (Some(Value::String(kind)), Some(Value::Object(payload))) => {
                    Value::Object(with_type(kind, payload))
                }
                (kind, payload) => json!({"type": kind, "payload": payload}),
            }
        }
        other => other,
    }
}

/// Converts a part of a message to the bot's format: `{type, payload: {text}}`.
fn nest_part(item: Value) -> Value {
    match item {
        Value::Object(mut members) => {
            let kind = members.remove("type");
            json!({"type": kind, "payload": members})
        }
        other => other,
    }
}

/// Returns a payload for the examples of the OpenAPI document.
fn example_payload() -> JsonObject {
    JsonObject::from_value(json!({"type": "text", "text": "Hello"}))
}

impl Example for Message {
    fn example() -> Self {
        Self {
            id: EXAMPLE_ID.to_owned(),
            created_at: EXAMPLE_TIME.to_owned(),
            payload: example_payload(),
            user_id: users::dto::EXAMPLE_ID.to_owned(),
            conversation_id: conversations::dto::EXAMPLE_ID.to_owned(),
            metadata: None,
        }
    }
}

/// A message in a response.
#[derive(Object, Serialize)]
#[oai(example, rename = "MessageResponse")]
pub struct MessageResponse {
    /// The message.
    message: Message,
}

impl From<webchat::Message> for MessageResponse {
    fn from(message: webchat::Message) -> Self {
        Self {
            message: message.into(),
        }
    }
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
    /// Token of the next page.
    meta: Meta,
}

impl From<Page<webchat::Message>> for MessagesResponse {
    fn from(page: Page<webchat::Message>) -> Self {
        Self {
            messages: page.items.into_iter().map(Into::into).collect(),
            meta: Meta::new(page.next),
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

/// A new message.
#[derive(Object)]
#[oai(example, rename = "createMessageBody", rename_all = "camelCase")]
pub struct CreateMessageBody {
    /// Payload of the message: `type` (text, markdown, image, audio, video, file, location, card, carousel,
    /// choice, dropdown or bloc) and the members that belong to the type.
    payload: JsonObject,
    /// ID of the conversation.
    conversation_id: String,
    /// Metadata of the message.
    metadata: Option<JsonObject>,
}

impl Example for CreateMessageBody {
    fn example() -> Self {
        Self {
            payload: example_payload(),
            conversation_id: conversations::dto::EXAMPLE_ID.to_owned(),
            metadata: None,
        }
    }
}

impl TryFrom<CreateMessageBody> for webchat::NewMessage {
    type Error = Error;

    fn try_from(body: CreateMessageBody) -> Result<Self, Error> {
        let mut payload = body.payload.0;
        let broken = |rule| Error::from(Violation::body(["payload", "type"], rule));
        let kind = match payload.remove("type") {
            Some(Value::String(kind)) => kind,
            Some(_) => {
                let expected = vec!["string".to_owned()];
                return Err(broken(Rule::Type { expected }));
            }
            None => return Err(broken(Rule::Required)),
        };
        if kind == BLOC {
            map_items(&mut payload, nest_part);
        }
        if let Some(metadata) = body.metadata {
            payload.insert("metadata".to_owned(), Value::Object(metadata.0));
        }
        Ok(Self {
            conversation: body.conversation_id,
            kind,
            payload,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bloc_keeps_its_parts_on_the_way_in_and_out() {
        let part = json!({"type": "image", "imageUrl": "https://example.com/a.png"});
        assert_eq!(flatten_part(nest_part(part.clone())), part);
        assert_eq!(flatten_part(json!("x")), json!("x"));
        let odd = json!({"type": "text", "payload": null});
        assert_eq!(flatten_part(json!({"type": "text"})), odd);
    }
}
