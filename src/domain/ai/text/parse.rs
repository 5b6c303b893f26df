//! Parses the events of a streamed chat completion.

use serde_json::{Map, Value};

use super::{StopReason, ToolCall};
use crate::domain::{
    ai::{Warning, WarningKind},
    retrieval::answers::{TokenUsage, upstream::parse_usage},
};

/// Maximum size of an answer's texts, in bytes.
const MAX_TEXT_BYTES: usize = 4 * 1024 * 1024;
/// Maximum number of tool calls in an answer.
const MAX_TOOL_CALLS: usize = 128;

/// A new part of the answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Output(String),
    Reasoning(String),
}

/// The answer as far as it has arrived.
#[derive(Debug, Default)]
pub(super) struct PartialAnswer {
    pub(super) output: String,
    pub(super) reasoning: String,
    calls: Vec<PartialCall>,
    finish: Option<String>,
    pub(super) usage: Option<TokenUsage>,
    pub(super) problem: Option<String>,
    bytes: usize,
    pub(super) is_complete: bool,
}

/// A call of a tool as far as it has arrived.
#[derive(Debug, Default)]
struct PartialCall {
    index: u64,
    id: String,
    name: String,
    arguments: String,
}

impl PartialAnswer {
    /// Adds the data of an event.
    pub(super) fn push(&mut self, data: &str) -> Vec<Piece> {
        if data == "[DONE]" {
            self.is_complete = true;
            return Vec::new();
        }
        let Ok(event) = serde_json::from_str::<Value>(data) else {
            self.fail("its answer is not valid JSON");
            return Vec::new();
        };
        if let Some(error) = event.get("error").filter(|error| !error.is_null()) {
            let text = error.as_str().or_else(|| error.get("message")?.as_str());
            self.fail(text.unwrap_or("it reported an error"));
            return Vec::new();
        }
        if let Some(usage) = parse_usage(&event) {
            self.usage = Some(usage);
        }
        let Some(choice) = event.pointer("/choices/0") else {
            return Vec::new();
        };
        if let Some(reason) = choice.get("finish_reason").and_then(Value::as_str) {
            self.finish = Some(reason.to_owned());
        }
        self.push_delta(choice.get("delta").unwrap_or(&Value::Null))
    }

    fn push_delta(&mut self, delta: &Value) -> Vec<Piece> {
        let text = |name: &str| {
            let text = delta.get(name).and_then(Value::as_str);
            text.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let mut pieces = Vec::new();
        // Servers do not agree on the name.
        if let Some(reasoning) = text("reasoning_content").or_else(|| text("reasoning")) {
            self.grow(reasoning.len());
            self.reasoning.push_str(&reasoning);
            pieces.push(Piece::Reasoning(reasoning));
        }
        if let Some(output) = text("content") {
            self.grow(output.len());
            self.output.push_str(&output);
            pieces.push(Piece::Output(output));
        }
        let calls = delta.get("tool_calls").and_then(Value::as_array);
        for (position, call) in calls.into_iter().flatten().enumerate() {
            self.push_call(position, call);
        }
        pieces
    }

    fn push_call(&mut self, position: usize, delta: &Value) {
        let text = |pointer: &str| delta.pointer(pointer).and_then(Value::as_str);
        let id = text("/id").unwrap_or_default();
        let index = delta.get("index").and_then(Value::as_u64);
        let index = index.unwrap_or(position as u64);
        // Some servers send whole calls that all have the index 0.
        let known = self.calls.iter().rposition(|call| {
            call.index == index && (id.is_empty() || call.id.is_empty() || call.id == id)
        });
        let arguments = match delta.pointer("/function/arguments") {
            Some(Value::String(text)) => text.clone(),
            Some(object @ Value::Object(_)) => object.to_string(),
            _ => String::new(),
        };
        let name = text("/function/name").unwrap_or_default();
        let bytes = id.len() + name.len() + arguments.len();
        match known {
            Some(known) => {
                let call = &mut self.calls[known];
                if call.id.is_empty() {
                    id.clone_into(&mut call.id);
                }
                if call.name.is_empty() {
                    name.clone_into(&mut call.name);
                }
                call.arguments.push_str(&arguments);
            }
            None if self.calls.len() < MAX_TOOL_CALLS => self.calls.push(PartialCall {
                index,
                id: id.to_owned(),
                name: name.to_owned(),
                arguments,
            }),
            None => self.fail("it called too many tools"),
        }
        self.grow(bytes);
    }

    fn grow(&mut self, bytes: usize) {
        self.bytes += bytes;
        if self.bytes > MAX_TEXT_BYTES {
            self.fail("its answer is too long");
        }
    }

    /// Notes the first reason for which the answer cannot be completed.
    pub(super) fn fail(&mut self, problem: &str) {
        if self.problem.is_none() {
            self.problem = Some(problem.to_owned());
        }
    }

    /// True if the server has said why the answer ended.
    pub(super) const fn has_finished(&self) -> bool {
        self.is_complete || self.finish.is_some()
    }

    /// Returns the reason for the end. Some servers say `stop` after calls of tools.
    pub(super) fn stop_reason(&self) -> StopReason {
        if self.problem.is_some() {
            return StopReason::Other;
        }
        match self.finish.as_deref() {
            Some("length") => StopReason::MaxTokens,
            Some("content_filter") => StopReason::ContentFilter,
            Some("tool_calls" | "function_call") => StopReason::ToolCalls,
            Some("stop") | None if !self.calls.is_empty() => StopReason::ToolCalls,
            Some("stop") | None => StopReason::Stop,
            Some(_) => StopReason::Other,
        }
    }

    /// Takes the calls of tools. A call whose input is no object has an empty one, and a warning.
    pub(super) fn take_tool_calls(&mut self) -> (Vec<ToolCall>, Vec<Warning>) {
        let mut warnings = Vec::new();
        let calls = std::mem::take(&mut self.calls).into_iter().enumerate();
        let calls = calls.map(|(position, call)| {
            let input = parse_input(&call.arguments).unwrap_or_else(|| {
                let text = format!(
                    "The model called {} with an input that is no JSON object",
                    call.name
                );
                warnings.push(Warning::new(WarningKind::ProviderLimitation, text));
                Map::new()
            });
            let id = match call.id.is_empty() {
                true => format!("call_{position}"),
                false => call.id,
            };
            ToolCall {
                id,
                name: call.name,
                input,
            }
        });
        let calls = calls.collect();
        (calls, warnings)
    }
}

fn parse_input(text: &str) -> Option<Map<String, Value>> {
    match text.trim() {
        "" => Some(Map::new()),
        text => serde_json::from_str(text).ok(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn delta(delta: &Value, finish: Option<&str>) -> String {
        json!({"choices": [{"delta": delta, "finish_reason": finish}]}).to_string()
    }

    #[test]
    fn calls_of_tools_arrive_in_pieces() {
        let mut answer = PartialAnswer::default();
        for part in [
            json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "add", "arguments": ""}}]}),
            json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"x\":"}}]}),
            json!({"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]}),
            json!({"tool_calls": [{"index": 1, "function": {"name": "now", "arguments": "oops"}}]}),
            json!({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "add", "arguments": {"x": 2}}}]}),
        ] {
            assert_eq!(answer.push(&delta(&part, None)), []);
        }
        answer.push(&delta(&json!({}), Some("stop")));
        assert_eq!(answer.stop_reason(), StopReason::ToolCalls);
        let (calls, warnings) = answer.take_tool_calls();
        let calls: Vec<Value> = calls
            .into_iter()
            .map(|call| json!([call.id, call.name, call.input]))
            .collect();
        assert_eq!(
            calls,
            [
                json!(["a", "add", {"x": 1}]),
                json!(["call_1", "now", {}]),
                json!(["c", "add", {"x": 2}])
            ]
        );
        assert_eq!(warnings.len(), 1);
    }

    #[test]
    fn texts_and_ends_are_read() {
        let mut answer = PartialAnswer::default();
        let pieces = answer.push(&delta(&json!({"reasoning": "hm", "content": "Hi"}), None));
        assert_eq!(
            pieces,
            [
                Piece::Reasoning("hm".to_owned()),
                Piece::Output("Hi".to_owned())
            ]
        );
        assert!(!answer.has_finished());
        answer.push(&delta(&json!({"content": null}), Some("length")));
        assert_eq!(answer.stop_reason(), StopReason::MaxTokens);
        answer.push(r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#);
        assert_eq!(answer.usage.map(|usage| usage.output_tokens), Some(2));
        answer.push(r#"{"error":{"message":"out of memory"}}"#);
        assert_eq!(answer.problem.as_deref(), Some("out of memory"));
        assert_eq!(answer.stop_reason(), StopReason::Other);
    }
}
