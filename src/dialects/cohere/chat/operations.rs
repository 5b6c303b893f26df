//! `/chat`: answers from the results of connectors, and from documents in the request.

use poem::{Body, IntoResponse, Request, Response, http::StatusCode};
use poem_openapi::{
    ApiResponse, OpenApi,
    payload::{Json, Payload},
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::Type,
};

use super::{
    dto::{ChatResponse, ResponseIds},
    request_dto::ChatRequest,
    stream::{self, StreamFormat, StreamedChatEvent},
};
use crate::{
    dialects::cohere::{Tag, auth::OrganizationAuth, error::Failed},
    domain::retrieval::chat,
    http,
};

/// Header with which a client requests server-sent events; this is its literal name (cohere.md §4.3).
const ACCEPTS_HEADER: &str = "accepts";

/// OpenAPI operation `chat`.
pub struct ChatApi;

/// Response to a chat request.
#[expect(
    clippy::large_enum_variant,
    reason = "it is made once for each request"
)]
enum ChatEndpointResponse {
    /// The complete response.
    Complete(Json<ChatResponse>),
    /// With `stream`: a stream of events in this format.
    Streamed(StreamFormat, Body),
}

// Written by hand: if two responses have the same status, a derived implementation documents only the last.
impl ApiResponse for ChatEndpointResponse {
    fn meta() -> MetaResponses {
        let content = |content_type, schema| MetaMediaType {
            content_type,
            schema,
        };
        let event =
            |form: StreamFormat| content(form.content_type(), StreamedChatEvent::schema_ref());
        MetaResponses {
            responses: vec![MetaResponse {
                description: "The answer; with `stream` its events, one JSON object a line or, \
                              if requested, as server-sent events",
                status: Some(StatusCode::OK.as_u16()),
                status_range: None,
                content: vec![
                    content(
                        Json::<ChatResponse>::CONTENT_TYPE,
                        ChatResponse::schema_ref(),
                    ),
                    event(StreamFormat::JsonLines),
                    event(StreamFormat::ServerSentEvents),
                ],
                headers: Vec::new(),
            }],
        }
    }

    fn register(registry: &mut Registry) {
        ChatResponse::register(registry);
        StreamedChatEvent::register(registry);
    }
}

impl IntoResponse for ChatEndpointResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Complete(answer) => answer.into_response(),
            Self::Streamed(form, body) => Response::builder()
                .content_type(form.content_type())
                .header("cache-control", "no-cache")
                .body(body),
        }
    }
}

#[OpenApi(tag = "Tag::Chat")]
impl ChatApi {
    /// Chat
    ///
    /// Answers a message from the results of the connectors and from the documents in the request, with
    /// citations. With `stream`, the response is a stream of events, one JSON object a line; with the header
    /// `Accepts: text/event-stream` too, it is a stream of server-sent events.
    #[oai(path = "/chat", method = "post", operation_id = "chat")]
    async fn chat(
        &self,
        user: OrganizationAuth,
        request: &Request,
        body: http::Body<ChatRequest>,
    ) -> Result<ChatEndpointResponse, Failed> {
        let ids = ResponseIds::new(body.0.conversation_id());
        let is_streamed = body.0.is_streamed();
        let asked = body.0.try_into()?;
        if !is_streamed {
            let outcome = chat::answer(user.0, asked).await?;
            return Ok(ChatEndpointResponse::Complete(Json(
                ids.build_response(outcome),
            )));
        }
        let form = match request.header(ACCEPTS_HEADER) {
            Some(accepts) if accepts.contains(http::event_stream::MEDIA_TYPE) => {
                StreamFormat::ServerSentEvents
            }
            _ => StreamFormat::JsonLines,
        };
        let events = chat::stream(user.0, asked)?;
        let body = stream::stream_body(events, ids, form);
        Ok(ChatEndpointResponse::Streamed(form, body))
    }
}
