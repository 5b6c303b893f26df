//! The empty response `{}`.

use poem_openapi::{Object, payload::Json, types::Example};

/// An empty object.
#[derive(Object)]
#[oai(example, rename = "Done")]
pub struct Done {}

impl Example for Done {
    fn example() -> Self {
        Self {}
    }
}

/// The empty response.
pub const DONE: Json<Done> = Json(Done {});
