//! Answers from documents. Two answerers exist: the extractive one returns the best sentences, and
//! the upstream one calls a language model. The search for the documents belongs to `chat`.

mod answer;
mod extract;
mod language;
mod markers;
mod queries;
mod rank;
mod sentences;
mod settings;
mod source;
mod stop_word_lists;
mod stop_words;
mod terms;
mod tokens;
mod units;
pub(in crate::domain) mod upstream;

pub use self::{
    answer::{Answer, AnswerPiece, Citation, FinishReason, TokenUsage},
    extract::{ExtractInput, extract},
    language::{Language, Languages},
    queries::{Role, Turn, search_queries, search_query},
    rank::{Truncation, select},
    settings::{Settings, UpstreamSettings},
    source::Source,
    stop_words::StopWords,
    terms::{asked_terms, content_terms, terms},
    tokens::count_tokens,
    units::units,
    upstream::ModelRequest,
};
