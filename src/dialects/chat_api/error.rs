//! Error bodies of the chat API, with the types that the official client knows.

use poem::{IntoResponse, Response, http::StatusCode, web::Json};
use poem_openapi::{Object, types::Example};
use serde_json::{Value, json};

use crate::{
    http::{
        self, Dialect,
        dialect::RenderError,
        validation_messages::{not_found_message, violation_messages},
    },
    kernel::{Clock, Error, Kind, Timestamp, violation::Location},
};

/// The chat API as a [`Dialect`] of the shared HTTP layer.
pub struct Chat;

impl Dialect for Chat {
    type ErrorBody = ErrorBody;

    const ERRORS: &'static [(u16, &'static str)] = &[
        (
            400,
            "InvalidPayload, InvalidQuery, ReferenceNotFound or Runtime",
        ),
        (401, "Unauthorized: no key, or an invalid key"),
        (402, "PaymentRequired"),
        (403, "Forbidden or QuotaExceeded"),
        (404, "ResourceNotFound"),
        (405, "MethodNotFound"),
        (409, "AlreadyExists or RelationConflict"),
        (413, "PayloadTooLarge or LimitExceeded"),
        (415, "UnsupportedMediaType"),
        (429, "RateLimited"),
        (500, "Internal or Unknown"),
        (504, "OperationTimeout"),
    ];
}

/// Error type of all operations.
pub type Failed = http::ApiError<Chat>;

/// An error.
#[derive(Object)]
#[oai(example, rename = "Error")]
pub struct ErrorBody {
    /// Unique ID of this error.
    id: String,
    /// HTTP status.
    code: u16,
    /// Type of the error.
    r#type: String,
    /// Description of the error.
    message: String,
}

const EXAMPLE_ID: &str = "err_1700000000000x1A2B3C4D";

impl Example for ErrorBody {
    fn example() -> Self {
        Self {
            id: EXAMPLE_ID.to_owned(),
            code: 404,
            r#type: "ResourceNotFound".to_owned(),
            message: "Conversation \"support-1\" not found".to_owned(),
        }
    }
}

/// Returns the example body of an error with this status, for the OpenAPI document.
pub fn example(status: u16) -> Value {
    let named = Chat::ERRORS.iter().find(|(known, _)| *known == status);
    let name = named.and_then(|(_, text)| text.split([' ', ',', ':']).next());
    let name = name.unwrap_or("Unknown");
    error_body(EXAMPLE_ID, (status, name), "A description of the error")
}

fn error_body(id: &str, (status, name): (u16, &str), message: &str) -> Value {
    json!({"id": id, "code": status, "type": name, "message": message})
}

/// Logs an internal error.
pub fn log_internal_error(error: &Error) {
    if error.kind() == Kind::Internal {
        tracing::error!(?error, "a request to the chat failed");
    }
}

/// Renders errors in this dialect.
#[derive(Clone)]
pub struct ErrorRenderer {
    clock: Clock,
}

impl ErrorRenderer {
    /// Creates a renderer whose error IDs begin with the time of this clock.
    #[must_use]
    pub const fn new(clock: Clock) -> Self {
        Self { clock }
    }
}

impl RenderError for ErrorRenderer {
    fn render(&self, error: &Error) -> Response {
        let (status, name) = status_and_type(error);
        let id = new_id(self.clock.now());
        let code = StatusCode::from_u16(status).unwrap_or_default();
        (code, Json(error_body(&id, (status, name), &message(error)))).into_response()
    }
}

/// Generates an error ID in the vendor's format: the time in milliseconds and four random bytes.
fn new_id(now: Timestamp) -> String {
    format!(
        "err_{}x{:08X}",
        now.as_micros() / 1000,
        rand::random::<u32>()
    )
}

/// Returns the status and the type of an error.
fn status_and_type(error: &Error) -> (u16, &'static str) {
    match error.kind() {
        Kind::Invalid => match error.broken_rules().first().map(|rule| rule.location) {
            Some(Location::Query) => (400, "InvalidQuery"),
            // A malformed ID matches no resource.
            Some(Location::Path) => (404, "ResourceNotFound"),
            Some(Location::Body | Location::Header) | None => (400, "InvalidPayload"),
        },
        // The payload of a message is part of the request body, whatever schema declares it.
        Kind::InvalidData => (400, "InvalidPayload"),
        Kind::InvalidIdentifier => (400, "InvalidIdentifier"),
        Kind::InvalidSchema => (400, "InvalidJsonSchema"),
        Kind::ReferenceNotFound => (400, "ReferenceNotFound"),
        Kind::RelationConflict | Kind::InUse => (409, "RelationConflict"),
        Kind::Unauthenticated => (401, "Unauthorized"),
        Kind::Forbidden => (403, "Forbidden"),
        // The client knows no type for 421.
        Kind::Misdirected => (421, "Forbidden"),
        Kind::NotFound => (404, "ResourceNotFound"),
        Kind::Conflict => (409, "AlreadyExists"),
        // The client knows no type for an unknown path.
        Kind::NoOperation | Kind::MethodNotAllowed => (405, "MethodNotFound"),
        Kind::TooLarge => (413, "PayloadTooLarge"),
        Kind::UnsupportedMedia => (415, "UnsupportedMediaType"),
        Kind::RateLimited { .. } => (429, "RateLimited"),
        Kind::QuotaExceeded => (403, "QuotaExceeded"),
        Kind::LimitExceeded => (413, "LimitExceeded"),
        Kind::PaymentRequired => (402, "PaymentRequired"),
        Kind::Upstream | Kind::Runtime => (400, "Runtime"),
        Kind::Timeout => (504, "OperationTimeout"),
        // wire: the client knows no 503
        Kind::Unavailable { .. } => (500, "Unknown"),
        Kind::Internal => (500, "Internal"),
    }
}

/// Returns the text for the caller.
fn message(error: &Error) -> String {
    match error.kind() {
        Kind::Internal => "An internal error occurred".to_owned(),
        Kind::NotFound => not_found_message(error),
        _ => violation_messages(error),
    }
}
