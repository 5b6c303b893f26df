//! Settings of the built-in chat.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Settings of the built-in chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// True if the server has the built-in chat.
    pub enabled: bool,
    /// Time without a signal until a stream sends a heartbeat, in seconds. Official clients close a stream after
    /// 60 seconds of silence.
    pub heartbeat_seconds: u64,
    /// Number of signals that a stream buffers for a slow reader before it ends.
    pub buffer: usize,
    /// Maximum number of concurrent streams: server-sent events and WebSockets.
    pub max_streams: usize,
    /// Maximum number of concurrent streams of one user.
    pub max_streams_per_user: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled: true,
            heartbeat_seconds: 30,
            buffer: 64,
            max_streams: 10_000,
            max_streams_per_user: 16,
        }
    }
}

impl Settings {
    /// Returns the maximum silence of a stream.
    pub(super) const fn heartbeat(&self) -> Duration {
        Duration::from_secs(self.heartbeat_seconds)
    }
}
