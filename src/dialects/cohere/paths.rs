//! Paths: where the dialect is found besides `/v1`, and what is said of those it does not have.
//!
//! Clients of version 5.0 to 5.7 have `/v1` in their base address, later ones add it themselves:
//! either with the other's address asks for `/connectors` or `/v1/v1/connectors` (cohere.md §2), of which the
//! server's router takes the second.

use std::sync::Arc;

use poem::{Endpoint, Request, error::NotFoundError};

use crate::{
    http::{allow::RoutedPath, errors::Failure},
    kernel::{Error, Kind},
};

/// Paths outside `/v1` at which the dialect is found: those of its operations without the prefix,
/// and those of the vendor's other APIs, so that their clients are told in their own error body
/// that they are not here.
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

/// What the dialect has, for whoever asks for something else.
const SERVED: &str = "/v1/chat, /v1/connectors and /v1/check-api-key";

/// The answer of the endpoint; where it has no such path, an error that says what there is.
pub async fn explain<E: Endpoint>(endpoint: Arc<E>, request: Request) -> poem::Result<E::Output> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let answer = endpoint.call(request).await;
    answer.map_err(|error| {
        if error.is::<NotFoundError>() {
            return Failure(no_operation(method.as_str(), &path)).into();
        }
        let mut error = error;
        error.set_data(RoutedPath(path));
        error
    })
}

fn no_operation(method: &str, path: &str) -> Error {
    // wire: a connector whose id is empty (cohere.md §1)
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
            "{method} {prefix}{path} is not part of this server: of Cohere's API it has {SERVED}"
        );
        return Error::new(Kind::NoOperation, text);
    }
    // wire: the vendor's own words for a path that it does not know (cohere.md §1)
    Error::new(Kind::NoOperation, "404 page not found")
}
