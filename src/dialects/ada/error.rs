//! Error bodies of the Ada APIs: `{"errors": [{"type", "message", "details"}]}` in v2 (ada.md §1.5),
//! `{"message": …}` in v1 (ada.md §1.1).

use poem::{IntoResponse, Response, http::StatusCode, web::Json};
use poem_openapi::{Object, types::Example};
use serde_json::{Value, json};

use crate::{
    http::{self, Dialect, dialect::RenderError},
    kernel::{
        Error, Kind, Violation,
        violation::{Location, PathSegment},
    },
};

/// Version 2 as a [`Dialect`] of the shared HTTP layer.
pub struct V2;

/// Version 1 of the End Users API as a [`Dialect`] of the shared HTTP layer.
pub struct V1;

// ada.md §1.5
const STATUSES: &[(u16, &str)] = &[
    (400, "Bad Request"),
    (401, "Unauthorized"),
    (403, "Authorization Error"),
    (404, "Not Found"),
    (409, "Duplicate Resource"),
    (413, "Content Too Large"),
    (429, "Too Many Requests"),
    (500, "Internal Server Error"),
];

impl Dialect for V2 {
    type ErrorBody = ErrorsBody;

    const ERRORS: &'static [(u16, &'static str)] = STATUSES;
}

impl Dialect for V1 {
    type ErrorBody = MessageBody;

    const ERRORS: &'static [(u16, &'static str)] = STATUSES;
}

/// Error type of the operations of v2.
pub type Failed = http::ApiError<V2>;

/// Error type of the operations of v1.
pub type FailedV1 = http::ApiError<V1>;

/// An invalid value in the request.
#[derive(Object)]
#[oai(rename = "ValidationErrorDetail")]
struct ErrorDetail {
    /// JSONPath of the value.
    parameter: String,
    /// Part of the request: `body`, `query`, `path` or `header`.
    location: String,
    /// Description of the error.
    message: String,
}

/// One error.
#[derive(Object)]
#[oai(rename = "Error")]
struct ErrorItem {
    /// Type of the error.
    r#type: String,
    /// Description of the error.
    message: String,
    /// The invalid values of a `validation_error`.
    #[oai(nullable)]
    details: Option<Vec<ErrorDetail>>,
}

/// The errors of a request.
#[derive(Object)]
#[oai(example, rename = "Errors")]
pub struct ErrorsBody {
    /// At least one error.
    errors: Vec<ErrorItem>,
}

impl Example for ErrorsBody {
    fn example() -> Self {
        Self {
            errors: vec![ErrorItem {
                r#type: "not_found".to_owned(),
                message: "End user not found".to_owned(),
                details: None,
            }],
        }
    }
}

/// An error.
#[derive(Object)]
#[oai(example, rename = "ErrorMessage")]
pub struct MessageBody {
    /// Description of the error.
    message: String,
}

impl Example for MessageBody {
    fn example() -> Self {
        Self {
            message: "Unauthorized".to_owned(),
        }
    }
}

/// Returns the status and the type of an error. The vendor publishes no type but `validation_error`.
// wire: the other types are guessed from the names of the statuses (ada.md §1.5)
fn status_and_type(error: &Error) -> (StatusCode, &'static str) {
    match error.kind() {
        Kind::Invalid if error.broken_rules().is_empty() => {
            (StatusCode::BAD_REQUEST, "bad_request")
        }
        Kind::Invalid => (StatusCode::BAD_REQUEST, "validation_error"),
        Kind::UnsupportedMedia
        | Kind::InvalidIdentifier
        | Kind::InvalidSchema
        | Kind::InvalidData
        | Kind::ReferenceNotFound
        | Kind::RelationConflict
        | Kind::InUse => (StatusCode::BAD_REQUEST, "bad_request"),
        Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthorized"),
        Kind::Forbidden | Kind::PaymentRequired => (StatusCode::FORBIDDEN, "authorization_error"),
        Kind::NotFound | Kind::NoOperation => (StatusCode::NOT_FOUND, "not_found"),
        Kind::Misdirected => (StatusCode::MISDIRECTED_REQUEST, "misdirected_request"),
        Kind::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
        Kind::Conflict => (StatusCode::CONFLICT, "duplicate_resource"),
        Kind::TooLarge | Kind::LimitExceeded => {
            (StatusCode::PAYLOAD_TOO_LARGE, "content_too_large")
        }
        Kind::RateLimited { .. } | Kind::QuotaExceeded => {
            (StatusCode::TOO_MANY_REQUESTS, "too_many_requests")
        }
        Kind::Upstream | Kind::Runtime => (StatusCode::BAD_GATEWAY, "bad_gateway"),
        Kind::Timeout => (StatusCode::GATEWAY_TIMEOUT, "gateway_timeout"),
        Kind::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "service_unavailable"),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal_server_error"),
    }
}

/// Returns the text for the caller.
fn message(error: &Error) -> &str {
    match error.kind() {
        Kind::Unauthenticated => "Unauthorized",
        Kind::Internal => "Internal Server Error",
        _ => error.message(),
    }
}

/// Renders the errors of v2.
#[derive(Clone, Copy)]
pub struct ErrorRendererV2;

impl RenderError for ErrorRendererV2 {
    fn render(&self, error: &Error) -> Response {
        let (status, slug) = status_and_type(error);
        let mut item = json!({"type": slug, "message": message(error)});
        if slug == "validation_error" {
            item["details"] = error.broken_rules().iter().map(to_detail).collect();
        }
        (status, Json(json!({"errors": [item]}))).into_response()
    }
}

/// Renders the errors of v1.
#[derive(Clone, Copy)]
pub struct ErrorRendererV1;

impl RenderError for ErrorRendererV1 {
    fn render(&self, error: &Error) -> Response {
        let (status, _) = status_and_type(error);
        (status, Json(json!({"message": message(error)}))).into_response()
    }
}

fn to_detail(violation: &Violation) -> Value {
    let location = match violation.location {
        Location::Body => "body",
        Location::Query => "query",
        Location::Path => "path",
        Location::Header => "header",
    };
    let mut parameter = "$".to_owned();
    for step in &violation.path {
        match step {
            PathSegment::Key(key) => parameter.push_str(&format!(".{key}")),
            PathSegment::Index(index) => parameter.push_str(&format!("[{index}]")),
        }
    }
    json!({"parameter": parameter, "location": location, "message": violation.to_string()})
}

/// Returns the example body of a v2 error with this status, for the OpenAPI document.
pub fn example_v2(status: u16) -> Value {
    let (slug, message) = example_type_and_message(status);
    json!({"errors": [{"type": slug, "message": message}]})
}

/// Returns the example body of a v1 error with this status, for the OpenAPI document.
pub fn example_v1(status: u16) -> Value {
    json!({"message": example_type_and_message(status).1})
}

const fn example_type_and_message(status: u16) -> (&'static str, &'static str) {
    match status {
        400 => ("validation_error", "profile is required"),
        401 => ("unauthorized", "Unauthorized"),
        403 => ("authorization_error", "This token does not allow that"),
        404 => ("not_found", "End user not found"),
        409 => ("duplicate_resource", "This external_id is taken"),
        413 => ("content_too_large", "The request body is too large"),
        429 => ("too_many_requests", "Rate limit exceeded"),
        _ => ("internal_server_error", "Internal Server Error"),
    }
}
