//! Answers in JSON that are written straight into the text.

use poem::{
    IntoResponse, Response,
    error::InternalServerError,
    http::{HeaderValue, header},
};
use poem_openapi::{
    ApiResponse,
    payload::{Json, Payload},
    registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchemaRef, Registry},
    types::Type,
};
use serde::Serialize;

const JSON: &str = "application/json; charset=utf-8";
/// How long most answers are at most, in bytes: so much room is made before one is written.
const ROOM: usize = 2048;

/// An answer that [`Json`] would give too, which first builds a tree of values of what it writes: for
/// answers that are long or frequent. `T` must be serialised as its schema says.
pub struct Written<T>(pub T);

impl<T: Type> Payload for Written<T> {
    const CONTENT_TYPE: &'static str = Json::<T>::CONTENT_TYPE;

    fn check_content_type(content_type: &str) -> bool {
        Json::<T>::check_content_type(content_type)
    }

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Serialize + Send> IntoResponse for Written<T> {
    fn into_response(self) -> Response {
        let mut text = Vec::with_capacity(ROOM);
        match serde_json::to_writer(&mut text, &self.0) {
            Ok(()) => Response::builder()
                .header(header::CONTENT_TYPE, HeaderValue::from_static(JSON))
                .body(text),
            Err(error) => InternalServerError(error).into_response(),
        }
    }
}

impl<T: Type + Serialize> ApiResponse for Written<T> {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![MetaResponse {
                description: "",
                status: Some(200),
                status_range: None,
                content: vec![MetaMediaType {
                    content_type: Self::CONTENT_TYPE,
                    schema: Self::schema_ref(),
                }],
                headers: vec![],
            }],
        }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}
