//! Converts errors of poem and poem-openapi to kernel errors.
//!
//! poem answers a bad request with plain text that may contain Rust type names. As a kernel error, it is rendered by
//! the dialect like any other error.

use std::fmt;

use poem::{
    error::{
        MethodNotAllowedError, NotFoundError, ParsePathError as PoemParsePathError, ReadBodyError,
        ResponseError,
    },
    http::StatusCode,
};
use poem_openapi::error::{
    AuthorizationError, ContentTypeError, ParseParamError, ParsePathError, ParseRequestPayloadError,
};

use super::body_memory::memory_limit_error;
use crate::kernel::{
    Error, Kind, Rule, Violation,
    violation::{Location, PathSegment},
};

/// A kernel error that passes through poem.
#[derive(Debug)]
pub struct Failure(pub Error);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Failure {}

impl ResponseError for Failure {
    /// Never sent: the middleware renders the error.
    fn status(&self) -> StatusCode {
        StatusCode::INTERNAL_SERVER_ERROR
    }
}

/// Converts a poem error to a kernel error.
#[must_use]
pub fn from_poem(error: poem::Error) -> Error {
    let error = match error.downcast::<Failure>() {
        Ok(failure) => return failure.0,
        Err(error) => error,
    };
    if error.is::<NotFoundError>() {
        return Error::new(Kind::NoOperation, "Not Found");
    }
    if error.is::<MethodNotAllowedError>() {
        return Error::new(Kind::MethodNotAllowed, "Method Not Allowed");
    }
    if error.is::<AuthorizationError>() {
        return Error::new(Kind::Unauthenticated, "Invalid or missing API key");
    }
    if let Some(param) = error.downcast_ref::<ParseParamError>() {
        return param_error(param.name, &param.reason);
    }
    if let Some(path) = error.downcast_ref::<ParsePathError>() {
        return Violation {
            location: Location::Path,
            path: vec![PathSegment::Key(path.name.to_owned())],
            rule: parse_rule(&path.reason),
        }
        .into();
    }
    if let Some(payload) = error.downcast_ref::<ParseRequestPayloadError>() {
        return Error::invalid(payload.reason.clone());
    }
    if let Some(content_type) = error.downcast_ref::<ContentTypeError>() {
        return Error::new(Kind::UnsupportedMedia, content_type.to_string());
    }
    if let Some(body) = error.downcast_ref::<ReadBodyError>() {
        return body_error(body);
    }
    if error.is::<PoemParsePathError>() || error.status().is_client_error() {
        return Error::invalid(error.to_string());
    }
    Error::internal("an unexpected error of the framework", error.to_string())
}

fn param_error(name: &str, reason: &str) -> Error {
    let rule = if reason.contains("expects an input value") {
        Rule::Required
    } else {
        parse_rule(reason)
    };
    Violation::query(name, rule).into()
}

/// Returns the rule that a poem message such as `failed to parse "integer(uint64)": …` implies.
fn parse_rule(reason: &str) -> Rule {
    if let Some(rule) = parse_bound(reason) {
        return rule;
    }
    let named = reason.split('"').nth(1).unwrap_or_default();
    let name = named.trim_start_matches("optional_");
    match name.split_once('(').map_or(name, |(name, _)| name) {
        "integer" => Rule::Other("must be a whole number, not negative".to_owned()),
        "number" => Rule::Type {
            expected: vec!["number".to_owned()],
        },
        "boolean" => Rule::OneOf {
            allowed: vec!["true".to_owned(), "false".to_owned()],
        },
        _ => Rule::Other("is not valid".to_owned()),
    }
}

/// Returns the bound that a parameter violated, from a poem message such as `verification failed. minimum(1,
/// exclusive: false)`.
fn parse_bound(reason: &str) -> Option<Rule> {
    let (_, validator) = reason.split_once("verification failed. ")?;
    let (name, figures) = validator.strip_suffix(')')?.split_once('(')?;
    let figure = figures.split(',').next()?;
    match name {
        "minimum" => Some(Rule::Minimum(figure.to_owned())),
        "maximum" => Some(Rule::Maximum(figure.to_owned())),
        "minLength" | "minItems" => Some(Rule::MinLength(figure.parse().ok()?)),
        "maxLength" | "maxItems" => Some(Rule::MaxLength(figure.parse().ok()?)),
        _ => None,
    }
}

/// Converts an error of reading the body.
#[must_use]
pub fn body_error(error: &ReadBodyError) -> Error {
    match error {
        ReadBodyError::PayloadTooLarge => too_large(),
        ReadBodyError::Utf8(_) => Error::invalid("The body is not UTF-8"),
        ReadBodyError::Io(error) => {
            memory_limit_error(error).unwrap_or_else(|| Error::invalid("The body ended too early"))
        }
        ReadBodyError::BodyHasBeenTaken => {
            Error::internal("a body was read twice", error.to_string())
        }
    }
}

/// Creates the error for a body that exceeds the size limit.
#[must_use]
pub fn too_large() -> Error {
    Error::new(Kind::TooLarge, "The request body is too large")
}
