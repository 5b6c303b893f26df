//! The text of an answer as it grows, with its citations.

use std::ops::Range;

/// A part of an answer and the documents that it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    /// Where it begins, in Unicode code points.
    pub start: usize,
    /// Where it ends, in Unicode code points: the first that is not part of it.
    pub end: usize,
    /// The part itself.
    pub text: String,
    /// The ids of the documents, at least one.
    pub document_ids: Vec<String>,
}

impl Citation {
    /// The citation of a part, given in bytes, of a text.
    #[must_use]
    pub fn of(text: &str, part: Range<usize>, document_ids: Vec<String>) -> Self {
        // wire: code points, as Python counts (cohere.md §4.2)
        let start = text[..part.start].chars().count();
        let part = &text[part];
        Self {
            start,
            end: start + part.chars().count(),
            text: part.to_owned(),
            document_ids,
        }
    }
}

/// What an answer is made of, in the order it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// More text.
    Text(String),
    /// A citation of text that was there before.
    Citation(Citation),
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// It is whole.
    Complete,
    /// It is as long as the caller allowed.
    MaxTokens,
    /// The model would not go on.
    Toxic,
    /// Something failed on the way.
    Error,
}

/// Tokens: what a model counted, or about how many there are where none did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, more: Self) {
        self.input_tokens += more.input_tokens;
        self.output_tokens += more.output_tokens;
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its text.
    pub text: String,
    /// Its citations, in the order of their beginnings.
    pub citations: Vec<Citation>,
    /// Why it ended.
    pub finish: Finish,
    /// The model's count, if there is one.
    pub usage: Option<Usage>,
    /// What went wrong, if it ended with an error.
    pub problem: Option<String>,
}
