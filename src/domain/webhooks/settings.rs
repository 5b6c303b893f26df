//! Settings of webhooks.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::shared::backoff;

/// Settings of webhooks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Whether endpoints may have http addresses of this machine; all others must be https.
    /// By default only in profile `dev`.
    pub http_to_loopback: Option<bool>,
    /// The most endpoints that an agent can have.
    pub max_endpoints: u32,
    /// How long an endpoint may take to answer, in seconds.
    pub timeout_seconds: u64,
    /// The waits between the attempts to deliver a message, in seconds. The first attempt is made
    /// at once; after the last wait and a failure the delivery has failed.
    pub retry_seconds: Vec<u64>,
    /// How far, in percent, a wait may be shorter or longer by chance, so that the retries of many
    /// messages do not come at once.
    pub jitter_percent: u32,
    /// An endpoint at which every attempt has failed for this many hours is disabled.
    pub disable_after_hours: u64,
    /// How many hours the old secret signs along after a new one was made.
    pub old_secret_hours: u64,
    /// The most attempts at the same time.
    pub concurrency: usize,
    /// The most attempts at the same time at one endpoint.
    pub concurrency_per_endpoint: usize,
    /// How many bytes of an endpoint's answer are kept with the attempt.
    pub response_bytes: usize,
    /// How many days messages and attempts are kept. A message that still waits for an attempt is
    /// kept longer.
    pub retention_days: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            http_to_loopback: None,
            max_endpoints: 50,
            timeout_seconds: 15,
            retry_seconds: vec![5, 300, 1800, 7200, 18_000, 36_000, 36_000],
            jitter_percent: 20,
            disable_after_hours: 7 * 24,
            old_secret_hours: 24,
            concurrency: 512,
            concurrency_per_endpoint: 16,
            response_bytes: 20_000,
            retention_days: 30,
        }
    }
}

impl Settings {
    /// The wait after the failure of the `attempt`-th attempt, counted from 1; none after the last.
    pub(super) fn wait(&self, attempt: u32) -> Option<Duration> {
        backoff::wait(&self.retry_seconds, attempt)
    }

    /// The longest that a delivery may have to wait for its next attempt.
    pub(super) fn longest_wait(&self) -> Duration {
        backoff::longest(&self.retry_seconds, self.jitter_percent)
    }

    pub(super) const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }

    pub(super) const fn disable_after(&self) -> Duration {
        Duration::from_secs(self.disable_after_hours.saturating_mul(3600))
    }

    pub(super) const fn old_secret_for(&self) -> Duration {
        Duration::from_secs(self.old_secret_hours.saturating_mul(3600))
    }

    pub(super) const fn retention(&self) -> Duration {
        Duration::from_secs(self.retention_days.saturating_mul(24 * 3600))
    }
}
