//! Answering from documents, with two answerers: the extractive one, which tells their best
//! sentences, and an upstream model, which is asked over its own API.

mod extract;
mod markers;
mod queries;
mod rank;
mod sentences;
mod settings;
mod source;
mod terms;
mod text;
pub(super) mod upstream;

pub use self::{
    extract::{Extract, extract},
    queries::{Role, Turn, search_query},
    rank::{Truncation, select},
    sentences::sentences,
    settings::{Settings, UpstreamSettings},
    source::Source,
    terms::{content_terms, is_common, terms, words},
    text::{Answer, Citation, Finish, Piece, Usage},
    upstream::Question,
};
