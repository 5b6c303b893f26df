//! Log lines of programs: parses them and puts them into a bounded queue.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use serde_json::Value;
use tokio::sync::mpsc;

use super::exception::{Exception, append_stack};
use crate::kernel::{Clock, Timestamp};

/// Maximum length of a line, in bytes. A longer line is truncated and loses its fields.
const MAX_LINE_BYTES: usize = 16 * 1024;

/// Maximum length of a line that is parsed, in bytes.
const MAX_PARSED_BYTES: usize = 8 * MAX_LINE_BYTES;

/// Maximum number of lines in the queue.
const MAX_QUEUED_LINES: usize = 4096;

/// Maximum number of bytes in the queue.
const MAX_QUEUED_BYTES: usize = 32 * 1024 * 1024;

/// Maximum memory of a parsed line, as a multiple of its text: a text of digits and commas.
const PARSED_SIZE_FACTOR: usize = 32;

/// Memory of a line in addition to its text, in bytes.
const LINE_OVERHEAD: usize = 512;

/// A log line of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Id of the program.
    pub program: Arc<str>,
    /// Bot that the call was for (its header `x-bot-id`), if the line belongs to a call.
    pub bot: Option<Arc<str>>,
    /// Time of the line.
    pub at: Timestamp,
    /// Severity.
    pub level: Level,
    /// Text, without the JSON around it.
    pub message: String,
    /// True if the line is for the owner of the bot (`logger.forBot()`).
    pub visible_to_bot_owner: bool,
    /// Other fields of the line: `userId`, `conversationId`, or a whole issue.
    pub fields: Option<Value>,
    /// True for an exception that no code caught, after its call ended or outside of any call.
    pub uncaught: bool,
    reservation: QueueReservation,
}

/// The memory that a line reserves in the queue, until its last copy is dropped.
#[derive(Debug, Clone)]
struct QueueReservation(#[expect(dead_code, reason = "dropping it makes room")] Arc<ReservedBytes>);

#[derive(Debug)]
struct ReservedBytes {
    bytes: usize,
    total: Arc<AtomicUsize>,
}

impl PartialEq for QueueReservation {
    /// Returns true: the reservation is not part of a line's content.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for QueueReservation {}

impl QueueReservation {
    /// Reserves `bytes`, if they fit.
    fn reserve(all: &Arc<AtomicUsize>, bytes: usize) -> Option<Self> {
        let fits = |now: usize| Some(now + bytes).filter(|sum| *sum <= MAX_QUEUED_BYTES);
        let taken = all.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
        taken.ok()?;
        let all = Arc::clone(all);
        Some(Self(Arc::new(ReservedBytes { bytes, total: all })))
    }
}

impl Drop for ReservedBytes {
    fn drop(&mut self) {
        self.total.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The severity of a line.
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
    /// Returns the name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    /// Returns the level of a name; an unknown name is `info`.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "debug" | "trace" => Self::Debug,
            "warn" => Self::Warn,
            "error" => Self::Error,
            _ => Self::Info,
        }
    }
}

/// The sending side of the bounded queue. Lines that do not fit are dropped and counted.
#[derive(Clone)]
pub(super) struct LogSink {
    queue: mpsc::Sender<LogLine>,
    dropped: Arc<AtomicU64>,
    queued_bytes: Arc<AtomicUsize>,
    clock: Clock,
}

impl LogSink {
    pub(super) fn new(clock: Clock) -> (Self, mpsc::Receiver<LogLine>) {
        let (queue, lines) = mpsc::channel(MAX_QUEUED_LINES);
        let sink = Self {
            queue,
            dropped: Arc::default(),
            queued_bytes: Arc::default(),
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
        let mut line = match text.len() > MAX_PARSED_BYTES {
            true => plain_line(text[..text.floor_char_boundary(MAX_LINE_BYTES + 1)].to_owned()),
            false => parse_line(text),
        };
        if text.len() > MAX_LINE_BYTES {
            line.fields = None;
        }
        if line.message.len() > MAX_LINE_BYTES {
            let end = line.message.floor_char_boundary(MAX_LINE_BYTES);
            line.message.truncate(end);
            line.message.shrink_to_fit();
            line.message.push('…');
        }
        self.enqueue(program, (bot, level), line, text.len());
    }

    /// Writes an exception that no code caught.
    pub(super) fn write_uncaught(
        &self,
        program: &Arc<str>,
        bot: Option<Arc<str>>,
        exception: &Exception,
    ) {
        let text = append_stack(&exception.text, exception.stack.as_deref());
        let length = text.len();
        let line = ParsedLine {
            uncaught: true,
            ..plain_line(text)
        };
        self.enqueue(program, (bot, Level::Error), line, length);
    }

    fn enqueue(
        &self,
        program: &Arc<str>,
        (bot, level): (Option<Arc<str>>, Level),
        line: ParsedLine,
        length: usize,
    ) {
        let bytes = length.min(MAX_LINE_BYTES);
        let parsed = if line.fields.is_some() {
            PARSED_SIZE_FACTOR
        } else {
            1
        };
        let Some(waiting) =
            QueueReservation::reserve(&self.queued_bytes, LINE_OVERHEAD + bytes * parsed)
        else {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let line = LogLine {
            program: Arc::clone(program),
            bot,
            at: self.clock.now(),
            level,
            message: line.message,
            visible_to_bot_owner: line.visible_to_bot_owner,
            fields: line.fields,
            uncaught: line.uncaught,
            reservation: waiting,
        };
        if self.queue.try_send(line).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn dropped_lines(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

struct ParsedLine {
    message: String,
    visible_to_bot_owner: bool,
    fields: Option<Value>,
    uncaught: bool,
}

/// Returns a line that has only a text.
fn plain_line(message: String) -> ParsedLine {
    ParsedLine {
        message,
        visible_to_bot_owner: false,
        fields: None,
        uncaught: false,
    }
}

/// Parses a line in the format of `BP_LOG_FORMAT=json`.
///
/// wire: older SDKs write `{"msg", "visible_to_bot_owner"}`, newer ones `{"msg", "options":
/// {"visibleToBotOwners", "userId", "conversationId"}}` and issues as `{"type": "issue", …}`
/// (botpress.md §5).
fn parse_line(text: &str) -> ParsedLine {
    let plain = || plain_line(text.to_owned());
    if !text.starts_with('{') {
        return plain();
    }
    let Ok(Value::Object(mut line)) = serde_json::from_str(text) else {
        return plain();
    };
    if line.get("type").is_some_and(|kind| kind == "issue") {
        let title = line.get("title").and_then(Value::as_str);
        return ParsedLine {
            message: title.unwrap_or("issue").to_owned(),
            visible_to_bot_owner: true,
            fields: Some(Value::Object(line)),
            uncaught: false,
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
    ParsedLine {
        message,
        visible_to_bot_owner: visible,
        fields: options,
        uncaught: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_old_and_new_sdks_are_read() {
        let old = parse_line(r#"{"msg":"hello","visible_to_bot_owner":true}"#);
        assert_eq!(
            (old.message.as_str(), old.visible_to_bot_owner),
            ("hello", true)
        );
        let new = parse_line(r#"{"msg":"hi","options":{"visibleToBotOwners":true,"userId":"u1"}}"#);
        assert_eq!(
            (new.message.as_str(), new.visible_to_bot_owner),
            ("hi", true)
        );
        assert_eq!(new.fields.expect("fields")["userId"], "u1");
        let issue = parse_line(r#"{"type":"issue","title":"No token","code":"x"}"#);
        assert_eq!(
            (issue.message.as_str(), issue.visible_to_bot_owner),
            ("No token", true)
        );
    }

    #[test]
    fn what_waits_has_a_bound_in_bytes() {
        let (sink, mut lines) = LogSink::new(Clock::system());
        let program = Arc::from("p");
        let options = vec!["0"; MAX_LINE_BYTES / 2 - 100].join(",");
        let line = format!(r#"{{"msg":"x","options":[{options}]}}"#);
        for _ in 0..200 {
            sink.write(&program, None, Level::Info, &line);
        }
        let taken = std::iter::from_fn(|| lines.try_recv().ok()).count();
        assert!((20..=64).contains(&taken), "{taken}");
        assert_eq!(sink.dropped_lines(), 200 - taken as u64);
        // Receiving the lines has released their memory.
        assert_eq!(sink.queued_bytes.load(Ordering::Relaxed), 0);
        sink.write(&program, None, Level::Info, &"é".repeat(MAX_LINE_BYTES));
        let long = lines.try_recv().expect("a line").message;
        assert!(long.len() < MAX_LINE_BYTES + 4 && long.ends_with("é…"));
    }

    #[test]
    fn any_other_line_is_itself() {
        for text in ["plain", "{not json", "{\"a\":1}", "{\"msg\":1}", ""] {
            let line = parse_line(text);
            assert_eq!(line.message, text);
            assert!(!line.visible_to_bot_owner);
        }
    }
}
