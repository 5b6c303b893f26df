//! Settings of answers.

use serde::{Deserialize, Serialize};

use crate::kernel::Secret;

/// Settings of answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Maximum number of documents for an answer; the best are used.
    pub max_documents: usize,
    /// Maximum number of sentences in an answer without a model.
    pub max_sentences: usize,
    /// Number of turns of a stored conversation that an answer uses.
    pub max_history_turns: u32,
    /// Maximum number of stored turns of a conversation. The oldest are deleted.
    pub max_stored_turns: u32,
    /// Number of days that turns are stored; 0 for no limit.
    pub history_days: u64,
    /// Model that answers instead of the extractive answerer.
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

/// Settings of an upstream model: any server with OpenAI's chat completions API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UpstreamSettings {
    /// URL without `/chat/completions`. Without it, answers are extractive.
    pub url: Option<String>,
    /// API key, sent as a bearer token.
    pub key: Option<Secret>,
    /// Name of the model.
    pub model: String,
    /// True if the model also writes the search queries when the conversation has a history.
    pub rewrite_queries: bool,
    /// Maximum time until the response begins, and then until each next part, in seconds.
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
