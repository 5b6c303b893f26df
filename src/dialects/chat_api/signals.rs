//! Signals: what the listeners of a conversation get.

use poem_openapi::{
    Object,
    types::{Example, ToJSON},
};
use serde_json::{Value, json};

use super::{events::Event, messages::dto::Message};
use crate::{domain::webchat, http::JsonObject};

/// Renders a signal as JSON.
pub fn render_signal(signal: &webchat::Signal) -> String {
    Signal::from(signal).to_json_string()
}

/// A signal: something that happened in a conversation.
#[derive(Object)]
#[oai(example, rename = "Signal")]
pub struct Signal {
    /// Type of the signal: `message_created`, `message_deleted`, `message_stream_delta`,
    /// `message_stream_complete`, `message_stream_abort`, `event_created`, `participant_added` or
    /// `participant_removed`.
    r#type: String,
    /// For a creation: the message or event, with `isBot`. For a part of a message: its text, its position and
    /// the IDs. For the other types: the IDs of the objects concerned; `message_stream_complete` has the message
    /// too.
    data: JsonObject,
}

impl Example for Signal {
    fn example() -> Self {
        let mut data = Message::example().to_json().unwrap_or_default();
        data["isBot"] = true.into();
        Self {
            r#type: "message_created".to_owned(),
            data: JsonObject::from_value(data),
        }
    }
}

impl From<&webchat::Signal> for Signal {
    fn from(signal: &webchat::Signal) -> Self {
        let with_bot = |shown: Option<Value>, is_bot: bool| {
            let mut shown = shown.unwrap_or_default();
            shown["isBot"] = is_bot.into();
            shown
        };
        let (kind, data) = match signal {
            webchat::Signal::MessageCreated(message) => {
                let shown = Message::from(message.clone()).to_json();
                ("message_created", with_bot(shown, message.is_bot))
            }
            webchat::Signal::MessageStreamDelta {
                stream,
                conversation,
                user,
                created_at,
                client_message_id,
                sequence,
                delta,
            } => {
                let mut data = json!({
                    "streamId": stream,
                    "conversationId": conversation,
                    "userId": user,
                    "createdAt": created_at,
                    "sequence": sequence,
                    "delta": delta,
                });
                if let Some(id) = client_message_id {
                    data["clientMessageId"] = id.as_str().into();
                }
                ("message_stream_delta", data)
            }
            webchat::Signal::MessageStreamCompleted { stream, message } => {
                let shown = Message::from(message.clone()).to_json();
                (
                    "message_stream_complete",
                    json!({"streamId": stream, "message": shown}),
                )
            }
            webchat::Signal::MessageStreamAborted {
                stream,
                conversation,
            } => (
                "message_stream_abort",
                json!({"streamId": stream, "conversationId": conversation}),
            ),
            webchat::Signal::MessageDeleted {
                id,
                conversation,
                user,
            } => (
                "message_deleted",
                json!({"id": id, "conversationId": conversation, "userId": user}),
            ),
            webchat::Signal::EventCreated(event) => {
                let shown = Event::from(event.clone()).to_json();
                ("event_created", with_bot(shown, event.is_bot))
            }
            webchat::Signal::ParticipantAdded {
                conversation,
                participant,
            } => (
                "participant_added",
                participant_data(conversation, participant),
            ),
            webchat::Signal::ParticipantRemoved {
                conversation,
                participant,
            } => (
                "participant_removed",
                participant_data(conversation, participant),
            ),
        };
        Self {
            r#type: kind.to_owned(),
            data: JsonObject::from_value(data),
        }
    }
}

fn participant_data(conversation: &str, participant: &str) -> Value {
    json!({"conversationId": conversation, "participantId": participant})
}
