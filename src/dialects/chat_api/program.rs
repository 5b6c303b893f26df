//! The program of the built-in integration `chat`: it implements the runtime protocol (botpress.md §5). It
//! passes requests to the webhook on to the chat API, and messages of the bot to the clients that listen.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use poem::{
    Body, Endpoint, Request as HttpRequest, Response,
    endpoint::BoxEndpoint,
    http::{Method, StatusCode, Uri},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    auth::InstallationContext,
    cors,
    error::{self, ErrorRenderer},
};
use crate::{
    domain::{App, webchat},
    engine::{BodyStream, NativeProgram, NativeResponse, Request},
    http::{AllowedMethods, Published, dialect::RenderError, errors::from_poem, event_stream},
    kernel::{Error, Kind, Result, Secret},
};

/// Request headers that the API reads.
const FORWARDED_HEADERS: [&str; 3] = ["content-type", "upgrade", super::auth::USER_KEY_HEADER];

/// Path of the OpenAPI document of an installation's API.
const DOCUMENT_PATH: &str = "/openapi.json";

/// The program of the integration.
pub struct Program(Arc<Inner>);

struct Inner {
    app: App,
    api: BoxEndpoint<'static, Response>,
    render: ErrorRenderer,
    document: Published,
    allowed_methods: AllowedMethods,
}

impl Program {
    pub fn new(app: App) -> Self {
        let document = Published::new(super::document);
        Self(Arc::new(Inner {
            render: ErrorRenderer::new(app.clock().clone()),
            api: super::endpoint(document.clone()),
            allowed_methods: AllowedMethods::new(Some(document.clone()), &[]),
            document,
            app,
        }))
    }
}

impl NativeProgram for Program {
    fn call(&self, token: Secret, request: Request) -> BoxFuture<'static, NativeResponse> {
        let inner = self.0.clone();
        async move {
            match inner.handle(token, request).await {
                Ok(response) => response,
                Err(failed) => inner.render_error(&failed).await,
            }
        }
        .boxed()
    }
}

/// Body of the operation `webhook_received`.
#[derive(Deserialize)]
struct WebhookReceived {
    req: WebhookRequest,
}

#[derive(Deserialize)]
struct WebhookRequest {
    method: String,
    path: String,
    query: String,
    headers: BTreeMap<String, String>,
    body: String,
}

/// Body of the operation `message_created`. The message itself is read from the store.
#[derive(Deserialize)]
struct MessageCreated {
    message: MessageRef,
}

#[derive(Deserialize)]
struct MessageRef {
    id: String,
}

/// Body of the operation `action_triggered`.
#[derive(Deserialize)]
struct ActionTriggered {
    r#type: String,
    input: Value,
}

/// Input of the action `sendEvent`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SendEventInput {
    conversation_id: String,
    payload: Map<String, Value>,
}

/// Input of the action `publishMessageStream`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PublishMessageStreamInput {
    conversation_id: String,
    signal: webchat::StreamPart,
}

fn parse_body<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T> {
    serde_json::from_str(body).map_err(|error| Error::invalid(format!("body: {error}")))
}

fn json_response(body: &Value) -> NativeResponse {
    NativeResponse {
        status: 200,
        headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
        body: body.to_string(),
        body_stream: None,
    }
}

impl Inner {
    async fn handle(&self, token: Secret, request: Request) -> Result<NativeResponse> {
        let asked = InstallationContext {
            app: self.app.clone(),
            bot: require_header(&request, "x-bot-id")?.to_owned(),
            integration: require_header(&request, "x-integration-id")?.to_owned(),
            configuration: decode_configuration(require_header(&request, "x-bp-configuration")?)?,
            token,
        };
        match require_header(&request, "x-bp-operation")? {
            "webhook_received" => {
                let received: WebhookReceived = parse_body(&request.body)?;
                Ok(self.handle_webhook(asked, received.req).await)
            }
            "message_created" => {
                let sent: MessageCreated = parse_body(&request.body)?;
                webchat::deliver_message(&asked.visit()?, &sent.message.id.into())?;
                Ok(json_response(&json!({})))
            }
            "action_triggered" => {
                call_action(&asked, parse_body(&request.body)?)?;
                Ok(json_response(&json!({"output": {}})))
            }
            "register" | "unregister" | "ping" => Ok(json_response(&json!({}))),
            other => {
                let text = format!("The integration chat does not support the operation {other}");
                Err(Error::new(Kind::Runtime, text))
            }
        }
    }

    /// Passes a request to the webhook on to the API.
    async fn handle_webhook(
        &self,
        asked: InstallationContext,
        incoming: WebhookRequest,
    ) -> NativeResponse {
        let origin = incoming.headers.get("origin").cloned();
        if incoming.method == Method::OPTIONS.as_str() {
            let wanted = incoming.headers.get("access-control-request-headers");
            return cors::preflight(origin.as_deref(), wanted.map(String::as_str));
        }
        let is_document = incoming.path.trim_end_matches('/') == DOCUMENT_PATH;
        let mut answered = match to_http_request(incoming) {
            Ok(request) if is_document && *request.method() == Method::GET => NativeResponse {
                body: self.document.json(webhook_origin(&asked.app)),
                ..json_response(&Value::Null)
            },
            Ok(mut request) => {
                request.set_data(asked);
                let path = request.uri().path().to_owned();
                match self.api.call(request).await {
                    Ok(response) => to_native_response(response).await,
                    Err(error) => self.render_api_error(from_poem(error), &path).await,
                }
            }
            Err(error) => self.render_error(&error).await,
        };
        cors::allow_origin(&mut answered.headers, origin.as_deref());
        answered
    }

    /// Renders an error; a 405 response gets the `Allow` header of its path.
    async fn render_api_error(&self, error: Error, path: &str) -> NativeResponse {
        let mut response = self.render_error(&error).await;
        if response.status == StatusCode::METHOD_NOT_ALLOWED.as_u16() {
            let methods = self.allowed_methods.methods_of(path);
            let methods = methods.as_ref().and_then(|methods| methods.to_str().ok());
            let allow = methods.unwrap_or_default().to_owned();
            response.headers.insert("allow".to_owned(), allow);
        }
        response
    }

    async fn render_error(&self, failed: &Error) -> NativeResponse {
        error::log_internal_error(failed);
        let mut response = to_native_response(self.render.render(failed)).await;
        if let Kind::RateLimited { retry_after } | Kind::Unavailable { retry_after } = failed.kind()
        {
            let seconds = retry_after.as_secs().max(1).to_string();
            response.headers.insert("retry-after".to_owned(), seconds);
        }
        response
    }
}

/// Calls an action. Its output is empty.
fn call_action(asked: &InstallationContext, action: ActionTriggered) -> Result<()> {
    let broken = |error| Error::invalid(format!("input: {error}"));
    match action.r#type.as_str() {
        "sendEvent" => {
            let input: SendEventInput = serde_json::from_value(action.input).map_err(broken)?;
            let conversation = input.conversation_id.into();
            webchat::send_event(&asked.visit()?, &conversation, input.payload)
        }
        "publishMessageStream" => {
            let input: PublishMessageStreamInput =
                serde_json::from_value(action.input).map_err(broken)?;
            let conversation = input.conversation_id.into();
            webchat::publish_message_stream(&asked.visit()?, &conversation, input.signal)
        }
        other => {
            let text = format!("The integration chat has no action {other}");
            Err(Error::new(Kind::Runtime, text))
        }
    }
}

fn require_header<'a>(request: &'a Request, name: &str) -> Result<&'a str> {
    let value = request.headers.get(name).map(String::as_str);
    value.ok_or_else(|| Error::invalid(format!("the header {name} is missing")))
}

/// Decodes the configuration of the installation from a header of the runtime protocol.
fn decode_configuration(header: &str) -> Result<Value> {
    let broken = || Error::invalid("x-bp-configuration is not JSON in base64");
    let text = STANDARD.decode(header).map_err(|_| broken())?;
    serde_json::from_slice(&text).map_err(|_| broken())
}

/// Returns the origin of the webhooks' addresses.
fn webhook_origin(app: &App) -> &str {
    let webhooks = &app.addresses().webhooks;
    webhooks.strip_suffix("/webhook").unwrap_or(webhooks)
}

fn to_http_request(incoming: WebhookRequest) -> Result<HttpRequest> {
    let missing = || Error::new(Kind::NoOperation, "Not Found");
    // The client requests `/hello/`.
    let path = match incoming.path.trim_end_matches('/') {
        "" => "/",
        path => path,
    };
    let path = encode_id_slashes(&incoming.method, path);
    let target = match incoming.query.as_str() {
        "" => path.into_owned(),
        query => format!("{path}?{query}"),
    };
    let uri: Uri = target.parse().map_err(|_| missing())?;
    let method = Method::from_bytes(incoming.method.as_bytes()).map_err(|_| missing())?;
    let mut request = HttpRequest::builder().method(method).uri(uri);
    for name in FORWARDED_HEADERS {
        if let Some(value) = incoming.headers.get(name) {
            request = request.header(name, value);
        }
    }
    Ok(request.body(incoming.body))
}

/// Returns the path with the slashes in the ID encoded, where the client does not encode them.
// wire: @botpress/chat encodes IDs in every path except that of a stream
fn encode_id_slashes<'a>(method: &str, path: &'a str) -> Cow<'a, str> {
    let id = path
        .strip_prefix("/conversations/")
        .and_then(|rest| rest.strip_suffix("/listen"))
        .filter(|id| method == "GET" && id.contains('/'));
    match id {
        // `/conversations/{id}/participants/listen` is another operation.
        Some(id) if !(id.ends_with("/participants") && id.matches('/').count() == 1) => {
            format!("/conversations/{}/listen", id.replace('/', "%2F")).into()
        }
        _ => path.into(),
    }
}

/// Converts a response of the API to a response of the program.
async fn to_native_response(mut response: Response) -> NativeResponse {
    let body = response.take_body();
    let is_live = response.status() == StatusCode::SWITCHING_PROTOCOLS
        || response
            .content_type()
            .is_some_and(|name| name.starts_with(event_stream::MEDIA_TYPE));
    let headers = response.headers().iter();
    let headers = headers.filter_map(|(name, value)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    });
    let mut answered = NativeResponse {
        status: response.status().as_u16(),
        headers: headers.collect(),
        ..NativeResponse::default()
    };
    if is_live {
        answered.body_stream = Some(to_live(body));
    } else {
        // The body is already in memory.
        answered.body = body.into_string().await.unwrap_or_default();
    }
    answered
}

/// Converts a body to a stream of events, one text each.
fn to_live(body: Body) -> BodyStream {
    let events = body
        .into_bytes_stream()
        .filter_map(|chunk| async move { String::from_utf8(chunk.ok()?.to_vec()).ok() });
    BodyStream(Box::pin(events))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_id_of_a_stream_is_encoded() {
        for (path, expected) in [
            ("/conversations/a/b/listen", "/conversations/a%2Fb/listen"),
            ("/conversations/a/listen", "/conversations/a/listen"),
            (
                "/conversations/a/participants/listen",
                "/conversations/a/participants/listen",
            ),
            ("/conversations/a/messages", "/conversations/a/messages"),
        ] {
            assert_eq!(encode_id_slashes("GET", path), expected);
        }
        assert_eq!(
            encode_id_slashes("PUT", "/conversations/a/b/listen"),
            "/conversations/a/b/listen"
        );
    }
}
