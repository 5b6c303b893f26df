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

/// Runs an exchange with the model server for at most `limit`, however often it sends a piece.
///
/// # Errors
/// `Unavailable` if the time is up; errors of the exchange.
async fn within<T>(limit: Duration, exchange: impl Future<Output = Result<T>>) -> Result<T> {
    with_timeout(limit, exchange)
        .await
        .unwrap_or_else(|_| Err(connection_error(&OutboundError::Timeout(limit))))
}

/// Returns the problem of an answer that is not complete after `limit`.
pub(super) fn late_message(limit: Duration) -> String {
    format!("no complete answer within {limit:?} (ai.timeout_seconds)")
}

/// Sends a request and waits for the head of a successful response, for at most `limit`. The time of the request is that
/// between two pieces of the response.
///
/// # Errors
/// `Unavailable` if a retry may succeed, `Upstream` if it cannot, with the words of the server.
pub(super) async fn open(
    app: &App,
    request: OutboundRequest,
    limit: Duration,
) -> Result<OutboundStream> {
    let settings = settings(app)?;
    let opening = async {
        let opened = app.outbound().open_stream(request).await;
        opened.map_err(|error| connection_error(&error))
    };
    let mut stream = within(limit, opening).await?;
    if stream.status == 200 {
        return Ok(stream);
    }
    let mut body = Vec::new();
    let reading = async {
        while let Ok(Some(chunk)) = stream.next_chunk().await {
            body.extend(chunk);
            if body.len() > ERROR_MAX {
                break;
            }
        }
    };
    // What has come by then is told.
    let _ = with_timeout(limit, reading).await;
    Err(response_error(settings, stream.status, &body))
}

/// Sends a request and returns the body of a successful response.
///
/// # Errors
/// As [`open`], and `Upstream` for a body of more than `max` bytes.
pub(super) async fn fetch(app: &App, mut request: OutboundRequest, max: usize) -> Result<Vec<u8>> {
    // One byte more tells a body that is too long from one that ends here.
    request.max_response = max.saturating_add(1);
    let limit = request.timeout;
    let stream = open(app, request, limit).await?;
    collect(app, stream, max).await
}

/// Reads a body of at most `max` bytes, within `ai.timeout_seconds`.
///
/// # Errors
/// As [`fetch`].
pub(super) async fn collect(app: &App, stream: OutboundStream, max: usize) -> Result<Vec<u8>> {
    let limit = Duration::from_secs(app.ai_settings().timeout_seconds);
    within(limit, read_body(app, stream, max)).await
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
