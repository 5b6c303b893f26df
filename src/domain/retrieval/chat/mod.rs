//! Cohere's chat: answers a message from documents that connectors find and documents of the
//! request. The answer itself is made in [`super::answers`].

mod history;
mod retrieve;
mod run;
mod stream;

use serde_json::{Map, Value};

pub(in crate::domain) use self::history::prune_turns;
pub use self::{
    run::Chat,
    stream::{StreamItem, answer, stream},
};
use super::answers::{Citation, FinishReason, Source, TokenUsage, Truncation, Turn};
use crate::kernel::Secret;

/// A chat request.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Message of the user.
    pub message: String,
    /// Instructions for a model.
    pub preamble: Option<String>,
    /// Earlier turns. They replace the stored turns of the conversation.
    pub history: Vec<Turn>,
    /// Id of the conversation to store the turns in; the first turn creates it.
    pub conversation_id: Option<String>,
    /// Connectors to search.
    pub connectors: Vec<ConnectorUse>,
    /// Documents to use in addition.
    pub documents: Vec<Source>,
    /// True to return only the search queries.
    pub only_queries: bool,
    /// Selection of the documents to use.
    pub truncation: Truncation,
    /// Time at which citations are sent, or none.
    pub citations: CitationMode,
    /// Maximum length of the answer, in tokens of the model.
    pub max_tokens: Option<u64>,
    /// Further parameters for a model, with OpenAI's names: `temperature` and others.
    pub sampling: Map<String, Value>,
}

/// A connector in a chat request.
#[derive(Debug, Clone, Default)]
pub struct ConnectorUse {
    /// Id of the connector.
    pub id: String,
    /// The user's access token for this search.
    pub user_access_token: Option<Secret>,
    /// True if the chat continues when the connector fails; by default the connector's own setting.
    pub continue_on_failure: Option<bool>,
    /// Options that the caller sets for this connector.
    pub options: Option<Map<String, Value>>,
}

/// Time at which citations are sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CitationMode {
    /// After the text.
    #[default]
    After,
    /// Directly after the part of the text that they cite.
    Inline,
    /// Never.
    Off,
}

/// Result of one query to one connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchResult {
    /// Index of the query.
    pub query_index: usize,
    /// Id of the connector, as given by the caller.
    pub connector_id: String,
    /// Ids of its documents that are used.
    pub document_ids: Vec<String>,
    /// Error message, if the search failed.
    pub error: Option<String>,
    /// True if the chat continues after a failure.
    pub continue_on_failure: bool,
}

/// Progress of a chat. The first three variants occur at most once, in this order.
#[derive(Debug, Clone)]
pub enum ChatEvent {
    /// The chat begins.
    Started,
    /// Search queries.
    Queries(Vec<String>),
    /// Search results, and the documents that are used.
    SearchResults(Vec<SearchResult>, Vec<Source>),
    /// Next part of the answer's text.
    Text(String),
    /// Citations for parts of the answer.
    Citations(Vec<Citation>),
}

/// Result of a chat.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Text of the answer.
    pub text: String,
    /// Citations, ordered by their start.
    pub citations: Vec<Citation>,
    /// Documents that were used.
    pub documents: Vec<Source>,
    /// Search queries.
    pub queries: Vec<String>,
    /// Search results.
    pub search_results: Vec<SearchResult>,
    /// True if the message requires a search; none without connectors, unless only the queries were
    /// requested.
    pub is_search_required: Option<bool>,
    /// Reason for the end of the answer.
    pub finish: FinishReason,
    /// Conversation, with this message and its answer.
    pub history: Vec<Turn>,
    /// Tokens of all requests to models, or of the extractive answerer's input and output.
    pub usage: TokenUsage,
    /// The answerer that was used, and problems that did not stop the chat.
    pub warnings: Vec<String>,
}
