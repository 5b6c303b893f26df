//! Error responses: the 21 error types of the reference page, in the one body that both the page and every
//! version of `@botpress/client` use (botpress.md §2).

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

/// The dialect, as the shared HTTP layers use it.
pub struct Botpress;

impl Dialect for Botpress {
    type ErrorBody = ErrorBody;

    const ERRORS: &'static [(u16, &'static str)] = &[
        (
            400,
            "InvalidPayload, InvalidQuery, InvalidJsonSchema, InvalidDataFormat, InvalidIdentifier, \
             ReferenceNotFound or Runtime",
        ),
        (401, "Unauthorized"),
        (402, "PaymentRequired"),
        (403, "Forbidden or QuotaExceeded"),
        (404, "ResourceNotFound"),
        (405, "MethodNotFound"),
        (
            409,
            "AlreadyExists, RelationConflict or ReferenceConstraint",
        ),
        (413, "PayloadTooLarge or LimitExceeded"),
        (415, "UnsupportedMediaType"),
        (429, "RateLimited"),
        (500, "Internal or Unknown"),
        (
            502,
            "Unknown: the database or an integration is not available right now, and the call can be made again",
        ),
    ];
}

/// Error of every operation.
pub type Failed = http::ApiError<Botpress>;

macro_rules! types {
    ($($name:ident, $status:literal, $description:literal;)+) => {
        /// The type of an error.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, poem_openapi::Enum)]
        pub enum ErrorType { $(#[doc = $description] $name,)+ }

        impl ErrorType {
            /// Every type, in the order of the reference page (botpress.md §2); then those of later clients.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Returns the name of the type.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// Returns the HTTP status of the type.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// Returns the description of the type, in the words of the reference page (botpress.md §2).
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $(Self::$name => $description,)+ }
            }
        }
    };
}

types! {
    Unknown, 500, "An unknown error occurred";
    Internal, 500, "An internal error occurred";
    Unauthorized, 401, "The request requires to be authenticated.";
    Forbidden, 403, "The requested action can't be peform by this resource.";
    PayloadTooLarge, 413, "The request payload is too large.";
    InvalidPayload, 400, "The request payload is invalid.";
    UnsupportedMediaType, 415, "The request is invalid because the content-type is not supported.";
    MethodNotFound, 405, "The requested method does not exist.";
    ResourceNotFound, 404, "The requested resource does not exist.";
    InvalidJsonSchema, 400, "The provided JSON schema is invalid.";
    InvalidDataFormat, 400, "The provided data doesn't respect the provided JSON schema.";
    InvalidIdentifier, 400, "The provided identifier is not valid. An identifier must start with a lowercase letter, be between 2 and 100 characters long and use only alphanumeric characters.";
    RelationConflict, 409, "The resource is not related with another resource. This is usually caused when providing two resources that aren't linked together.";
    ReferenceNotFound, 400, "The provided resource reference is missing. This is usually caused when providing an invalid id inside the payload of a request.";
    InvalidQuery, 400, "The provided query is invalid. This is usually caused when providing an invalid parameter for querying a resource.";
    Runtime, 400, "An error happened during the execution of a runtime (bot or integration).";
    AlreadyExists, 409, "The record attempted to be created already exists.";
    RateLimited, 429, "The request has been rate limited.";
    PaymentRequired, 402, "A payment is required to perform this request.";
    QuotaExceeded, 403, "The request exceeds the allowed quota. Quotas are a soft limit that can be increased.";
    LimitExceeded, 413, "The request exceeds the allowed limit. Limits are a hard limit that cannot be increased.";
    // Current clients only (botpress-today.md §10.1).
    ReferenceConstraint, 409, "The resource cannot be deleted because others refer to it.";
}

/// An error.
#[derive(Object)]
#[oai(example, rename = "Error")]
pub struct ErrorBody {
    /// Id of this occurrence.
    id: String,
    /// HTTP status.
    code: u16,
    /// Type of the error.
    r#type: ErrorType,
    /// Message that describes this error.
    message: String,
    /// Description of the error type.
    description: String,
    /// HTTP status.
    status: u16,
}

impl ErrorBody {
    fn new(id: String, kind: ErrorType, message: String) -> Self {
        Self {
            id,
            code: kind.status(),
            r#type: kind,
            message,
            description: kind.description().to_owned(),
            status: kind.status(),
        }
    }
}

const EXAMPLE_ID: &str = "err_1700000000000x1A2B3C4D";

impl Example for ErrorBody {
    fn example() -> Self {
        let message = "User \"0194a1b2-0000-7000-8000-000000000000\" not found".to_owned();
        Self::new(EXAMPLE_ID.to_owned(), ErrorType::ResourceNotFound, message)
    }
}

/// Returns the example body for this status in the OpenAPI document.
pub fn example_body(status: u16) -> Value {
    let of_status = |kind: &&ErrorType| kind.status() == status;
    let kind = match status {
        400 => ErrorType::InvalidPayload,
        500 => ErrorType::Internal,
        _ => ErrorType::ALL
            .iter()
            .find(of_status)
            .copied()
            .unwrap_or(ErrorType::Unknown),
    };
    let mut body = error_json(EXAMPLE_ID, kind, kind.description());
    body["code"] = status.into();
    body["status"] = status.into();
    body
}

fn error_json(id: &str, kind: ErrorType, message: &str) -> Value {
    json!({
        "id": id,
        "code": kind.status(),
        "type": kind.name(),
        "message": message,
        "description": kind.description(),
        "status": kind.status(),
    })
}

/// Renders errors in this dialect.
#[derive(Clone)]
pub struct ErrorRenderer {
    clock: Clock,
}

impl ErrorRenderer {
    /// Creates a renderer. Error ids begin with this clock's time.
    #[must_use]
    pub const fn new(clock: Clock) -> Self {
        Self { clock }
    }
}

/// Renders errors of the gateway between a caller and a program: 502, 503 and 504, for which the reference
/// page has no error types, in the body of this dialect.
#[derive(Clone)]
pub struct GatewayRenderer(ErrorRenderer);

impl GatewayRenderer {
    /// Creates a renderer. Error ids begin with this clock's time.
    #[must_use]
    pub const fn new(clock: Clock) -> Self {
        Self(ErrorRenderer::new(clock))
    }
}

impl RenderError for GatewayRenderer {
    fn render(&self, error: &Error) -> Response {
        let status = match error.kind() {
            Kind::Upstream => StatusCode::BAD_GATEWAY,
            Kind::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Timeout => StatusCode::GATEWAY_TIMEOUT,
            _ => return self.0.render(error),
        };
        self.0.render_with_status(error, status)
    }
}

impl ErrorRenderer {
    /// Renders the error with a status for which the reference page has no type.
    fn render_with_status(&self, error: &Error, status: StatusCode) -> Response {
        let id = new_error_id(self.clock.now());
        let mut body = error_json(&id, error_type(error), &error_message(error));
        body["code"] = status.as_u16().into();
        body["status"] = status.as_u16().into();
        (status, Json(body)).into_response()
    }
}

impl RenderError for ErrorRenderer {
    fn render(&self, error: &Error) -> Response {
        // wire: nothing was written, so the call can be retried. For calls that are not idempotent, the
        // vendor's SDK retries only 429 and 502, its CLI 500, 502, 503 and 504 (botpress-today.md §0.2). With
        // 503 or 500 a bot's message would be lost.
        if let Kind::Unavailable { .. } = error.kind() {
            return self.render_with_status(error, StatusCode::BAD_GATEWAY);
        }
        // The reference page has no type for 421.
        if error.kind() == Kind::Misdirected {
            return self.render_with_status(error, StatusCode::MISDIRECTED_REQUEST);
        }
        let kind = error_type(error);
        let status = StatusCode::from_u16(kind.status()).unwrap_or_default();
        let id = new_error_id(self.clock.now());
        (status, Json(error_json(&id, kind, &error_message(error)))).into_response()
    }
}

/// Returns an id in the vendor's format: the time in milliseconds and four random bytes.
fn new_error_id(now: Timestamp) -> String {
    format!(
        "err_{}x{:08X}",
        now.as_micros() / 1000,
        rand::random::<u32>()
    )
}

/// Returns the type of an error (botpress.md §2).
fn error_type(error: &Error) -> ErrorType {
    match error.kind() {
        Kind::Invalid => match error.broken_rules().first().map(|rule| rule.location) {
            Some(Location::Query) => ErrorType::InvalidQuery,
            // A malformed id names no resource.
            Some(Location::Path) => ErrorType::ResourceNotFound,
            Some(Location::Body | Location::Header) | None => ErrorType::InvalidPayload,
        },
        Kind::InvalidIdentifier => ErrorType::InvalidIdentifier,
        Kind::InvalidSchema => ErrorType::InvalidJsonSchema,
        Kind::InvalidData => ErrorType::InvalidDataFormat,
        Kind::ReferenceNotFound => ErrorType::ReferenceNotFound,
        Kind::RelationConflict => ErrorType::RelationConflict,
        Kind::InUse => ErrorType::ReferenceConstraint,
        Kind::Unauthenticated => ErrorType::Unauthorized,
        Kind::Forbidden | Kind::Misdirected => ErrorType::Forbidden,
        Kind::NotFound => ErrorType::ResourceNotFound,
        Kind::Conflict => ErrorType::AlreadyExists,
        // The reference page has no 404 for paths without an operation.
        Kind::NoOperation | Kind::MethodNotAllowed => ErrorType::MethodNotFound,
        Kind::TooLarge => ErrorType::PayloadTooLarge,
        Kind::UnsupportedMedia => ErrorType::UnsupportedMediaType,
        Kind::RateLimited { .. } => ErrorType::RateLimited,
        Kind::QuotaExceeded => ErrorType::QuotaExceeded,
        Kind::LimitExceeded => ErrorType::LimitExceeded,
        Kind::PaymentRequired => ErrorType::PaymentRequired,
        Kind::Upstream | Kind::Runtime => ErrorType::Runtime,
        // wire: the reference page has no 503 and no 504, and clients know no other types
        Kind::Timeout | Kind::Unavailable { .. } => ErrorType::Unknown,
        Kind::Internal => ErrorType::Internal,
    }
}

/// Returns the message for the caller.
fn error_message(error: &Error) -> String {
    match error.kind() {
        Kind::Internal => ErrorType::Internal.description().to_owned(),
        _ if error_type(error) == ErrorType::ResourceNotFound => not_found_message(error),
        _ => violation_messages(error),
    }
}
