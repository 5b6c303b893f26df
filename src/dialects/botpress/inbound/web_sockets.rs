//! WebSockets: the handshake, the frames of a native program's response, and the end of a connection.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::{Sink, SinkExt, Stream, StreamExt};
use poem::{
    FromRequest, IntoResponse, Request, RequestBody, Response,
    http::header,
    web::websocket::{Message, WebSocket, WebSocketConfig, WebSocketStream},
};

use crate::{engine::BodyStream, kernel::clock::with_timeout, net::tunnels::CloseReason};

/// Maximum time for a client to accept a frame and to close its side.
pub(super) const CLIENT_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum number of bytes of a client's message where clients have nothing to say.
const MAX_CLIENT_MESSAGE_BYTES: usize = 16 * 1024;

/// End of a program's frames: the server stops, or the client lost the right to them.
const GOING_AWAY: CloseReason = CloseReason {
    code: 1001,
    reason: "the stream ends",
};

/// True if the request asks for a WebSocket.
pub(super) fn is_websocket_handshake(request: &Request) -> bool {
    let upgrade = request.header(header::UPGRADE);
    upgrade.is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket"))
}

/// Takes the connection of a complete WebSocket handshake. The request can still be answered without it.
pub(super) async fn take_websocket(request: &Request) -> Option<WebSocket> {
    if !is_websocket_handshake(request) {
        return None;
    }
    let socket = WebSocket::from_request(request, &mut RequestBody::default()).await;
    socket.ok()
}

/// Returns the response that completes the handshake. Each text of the stream becomes a text frame.
pub(super) fn send_frames(socket: WebSocket, frames: BodyStream) -> Response {
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_CLIENT_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_CLIENT_MESSAGE_BYTES));
    // The framework asks for `Sync`, which the stream is not.
    let frames = Mutex::new(frames);
    let work = |socket| {
        let frames = frames.into_inner().unwrap_or_else(PoisonError::into_inner);
        serve_frames(socket, frames)
    };
    socket.config(config).on_upgrade(work).into_response()
}

async fn serve_frames(socket: WebSocketStream, frames: BodyStream) {
    let (mut sink, mut stream) = socket.split();
    let mut frames = frames.0;
    // The library answers pings while messages are read. The other messages have no meaning.
    let hear = async {
        while let Some(Ok(message)) = stream.next().await {
            if matches!(message, Message::Close(_)) {
                break;
            }
        }
    };
    let speak = async {
        while let Some(frame) = frames.next().await {
            let sent = with_timeout(CLIENT_TIMEOUT, sink.send(Message::Text(frame))).await;
            if !matches!(sent, Ok(Ok(()))) {
                return false;
            }
        }
        true
    };
    let at_end = tokio::select! {
        () = hear => false,
        at_end = speak => at_end,
    };
    // The program's resources are free before the close handshake.
    drop(frames);
    if at_end && let Ok(mut socket) = sink.reunite(stream) {
        close_socket(&mut socket, GOING_AWAY).await;
    }
}

/// Sends the close frame and waits until the client closes, because data may be lost if the server closes
/// first.
pub(super) async fn close_socket<S, E>(socket: &mut S, close: CloseReason)
where
    S: Stream<Item = Result<Message, E>> + Sink<Message, Error = E> + Unpin,
{
    let goodbye = async {
        let message = Message::close_with(close.code, close.reason);
        if socket.send(message).await.is_ok() {
            while let Some(Ok(_)) = socket.next().await {}
        }
    };
    // After the timeout the connection is dropped anyway.
    let _ = with_timeout(CLIENT_TIMEOUT, goodbye).await;
}
