//! Paths of the dialect outside `/v1`, and the errors for unknown paths.
//!
//! The base URL of clients 5.0 to 5.7 contains `/v1`, later clients add it themselves. A client with the
//! other's base URL requests `/connectors` or `/v1/v1/connectors` (cohere.md §2). The server's router handles
//! the second form.

use std::sync::Arc;

use poem::{Endpoint, Request, error::NotFoundError};

use crate::{
    http::{allowed_methods::RoutedPath, errors::Failure},
    kernel::{Error, Kind},
};

/// Paths outside `/v1` that the dialect handles: its own operations without the prefix, and the vendor's
/// other APIs, so that their clients get an error in a body that they can parse.
pub const UNPREFIXED: &[&str] = &[
    "/connectors",
    "/chat",
    "/check-api-key",
    "/v2",
    "/batches",
    "/classify",
    "/datasets",
    "/detokenize",
    "/embed",
    "/embed-jobs",
    "/finetuning",
    "/generate",
    "/models",
    "/rerank",
    "/summarize",
    "/tokenize",
];

/// Paths that the dialect serves, for error messages.
const SERVED_PATHS: &str = "/v1/chat, /v1/connectors and /v1/check-api-key";

/// Calls the endpoint and replaces the error for an unknown path with one that says what this server serves.
pub async fn explain_unknown_path<E: Endpoint>(
    endpoint: Arc<E>,
    request: Request,
) -> poem::Result<E::Output> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let answer = endpoint.call(request).await;
    answer.map_err(|error| {
        if error.is::<NotFoundError>() {
            return Failure(unknown_path_error(method.as_str(), &path)).into();
        }
        let mut error = error;
        error.set_data(RoutedPath(path));
        error
    })
}

fn unknown_path_error(method: &str, path: &str) -> Error {
    // wire: treated as a connector with an empty ID (cohere.md §1)
    if path == "/connectors/" {
        return Error::not_found("connector '' not found.");
    }
    let prefix = if path.starts_with("/v2") { "" } else { "/v1" };
    let is_the_vendors = UNPREFIXED.iter().any(|known| {
        let rest = path.strip_prefix(known);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    if is_the_vendors && !path.starts_with("/connectors") {
        let text = format!(
            "{method} {prefix}{path} is not part of this server: of Cohere's API it has {SERVED_PATHS}"
        );
        return Error::new(Kind::NoOperation, text);
    }
    // wire: the vendor's message for an unknown path (cohere.md §1)
    Error::new(Kind::NoOperation, "404 page not found")
}
