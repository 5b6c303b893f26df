//! Error bodies of the Aloochat API: `{"detail": "…"}`.

use poem::{IntoResponse, Response, http::StatusCode, web::Json};
use poem_openapi::{Object, types::Example};
use serde_json::{Value, json};

use super::settings::ValidationStatus;
use crate::{
    http::{self, Dialect, dialect::RenderError},
    kernel::{
        Error, Kind, Rule, Violation,
        violation::{Location, PathSegment},
    },
};

/// Aloochat as a [`Dialect`] of the shared HTTP layer.
pub struct Aloochat;

impl Dialect for Aloochat {
    type ErrorBody = ErrorBody;

    // The vendor's table "Error Responses" (aloochat.md §2).
    const ERRORS: &'static [(u16, &'static str)] = &[
        (400, "Bad Request - Invalid input data"),
        (401, "Unauthorized - Invalid or missing API key"),
        (403, "Forbidden - Insufficient permissions"),
        (404, "Not Found - Integration not found"),
        (429, "Too Many Requests - Rate limit exceeded"),
        (500, "Internal Server Error"),
    ];
}

/// Error type of all operations.
pub type Failed = http::ApiError<Aloochat>;

/// An error.
#[derive(Object)]
#[oai(example)]
pub struct ErrorBody {
    /// Description of the error.
    detail: String,
}

impl Example for ErrorBody {
    fn example() -> Self {
        Self {
            detail: "Integration not found".to_owned(),
        }
    }
}

/// Renders errors in this dialect.
#[derive(Clone, Copy)]
pub struct ErrorRenderer {
    validation_status: ValidationStatus,
}

impl ErrorRenderer {
    pub const fn new(validation: ValidationStatus) -> Self {
        Self {
            validation_status: validation,
        }
    }
}

/// Returns the example body of an error with this status, for the OpenAPI document.
pub fn example(status: u16) -> Value {
    json!({"detail": match status {
        400 => "name is required",
        401 => "Invalid or missing API key",
        403 => "Insufficient permissions",
        404 => "Integration not found",
        429 => "Rate limit exceeded",
        _ => "Internal Server Error",
    }})
}

impl RenderError for ErrorRenderer {
    fn render(&self, error: &Error) -> Response {
        let status = match error.kind() {
            Kind::Invalid => return self.render_invalid(error),
            // wire: the vendor's table has no 415; a body of another media type is invalid input
            // (aloochat.md §2)
            Kind::UnsupportedMedia => return self.render_invalid(error),
            Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
            Kind::Forbidden | Kind::PaymentRequired => StatusCode::FORBIDDEN,
            Kind::NotFound | Kind::NoOperation => StatusCode::NOT_FOUND,
            Kind::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            // wire: the vendor's table has no 409
            Kind::Conflict
            | Kind::InvalidIdentifier
            | Kind::InvalidSchema
            | Kind::InvalidData
            | Kind::ReferenceNotFound
            | Kind::RelationConflict
            | Kind::InUse => StatusCode::BAD_REQUEST,
            Kind::TooLarge | Kind::LimitExceeded => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::RateLimited { .. } | Kind::QuotaExceeded => StatusCode::TOO_MANY_REQUESTS,
            Kind::Upstream | Kind::Runtime => StatusCode::BAD_GATEWAY,
            Kind::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Kind::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Internal => {
                return respond(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    json!("Internal Server Error"),
                );
            }
        };
        respond(status, json!(error.message()))
    }
}

impl ErrorRenderer {
    // wire: 400 with a text, as the page says; a setting selects FastAPI's own 422 with a list
    // (aloochat.md §3, row 5)
    fn render_invalid(self, error: &Error) -> Response {
        match self.validation_status {
            ValidationStatus::BadRequest => {
                respond(StatusCode::BAD_REQUEST, json!(describe_error(error)))
            }
            ValidationStatus::UnprocessableContent => {
                let listed: Vec<Value> = match error.broken_rules() {
                    [] => vec![json!({
                        "loc": ["body"],
                        "msg": error.message(),
                        "type": "value_error",
                    })],
                    rules => rules.iter().map(to_fastapi_item).collect(),
                };
                respond(StatusCode::UNPROCESSABLE_ENTITY, json!(listed))
            }
        }
    }
}

fn respond(status: StatusCode, detail: Value) -> Response {
    (status, Json(json!({"detail": detail}))).into_response()
}

/// Lists every broken rule, so that a caller can fix all at once.
fn describe_error(error: &Error) -> String {
    let rules: Vec<String> = error
        .broken_rules()
        .iter()
        .map(ToString::to_string)
        .collect();
    if rules.is_empty() {
        error.message().to_owned()
    } else {
        rules.join("; ")
    }
}

/// Converts a broken rule to an item of FastAPI's error list.
fn to_fastapi_item(violation: &Violation) -> Value {
    let location = match violation.location {
        Location::Body => "body",
        Location::Query => "query",
        Location::Path => "path",
        Location::Header => "header",
    };
    let steps = violation.path.iter().map(|step| match step {
        PathSegment::Key(key) => json!(key),
        PathSegment::Index(index) => json!(index),
    });
    let loc: Vec<Value> = std::iter::once(json!(location)).chain(steps).collect();
    let kind = match &violation.rule {
        Rule::Required => "missing".to_owned(),
        Rule::Unexpected => "extra_forbidden".to_owned(),
        Rule::Type { expected } => match expected.first().map_or("", String::as_str) {
            "object" => "dict_type".to_owned(),
            "array" => "list_type".to_owned(),
            "boolean" => "bool_type".to_owned(),
            "integer" => "int_type".to_owned(),
            "number" => "float_type".to_owned(),
            other => format!("{other}_type"),
        },
        Rule::OneOf { .. } => "enum".to_owned(),
        Rule::MinLength(_) => "string_too_short".to_owned(),
        Rule::MaxLength(_) => "string_too_long".to_owned(),
        Rule::Minimum(_) => "greater_than_equal".to_owned(),
        Rule::Maximum(_) => "less_than_equal".to_owned(),
        Rule::Format(format) => format!("{}_parsing", format.to_lowercase()),
        Rule::Pattern(_) => "string_pattern_mismatch".to_owned(),
        Rule::Json(_) => "json_invalid".to_owned(),
        Rule::Other(_) | Rule::More { .. } => "value_error".to_owned(),
    };
    json!({"loc": loc, "msg": violation.to_string(), "type": kind})
}
