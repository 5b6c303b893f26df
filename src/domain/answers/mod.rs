//! Answering from documents: terms, sentences, ranking, and the two answerers.

mod sentences;
mod terms;

pub use self::{
    sentences::sentences,
    terms::{content_terms, is_common, terms, words},
};
