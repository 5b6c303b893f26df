//! Error bodies of the Cohere API: `{"message": …, "id": …}`, with the ID of the request
//! (cohere.md §1 "Errors").

use poem::{IntoResponse, Response, http::StatusCode, web::Json};
use poem_openapi::{Object, types::Example};
use serde_json::{Value, json};

use crate::{
    http::{self, Dialect, dialect::RenderError},
    kernel::{Error, Kind, Rule},
};

/// Cohere as a [`Dialect`] of the shared HTTP layer.
pub struct Cohere;

impl Dialect for Cohere {
    type ErrorBody = ErrorBody;

    const ERRORS: &'static [(u16, &'static str)] = &[
        (400, "Bad Request"),
        (401, "Unauthorized"),
        (404, "Not Found"),
        (429, "Too Many Requests"),
        (500, "Internal Server Error"),
        (503, "Service Unavailable"),
        (504, "Gateway Timeout"),
    ];
}

/// Error type of all operations.
pub type Failed = http::ApiError<Cohere>;

/// An error.
#[derive(Object)]
#[oai(example, rename = "Error")]
pub struct ErrorBody {
    /// Description of the error.
    message: String,
    /// ID of the request.
    id: String,
}

impl Example for ErrorBody {
    fn example() -> Self {
        Self {
            message: example_message(400).to_owned(),
            id: EXAMPLE_REQUEST_ID.to_owned(),
        }
    }
}

const EXAMPLE_REQUEST_ID: &str = "0f7a1c1e-5a3c-4f0e-9f57-3a1b6a2f3c4d";

/// Returns the example body of an error with this status, for the OpenAPI document.
pub fn example(status: u16) -> Value {
    json!({"message": example_message(status), "id": EXAMPLE_REQUEST_ID})
}

const fn example_message(status: u16) -> &'static str {
    match status {
        400 => "invalid request: name is required",
        401 => "invalid api token",
        404 => "connector 'example-connector-kh3g8q' not found.",
        429 => "Rate limit exceeded",
        503 => "The server is busy; try again",
        504 => "The request took too long",
        _ => "internal server error",
    }
}

/// Renders errors in this dialect.
#[derive(Clone, Copy)]
pub struct ErrorRenderer;

impl RenderError for ErrorRenderer {
    fn render(&self, error: &Error) -> Response {
        respond(error, None)
    }

    fn render_for_request(&self, error: &Error, request_id: &str) -> Response {
        respond(error, Some(request_id))
    }
}

fn respond(error: &Error, request_id: Option<&str>) -> Response {
    let (status, message) = status_and_message(error);
    let mut body = json!({"message": message});
    if let Some(id) = request_id {
        body["id"] = json!(id);
    }
    (status, Json(body)).into_response()
}

/// Returns the status and the message of an error. Clients retry a request after 409, 429 and 5xx, so only
/// errors that a retry may resolve have these statuses (cohere.md §1).
fn status_and_message(error: &Error) -> (StatusCode, String) {
    let own = || error.message().to_owned();
    match error.kind() {
        Kind::Invalid => (StatusCode::BAD_REQUEST, invalid_message(error)),
        Kind::UnsupportedMedia => {
            let text = format!("invalid request: {}", error.message());
            (StatusCode::BAD_REQUEST, text)
        }
        // A failure of a connector is a 400 (cohere.md §1, §4.4).
        Kind::Upstream
        | Kind::Runtime
        | Kind::InvalidIdentifier
        | Kind::InvalidSchema
        | Kind::InvalidData
        | Kind::ReferenceNotFound
        | Kind::RelationConflict
        | Kind::InUse => (StatusCode::BAD_REQUEST, own()),
        Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, own()),
        Kind::PaymentRequired => (StatusCode::PAYMENT_REQUIRED, own()),
        Kind::Forbidden => (StatusCode::FORBIDDEN, own()),
        Kind::NotFound | Kind::NoOperation => (StatusCode::NOT_FOUND, own()),
        Kind::Misdirected => (StatusCode::MISDIRECTED_REQUEST, own()),
        Kind::MethodNotAllowed => (
            StatusCode::METHOD_NOT_ALLOWED,
            "405 method not allowed".to_owned(),
        ),
        Kind::Conflict => (StatusCode::CONFLICT, own()),
        Kind::TooLarge | Kind::LimitExceeded => (StatusCode::PAYLOAD_TOO_LARGE, own()),
        Kind::RateLimited { .. } | Kind::QuotaExceeded => (StatusCode::TOO_MANY_REQUESTS, own()),
        Kind::Timeout => (StatusCode::GATEWAY_TIMEOUT, own()),
        Kind::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, own()),
        Kind::Internal => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal server error".to_owned(),
        ),
    }
}

/// Lists every broken rule, so that a caller can fix all at once.
fn invalid_message(error: &Error) -> String {
    let rules = error.broken_rules();
    if let Some(reason) = rules.iter().find_map(|violation| match &violation.rule {
        Rule::Json(reason) => Some(reason),
        _ => None,
    }) {
        return format!("invalid json syntax: {reason}");
    }
    let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
    if rules.is_empty() {
        format!("invalid request: {}", error.message())
    } else {
        format!("invalid request: {}", rules.join("; "))
    }
}
