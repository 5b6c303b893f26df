//! DTOs of chat responses (cohere.md §4.2). Absent fields are omitted.

use poem_openapi::{Object, types::Example};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    domain::retrieval::{
        answers::{self, FinishReason, Role, Source, Turn},
        chat::{Outcome, SearchResult},
    },
    http::JsonObject,
};

/// A chat response.
#[derive(Clone, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub struct ChatResponse {
    /// ID of this response.
    response_id: String,
    /// Text of the answer.
    text: String,
    /// ID of the generated text.
    generation_id: String,
    /// ID of the conversation that the server stores.
    conversation_id: Option<String>,
    /// Citations: the parts of the text that are based on documents.
    citations: Option<Vec<ChatCitation>>,
    /// The documents used for the answer, with all of their fields.
    documents: Option<Vec<JsonObject>>,
    /// True if the message requires a search.
    is_search_required: Option<bool>,
    /// The search queries.
    search_queries: Option<Vec<ChatSearchQuery>>,
    /// Results of each connector for each query.
    search_results: Option<Vec<ChatSearchResult>>,
    /// Reason why the answer ended.
    finish_reason: String,
    /// The conversation, including this message and its answer.
    chat_history: Option<Vec<ChatHistoryTurn>>,
    /// Metadata of the response.
    meta: ApiMeta,
}

/// A part of the text, and the documents that it is based on.
#[derive(Clone, Object)]
pub struct ChatCitation {
    /// Start of the part, in Unicode code points from 0.
    start: u64,
    /// End of the part (exclusive), in Unicode code points.
    end: u64,
    /// Text of the part.
    text: String,
    /// IDs of the documents.
    document_ids: Vec<String>,
    /// Type of the citation: `TEXT_CONTENT`.
    r#type: String,
}

/// A search query.
#[derive(Clone, Object)]
pub struct ChatSearchQuery {
    /// Text of the query.
    text: String,
    /// ID of the generated text that the query belongs to.
    generation_id: String,
}

/// Results of a connector for a query.
#[derive(Clone, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct ChatSearchResult {
    /// The search query.
    // wire: always present, even if the connector failed: version 5.0 of the client requires it
    // (cohere.md §4.2)
    search_query: ChatSearchQuery,
    /// The connector.
    connector: ChatSearchConnector,
    /// IDs of the connector's documents among those used for the answer.
    document_ids: Vec<String>,
    /// Error message, if the connector failed.
    error_message: Option<String>,
    /// True if the chat continued although the connector failed; absent if it did not fail.
    continue_on_failure: Option<bool>,
}

/// A connector.
#[derive(Clone, Object)]
pub struct ChatSearchConnector {
    /// ID of the connector.
    id: String,
}

/// A message of the conversation.
#[derive(Clone, Object)]
#[oai(rename = "ShownTurn")]
pub struct ChatHistoryTurn {
    /// Author of the message: `USER`, `CHATBOT` or `SYSTEM`.
    role: String,
    /// Text of the message.
    message: String,
}

/// Metadata of a response.
#[derive(Clone, Object)]
pub struct ApiMeta {
    /// The version of the API.
    api_version: ApiVersion,
    /// Number of tokens that would be billed.
    // wire: always present, as `tokens` is: LangChain reads both unconditionally
    billed_units: Tokens,
    /// Number of tokens that the model counted, or an estimate if no model answered.
    tokens: Tokens,
    /// Warnings, including the name of the answerer.
    warnings: Vec<String>,
}

/// The version of an API.
#[derive(Clone, Object)]
pub struct ApiVersion {
    version: String,
}

/// Numbers of tokens.
#[derive(Clone, Object)]
pub struct Tokens {
    /// Number of tokens of the prompt.
    input_tokens: u64,
    /// Number of tokens of the answer.
    output_tokens: u64,
}

/// The IDs of a response.
#[derive(Debug, Clone)]
pub struct ResponseIds {
    response: String,
    pub generation: String,
    pub conversation: Option<String>,
}

impl ResponseIds {
    /// Generates new IDs.
    pub fn new(conversation: Option<String>) -> Self {
        Self {
            response: Uuid::new_v4().to_string(),
            generation: Uuid::new_v4().to_string(),
            conversation,
        }
    }

    /// Builds the response for an outcome.
    pub fn build_response(&self, outcome: Outcome) -> ChatResponse {
        let is_grounded = outcome.is_search_required.is_some() || !outcome.documents.is_empty();
        let tokens = Tokens {
            input_tokens: outcome.usage.input_tokens,
            output_tokens: outcome.usage.output_tokens,
        };
        ChatResponse {
            response_id: self.response.clone(),
            generation_id: self.generation.clone(),
            conversation_id: self.conversation.clone(),
            citations: is_grounded.then(|| outcome.citations.into_iter().map(Into::into).collect()),
            search_queries: outcome
                .is_search_required
                .map(|_| self.to_queries(&outcome.queries)),
            search_results: outcome
                .is_search_required
                .map(|_| self.to_results(&outcome.queries, outcome.search_results)),
            documents: is_grounded.then(|| to_documents(outcome.documents)),
            is_search_required: outcome.is_search_required,
            finish_reason: finish_reason(outcome.finish).to_owned(),
            chat_history: Some(outcome.history.into_iter().map(Into::into).collect()),
            text: outcome.text,
            meta: ApiMeta {
                api_version: ApiVersion {
                    version: "1".to_owned(),
                },
                billed_units: tokens.clone(),
                tokens,
                warnings: outcome.warnings,
            },
        }
    }

    /// Converts search queries.
    pub fn to_queries(&self, queries: &[String]) -> Vec<ChatSearchQuery> {
        queries.iter().map(|query| self.to_query(query)).collect()
    }

    fn to_query(&self, query: &str) -> ChatSearchQuery {
        ChatSearchQuery {
            text: query.to_owned(),
            generation_id: self.generation.clone(),
        }
    }

    /// Converts the results of connectors.
    pub fn to_results(
        &self,
        queries: &[String],
        found: Vec<SearchResult>,
    ) -> Vec<ChatSearchResult> {
        let results = found.into_iter().map(|found| ChatSearchResult {
            search_query: self.to_query(queries.get(found.query_index).map_or("", String::as_str)),
            connector: ChatSearchConnector {
                id: found.connector_id,
            },
            document_ids: found.document_ids,
            continue_on_failure: found.error.is_some().then_some(found.continue_on_failure),
            error_message: found.error,
        });
        results.collect()
    }
}

/// Converts documents: each becomes a map of texts, with its ID.
pub fn to_documents(sources: Vec<Source>) -> Vec<JsonObject> {
    let documents = sources.into_iter().map(|source| {
        let mut document = Map::new();
        document.insert("id".to_owned(), Value::String(source.id));
        let fields = source.fields.into_iter();
        document.extend(fields.map(|(name, text)| (name, Value::String(text))));
        JsonObject(document)
    });
    documents.collect()
}

/// Returns the vendor's name for the reason why an answer ended.
pub const fn finish_reason(finish: FinishReason) -> &'static str {
    match finish {
        FinishReason::Complete => "COMPLETE",
        FinishReason::MaxTokens => "MAX_TOKENS",
        FinishReason::Toxic => "ERROR_TOXIC",
        FinishReason::Error => "ERROR",
    }
}

impl From<answers::Citation> for ChatCitation {
    fn from(citation: answers::Citation) -> Self {
        Self {
            start: citation.start as u64,
            end: citation.end as u64,
            text: citation.text,
            document_ids: citation.document_ids,
            r#type: "TEXT_CONTENT".to_owned(),
        }
    }
}

impl From<Turn> for ChatHistoryTurn {
    fn from(turn: Turn) -> Self {
        let role = match turn.role {
            Role::User => "USER",
            Role::Chatbot => "CHATBOT",
            Role::System => "SYSTEM",
        };
        Self {
            role: role.to_owned(),
            message: turn.message,
        }
    }
}

impl Example for ChatResponse {
    fn example() -> Self {
        let id = "0f7a1c1e-5a3c-4f0e-9f57-3a1b6a2f3c4d".to_owned();
        let ids = ResponseIds {
            response: id.clone(),
            generation: id,
            conversation: None,
        };
        let text = "They are kept for 30 days.";
        let document = format!("{}_0", crate::dialects::cohere::connectors::dto::EXAMPLE_ID);
        ids.build_response(Outcome {
            text: text.to_owned(),
            citations: vec![answers::Citation::new(
                text,
                0..text.len(),
                vec![document.clone()],
            )],
            documents: vec![Source {
                id: document.clone(),
                fields: vec![("text".to_owned(), text.to_owned())],
                excludes: Vec::new(),
            }],
            queries: vec!["How long are backups kept?".to_owned()],
            search_results: vec![SearchResult {
                query_index: 0,
                connector_id: crate::dialects::cohere::connectors::dto::EXAMPLE_ID.to_owned(),
                document_ids: vec![document],
                error: None,
                continue_on_failure: false,
            }],
            is_search_required: Some(true),
            finish: FinishReason::Complete,
            history: Vec::new(),
            usage: answers::TokenUsage {
                input_tokens: 29,
                output_tokens: 8,
            },
            warnings: vec!["answered by the extractive answerer".to_owned()],
        })
    }
}
