//! `/conversations/{id}/listen`: the signals of a conversation as server-sent events.

use std::io;

use futures_util::stream;
use poem::{Body, IntoResponse, Response};
use poem_openapi::{
    ApiResponse, Object, OpenApi,
    param::Path,
    payload::Payload,
    registry::{MetaSchemaRef, Registry},
    types::{Example, ToJSON, Type},
};
use serde_json::{Value, json};

use super::{Tag, auth::UserAuth, error::Failed, events::Event, messages::dto::Message};
use crate::{
    domain::webchat::{self, StreamItem, Subscription},
    http::{JsonObject, event_stream},
};

/// OpenAPI operation on event streams.
pub struct ListenApi;

/// A signal: something that happened in a conversation.
#[derive(Object)]
#[oai(example, rename = "Signal")]
struct Signal {
    /// Type of the signal: `message_created`, `message_deleted`, `event_created`, `participant_added` or
    /// `participant_removed`.
    r#type: String,
    /// For a creation: the message or event, with `isBot`. For the other types: the IDs of the objects
    /// concerned.
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

fn to_sse(next: &StreamItem) -> String {
    match next {
        StreamItem::Signal(signal) => {
            let signal = Signal::from(&**signal).to_json_string();
            event_stream::format_sse_event("message", &signal)
        }
        // wire: a message instead of a comment, because the client's watchdog waits for messages
        StreamItem::Heartbeat => event_stream::format_sse_event("message", "ping"),
    }
}

/// Body of an event stream: signals as they happen.
struct SignalStream(Subscription);

impl Payload for SignalStream {
    const CONTENT_TYPE: &'static str = event_stream::MEDIA_TYPE;

    fn check_content_type(content_type: &str) -> bool {
        content_type == Self::CONTENT_TYPE
    }

    fn schema_ref() -> MetaSchemaRef {
        Signal::schema_ref()
    }

    fn register(registry: &mut Registry) {
        Signal::register(registry);
    }
}

impl IntoResponse for SignalStream {
    fn into_response(self) -> Response {
        let texts = stream::unfold((self.0, true), |(mut subscription, is_first)| async move {
            let text = match is_first {
                // At once, so that proxies forward the response.
                true => event_stream::format_sse_comment("listening"),
                false => to_sse(&subscription.next().await?),
            };
            Some((Ok::<_, io::Error>(text), (subscription, false)))
        });
        Response::builder()
            .content_type(Self::CONTENT_TYPE)
            // Proxies must not buffer the stream.
            .header("cache-control", "no-cache, no-transform")
            .header("x-accel-buffering", "no")
            .body(Body::from_bytes_stream(texts))
    }
}

/// Response to a listen request.
#[derive(ApiResponse)]
enum ListenResponse {
    /// Signals from now on
    #[oai(status = 200)]
    Ok(SignalStream),
}

#[OpenApi(tag = "Tag::Conversation")]
impl ListenApi {
    /// Listen Conversation
    ///
    /// Streams the signals of a conversation that the user takes part in, as server-sent events. Earlier
    /// messages are not repeated: to catch up after a reconnect, list the messages once the stream is open.
    #[oai(
        path = "/conversations/:id/listen",
        method = "get",
        operation_id = "listenConversation"
    )]
    async fn listen_conversation(
        &self,
        caller: UserAuth,
        /// ID of the conversation.
        id: Path<String>,
    ) -> Result<ListenResponse, Failed> {
        let subscription = webchat::listen(&caller.0, &id.0)?;
        Ok(ListenResponse::Ok(SignalStream(subscription)))
    }
}
