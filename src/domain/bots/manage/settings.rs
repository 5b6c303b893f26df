//! Settings of bots.

use serde::{Deserialize, Serialize};

/// Settings of bots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How many days log lines of bots and integrations are kept.
    pub log_days: u64,
    /// About how many log lines of one bot or integration are kept; the oldest go first.
    pub log_lines: u32,
    /// How many bytes of one log line are kept.
    pub log_line_bytes: usize,
    /// How many failures of the code of one bot, or one integration, the server's own log tells of in a
    /// minute; the others are in the bot's log alone.
    pub failure_lines_per_minute: u32,
    /// How many issues of one bot are kept; those that have not been seen for the longest time go
    /// first.
    pub issues: u32,
    /// How many events of one issue are kept; the oldest go first, and are still counted.
    pub issue_events: u32,
    /// How many new messages, of all bots, are found through memory before the database's own tables
    /// of what they are found by have them; at least 1.
    pub unindexed_messages: usize,
    /// After how many minutes without a message of the user a conversation's next message begins
    /// another session.
    pub session_minutes: u32,
    /// The most filters of a list that can be given more than once: tags, and participants.
    pub max_filters: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            log_days: 30,
            log_lines: 10_000,
            log_line_bytes: 16_384,
            failure_lines_per_minute: 20,
            issues: 1000,
            issue_events: 100,
            unindexed_messages: 50_000,
            session_minutes: 30,
            max_filters: 50,
        }
    }
}
