//! Settings of bots and integrations.

use serde::{Deserialize, Serialize};

/// Settings of bots and integrations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Retention of the log lines of bots and integrations, in days.
    pub log_days: u64,
    /// Approximate number of log lines that one bot or integration keeps; the oldest go first.
    pub log_lines: u32,
    /// Maximum length of a log line, in bytes; longer lines are cut.
    pub log_line_bytes: usize,
    /// Maximum number of code failures of one bot or integration that the server's own log reports per
    /// minute. The log of the bot has all of them.
    pub failure_lines_per_minute: u32,
    /// Maximum number of issues of one bot. The issue that was last seen the longest time ago goes first.
    pub issues: u32,
    /// Maximum number of events of one issue. The oldest go first; the count of events still includes them.
    pub issue_events: u32,
    /// Number of new messages, of all bots, that the message index holds in memory before it flushes them to
    /// the index tables; at least 1.
    pub unindexed_messages: usize,
    /// Pause of a user, in minutes, after which the next message in a conversation starts a new session.
    pub session_minutes: u32,
    /// Maximum time that an update of a bot waits for the first calls of `register` of its integrations, in seconds.
    pub registration_wait_seconds: u64,
    /// Maximum number of filters of one kind in a list: tags, or participants.
    pub max_filters: usize,
    /// Time after which a workflow or a task times out, if its creator names none, in seconds.
    pub workflow_timeout_seconds: u64,
    /// Pause before the bot is notified of a workflow in progress again, in seconds. After a failure it doubles each time,
    /// up to 64 times as long.
    pub workflow_pause_seconds: u64,
    /// Times that the bot is notified again after it failed or did not acknowledge a workflow.
    pub workflow_repeats: u32,
    /// Retention of workflows and tasks that have ended, in days; 0 keeps them forever.
    pub workflow_days: u64,
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
            registration_wait_seconds: 20,
            max_filters: 50,
            workflow_timeout_seconds: 300,
            workflow_pause_seconds: 1,
            workflow_repeats: 3,
            workflow_days: 90,
        }
    }
}
