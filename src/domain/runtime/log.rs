//! What the code writes: one line, its level, and whom it is for.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use serde_json::Value;
use tokio::sync::mpsc;

use crate::kernel::{Clock, Timestamp};

/// The longest line that is kept, in bytes.
const LONGEST: usize = 16 * 1024;

/// How many lines may wait for whoever reads them.
const WAITING: usize = 4096;

/// A line that a program wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The program's id.
    pub program: Arc<str>,
    /// The bot that the call was for (its header `x-bot-id`), if the line belongs to a call.
    pub bot: Option<Arc<str>>,
    /// When.
    pub at: Timestamp,
    /// How grave.
    pub level: Level,
    /// The text, without what wrapped it.
    pub message: String,
    /// Whether it is for the owner of the bot (`logger.forBot()`).
    pub visible_to_bot_owner: bool,
    /// What else the line said of itself: `userId`, `conversationId`, or a whole issue.
    pub fields: Option<Value>,
}

/// How grave a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// `console.debug`
    Debug,
    /// `console.log`, `console.info`
    Info,
    /// `console.warn`
    Warn,
    /// `console.error`
    Error,
}

impl Level {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    /// The level of that name; any other is `info`.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name {
            "debug" | "trace" => Self::Debug,
            "warn" => Self::Warn,
            "error" => Self::Error,
            _ => Self::Info,
        }
    }
}

/// Where lines go: to a queue of bounded length. What does not fit is counted and dropped.
#[derive(Clone)]
pub(super) struct Sink {
    queue: mpsc::Sender<LogLine>,
    dropped: Arc<AtomicU64>,
    clock: Clock,
}

impl Sink {
    pub(super) fn new(clock: Clock) -> (Self, mpsc::Receiver<LogLine>) {
        let (queue, lines) = mpsc::channel(WAITING);
        let sink = Self {
            queue,
            dropped: Arc::default(),
            clock,
        };
        (sink, lines)
    }

    pub(super) fn write(
        &self,
        program: &Arc<str>,
        bot: Option<Arc<str>>,
        level: Level,
        text: &str,
    ) {
        let mut line = read(text);
        if line.message.len() > LONGEST {
            line.message
                .truncate(line.message.floor_char_boundary(LONGEST));
            line.message.push('…');
        }
        let line = LogLine {
            program: Arc::clone(program),
            bot,
            at: self.clock.now(),
            level,
            message: line.message,
            visible_to_bot_owner: line.visible_to_bot_owner,
            fields: line.fields,
        };
        if self.queue.try_send(line).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

struct Read {
    message: String,
    visible_to_bot_owner: bool,
    fields: Option<Value>,
}

/// Reads what `BP_LOG_FORMAT=json` makes of a line.
///
/// wire: older SDKs write `{"msg", "visible_to_bot_owner"}`, newer ones `{"msg", "options":
/// {"visibleToBotOwners", "userId", "conversationId"}}` and issues as `{"type": "issue", …}`
/// (botpress.md §5).
fn read(text: &str) -> Read {
    let plain = || Read {
        message: text.to_owned(),
        visible_to_bot_owner: false,
        fields: None,
    };
    if !text.starts_with('{') {
        return plain();
    }
    let Ok(Value::Object(mut line)) = serde_json::from_str(text) else {
        return plain();
    };
    if line.get("type").is_some_and(|kind| kind == "issue") {
        let title = line.get("title").and_then(Value::as_str);
        return Read {
            message: title.unwrap_or("issue").to_owned(),
            visible_to_bot_owner: true,
            fields: Some(Value::Object(line)),
        };
    }
    let Some(Value::String(message)) = line.remove("msg") else {
        return plain();
    };
    let is = |value: Option<&Value>| value.is_some_and(|value| *value == true);
    let options = line.remove("options");
    let visible = is(line.get("visible_to_bot_owner"))
        || is(options
            .as_ref()
            .and_then(|options| options.get("visibleToBotOwners")));
    Read {
        message,
        visible_to_bot_owner: visible,
        fields: options,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_old_and_new_sdks_are_read() {
        let old = read(r#"{"msg":"hello","visible_to_bot_owner":true}"#);
        assert_eq!(
            (old.message.as_str(), old.visible_to_bot_owner),
            ("hello", true)
        );
        let new = read(r#"{"msg":"hi","options":{"visibleToBotOwners":true,"userId":"u1"}}"#);
        assert_eq!(
            (new.message.as_str(), new.visible_to_bot_owner),
            ("hi", true)
        );
        assert_eq!(new.fields.expect("fields")["userId"], "u1");
        let issue = read(r#"{"type":"issue","title":"No token","code":"x"}"#);
        assert_eq!(
            (issue.message.as_str(), issue.visible_to_bot_owner),
            ("No token", true)
        );
    }

    #[test]
    fn any_other_line_is_itself() {
        for text in ["plain", "{not json", "{\"a\":1}", "{\"msg\":1}", ""] {
            let line = read(text);
            assert_eq!(line.message, text);
            assert!(!line.visible_to_bot_owner);
        }
    }
}
