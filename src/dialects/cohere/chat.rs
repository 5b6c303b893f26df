//! `/chat`: answers from what connectors find, and from documents that come with the message.

use poem::{Body, IntoResponse, Request, Response};
use poem_openapi::{
    ApiResponse, OpenApi,
    payload::{Json, Payload},
    registry::{MetaSchemaRef, Registry},
    types::Type,
};

use super::{
    Tag,
    auth::User,
    chat_request::ChatRequest,
    chat_stream::{self, Form, StreamedChatEvent},
    chat_wire::{ChatResponse, Ids},
    error::Failed,
};
use crate::{domain::chat, http};

/// The header, so named, with which a client asks for server-sent events (cohere.md §4.3).
const ACCEPTS: &str = "accepts";

/// The operation on chats.
pub struct ChatApi;

/// The answer to a chat.
#[derive(ApiResponse)]
#[expect(
    clippy::large_enum_variant,
    reason = "it is made once for each request"
)]
enum ChatAnswer {
    /// The whole answer
    #[oai(status = 200)]
    Whole(Json<ChatResponse>),
    /// With `stream`: what happens, one JSON object a line
    #[oai(status = 200)]
    Streamed(Lines),
}

/// Events, one JSON object a line.
struct Lines {
    form: Form,
    body: Body,
}

impl Payload for Lines {
    const CONTENT_TYPE: &'static str = "application/stream+json";

    fn check_content_type(content_type: &str) -> bool {
        content_type == Self::CONTENT_TYPE
    }

    fn schema_ref() -> MetaSchemaRef {
        StreamedChatEvent::schema_ref()
    }

    fn register(registry: &mut Registry) {
        StreamedChatEvent::register(registry);
    }
}

impl IntoResponse for Lines {
    fn into_response(self) -> Response {
        Response::builder()
            .content_type(self.form.content_type())
            .header("cache-control", "no-cache")
            .body(self.body)
    }
}

#[OpenApi(tag = "Tag::Chat")]
impl ChatApi {
    /// Chat
    ///
    /// Answers a message from what the connectors find for it and from the documents that come with
    /// it, and says what each part of the answer rests on. With `stream`, what happens comes as it
    /// does, one JSON object a line; with the header `Accepts: text/event-stream` too, as server-sent
    /// events.
    #[oai(path = "/chat", method = "post", operation_id = "chat")]
    async fn chat(
        &self,
        user: User,
        request: &Request,
        body: http::Body<ChatRequest>,
    ) -> Result<ChatAnswer, Failed> {
        let ids = Ids::new(body.0.conversation_id());
        let is_streamed = body.0.is_streamed();
        let asked = body.0.try_into()?;
        if !is_streamed {
            let outcome = chat::answer(user.0, asked).await?;
            return Ok(ChatAnswer::Whole(Json(ids.response(outcome))));
        }
        let form = match request.header(ACCEPTS) {
            Some(accepts) if accepts.contains("text/event-stream") => Form::Events,
            _ => Form::Lines,
        };
        let told = chat::stream(user.0, asked)?;
        let body = chat_stream::body(told, ids, form);
        Ok(ChatAnswer::Streamed(Lines { form, body }))
    }
}
