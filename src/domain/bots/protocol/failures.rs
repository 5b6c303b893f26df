//! Recent failures of the code of bots and integrations: writes them to the server's log and, in profile `dev`,
//! keeps the latest ones of each bot in memory for its chat.

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use quick_cache::sync::Cache;
use tracing::warn;

use super::{request_ref::RequestRef, response::CallFailure};
use crate::{
    domain::tenancy::app::App,
    engine::LogLine,
    kernel::{Timestamp, clock::Stopwatch, ids::AgentId},
};

/// Maximum number of bots with failures in memory, and maximum number for each bot.
const MAX_BOTS: usize = 1000;
const MAX_PER_BOT: usize = 10;

/// Window of the line limit of one bot or integration.
const LINE_WINDOW: Duration = Duration::from_secs(60);

/// Maximum length of a text in a log line, in bytes.
const MAX_LINE_BYTES: usize = 500;

/// A failure of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeFailure {
    /// Sequence number; later failures have larger numbers.
    pub number: u64,
    /// Time of the failure.
    pub at: Timestamp,
    /// Operation, receiver and reason, in a sentence.
    pub text: String,
    /// Stack frames, one a line.
    pub stack: Option<String>,
    /// True if the call is retried.
    pub retried: bool,
}

/// Log lines of one bot or integration. Real time: the limit protects the server's log, also while the product clock
/// is frozen.
struct LineWindow {
    started: Stopwatch,
    lines: u32,
}

impl Default for LineWindow {
    fn default() -> Self {
        Self {
            started: Stopwatch::start(),
            lines: 0,
        }
    }
}

/// Failures of a bot, oldest first.
type BotFailures = Arc<Mutex<VecDeque<CodeFailure>>>;

/// Recent failures and the counters of log lines.
pub(in crate::domain) struct RecentFailures {
    recent: Cache<AgentId, BotFailures>,
    lines: Cache<String, Arc<Mutex<LineWindow>>>,
    last: AtomicU64,
}

impl RecentFailures {
    /// Creates an empty list. Sequence numbers start at `now`, so they exceed those from before a restart.
    pub(in crate::domain) fn new(now: Timestamp) -> Self {
        Self {
            recent: Cache::new(MAX_BOTS),
            lines: Cache::new(10 * MAX_BOTS),
            last: AtomicU64::new(now.as_micros().unsigned_abs()),
        }
    }

    /// Records a failed call; `retried` is true if it will be retried.
    pub(in crate::domain) fn record_call(
        &self,
        app: &App,
        asked: &RequestRef,
        (failed, retried): (&CallFailure, bool),
    ) {
        let (bot, operation, kind) = (&asked.bot, asked.operation, &asked.kind);
        if self.allow_line(app, bot.as_str()) {
            let (error, at) = (
                first_line(&failed.text),
                first_frame(failed.stack.as_deref()),
            );
            let receiver = asked.receiver_name();
            warn!(%bot, operation, kind, error, at, "{operation} failed in {receiver}");
        }
        let text = asked.describe_failure(&failed.text);
        let stack = asked.stack_for_bot(failed).map(str::to_owned);
        self.store_failure(app, bot, (text, stack), retried);
    }

    /// Stores a failure in memory; only in profile `dev`.
    fn store_failure(
        &self,
        app: &App,
        bot: &AgentId,
        (text, stack): (String, Option<String>),
        retried: bool,
    ) {
        if !app.settings().development {
            return;
        }
        let seen = CodeFailure {
            number: self.last.fetch_add(1, Ordering::Relaxed) + 1,
            at: app.clock().now(),
            text,
            stack,
            retried,
        };
        let create = || Ok::<_, Infallible>(BotFailures::default());
        let Ok(recent) = self.recent.get_or_insert_with(bot, create);
        let mut recent = recent.lock().unwrap_or_else(PoisonError::into_inner);
        while recent.len() >= MAX_PER_BOT {
            recent.pop_front();
        }
        recent.push_back(seen);
    }

    /// Logs the failure of an integration's script. The text may contain the script's input, so it goes to the
    /// integration's log only.
    pub(in crate::domain) fn record_script(&self, app: &App, of: &str) {
        if self.allow_line(app, of) {
            warn!(of, "a script of an integration failed; its log says why");
        }
    }

    /// Records an exception of a program that belongs to no call.
    pub(in crate::domain) fn record_uncaught(&self, app: &App, line: &LogLine) {
        let program = &*line.program;
        if self.allow_line(app, program) {
            let (error, at) = (
                first_line(&line.message),
                first_frame(line.message.split_once('\n').map(|(_, stack)| stack)),
            );
            let bot = line.bot.as_deref().unwrap_or(program);
            warn!(
                bot,
                program, error, at, "the code threw an uncaught exception"
            );
        }
        let Some(bot) = &line.bot else {
            return;
        };
        // The code of an integration may belong to another workspace, whose stacks the bot's members must not
        // see.
        let is_own = **bot == *program;
        let stack = line
            .message
            .split_once('\n')
            .map(|(_, stack)| stack.to_owned());
        let text = format!(
            "the code threw an uncaught exception: {}",
            first_line(&line.message)
        );
        let bot = AgentId::from(bot.to_string());
        self.store_failure(app, &bot, (text, stack.filter(|_| is_own)), false);
    }

    /// Counts a log line, and returns true if it is within the limit for a minute.
    fn allow_line(&self, app: &App, of: &str) -> bool {
        let most = app.bot_settings().failure_lines_per_minute;
        let create = || Ok::<_, Infallible>(Arc::default());
        let Ok(window) = self.lines.get_or_insert_with(of, create);
        let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.started.elapsed() >= LINE_WINDOW {
            *window = LineWindow::default();
        }
        let before = window.lines;
        window.lines = before.saturating_add(1);
        drop(window);
        if before == most && most > 0 {
            warn!(
                of,
                "further failures of its code are only in its own log, for a minute \
                 (bots.failure_lines_per_minute)"
            );
        }
        before < most
    }

    /// Returns the failures of a bot after a sequence number.
    pub(in crate::domain) fn list_after(&self, bot: &AgentId, number: u64) -> Vec<CodeFailure> {
        let Some(recent) = self.recent.get(bot) else {
            return Vec::new();
        };
        let recent = recent.lock().unwrap_or_else(PoisonError::into_inner);
        let later = recent.iter().filter(|seen| seen.number > number);
        later.cloned().collect()
    }

    /// Returns the sequence number of the latest failure.
    pub(in crate::domain) fn last_number(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }
}

/// Returns the first line of a text without control characters, cut to the maximum length.
fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line = &line[..line.floor_char_boundary(MAX_LINE_BYTES)];
    line.chars().filter(|letter| !letter.is_control()).collect()
}

fn first_frame(stack: Option<&str>) -> Option<String> {
    let frame = first_line(stack?);
    let frame = frame.trim_start();
    Some(frame.strip_prefix("at ").unwrap_or(frame).to_owned())
}
