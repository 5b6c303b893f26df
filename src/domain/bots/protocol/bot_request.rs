//! Sends a request to a receiver's URL, tunnel, code or built-in program, with the headers that the SDK checks.

use std::{collections::BTreeMap, time::Duration};

use super::{
    program,
    receiver::{Endpoint, Receiver},
    response::{CallFailure, CallResponse, FailureCause},
    tokens,
};
use crate::{
    domain::{
        tenancy::app::App,
        webhooks::signature::{SignedContent, SigningKey, sign},
    },
    engine::Request,
    kernel::clock::{system_now, with_timeout},
    net::{
        outbound::OutboundRequest,
        tunnels::{self, Target},
    },
};

/// A request to a receiver.
#[derive(Debug, Clone)]
pub(in crate::domain) struct BotRequest {
    /// Operation: `event_received`, `message_created`, …
    pub(in crate::domain) operation: &'static str,
    /// Type of the event, the message or the action; else the operation.
    pub(in crate::domain) kind: String,
    /// JSON body.
    pub(in crate::domain) body: String,
    /// Id that stays the same in every attempt.
    pub(in crate::domain) id: String,
    /// Maximum time until the response.
    pub(in crate::domain) timeout: Duration,
}

/// Sends a request, and returns the response with any status.
///
/// # Errors
/// [`CallFailure`] if there is no response.
pub(in crate::domain) async fn send_request(
    app: &App,
    receiver: &Receiver,
    ask: BotRequest,
) -> Result<CallResponse, CallFailure> {
    let running = app
        .call_metrics()
        .start_call(ask.operation, &receiver.endpoint);
    let outcome = match &receiver.endpoint {
        Endpoint::Url(url) => send_to_url(app, receiver, url, ask).await,
        Endpoint::Code { revision } => call_code(app, receiver, *revision, ask).await,
        Endpoint::BuiltIn => call_built_in(app, receiver, ask).await,
        Endpoint::Missing => {
            let text = format!("There is no code and no url of {}", receiver.name());
            Err(CallFailure::new(FailureCause::Configuration, false, text))
        }
    };
    running.finish(&outcome);
    outcome
}

async fn send_to_url(
    app: &App,
    receiver: &Receiver,
    url: &str,
    ask: BotRequest,
) -> Result<CallResponse, CallFailure> {
    let mut headers: Vec<_> = build_headers(receiver, &ask).into_iter().collect();
    if let Some(secret) = &receiver.signing_secret {
        let signed = SignedContent {
            id: &ask.id,
            timestamp: system_now().as_seconds(),
            body: ask.body.as_bytes(),
        };
        let key = SigningKey::from_raw_text(secret);
        headers.push(("webhook-signature".to_owned(), sign(&[&key], &signed)));
        headers.push(("webhook-timestamp".to_owned(), signed.timestamp.to_string()));
        headers.push(("webhook-id".to_owned(), ask.id.clone()));
    }
    if let Some(target) = app.tunnels().find_target(url) {
        return send_through_tunnel(app, target, headers, ask).await;
    }
    let request = OutboundRequest {
        method: "POST",
        url: url.to_owned(),
        headers,
        body: ask.body.into_bytes(),
        timeout: ask.timeout,
        max_response: app.delivery_settings().response_bytes,
    };
    let answer = app.outbound().send(request).await?;
    if answer.truncated {
        let all = app.outbound().max_response();
        let own = app.delivery_settings().response_bytes;
        let text = match all < own {
            true => format!("the answer is larger than {all} bytes (outbound.max_response_bytes)"),
            false => format!("the answer is larger than {own} bytes (deliveries.response_bytes)"),
        };
        return Err(CallFailure::new(FailureCause::Limits, false, text));
    }
    Ok(CallResponse {
        status: answer.status,
        headers: answer.headers,
        body: String::from_utf8_lossy(&answer.body).into_owned(),
        body_stream: None,
    })
}

/// Sends a request through a tunnel of this server. It avoids this server's public address, which the rules for
/// outbound requests may forbid.
async fn send_through_tunnel(
    app: &App,
    target: Target,
    headers: Vec<(String, String)>,
    ask: BotRequest,
) -> Result<CallResponse, CallFailure> {
    let request = tunnels::Request {
        method: "POST".to_owned(),
        path: target.path,
        query: target.query,
        headers: headers.into_iter().collect(),
        body: ask.body,
    };
    let tunnels = app.tunnels();
    let answer = tunnels
        .send_request(&target.id, &request, ask.timeout)
        .await?;
    Ok(CallResponse {
        status: answer.status,
        headers: answer.headers,
        body: answer.body,
        body_stream: None,
    })
}

async fn call_code(
    app: &App,
    receiver: &Receiver,
    revision: i64,
    ask: BotRequest,
) -> Result<CallResponse, CallFailure> {
    let program = program::load_program(app, receiver, revision).await;
    let program = program.map_err(|error| {
        tracing::error!(?error, "a program is not ready");
        CallFailure::new(
            FailureCause::Other,
            true,
            "this server could not prepare the code",
        )
    })?;
    let timeout = ask.timeout;
    let request = build_engine_request(receiver, ask);
    let called = with_timeout(timeout, app.engine().call(&program, request)).await;
    let answer = called.map_err(|_| timeout_failure(timeout))??;
    let headers = answer.headers.into_iter();
    Ok(CallResponse {
        status: answer.status,
        headers: headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect(),
        body: answer.body,
        body_stream: None,
    })
}

async fn call_built_in(
    app: &App,
    receiver: &Receiver,
    ask: BotRequest,
) -> Result<CallResponse, CallFailure> {
    let name = receiver.name();
    let native = receiver.integration.as_ref();
    let native = native.and_then(|integration| app.native_program(&integration.name));
    let native = native.ok_or_else(|| {
        let text = format!("This server does not have {name}");
        CallFailure::new(FailureCause::Configuration, false, text)
    })?;
    let token = tokens::ensure_token(app, receiver).await.map_err(|error| {
        tracing::error!(?error, "a program of the server has no token");
        CallFailure::new(
            FailureCause::Other,
            true,
            "this server could not prepare the program",
        )
    })?;
    let timeout = ask.timeout;
    let called = with_timeout(
        timeout,
        native.call(token.value, build_engine_request(receiver, ask)),
    )
    .await;
    let answer = called.map_err(|_| timeout_failure(timeout))?;
    Ok(CallResponse {
        status: answer.status,
        headers: answer.headers.into_iter().collect(),
        body: answer.body,
        body_stream: answer.body_stream,
    })
}

/// Builds the request to a program.
fn build_engine_request(receiver: &Receiver, ask: BotRequest) -> Request {
    Request {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        query: String::new(),
        headers: build_headers(receiver, &ask),
        body: ask.body,
    }
}

fn timeout_failure(timeout: Duration) -> CallFailure {
    CallFailure::new(
        FailureCause::Limits,
        true,
        format!("no answer within {timeout:?}"),
    )
}

/// Builds the headers of the table in botpress.md §5.
fn build_headers(receiver: &Receiver, ask: &BotRequest) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    let mut set = |name: &str, value: &str| {
        headers.insert(name.to_owned(), value.to_owned());
    };
    set("content-type", "application/json");
    set(
        "user-agent",
        concat!("Parlance/", env!("CARGO_PKG_VERSION")),
    );
    set("x-bot-id", receiver.agent.id.as_str());
    set("x-bp-operation", ask.operation);
    set("x-bp-type", &ask.kind);
    set("x-bp-configuration", &receiver.configuration);
    // wire: left out, because an empty value would be read as a type (botpress-today.md §0.5)
    if let Some(kind) = &receiver.configuration_type {
        set("x-bp-configuration-type", kind);
    }
    if let Some(integration) = &receiver.integration {
        // The bot is a user too, with the same id.
        set("x-bot-user-id", receiver.agent.id.as_str());
        set("x-integration-id", integration.integration_id.as_str());
        set("x-webhook-id", &integration.webhook_id);
        // wire: needed by SDKs from 4.16 on (botpress.md §5)
        let alias = integration.alias.as_ref().unwrap_or(&integration.name);
        set("x-integration-alias", alias);
    }
    headers
}
