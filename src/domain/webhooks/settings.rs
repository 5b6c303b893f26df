//! Settings of webhooks.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::shared::backoff;

/// Settings of webhooks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// True if endpoints may have http addresses of this machine; all others must be https. By default only in
    /// profile `dev`.
    pub http_to_loopback: Option<bool>,
    /// Maximum number of endpoints of an agent.
    pub max_endpoints: u32,
    /// Maximum time for an endpoint to answer, in seconds.
    pub timeout_seconds: u64,
    /// Waits between the attempts to deliver a message, in seconds. The first attempt is made at once. A
    /// delivery whose attempt fails after the last wait has failed.
    pub retry_seconds: Vec<u64>,
    /// Random deviation of each wait, up or down, in percent. It spreads the retries of many messages over time.
    pub jitter_percent: u32,
    /// Hours of failing attempts, without a success, after which an endpoint is disabled.
    pub disable_after_hours: u64,
    /// Hours for which messages are also signed with the old secret after a rotation.
    pub old_secret_hours: u64,
    /// Maximum number of concurrent attempts.
    pub concurrency: usize,
    /// Maximum number of concurrent attempts at one endpoint.
    pub concurrency_per_endpoint: usize,
    /// Maximum number of bytes of a response that are stored with the attempt.
    pub response_bytes: usize,
    /// Days for which messages and attempts are kept. Messages with pending deliveries are kept longer.
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
    /// Returns the wait after the failure of the `attempt`-th attempt, counted from 1; none after the last.
    pub(super) fn retry_wait(&self, attempt: u32) -> Option<Duration> {
        backoff::wait_after(&self.retry_seconds, attempt)
    }

    /// Returns the maximum time between two attempts at a delivery.
    pub(super) fn longest_wait(&self) -> Duration {
        backoff::max_wait(&self.retry_seconds, self.jitter_percent)
    }

    pub(super) const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }

    pub(super) const fn disable_after(&self) -> Duration {
        Duration::from_secs(self.disable_after_hours.saturating_mul(3600))
    }

    pub(super) const fn old_secret_lifetime(&self) -> Duration {
        Duration::from_secs(self.old_secret_hours.saturating_mul(3600))
    }

    pub(super) const fn retention(&self) -> Duration {
        Duration::from_secs(self.retention_days.saturating_mul(24 * 3600))
    }
}
