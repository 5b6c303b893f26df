//! Errors in Botpress's words: the 21 types of the seed, in the one body that both the seed and every
//! `@botpress/client` understand (botpress.md §2).

use poem::{IntoResponse, Response, http::StatusCode, web::Json};
use poem_openapi::{Object, types::Example};
use serde_json::{Value, json};

use crate::{
    http::{
        self, Dialect,
        dialect::RenderError,
        wording::{broken_rules, not_found},
    },
    kernel::{Clock, Error, Kind, Timestamp, violation::Location},
};

/// The dialect, as the shared layers know it.
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
        (409, "AlreadyExists or RelationConflict"),
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

/// The error of every operation.
pub type Failed = http::Failed<Botpress>;

macro_rules! types {
    ($($name:ident, $status:literal, $description:literal;)+) => {
        /// The type of an error.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, poem_openapi::Enum)]
        pub enum ErrorType { $(#[doc = $description] $name,)+ }

        impl ErrorType {
            /// Every type, in the order of the seed.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// Its status.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// What it means, in the seed's words.
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
}

/// An error.
#[derive(Object)]
#[oai(example, rename = "Error")]
pub struct ErrorBody {
    /// The id of this one error.
    id: String,
    /// The status.
    code: u16,
    /// Its type.
    r#type: ErrorType,
    /// What went wrong.
    message: String,
    /// What errors of this type mean.
    description: String,
    /// The status.
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

/// The body of the error with this status, as the document shows it.
pub fn example(status: u16) -> Value {
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
    let mut body = body(EXAMPLE_ID, kind, kind.description());
    body["code"] = status.into();
    body["status"] = status.into();
    body
}

fn body(id: &str, kind: ErrorType, message: &str) -> Value {
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
    /// Error ids begin with the time of this clock.
    #[must_use]
    pub const fn new(clock: Clock) -> Self {
        Self { clock }
    }
}

/// Renders errors of what stands between a caller and a program: the statuses of a gateway, which the
/// seed has none of, in the body of this dialect.
#[derive(Clone)]
pub struct GatewayRenderer(ErrorRenderer);

impl GatewayRenderer {
    /// Error ids begin with the time of this clock.
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
        self.0.with_status(error, status)
    }
}

impl ErrorRenderer {
    /// The error under a status that the seed has no type for.
    fn with_status(&self, error: &Error, status: StatusCode) -> Response {
        let id = new_id(self.clock.now());
        let mut body = body(&id, error_type(error), &message(error));
        body["code"] = status.as_u16().into();
        body["status"] = status.as_u16().into();
        (status, Json(body)).into_response()
    }
}

impl RenderError for ErrorRenderer {
    fn render(&self, error: &Error) -> Response {
        // wire: nothing was changed, so that the call may be made again. Of what is not idempotent the
        // vendor's SDK repeats 429 and 502 alone, its command line 500, 502, 503 and 504
        // (botpress-today.md §0.2): 503 or 500 would lose a bot's message.
        if let Kind::Unavailable { .. } = error.kind() {
            return self.with_status(error, StatusCode::BAD_GATEWAY);
        }
        // The seed has no type for it.
        if error.kind() == Kind::Misdirected {
            return self.with_status(error, StatusCode::MISDIRECTED_REQUEST);
        }
        let kind = error_type(error);
        let status = StatusCode::from_u16(kind.status()).unwrap_or_default();
        let id = new_id(self.clock.now());
        (status, Json(body(&id, kind, &message(error)))).into_response()
    }
}

/// An id as the vendor's: the time in milliseconds and four random bytes.
fn new_id(now: Timestamp) -> String {
    format!(
        "err_{}x{:08X}",
        now.as_micros() / 1000,
        rand::random::<u32>()
    )
}

/// The type of an error (botpress.md §2).
fn error_type(error: &Error) -> ErrorType {
    match error.kind() {
        Kind::Invalid => match error.broken_rules().first().map(|rule| rule.location) {
            Some(Location::Query) => ErrorType::InvalidQuery,
            // What cannot be an id is no resource's.
            Some(Location::Path) => ErrorType::ResourceNotFound,
            Some(Location::Body | Location::Header) | None => ErrorType::InvalidPayload,
        },
        Kind::InvalidIdentifier => ErrorType::InvalidIdentifier,
        Kind::InvalidSchema => ErrorType::InvalidJsonSchema,
        Kind::InvalidData => ErrorType::InvalidDataFormat,
        Kind::ReferenceNotFound => ErrorType::ReferenceNotFound,
        Kind::RelationConflict => ErrorType::RelationConflict,
        Kind::Unauthenticated => ErrorType::Unauthorized,
        Kind::Forbidden | Kind::Misdirected => ErrorType::Forbidden,
        Kind::NotFound => ErrorType::ResourceNotFound,
        Kind::Conflict => ErrorType::AlreadyExists,
        // The seed has no 404 for a path that no operation has.
        Kind::NoOperation | Kind::MethodNotAllowed => ErrorType::MethodNotFound,
        Kind::TooLarge => ErrorType::PayloadTooLarge,
        Kind::UnsupportedMedia => ErrorType::UnsupportedMediaType,
        Kind::RateLimited { .. } => ErrorType::RateLimited,
        Kind::QuotaExceeded => ErrorType::QuotaExceeded,
        Kind::LimitExceeded => ErrorType::LimitExceeded,
        Kind::PaymentRequired => ErrorType::PaymentRequired,
        Kind::Upstream | Kind::Runtime => ErrorType::Runtime,
        // wire: the seed has no 503 and no 504, and clients know no other types
        Kind::Timeout | Kind::Unavailable { .. } => ErrorType::Unknown,
        Kind::Internal => ErrorType::Internal,
    }
}

/// The text for the caller.
fn message(error: &Error) -> String {
    match error.kind() {
        Kind::Internal => ErrorType::Internal.description().to_owned(),
        _ if error_type(error) == ErrorType::ResourceNotFound => not_found(error),
        _ => broken_rules(error),
    }
}
