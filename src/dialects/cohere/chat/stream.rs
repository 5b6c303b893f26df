//! Streams a chat response as events, one JSON object a line (cohere.md §4.3).
//!
//! If a connector fails and the chat cannot continue without it, the search results contain the error and the
//! stream ends with `ERROR`. By then the status 200 is already sent; the vendor's guide tells clients to look
//! there.

use std::io;

use futures_util::{Stream, StreamExt};
use poem::Body;
use poem_openapi::{
    Object,
    types::{Example, ToJSON},
};
use tracing::error;

use super::dto::{
    ChatCitation, ChatResponse, ChatSearchQuery, ChatSearchResult, ResponseIds, finish_reason,
    to_documents,
};
use crate::{
    domain::retrieval::{
        answers::{FinishReason, TokenUsage},
        chat::{ChatEvent, Outcome, StreamItem},
    },
    http::{JsonObject, event_stream},
    kernel::{Error, Kind},
};

/// Format of the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamFormat {
    /// One JSON object a line, which every official client reads.
    JsonLines,
    /// Server-sent events, only for clients that request them.
    ServerSentEvents,
}

impl StreamFormat {
    /// Returns the media type of the body.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::JsonLines => "application/stream+json",
            Self::ServerSentEvents => event_stream::MEDIA_TYPE,
        }
    }
}

/// An event of a streamed chat response.
#[derive(Default, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub struct StreamedChatEvent {
    /// True for the last event.
    is_finished: bool,
    /// Type of the event: `stream-start`, `search-queries-generation`, `search-results`, `text-generation`,
    /// `citation-generation` or `stream-end`.
    event_type: String,
    /// In `stream-start`: ID of the generated text.
    generation_id: Option<String>,
    /// In `stream-start`: ID of the conversation that the server stores.
    conversation_id: Option<String>,
    /// In `search-queries-generation`: the search queries.
    search_queries: Option<Vec<ChatSearchQuery>>,
    /// In `search-results`: the results of each connector.
    search_results: Option<Vec<ChatSearchResult>>,
    /// In `search-results`: the documents used for the answer.
    documents: Option<Vec<JsonObject>>,
    /// In `text-generation`: the next part of the text.
    text: Option<String>,
    /// In `citation-generation`: citations of the text.
    citations: Option<Vec<ChatCitation>>,
    /// In `stream-end`: reason why the answer ended.
    finish_reason: Option<String>,
    /// In `stream-end`: the complete response.
    response: Option<ChatResponse>,
}

impl Example for StreamedChatEvent {
    fn example() -> Self {
        Self {
            text: Some("They are kept for 30 days.".to_owned()),
            ..Self::with_type("text-generation")
        }
    }
}

impl StreamedChatEvent {
    fn with_type(event_type: &str) -> Self {
        Self {
            event_type: event_type.to_owned(),
            ..Self::default()
        }
    }

    fn stream_end(ids: &ResponseIds, outcome: Outcome) -> Self {
        Self {
            is_finished: true,
            finish_reason: Some(finish_reason(outcome.finish).to_owned()),
            response: Some(ids.build_response(outcome)),
            ..Self::with_type("stream-end")
        }
    }

    fn encode(&self, form: StreamFormat) -> String {
        let json = self.to_json_string();
        match form {
            StreamFormat::JsonLines => event_stream::format_json_line(&json),
            StreamFormat::ServerSentEvents => {
                event_stream::format_sse_event(&self.event_type, &json)
            }
        }
    }
}

/// Returns a response body that streams the events of a chat.
pub fn stream_body(
    items: impl Stream<Item = StreamItem> + Send + 'static,
    ids: ResponseIds,
    form: StreamFormat,
) -> Body {
    let mut queries = Vec::new();
    let lines = items.map(move |item| {
        let event = match item {
            StreamItem::Event(event) => to_event(event, &ids, &mut queries),
            StreamItem::Outcome(outcome) => match *outcome {
                Ok(outcome) => StreamedChatEvent::stream_end(&ids, outcome),
                Err(error) => StreamedChatEvent::stream_end(&ids, failed_outcome(&error)),
            },
        };
        Ok::<_, io::Error>(event.encode(form))
    });
    Body::from_bytes_stream(lines)
}

fn to_event(event: ChatEvent, ids: &ResponseIds, queries: &mut Vec<String>) -> StreamedChatEvent {
    match event {
        ChatEvent::Started => StreamedChatEvent {
            generation_id: Some(ids.generation.clone()),
            conversation_id: ids.conversation.clone(),
            ..StreamedChatEvent::with_type("stream-start")
        },
        ChatEvent::Queries(new_queries) => {
            *queries = new_queries;
            StreamedChatEvent {
                search_queries: Some(ids.to_queries(queries)),
                ..StreamedChatEvent::with_type("search-queries-generation")
            }
        }
        ChatEvent::SearchResults(found, used) => StreamedChatEvent {
            search_results: Some(ids.to_results(queries, found)),
            documents: Some(to_documents(used)),
            ..StreamedChatEvent::with_type("search-results")
        },
        ChatEvent::Text(text) => StreamedChatEvent {
            text: Some(text),
            ..StreamedChatEvent::with_type("text-generation")
        },
        ChatEvent::Citations(citations) => StreamedChatEvent {
            citations: Some(citations.into_iter().map(Into::into).collect()),
            ..StreamedChatEvent::with_type("citation-generation")
        },
    }
}

/// Returns the outcome of a chat that failed after its stream began.
fn failed_outcome(failure: &Error) -> Outcome {
    let warning = match failure.kind() {
        Kind::Internal => {
            error!(?failure, "a streamed chat failed");
            "internal server error".to_owned()
        }
        _ => failure.message().to_owned(),
    };
    Outcome {
        text: String::new(),
        citations: Vec::new(),
        documents: Vec::new(),
        queries: Vec::new(),
        search_results: Vec::new(),
        is_search_required: None,
        finish: FinishReason::Error,
        history: Vec::new(),
        usage: TokenUsage::default(),
        warnings: vec![warning],
    }
}
