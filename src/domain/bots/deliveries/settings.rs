//! Settings of deliveries to bots and integrations.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::shared::backoff;

/// Settings of deliveries to bots and integrations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long a bot or an integration may take with an event or a message, in seconds.
    pub timeout_seconds: u64,
    /// How long an integration may take where somebody waits for its answer, in seconds.
    pub call_timeout_seconds: u64,
    /// The waits between the attempts to deliver something, in seconds; after the last wait and a
    /// failure it is given up.
    pub retry_seconds: Vec<u64>,
    /// How far, in percent, a wait may be shorter or longer by chance.
    pub jitter_percent: u32,
    /// The most deliveries at the same time.
    pub concurrency: usize,
    /// The most deliveries at the same time to one bot, and to one installation of an integration.
    pub concurrency_per_receiver: usize,
    /// How long what a deleted bot had waits until its integrations were told, in seconds.
    pub unregister_seconds: u64,
    /// The largest answer of a url, in bytes.
    pub response_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout_seconds: 60,
            call_timeout_seconds: 50,
            retry_seconds: vec![1, 5, 30, 120],
            jitter_percent: 20,
            concurrency: 256,
            concurrency_per_receiver: 32,
            unregister_seconds: 600,
            response_bytes: 10 * 1024 * 1024,
        }
    }
}

impl Settings {
    /// The longest that a delivery may have to wait for its next attempt.
    pub(super) fn longest_wait(&self) -> Duration {
        backoff::longest(&self.retry_seconds, self.jitter_percent)
    }

    pub(super) const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }

    /// How long an integration may take where somebody waits for its answer.
    pub(in crate::domain) const fn call_timeout(&self) -> Duration {
        Duration::from_secs(self.call_timeout_seconds)
    }
}
