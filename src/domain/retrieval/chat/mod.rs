//! Chats: a message is answered from what connectors find for it, and from documents that came with
//! it.

mod conversations;
mod retrieve;
mod run;
mod stream;

use serde_json::{Map, Value};

pub(in crate::domain) use self::conversations::prune;
pub use self::{
    run::Chat,
    stream::{Told, answer, stream},
};
use super::answers::{Citation, Finish, Source, Truncation, Turn, Usage};
use crate::kernel::Secret;

/// What a caller asks.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// What is asked.
    pub message: String,
    /// How a model is to behave.
    pub preamble: Option<String>,
    /// What was said before. It goes before what is stored of the conversation.
    pub history: Vec<Turn>,
    /// The conversation that this is a part of, to be stored; new if it is not there.
    pub conversation_id: Option<String>,
    /// The connectors to search.
    pub connectors: Vec<Use>,
    /// Documents to answer from besides.
    pub documents: Vec<Source>,
    /// Only say what would be searched for.
    pub only_queries: bool,
    /// Which documents are used.
    pub truncation: Truncation,
    /// Whether, and when, it is said what the answer rests on.
    pub citations: Citations,
    /// The longest answer, in tokens of the model.
    pub max_tokens: Option<u64>,
    /// What a model is told besides, as OpenAI names it: `temperature` and the like.
    pub sampling: Map<String, Value>,
}

/// A connector as a chat uses it.
#[derive(Debug, Clone, Default)]
pub struct Use {
    /// Its id.
    pub id: String,
    /// A token of the user for this search.
    pub user_access_token: Option<Secret>,
    /// Whether the chat goes on if it fails; as the connector is set by default.
    pub continue_on_failure: Option<bool>,
    /// What the caller wants to tell it.
    pub options: Option<Map<String, Value>>,
}

/// When citations are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Citations {
    /// After the text.
    #[default]
    After,
    /// As soon as their part of the text is there.
    Between,
    /// Not at all.
    Off,
}

/// What one connector found for one query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What was searched for: its place among the queries.
    pub query: usize,
    /// The connector, as the caller named it.
    pub connector_id: String,
    /// The documents, of those that are used.
    pub document_ids: Vec<String>,
    /// Why there are none, if it failed.
    pub error: Option<String>,
    /// Whether the chat goes on although it failed.
    pub continue_on_failure: bool,
}

/// Something that happens while a chat is answered, in this order.
#[derive(Debug, Clone)]
pub enum Event {
    /// It begins.
    Started,
    /// What is searched for.
    Queries(Vec<String>),
    /// What was found, and the documents that are used.
    Found(Vec<Found>, Vec<Source>),
    /// More of the answer.
    Text(String),
    /// What parts of the answer rest on.
    Citations(Vec<Citation>),
}

/// How a chat ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The answer.
    pub text: String,
    /// What its parts rest on, by their beginnings.
    pub citations: Vec<Citation>,
    /// The documents that were used.
    pub documents: Vec<Source>,
    /// What was searched for.
    pub queries: Vec<String>,
    /// What was found.
    pub found: Vec<Found>,
    /// Whether anything is to be searched for; none where nothing could be.
    pub is_search_required: Option<bool>,
    /// Why it ended.
    pub finish: Finish,
    /// The conversation with this message and its answer.
    pub history: Vec<Turn>,
    /// The tokens of all that models were asked, or of what the answer was made from.
    pub usage: Usage,
    /// Who answered, and what was not as it should be.
    pub warnings: Vec<String>,
}
