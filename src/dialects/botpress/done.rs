//! The answer of what has nothing to tell: `{}`.

use poem_openapi::{Object, payload::Json, types::Example};

/// Nothing.
#[derive(Object)]
#[oai(example, rename = "Done")]
pub struct Done {}

impl Example for Done {
    fn example() -> Self {
        Self {}
    }
}

/// The answer of what is done.
pub const DONE: Json<Done> = Json(Done {});
