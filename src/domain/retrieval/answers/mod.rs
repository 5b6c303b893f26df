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
    extract::{ExtractInput, extract_answer},
    language::{Language, Languages},
    queries::{Role, Turn, build_search_queries, build_search_query},
    rank::{Truncation, select_documents},
    settings::{Settings, UpstreamSettings},
    source::Source,
    stop_words::StopWords,
    terms::{content_terms, question_terms, terms},
    tokens::estimate_tokens,
    units::units,
    upstream::ModelRequest,
};
