//! Answers, their pieces and citations.

use std::ops::Range;

/// A part of an answer and the documents that support it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    /// Start of the part, in Unicode code points.
    pub start: usize,
    /// End of the part (exclusive), in Unicode code points.
    pub end: usize,
    /// Text of the part.
    pub text: String,
    /// Ids of the documents, at least one.
    pub document_ids: Vec<String>,
}

impl Citation {
    /// Creates the citation of a part of a text. `part` is in bytes.
    #[must_use]
    pub fn new(text: &str, part: Range<usize>, document_ids: Vec<String>) -> Self {
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

/// A piece of a streamed answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerPiece {
    /// Next part of the text.
    Text(String),
    /// Citation of text that was sent before.
    Citation(Citation),
}

/// Reason for the end of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishReason {
    /// The answer is complete.
    Complete,
    /// The answer reached the caller's limit.
    MaxTokens,
    /// The model refused to continue.
    Toxic,
    /// A failure occurred.
    Error,
}

/// Token counts: the model's own, or an estimate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenUsage {
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// Tokens of the answer.
    pub output_tokens: u64,
}

impl std::ops::AddAssign for TokenUsage {
    fn add_assign(&mut self, more: Self) {
        self.input_tokens += more.input_tokens;
        self.output_tokens += more.output_tokens;
    }
}

/// A complete answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Text.
    pub text: String,
    /// Citations, ordered by their start.
    pub citations: Vec<Citation>,
    /// Reason for the end.
    pub finish: FinishReason,
    /// Token counts, if known.
    pub usage: Option<TokenUsage>,
    /// Error message, if the answer ended with an error.
    pub problem: Option<String>,
}
