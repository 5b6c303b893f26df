//! `/hello`: whether the chat is there.

use poem_openapi::{Object, OpenApi, payload::Json, types::Example};

use super::{Tag, error::Failed};

/// The operation.
pub struct Hello;

/// Yes.
#[derive(Object)]
#[oai(example, rename = "HelloResponse")]
struct HelloResponse {}

impl Example for HelloResponse {
    fn example() -> Self {
        Self {}
    }
}

#[OpenApi(tag = "Tag::Hello")]
impl Hello {
    /// Hello
    ///
    /// Say that the chat is there. The client asks before anything else.
    #[oai(path = "/hello", method = "get", operation_id = "hello")]
    async fn hello(&self) -> Result<Json<HelloResponse>, Failed> {
        Ok(Json(HelloResponse {}))
    }
}
