//! Settings of the built-in chat.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Settings of the built-in chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Whether there is a built-in chat.
    pub enabled: bool,
    /// How often a quiet stream says that it is alive, in seconds. Official clients give a stream up
    /// after 60 seconds without a word.
    pub heartbeat_seconds: u64,
    /// How many signals wait for a slow reader before its stream is ended.
    pub buffer: usize,
    /// The most streams at the same time.
    pub max_streams: usize,
    /// The most streams of one user at the same time.
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
    /// The longest silence of a stream.
    pub(super) const fn heartbeat(&self) -> Duration {
        Duration::from_secs(self.heartbeat_seconds)
    }
}
