//! Requests to the model server.

use std::time::Duration;

use serde_json::Value;

use crate::{
    domain::{
        App,
        retrieval::answers::{
            UpstreamSettings,
            upstream::{build_request, connection_error, response_error},
        },
    },
    kernel::{Error, Kind, Result, clock::with_timeout},
    net::outbound::{OutboundError, OutboundRequest, OutboundStream},
};

/// Maximum size of an error response, in bytes.
const ERROR_MAX: usize = 64 * 1024;

/// Returns the settings of the model server.
///
/// # Errors
/// `Invalid` if there is none. Clients do not repeat such a request.
pub(super) fn settings(app: &App) -> Result<&UpstreamSettings> {
    let settings = &app.answer_settings().upstream;
    match settings.url {
        Some(_) => Ok(settings),
        None => Err(Error::invalid(
            "no model server is configured (answers.upstream.url)",
        )),
    }
}

/// Builds a request with a JSON body that waits for the whole time of `ai.timeout_seconds`.
pub(super) fn json_request(app: &App, path: &str, body: &Value) -> Result<OutboundRequest> {
    let mut request = build_request(settings(app)?, path, body);
    request.timeout = Duration::from_secs(app.ai_settings().timeout_seconds);
    Ok(request)
}

/// Sends a request and waits for the head of a successful response.
///
/// # Errors
/// `Unavailable` if a retry may succeed, `Upstream` if it cannot, with the words of the server.
pub(super) async fn open(app: &App, request: OutboundRequest) -> Result<OutboundStream> {
    let settings = settings(app)?;
    let mut stream = app
        .outbound()
        .open_stream(request)
        .await
        .map_err(|error| connection_error(&error))?;
    if stream.status == 200 {
        return Ok(stream);
    }
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = stream.next_chunk().await {
        body.extend(chunk);
        if body.len() > ERROR_MAX {
            break;
        }
    }
    Err(response_error(settings, stream.status, &body))
}

/// Sends a request and returns the body of a successful response.
///
/// # Errors
/// As [`open`], and `Upstream` for a body of more than `max` bytes.
pub(super) async fn fetch(app: &App, mut request: OutboundRequest, max: usize) -> Result<Vec<u8>> {
    // One byte more tells a body that is too long from one that ends here.
    request.max_response = max.saturating_add(1);
    let stream = open(app, request).await?;
    collect(app, stream, max).await
}

/// Reads a body of at most `max` bytes, within `ai.timeout_seconds`.
///
/// # Errors
/// As [`fetch`].
pub(super) async fn collect(app: &App, stream: OutboundStream, max: usize) -> Result<Vec<u8>> {
    let limit = Duration::from_secs(app.ai_settings().timeout_seconds);
    with_timeout(limit, read_body(app, stream, max))
        .await
        .unwrap_or_else(|_| Err(connection_error(&OutboundError::Timeout(limit))))
}

async fn read_body(app: &App, mut stream: OutboundStream, max: usize) -> Result<Vec<u8>> {
    let mut reservation = app.outbound().reserve_buffer();
    let mut body = Vec::new();
    while let Some(chunk) = stream
        .next_chunk()
        .await
        .map_err(|error| connection_error(&error))?
    {
        reservation
            .grow(chunk.len())
            .map_err(|error| connection_error(&error))?;
        body.extend(chunk);
        if body.len() > max {
            let text = format!("the model's server answered with more than {max} bytes");
            return Err(Error::new(Kind::Upstream, text));
        }
    }
    Ok(body)
}
