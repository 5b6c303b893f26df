//! The empty response `{}`.

use poem_openapi::{Object, payload::Json, types::Example};

/// An empty object.
#[derive(Object)]
#[oai(example, rename = "Done")]
pub struct EmptyResponse {}

impl Example for EmptyResponse {
    fn example() -> Self {
        Self {}
    }
}

/// The empty response.
pub const EMPTY_RESPONSE: Json<EmptyResponse> = Json(EmptyResponse {});
