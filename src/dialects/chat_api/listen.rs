//! `/conversations/{id}/listen`: the signals of a conversation, as server-sent events or over a WebSocket.

use std::io;

use futures_util::stream;
use poem::{Body, IntoResponse, Request, Response, http::StatusCode};
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Path, Query},
    payload::Payload,
    registry::{MetaSchemaRef, Registry},
    types::Type,
};

use super::{
    Tag,
    auth::{UserAuth, asks_for_websocket},
    error::Failed,
    signals::{Signal, render_signal},
};
use crate::{
    domain::webchat::{self, StreamItem, Subscription},
    http::event_stream,
};

/// Text that tells a client that the stream is alive.
const HEARTBEAT: &str = "ping";

/// OpenAPI operation on event streams.
pub struct ListenApi;

fn to_sse(next: &StreamItem) -> String {
    match next {
        StreamItem::Signal(signal) => {
            event_stream::format_sse_event("message", &render_signal(signal))
        }
        // wire: a message instead of a comment, because the client's watchdog waits for messages
        StreamItem::Heartbeat => event_stream::format_sse_event("message", HEARTBEAT),
    }
}

fn to_frame(next: &StreamItem) -> String {
    match next {
        StreamItem::Signal(signal) => render_signal(signal),
        StreamItem::Heartbeat => HEARTBEAT.to_owned(),
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

/// The text frames of a WebSocket: signals as they happen. The response has status 101 and no body yet: whoever
/// forwards it to the connection makes the WebSocket (`dialects::botpress::inbound::web_sockets`).
struct FrameStream(Subscription);

impl Payload for FrameStream {
    const CONTENT_TYPE: &'static str = "application/json";

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

impl IntoResponse for FrameStream {
    fn into_response(self) -> Response {
        let frames = stream::unfold(self.0, |mut subscription| async move {
            let frame = to_frame(&subscription.next().await?);
            Some((Ok::<_, io::Error>(frame), subscription))
        });
        Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .body(Body::from_bytes_stream(frames))
    }
}

/// Response to a listen request.
#[derive(ApiResponse)]
enum ListenResponse {
    /// Signals from now on
    #[oai(status = 200)]
    Ok(SignalStream),
    /// Signals from now on, as the text frames of a WebSocket
    #[oai(status = 101)]
    Switching(FrameStream),
}

#[OpenApi(tag = "Tag::Conversation")]
impl ListenApi {
    /// Listen Conversation
    ///
    /// Streams the signals of a conversation that the user takes part in, as server-sent events; to a WebSocket
    /// handshake as text frames. Earlier messages are not repeated: to catch up after a reconnect, list the
    /// messages once the stream is open.
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
        /// The user's key, for WebSockets: browsers send no headers of a page with their handshake.
        #[oai(name = "x-user-key")]
        _user_key: Query<Option<String>>,
        request: &Request,
    ) -> Result<ListenResponse, Failed> {
        let subscription = webchat::listen(&caller.0, &id.0)?;
        Ok(match asks_for_websocket(request) {
            true => ListenResponse::Switching(FrameStream(subscription)),
            false => ListenResponse::Ok(SignalStream(subscription)),
        })
    }
}
