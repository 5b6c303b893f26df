//! Settings of deliveries to bots and integrations.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::shared::backoff;

/// Settings of deliveries to bots and integrations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Maximum time for an event or a message, in seconds.
    pub timeout_seconds: u64,
    /// Maximum time for a call of an integration whose caller waits for the response, in seconds.
    pub call_timeout_seconds: u64,
    /// Delays between attempts, in seconds. A delivery that fails after the last delay is given up.
    pub retry_seconds: Vec<u64>,
    /// Maximum random deviation of a delay, in percent.
    pub jitter_percent: u32,
    /// Maximum number of concurrent deliveries.
    pub concurrency: usize,
    /// Maximum number of concurrent deliveries to one bot, and to one installation of an integration.
    pub concurrency_per_receiver: usize,
    /// Maximum time that the rows of a deleted bot wait for `unregister` calls, in seconds.
    pub unregister_seconds: u64,
    /// Maximum size of a response from a URL, in bytes.
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
    /// Returns the maximum time between two attempts.
    pub(super) fn max_retry_delay(&self) -> Duration {
        backoff::max_wait(&self.retry_seconds, self.jitter_percent)
    }

    pub(super) const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }

    /// Returns the maximum time for a call whose caller waits for the response.
    pub(in crate::domain) const fn call_timeout(&self) -> Duration {
        Duration::from_secs(self.call_timeout_seconds)
    }
}
