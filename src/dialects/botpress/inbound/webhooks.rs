//! `/webhook` and `/oauth`: requests of outside services to installations of integrations, with any method
//! and path. The integration's response is returned unchanged, apart from the headers that tenants may not
//! set.

use std::{borrow::Cow, collections::BTreeMap, io, sync::Arc};

use futures_util::StreamExt;
use percent_encoding::percent_decode_str;
use poem::{
    Body, Endpoint, EndpointExt, Request, Response,
    endpoint::{BoxEndpoint, make},
    http::{HeaderName, HeaderValue, StatusCode, header},
};

use super::web_sockets::{send_frames, take_websocket};
use crate::{
    domain::{
        App,
        bots::{
            inbound::{self, CallResponse, InboundRequest, WebhookReceiver},
            inbound_log,
            installations::is_webhook_id,
        },
    },
    http::{
        MiddlewareStack, body_limit,
        body_memory::memory_share,
        charset,
        errors::Failure,
        inflate::read_inflated,
        origin::host,
        sandbox::{confine_response, strip_own_cookies},
    },
    kernel::{Error, Kind, Result, ids::WorkspaceId},
};

/// Path prefix of shared webhooks, followed by the integration's name, which may contain a slash. All
/// installations of an integration share this webhook. It belongs to the workspace that owns the name.
const SHARED_PREFIX: &str = "integration/global/";

/// Path prefix of the shared webhook of one workspace's integration, followed by the workspace's id, a slash
/// and the integration's name.
const WORKSPACE_SHARED_PREFIX: &str = "integration/workspace/";

/// Path of OAuth redirects and of wizards. The `state` of the query names the installation. Integrations
/// build such links in two ways, so the path exists below
/// [`WEBHOOKS_PATH`](crate::dialects::botpress::WEBHOOKS_PATH) and at the root (botpress-today.md §0.6).
pub const OAUTH_PATH: &str = inbound::OAUTH_PATH;

/// Host prefixes under which webhook paths begin with the webhook's id: official clients derive such hosts
/// from an address that begins with `api.`.
const WEBHOOK_HOST_PREFIXES: [&str; 2] = ["webhook.", "chat."];

/// Returns the webhooks endpoint, for [`WEBHOOKS_PATH`](crate::dialects::botpress::WEBHOOKS_PATH) and
/// [`OAUTH_PATH`].
#[must_use]
pub fn webhook_endpoint(app: &App) -> BoxEndpoint<'static, Response> {
    let app = app.clone();
    let receive = make(move |request| {
        let app = app.clone();
        async move {
            let answered = handle_request(&app, request).await;
            answered.map_err(|error| poem::Error::from(Failure(error)))
        }
    });
    receive.boxed()
}

/// Returns an endpoint that sends requests at webhook hosts to `webhooks` and all others to `others`.
#[must_use]
pub fn route_webhook_hosts(
    webhooks: Arc<MiddlewareStack>,
    others: BoxEndpoint<'static, Response>,
) -> BoxEndpoint<'static, Response> {
    let others = Arc::new(others);
    let endpoint = make(move |request: Request| {
        let (webhooks, others) = (webhooks.clone(), others.clone());
        async move {
            match is_at_webhook_host(&request) {
                true => webhooks.call(request).await,
                false => others.call(request).await,
            }
        }
    });
    endpoint.boxed()
}

fn is_at_webhook_host(request: &Request) -> bool {
    let host = host(request).unwrap_or_default();
    let begins = |part: &str| {
        let begin = host.get(..part.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(part))
    };
    let path = request.original_uri().path();
    let path = path.strip_prefix('/').unwrap_or(path);
    let id = path.split('/').next().unwrap_or_default();
    WEBHOOK_HOST_PREFIXES.iter().any(|part| begins(part))
        && (is_webhook_id(id)
            || path.starts_with(SHARED_PREFIX)
            || path.starts_with(WORKSPACE_SHARED_PREFIX))
}

/// The receiver of a request.
struct WebhookTarget<'a> {
    receiver: WebhookReceiver,
    /// Path that the integration sees.
    path: &'a str,
    /// Path to which the response's cookies are limited.
    cookie_path: &'a str,
}

async fn handle_request(app: &App, request: Request) -> Result<Response> {
    let uri = request.original_uri().clone();
    let (whole, query) = (uri.path(), uri.query().unwrap_or_default());
    // The receiver is found before the body is read, so that callers who know no webhook use no memory.
    let found = resolve_target(app, whole, query)?;
    let mut receiver = found.receiver;
    let socket = take_websocket(&request).await;
    let incoming = match read_request(request, found.path).await {
        Ok(incoming) => incoming,
        Err(error) => {
            inbound_log::log_unreadable_request(app, &receiver, &error).await?;
            return Err(error);
        }
    };
    if !incoming.body.is_empty() {
        // The installation may have been removed while the body arrived.
        receiver = resolve_target(app, whole, query)?.receiver;
    }
    let mut answer = inbound::receive(app, receiver, &incoming).await?;
    // Only a program of this server has a stream.
    if answer.status == StatusCode::SWITCHING_PROTOCOLS.as_u16()
        && let Some(frames) = answer.body_stream.take()
    {
        let socket =
            socket.ok_or_else(|| Error::invalid("The WebSocket handshake is incomplete"))?;
        return Ok(send_frames(socket, frames));
    }
    Ok(build_response(answer, found.cookie_path))
}

fn resolve_target<'a>(app: &App, whole: &'a str, query: &str) -> Result<WebhookTarget<'a>> {
    let no_operation = || Error::new(Kind::NoOperation, "Not Found");
    let below = match whole.strip_prefix(crate::dialects::botpress::WEBHOOKS_PATH) {
        Some(below) if below.is_empty() || below.starts_with('/') => below,
        _ => whole,
    };
    let rest = below.strip_prefix('/').ok_or_else(no_operation)?;
    if let Some(name) = rest.strip_prefix(SHARED_PREFIX) {
        return resolve_shared_target(app, None, (whole, name));
    }
    if let Some((workspace, name)) = rest
        .strip_prefix(WORKSPACE_SHARED_PREFIX)
        .and_then(|rest| rest.split_once('/'))
    {
        return resolve_shared_target(app, Some(workspace), (whole, name));
    }
    let is_oauth = |after: &str| after.is_empty() || after.starts_with('/');
    if let Some(after) = below
        .strip_prefix(OAUTH_PATH)
        .filter(|after| is_oauth(after))
    {
        return Ok(WebhookTarget {
            receiver: inbound::find_by_state(app, query)?,
            path: below,
            cookie_path: &whole[..whole.len() - after.len()],
        });
    }
    let (webhook_id, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    Ok(WebhookTarget {
        receiver: inbound::find_by_webhook(app, webhook_id)?,
        path,
        cookie_path: &whole[..whole.len() - path.len()],
    })
}

/// Maximum number of slashes in an integration's name that are tried.
const MAX_NAME_SLASHES: usize = 2;

/// Finds the receiver of a shared webhook. Both the name and the path after it may contain slashes: the
/// longest existing name wins.
fn resolve_shared_target<'a>(
    app: &App,
    workspace: Option<&str>,
    (whole, rest): (&'a str, &'a str),
) -> Result<WebhookTarget<'a>> {
    let workspace = workspace.map(percent_decode);
    let slashes = rest.match_indices('/').map(|(at, _)| at);
    let ends = slashes.take(MAX_NAME_SLASHES).chain([rest.len()]);
    let mut last = Error::new(Kind::NoOperation, "Not Found");
    for end in ends.collect::<Vec<_>>().into_iter().rev() {
        let (name, path) = rest.split_at(end);
        let workspace = workspace.as_deref().map(WorkspaceId::from);
        match inbound::find_shared(app, workspace, &percent_decode(name)) {
            Ok(receiver) => {
                return Ok(WebhookTarget {
                    receiver,
                    path,
                    cookie_path: &whole[..whole.len() - path.len()],
                });
            }
            Err(error) if error.kind() == Kind::NotFound => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

fn percent_decode(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

pub(in crate::dialects::botpress) async fn read_request(
    mut request: Request,
    path: &str,
) -> Result<InboundRequest> {
    let limit = body_limit(&request).unwrap_or(usize::MAX);
    let (share, body) = (memory_share(&request), request.take_body());
    let body = read_inflated(request.headers(), share, body, limit).await?;
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in request.headers() {
        let mut value = String::from_utf8_lossy(value.as_bytes());
        if name == header::COOKIE {
            let Some(others) = strip_own_cookies(&value) else {
                continue;
            };
            value = others.into();
        }
        let known = headers.entry(name.as_str().to_owned()).or_default();
        if !known.is_empty() {
            known.push_str(", ");
        }
        known.push_str(&value);
    }
    let body = body_to_text(body.to_vec(), &mut headers, limit).await?;
    let uri = request.original_uri();
    Ok(InboundRequest {
        method: request.method().to_string(),
        path: if path.is_empty() { "/" } else { path }.to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers,
        body,
    })
}

/// Returns the body as text, because the protocol carries only text, and adapts the headers to that text.
async fn body_to_text(
    body: Vec<u8>,
    headers: &mut BTreeMap<String, String>,
    limit: usize,
) -> Result<String> {
    let content_type = headers.get(CONTENT_TYPE).cloned();
    let (text, was_utf8) = match String::from_utf8(body) {
        Ok(text) => (text, true),
        Err(error) => (
            decode_body(error.into_bytes(), content_type.clone()).await?,
            false,
        ),
    };
    if text.len() > limit {
        let text =
            format!("The request body is too large: as UTF-8 it has more than {limit} bytes");
        return Err(Error::new(Kind::TooLarge, text));
    }
    if let Some(content_type) = content_type.filter(|_| !was_utf8) {
        headers.insert(
            CONTENT_TYPE.to_owned(),
            charset::content_type_as_utf8(&content_type),
        );
    }
    let was_coded = headers.remove(header::CONTENT_ENCODING.as_str()).is_some();
    if was_coded || !was_utf8 {
        // The length of the text is now known, so chunked encoding no longer applies.
        headers.remove(header::TRANSFER_ENCODING.as_str());
        headers.insert(
            header::CONTENT_LENGTH.as_str().to_owned(),
            text.len().to_string(),
        );
    }
    Ok(text)
}

const CONTENT_TYPE: &str = "content-type";

/// Decodes a body that is not UTF-8. It runs on a blocking thread because it reads the whole body.
async fn decode_body(body: Vec<u8>, content_type: Option<String>) -> Result<String> {
    let decoding = tokio::task::spawn_blocking(move || {
        let text = charset::decode_text(content_type.as_deref(), body);
        text.ok_or_else(|| not_text_error(content_type.as_deref()))
    });
    let text = decoding.await;
    text.map_err(|error| Error::internal("decoding a body panicked", error))?
}

fn not_text_error(content_type: Option<&str>) -> Error {
    let named = content_type.map_or_else(
        || "no Content-Type".to_owned(),
        |name| format!("Content-Type {name}"),
    );
    Error::new(
        Kind::UnsupportedMedia,
        format!(
            "The body is not text: integrations receive text in UTF-8 or in the charset of the request, and \
             this request has {named}"
        ),
    )
}

/// Builds the HTTP response from the answer of a tenant's code. Removes headers that tenants may not set, and
/// limits cookies to the path `own`.
pub(in crate::dialects::botpress) fn build_response(answer: CallResponse, own: &str) -> Response {
    // 1xx statuses belong to the connection: another response, or another protocol, follows them.
    let status = StatusCode::from_u16(answer.status).ok();
    let status = status.filter(|status| !status.is_informational());
    let status = status.unwrap_or(StatusCode::BAD_GATEWAY);
    let body = match answer.body_stream {
        None => Body::from_string(answer.body),
        Some(live) => Body::from_bytes_stream(live.0.map(Ok::<_, io::Error>)),
    };
    let mut response = Response::builder().status(status).body(body);
    for (name, value) in answer.headers {
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value))
        else {
            continue;
        };
        response.headers_mut().append(name, value);
    }
    confine_response(&mut response, own);
    response
}
