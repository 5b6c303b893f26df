//! A chat's answer as Cohere shows it (cohere.md §4.2). What is absent is left out.

use poem_openapi::{Object, types::Example};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    domain::retrieval::{
        answers::{self, Finish, Role, Source, Turn},
        chat::{Found, Outcome},
    },
    http::JsonObject,
};

/// An answer.
#[derive(Clone, Object)]
#[oai(example, skip_serializing_if_is_none)]
pub struct ChatResponse {
    /// The id of this answer.
    response_id: String,
    /// The text.
    text: String,
    /// The id of the text.
    generation_id: String,
    /// The conversation that the server keeps.
    conversation_id: Option<String>,
    /// What parts of the text rest on.
    citations: Option<Vec<ChatCitation>>,
    /// The documents that were used, with all of their fields.
    documents: Option<Vec<JsonObject>>,
    /// Whether anything is to be searched for.
    is_search_required: Option<bool>,
    /// What was searched for.
    search_queries: Option<Vec<ChatSearchQuery>>,
    /// What each connector found for each query.
    search_results: Option<Vec<ChatSearchResult>>,
    /// Why the answer ended.
    finish_reason: String,
    /// The conversation with this message and its answer.
    chat_history: Option<Vec<ShownTurn>>,
    /// About the answer.
    meta: ApiMeta,
}

/// A part of the text and what it rests on.
#[derive(Clone, Object)]
pub struct ChatCitation {
    /// Where it begins, in Unicode code points from 0.
    start: u64,
    /// Where it ends: the first code point that is not part of it.
    end: u64,
    /// The part itself.
    text: String,
    /// The documents.
    document_ids: Vec<String>,
    /// `TEXT_CONTENT`
    r#type: String,
}

/// Something that was searched for.
#[derive(Clone, Object)]
pub struct ChatSearchQuery {
    /// The query.
    text: String,
    /// The id of the text that it was made for.
    generation_id: String,
}

/// What a connector found for a query.
#[derive(Clone, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct ChatSearchResult {
    /// The query.
    // wire: always there, also where it failed: version 5.0 of the client needs it (cohere.md §4.2)
    search_query: ChatSearchQuery,
    /// The connector.
    connector: ChatSearchConnector,
    /// The documents, of those that were used.
    document_ids: Vec<String>,
    /// Why there are none, if the connector failed.
    error_message: Option<String>,
    /// Whether the chat went on although it failed.
    continue_on_failure: Option<bool>,
}

/// A connector.
#[derive(Clone, Object)]
pub struct ChatSearchConnector {
    /// Its id.
    id: String,
}

/// Something that was said.
#[derive(Clone, Object)]
pub struct ShownTurn {
    /// `USER`, `CHATBOT` or `SYSTEM`.
    role: String,
    /// What was said.
    message: String,
}

/// About an answer.
#[derive(Clone, Object)]
pub struct ApiMeta {
    /// The version of the API.
    api_version: ApiVersion,
    /// The tokens as they would be billed.
    // wire: always there: LangChain reads it, and `tokens`, unasked
    billed_units: Tokens,
    /// The tokens that the model counted; where none did, about how many there are.
    tokens: Tokens,
    /// Who answered, and what was not as it should be.
    warnings: Vec<String>,
}

/// The version of an API.
#[derive(Clone, Object)]
pub struct ApiVersion {
    version: String,
}

/// Counts of tokens.
#[derive(Clone, Object)]
pub struct Tokens {
    /// Of the prompt.
    input_tokens: u64,
    /// Of the answer.
    output_tokens: u64,
}

/// The ids of an answer.
#[derive(Debug, Clone)]
pub struct Ids {
    response: String,
    pub generation: String,
    pub conversation: Option<String>,
}

impl Ids {
    /// New ones.
    pub fn new(conversation: Option<String>) -> Self {
        Self {
            response: Uuid::new_v4().to_string(),
            generation: Uuid::new_v4().to_string(),
            conversation,
        }
    }

    /// An answer as it is shown.
    pub fn response(&self, outcome: Outcome) -> ChatResponse {
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
                .map(|_| self.queries(&outcome.queries)),
            search_results: outcome
                .is_search_required
                .map(|_| self.results(&outcome.queries, outcome.found)),
            documents: is_grounded.then(|| documents(outcome.documents)),
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

    /// Search queries as they are shown.
    pub fn queries(&self, queries: &[String]) -> Vec<ChatSearchQuery> {
        queries.iter().map(|query| self.query(query)).collect()
    }

    fn query(&self, query: &str) -> ChatSearchQuery {
        ChatSearchQuery {
            text: query.to_owned(),
            generation_id: self.generation.clone(),
        }
    }

    /// What connectors found as it is shown.
    pub fn results(&self, queries: &[String], found: Vec<Found>) -> Vec<ChatSearchResult> {
        let results = found.into_iter().map(|found| ChatSearchResult {
            search_query: self.query(queries.get(found.query).map_or("", String::as_str)),
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

/// Documents as they are shown: a map of texts each, with its id.
pub fn documents(sources: Vec<Source>) -> Vec<JsonObject> {
    let documents = sources.into_iter().map(|source| {
        let mut document = Map::new();
        document.insert("id".to_owned(), Value::String(source.id));
        let fields = source.fields.into_iter();
        document.extend(fields.map(|(name, text)| (name, Value::String(text))));
        JsonObject(document)
    });
    documents.collect()
}

/// Why an answer ended, in the vendor's words.
pub const fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Complete => "COMPLETE",
        Finish::MaxTokens => "MAX_TOKENS",
        Finish::Toxic => "ERROR_TOXIC",
        Finish::Error => "ERROR",
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

impl From<Turn> for ShownTurn {
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
        let ids = Ids {
            response: id.clone(),
            generation: id,
            conversation: None,
        };
        let text = "They are kept for 30 days.";
        let document = format!("{}_0", super::connectors_wire::EXAMPLE_ID);
        ids.response(Outcome {
            text: text.to_owned(),
            citations: vec![answers::Citation::of(
                text,
                0..text.len(),
                vec![document.clone()],
            )],
            documents: vec![Source {
                id: document.clone(),
                fields: vec![("text".to_owned(), text.to_owned())],
                hidden: Vec::new(),
            }],
            queries: vec!["How long are backups kept?".to_owned()],
            found: vec![Found {
                query: 0,
                connector_id: super::connectors_wire::EXAMPLE_ID.to_owned(),
                document_ids: vec![document],
                error: None,
                continue_on_failure: false,
            }],
            is_search_required: Some(true),
            finish: Finish::Complete,
            history: Vec::new(),
            usage: answers::Usage {
                input_tokens: 29,
                output_tokens: 8,
            },
            warnings: vec!["answered by the extractive answerer".to_owned()],
        })
    }
}
