//! `/v2/cognitive/generate-text`: texts from a model, whole or as a stream.

use std::io;

use futures_util::stream;
use poem::{Body, IntoResponse, Response};
use poem_openapi::{
    ApiResponse, OpenApi,
    payload::Json,
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::Type,
};

use super::{
    text_dto::{TextChunk, TextResponse, format_event},
    text_request::GenerateTextBody,
};
use crate::{
    dialects::botpress::{Tag, cognitive::auth::AiCaller, error::Failed},
    domain::ai::text,
    http,
};

/// Media type of newline-delimited JSON.
// wire: [inf] clients do not read the type of a stream
pub const LINES: &str = "application/x-ndjson";

/// The operations that generate texts.
pub struct CognitiveTexts;

/// A text as a stream of lines.
struct StreamedText(Body);

impl ApiResponse for StreamedText {
    fn meta() -> MetaResponses {
        lines_meta(
            "Lines of JSON; the last one has `metadata`",
            TextChunk::schema_ref(),
        )
    }

    fn register(registry: &mut Registry) {
        TextChunk::register(registry);
    }
}

impl IntoResponse for StreamedText {
    fn into_response(self) -> Response {
        lines_response(self.0)
    }
}

/// Describes a response of newline-delimited JSON.
pub fn lines_meta(
    description: &'static str,
    schema: poem_openapi::registry::MetaSchemaRef,
) -> MetaResponses {
    MetaResponses {
        responses: vec![MetaResponse {
            description,
            status: Some(200),
            status_range: None,
            content: vec![MetaMediaType {
                content_type: LINES,
                schema,
            }],
            headers: Vec::new(),
        }],
    }
}

/// Returns a response of newline-delimited JSON.
pub fn lines_response(body: Body) -> Response {
    Response::builder()
        .content_type(LINES)
        .header("cache-control", "no-cache")
        .body(body)
}

#[OpenApi(tag = "Tag::Cognitive")]
impl CognitiveTexts {
    /// Generate Text
    ///
    /// Generates a text with the model server of this server's operator.
    #[oai(
        path = "/v2/cognitive/generate-text",
        method = "post",
        operation_id = "generateText"
    )]
    async fn generate_text(
        &self,
        caller: AiCaller,
        body: http::Body<GenerateTextBody>,
    ) -> Result<Json<TextResponse>, Failed> {
        let answer = text::generate(caller.0, body.0.try_into()?).await?;
        Ok(Json(answer.into()))
    }

    /// Generate Text Stream
    ///
    /// Generates a text as a stream of lines of JSON. The last line has `finished`, `metadata` and the calls of tools.
    #[oai(
        path = "/v2/cognitive/generate-text-stream",
        method = "post",
        operation_id = "generateTextStream"
    )]
    async fn generate_text_stream(
        &self,
        caller: AiCaller,
        body: http::Body<GenerateTextBody>,
    ) -> Result<StreamedText, Failed> {
        let clock = caller.0.app().clock().clone();
        let text = text::stream(caller.0, body.0.try_into()?).await?;
        let lines = stream::unfold((text, clock), |(mut text, clock)| async move {
            let event = text.next().await?;
            let line = format_event(event, clock.now());
            Some((Ok::<_, io::Error>(line), (text, clock)))
        });
        Ok(StreamedText(Body::from_bytes_stream(lines)))
    }
}
