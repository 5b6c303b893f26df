//! Settings of answers.

use serde::{Deserialize, Serialize};

use crate::kernel::Secret;

/// Settings of answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The most documents that an answer is made from; those that fit best are taken.
    pub max_documents: usize,
    /// The most sentences of an answer that is made without a model.
    pub max_sentences: usize,
    /// How many turns of a stored conversation are looked at.
    pub max_history_turns: u32,
    /// How many turns of a stored conversation are kept, the newest.
    pub max_stored_turns: u32,
    /// How many days the turns of a stored conversation are kept; 0 is without an end.
    pub history_days: u64,
    /// A model that answers instead.
    pub upstream: UpstreamSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_documents: 20,
            max_sentences: 4,
            max_history_turns: 50,
            max_stored_turns: 1000,
            history_days: 90,
            upstream: UpstreamSettings::default(),
        }
    }
}

/// Settings of a model that answers: any server with OpenAI's chat completions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UpstreamSettings {
    /// Where it is, without `/chat/completions`. Without it, answers are extractive.
    pub url: Option<String>,
    /// Its key, sent as a bearer token.
    pub key: Option<Secret>,
    /// The name of the model.
    pub model: String,
    /// Whether it is also asked what to search for when a conversation goes before the question.
    pub rewrite_queries: bool,
    /// The longest that it may take to begin its answer, and then for each part of it, in seconds.
    pub timeout_seconds: u64,
}

impl Default for UpstreamSettings {
    fn default() -> Self {
        Self {
            url: None,
            key: None,
            model: "default".to_owned(),
            rewrite_queries: true,
            timeout_seconds: 60,
        }
    }
}
