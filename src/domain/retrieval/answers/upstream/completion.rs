//! Parses a streamed completion: server-sent events of one line `data: {…}` each.

use serde_json::Value;

use crate::domain::retrieval::answers::answer::{FinishReason, TokenUsage};

/// Maximum length of a line, in bytes.
const LINE_MAX: usize = 1024 * 1024;

/// Content of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Delta {
    Text(String),
    Finish(FinishReason),
    Usage(TokenUsage),
    Failed(String),
}

/// Parser of events from a stream of bytes.
#[derive(Debug, Default)]
pub(super) struct EventParser {
    line: Vec<u8>,
    is_done: bool,
    has_finished: bool,
}

impl EventParser {
    /// True after `[DONE]`.
    pub(super) const fn is_done(&self) -> bool {
        self.is_done
    }

    /// True after the finish reason or `[DONE]`. Some servers do not send `[DONE]`.
    pub(super) const fn has_finished(&self) -> bool {
        self.is_done || self.has_finished
    }

    /// Parses more bytes. Returns the content of the events that they complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Delta> {
        let mut deltas = Vec::new();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if self.line.len() > LINE_MAX {
                self.line.clear();
                deltas.push(Delta::Failed("a line of its answer is too long".to_owned()));
            }
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                self.parse_line(&String::from_utf8_lossy(&line), &mut deltas);
            }
        }
        deltas
    }

    fn parse_line(&mut self, line: &str, deltas: &mut Vec<Delta>) {
        let Some(data) = line.trim_end().strip_prefix("data:").map(str::trim_start) else {
            return;
        };
        if data == "[DONE]" {
            self.is_done = true;
            return;
        }
        let Ok(event) = serde_json::from_str::<Value>(data) else {
            deltas.push(Delta::Failed("its answer is not valid JSON".to_owned()));
            return;
        };
        if let Some(error) = event.get("error").filter(|error| !error.is_null()) {
            let text = error.as_str().or_else(|| error.get("message")?.as_str());
            deltas.push(Delta::Failed(
                text.unwrap_or("it reported an error").to_owned(),
            ));
            return;
        }
        let choice = event.pointer("/choices/0");
        let text = choice.and_then(|choice| choice.pointer("/delta/content")?.as_str());
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            deltas.push(Delta::Text(text.to_owned()));
        }
        if let Some(reason) = choice.and_then(|choice| choice.get("finish_reason")?.as_str()) {
            self.has_finished = true;
            deltas.push(Delta::Finish(match reason {
                "length" => FinishReason::MaxTokens,
                "content_filter" => FinishReason::Toxic,
                _ => FinishReason::Complete,
            }));
        }
        deltas.extend(parse_usage(&event).map(Delta::Usage));
    }
}

/// Returns the token counts of a response or of an event.
pub(super) fn parse_usage(answer: &Value) -> Option<TokenUsage> {
    let count = |name: &str| answer.pointer(&format!("/usage/{name}"))?.as_u64();
    Some(TokenUsage {
        input_tokens: count("prompt_tokens")?,
        output_tokens: count("completion_tokens")?,
    })
}
