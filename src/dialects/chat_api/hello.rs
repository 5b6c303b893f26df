//! `/hello`: confirms that the chat exists.

use poem_openapi::{Object, OpenApi, payload::Json, types::Example};

use super::{Tag, error::Failed};

/// OpenAPI operation `hello`.
pub struct Hello;

/// An empty object.
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
    /// Confirms that the chat exists. The client calls this before any other operation.
    #[oai(path = "/hello", method = "get", operation_id = "hello")]
    async fn hello(&self) -> Result<Json<HelloResponse>, Failed> {
        Ok(Json(HelloResponse {}))
    }
}
