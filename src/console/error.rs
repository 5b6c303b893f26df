//! Errors of this server's own pages and API: `{"error": {"kind": "…", "message": "…"}}`.

use poem::{IntoResponse, Response, http::StatusCode, web::Json};
use poem_openapi::{Object, types::Example};
use serde_json::{Value, json};

use crate::{
    http::{self, Dialect, dialect::RenderError},
    kernel::{Error, Kind},
};

/// The console as a dialect of the shared HTTP layer.
pub struct ConsoleDialect;

impl Dialect for ConsoleDialect {
    type ErrorBody = ErrorBody;

    const ERRORS: &'static [(u16, &'static str)] = &[
        (400, "Invalid input"),
        (401, "Invalid or missing operator key"),
        (403, "Not allowed in this profile"),
        (404, "Not found"),
        (409, "Conflict with the current state"),
        (500, "Internal error"),
    ];
}

/// The error of every operation.
pub type ApiError = http::ApiError<ConsoleDialect>;

/// The details of an error.
#[derive(Object)]
struct ErrorDetail {
    /// The kind of error, such as `not_found`.
    kind: String,
    /// A description for people.
    message: String,
}

/// The body of an error response.
#[derive(Object)]
#[oai(example, rename = "ConsoleError")]
pub struct ErrorBody {
    /// The details of the error.
    error: ErrorDetail,
}

impl Example for ErrorBody {
    fn example() -> Self {
        Self {
            error: ErrorDetail {
                kind: "invalid".to_owned(),
                message: "seconds is required".to_owned(),
            },
        }
    }
}

/// Returns the example body of an error with this status, for the document.
pub fn example(status: u16) -> Value {
    let (kind, message) = match status {
        400 => ("invalid", "seconds is required"),
        401 => ("unauthenticated", "Invalid or missing API key"),
        403 => ("forbidden", "The clock can only be moved in profile dev"),
        404 => ("not_found", "Webhook not found"),
        409 => ("conflict", "The endpoint is disabled; enable it first"),
        _ => ("internal", "Internal error"),
    };
    json!({"error": {"kind": kind, "message": message}})
}

/// Renders errors of every endpoint that belongs to no vendor.
#[derive(Clone, Copy)]
pub struct ErrorRenderer;

impl RenderError for ErrorRenderer {
    fn render(&self, error: &Error) -> Response {
        let (status, kind) = match error.kind() {
            Kind::Invalid
            | Kind::InvalidIdentifier
            | Kind::InvalidSchema
            | Kind::InvalidData
            | Kind::ReferenceNotFound => (StatusCode::BAD_REQUEST, "invalid"),
            Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated"),
            Kind::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
            Kind::NotFound | Kind::NoOperation => (StatusCode::NOT_FOUND, "not_found"),
            Kind::Conflict | Kind::RelationConflict | Kind::InUse => {
                (StatusCode::CONFLICT, "conflict")
            }
            Kind::Misdirected => (StatusCode::MISDIRECTED_REQUEST, "misdirected"),
            Kind::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Kind::TooLarge | Kind::LimitExceeded => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Kind::UnsupportedMedia => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media"),
            Kind::RateLimited { .. } => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
            Kind::QuotaExceeded => (StatusCode::TOO_MANY_REQUESTS, "quota_exceeded"),
            Kind::PaymentRequired => (StatusCode::PAYMENT_REQUIRED, "payment_required"),
            Kind::Upstream => (StatusCode::BAD_GATEWAY, "upstream"),
            Kind::Runtime => (StatusCode::BAD_GATEWAY, "runtime"),
            Kind::Timeout => (StatusCode::GATEWAY_TIMEOUT, "timeout"),
            Kind::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        };
        let message = match error.kind() {
            Kind::Internal => "Internal error",
            _ => error.message(),
        };
        (
            status,
            Json(json!({"error": {"kind": kind, "message": message}})),
        )
            .into_response()
    }
}
