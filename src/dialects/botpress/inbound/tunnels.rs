//! `/{tunnel}`: the server side of the tunnels that `bp dev` opens with a WebSocket, and the requests below a
//! tunnel's path (botpress.md §5, "Tunnel for `bp dev`").

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures_util::{SinkExt, StreamExt};
use poem::{
    Endpoint, EndpointExt, FromRequest, IntoResponse, Request, RequestBody, Response,
    endpoint::{BoxEndpoint, make},
    web::websocket::{Message, WebSocket, WebSocketConfig, WebSocketStream},
};
use tracing::debug;

use super::{
    web_sockets::{CLIENT_TIMEOUT, close_socket, is_websocket_handshake},
    webhooks::{build_response, read_request},
};
use crate::{
    dialects::botpress::error::GatewayRenderer,
    domain::{App, bots::inbound::CallResponse},
    http::{
        MiddlewareStack, RequestState,
        cors::is_from_foreign_page,
        errors,
        origin::{client_ip, host},
        wrong_key_limiter::KeyLocation,
    },
    kernel::{Error, Kind, Result, clock::with_timeout},
    net::tunnels::{
        self, CloseReason, ConnectError, Outgoing, Session, Settings, TunnelError, Tunnels,
    },
};

/// Delay after which a client should retry.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Headers that describe one connection and are not forwarded.
const HOP_BY_HOP_HEADERS: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Returns an endpoint that serves tunnels and passes all other requests to `pages`. `names` are the first
/// path segments of other routes, which no tunnel may use as its id.
#[must_use]
pub fn route_tunnels(
    app: &App,
    pages: MiddlewareStack,
    mounted: &RequestState,
    names: BTreeSet<String>,
) -> BoxEndpoint<'static, Response> {
    let known = app.tunnels().clone();
    known.reserve_ids(names);
    // The tunnel has its own timeout, which must end first.
    let time = known.settings().timeout() + Duration::from_secs(5);
    let renderer = Arc::new(GatewayRenderer::new(app.clock().clone()));
    let tunnels = MiddlewareStack::new(
        tunnel_endpoint(&known),
        "botpress-tunnels",
        renderer,
        mounted.with_timeout(time),
    )
    .with_key_location(KeyLocation::Nowhere)
    .with_raw_paths();
    TunnelRouter {
        pages,
        tunnels,
        registry: known,
    }
    .boxed()
}

fn tunnel_endpoint(tunnels: &Tunnels) -> BoxEndpoint<'static, Response> {
    let tunnels = tunnels.clone();
    make(move |request: Request| {
        let tunnels = tunnels.clone();
        async move {
            let answered = if is_websocket_handshake(&request) {
                open_tunnel(&tunnels, &request).await
            } else {
                forward_request(&tunnels, request).await
            };
            answered.map_err(|error| poem::Error::from(errors::Failure(error)))
        }
    })
    .boxed()
}

/// Routes requests of tunnels to `tunnels` and all others to `pages`.
struct TunnelRouter {
    pages: MiddlewareStack,
    tunnels: MiddlewareStack,
    registry: Tunnels,
}

impl Endpoint for TunnelRouter {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let id = split_path(&request).0;
        let opens = self.registry.is_enabled()
            && is_websocket_handshake(&request)
            && !self.registry.is_reserved(id);
        if opens || self.registry.is_tunnel(id) {
            self.tunnels.call(request).await
        } else {
            self.pages.call(request).await
        }
    }
}

/// Splits the path into the tunnel's id and the path below it.
fn split_path(request: &Request) -> (&str, &str) {
    let path = request.original_uri().path();
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split_at(path.find('/').unwrap_or(path.len()))
}

async fn open_tunnel(tunnels: &Tunnels, request: &Request) -> Result<Response> {
    let settings = tunnels.settings();
    let known = client_ip(request).is_some_and(|peer| settings.allows_peer(peer));
    if !known || is_from_foreign_page(request) {
        let text =
            "Only this machine and the addresses in the setting tunnel.allow may open tunnels";
        return Err(Error::new(Kind::Forbidden, text));
    }
    let socket = WebSocket::from_request(request, &mut RequestBody::default()).await;
    let socket = socket.map_err(|error| Error::invalid(error.to_string()))?;
    let socket = socket.config(websocket_config(settings));
    let (id, below) = split_path(request);
    let whole = below.is_empty() && request.original_uri().query().is_none();
    let opened = if whole {
        tunnels.open(id, host(request))
    } else {
        Err(ConnectError::InvalidId)
    };
    match opened {
        Ok(session) => {
            debug!(id, "a tunnel is open");
            let settings = settings.clone();
            let work = |socket| serve_client(socket, session, settings);
            Ok(socket.on_upgrade(work).into_response())
        }
        // wire: as in the vendor's server, the handshake succeeds and a close frame follows; clients can tell
        // this from an absent server
        Err(ConnectError::InvalidId) => Ok(socket
            .on_upgrade(|mut socket| async move {
                close_socket(&mut socket, CloseReason::INVALID_ID).await
            })
            .into_response()),
        Err(ConnectError::Full) => Err(unavailable_error(
            "The maximum number of open tunnels is reached (setting tunnel.max_tunnels)",
        )),
        Err(ConnectError::Stopping) => Err(unavailable_error("The server is shutting down")),
    }
}

fn websocket_config(settings: &Settings) -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(settings.message_bytes))
        .max_frame_size(Some(settings.message_bytes))
}

fn unavailable_error(text: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    let retry_after = RETRY_DELAY;
    Error::new(Kind::Unavailable { retry_after }, text)
}

/// Serves a connected client until one side closes the connection.
async fn serve_client(socket: WebSocketStream, mut session: Session, settings: Settings) {
    let (mut sink, mut stream) = socket.split();
    let ear = session.receiver();
    let hear = async {
        loop {
            match with_timeout(settings.idle_timeout(), stream.next()).await {
                Err(_) => return Some(CloseReason::UNRESPONSIVE),
                Ok(Some(Ok(Message::Text(frame)))) => {
                    if let Err(close) = ear.receive(&frame) {
                        return Some(close);
                    }
                }
                // wire: the vendor's server reads frames of any kind as text
                Ok(Some(Ok(Message::Binary(frame)))) => {
                    let text = str::from_utf8(&frame);
                    if text.is_err() || text.is_ok_and(|text| ear.receive(text).is_err()) {
                        return Some(CloseReason::INVALID_RESPONSE);
                    }
                }
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
                Ok(Some(Err(error))) if is_message_too_large(&error) => {
                    return Some(CloseReason::TOO_LARGE);
                }
                Ok(None | Some(Ok(Message::Close(_)) | Err(_))) => return None,
            }
        }
    };
    let speak = async {
        loop {
            let message = match session.next_outgoing().await {
                Outgoing::Frame(frame) => Message::Text(frame),
                Outgoing::Ping => Message::Ping(Vec::new()),
                Outgoing::Close(close) => return Some(close),
            };
            match with_timeout(CLIENT_TIMEOUT, sink.send(message)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                Err(_) => return Some(CloseReason::UNRESPONSIVE),
            }
        }
    };
    let close = tokio::select! {
        close = hear => close,
        close = speak => close,
    };
    // Callers that wait for a response must not wait for the close handshake.
    drop(session);
    debug!(?close, "the client of a tunnel is gone");
    if let Some(close) = close
        && let Ok(mut socket) = sink.reunite(stream)
    {
        close_socket(&mut socket, close).await;
    }
}

/// poem returns the error of its WebSocket library only as text.
fn is_message_too_large(error: &std::io::Error) -> bool {
    error.to_string().contains("Space limit exceeded")
}

async fn forward_request(tunnels: &Tunnels, request: Request) -> Result<Response> {
    let (id, below) = split_path(&request);
    let (id, below) = (id.to_owned(), below.to_owned());
    tunnels.check_available(&id).map_err(to_error)?;
    let mut incoming = read_request(request, &below).await?;
    for name in HOP_BY_HOP_HEADERS {
        incoming.headers.remove(name);
    }
    let asked = tunnels::Request {
        method: incoming.method,
        path: incoming.path,
        query: incoming.query,
        headers: incoming.headers,
        body: incoming.body,
    };
    let timeout = tunnels.settings().timeout();
    let answer = tunnels.send_request(&id, &asked, timeout).await;
    let answer = answer.map_err(to_error)?;
    let answer = CallResponse {
        status: answer.status,
        headers: answer.headers,
        body: answer.body,
        body_stream: None,
    };
    Ok(build_response(answer, &format!("/{id}")))
}

fn to_error(failure: TunnelError) -> Error {
    let text = failure.to_string();
    match failure {
        TunnelError::NotConnected | TunnelError::Busy => unavailable_error(text),
        TunnelError::Lost => Error::new(Kind::Upstream, text),
        TunnelError::TimedOut(_) => Error::new(Kind::Timeout, text),
    }
}
