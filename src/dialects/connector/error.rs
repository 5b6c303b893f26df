//! Error bodies of connectors: RFC 7807. A chat shows only `detail`.

use poem::{IntoResponse, Response, http::StatusCode, web::Json};
use poem_openapi::{Object, types::Example};
use serde_json::{Value, json};

use crate::{
    http::{self, Dialect, dialect::RenderError},
    kernel::{Error, Kind},
};

/// Media type of errors.
const PROBLEM_JSON: &str = "application/problem+json";

/// The connector protocol as a [`Dialect`] of the shared HTTP layer.
pub struct Connector;

impl Dialect for Connector {
    type ErrorBody = ErrorBody;

    // wire: RFC 7807 (cohere.md §3)
    const ERROR_CONTENT_TYPE: &'static str = PROBLEM_JSON;

    const ERRORS: &'static [(u16, &'static str)] = &[
        (400, "The query is missing or empty"),
        (401, "The token is missing or wrong"),
        (404, "There is no folder with this name"),
        (500, "Internal Server Error"),
        (503, "The database is not available right now"),
    ];
}

/// Error type of all operations.
pub type Failed = http::ApiError<Connector>;

/// An error.
#[derive(Object)]
#[oai(example, rename = "Problem")]
pub struct ErrorBody {
    /// HTTP status.
    status: u16,
    /// Reason phrase of the status.
    title: String,
    /// Description of the error.
    detail: String,
}

impl Example for ErrorBody {
    fn example() -> Self {
        Self {
            status: 401,
            title: "Unauthorized".to_owned(),
            detail: "invalid or missing token".to_owned(),
        }
    }
}

/// Returns the example body of an error with this status, for the OpenAPI document.
pub fn example(status: u16) -> Value {
    let title = StatusCode::from_u16(status).unwrap_or_default();
    let detail = match status {
        400 => "query must not be empty",
        401 => "invalid or missing token",
        404 => "folder 'manuals' not found",
        503 => "The database is not available right now",
        _ => "internal server error",
    };
    problem_body(title, detail)
}

fn problem_body(status: StatusCode, detail: &str) -> Value {
    json!({
        "status": status.as_u16(),
        "title": status.canonical_reason().unwrap_or_default(),
        "detail": detail,
    })
}

/// Renders errors in this dialect.
pub struct ErrorRenderer;

impl RenderError for ErrorRenderer {
    fn render(&self, error: &Error) -> Response {
        let status = match error.kind() {
            Kind::Invalid
            | Kind::Conflict
            | Kind::InvalidIdentifier
            | Kind::InvalidSchema
            | Kind::InvalidData
            | Kind::ReferenceNotFound
            | Kind::RelationConflict
            | Kind::InUse => StatusCode::BAD_REQUEST,
            Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
            Kind::Forbidden | Kind::PaymentRequired => StatusCode::FORBIDDEN,
            Kind::NotFound | Kind::NoOperation => StatusCode::NOT_FOUND,
            Kind::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Kind::TooLarge | Kind::LimitExceeded => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Kind::RateLimited { .. } | Kind::QuotaExceeded => StatusCode::TOO_MANY_REQUESTS,
            Kind::Upstream | Kind::Runtime => StatusCode::BAD_GATEWAY,
            Kind::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Kind::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let detail = match error.kind() {
            Kind::Internal => "internal server error",
            _ => error.message(),
        };
        let body = Json(problem_body(status, detail)).with_content_type(PROBLEM_JSON);
        (status, body).into_response()
    }
}
