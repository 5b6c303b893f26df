//! Parses the events of a streamed completion.

use serde_json::Value;

use crate::{
    domain::retrieval::answers::answer::{FinishReason, TokenUsage},
    net::outbound::{EventStream, EventStreamError},
};

/// Content of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Delta {
    Text(String),
    Finish(FinishReason),
    Usage(TokenUsage),
    Failed(String),
    /// The end. Some servers do not send it.
    End,
}

/// Returns the content of the next event, or `None` at the end of the stream.
pub(super) async fn next_deltas(events: &mut EventStream) -> Option<Vec<Delta>> {
    match events.next_data().await {
        Ok(data) => data.map(|data| parse_event(&data)),
        Err(error @ EventStreamError::LineTooLong) => Some(vec![Delta::Failed(error.to_string())]),
        Err(EventStreamError::Outbound(error)) => {
            let problem = format!("the model did not finish: {error}");
            Some(vec![Delta::Failed(problem), Delta::End])
        }
    }
}

fn parse_event(data: &str) -> Vec<Delta> {
    if data == "[DONE]" {
        return vec![Delta::End];
    }
    let Ok(event) = serde_json::from_str::<Value>(data) else {
        return vec![Delta::Failed("its answer is not valid JSON".to_owned())];
    };
    if let Some(error) = event.get("error").filter(|error| !error.is_null()) {
        let text = error.as_str().or_else(|| error.get("message")?.as_str());
        let text = text.unwrap_or("it reported an error").to_owned();
        return vec![Delta::Failed(text)];
    }
    let mut deltas = Vec::new();
    let choice = event.pointer("/choices/0");
    let text = choice.and_then(|choice| choice.pointer("/delta/content")?.as_str());
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        deltas.push(Delta::Text(text.to_owned()));
    }
    if let Some(reason) = choice.and_then(|choice| choice.get("finish_reason")?.as_str()) {
        deltas.push(Delta::Finish(match reason {
            "length" => FinishReason::MaxTokens,
            "content_filter" => FinishReason::Toxic,
            _ => FinishReason::Complete,
        }));
    }
    deltas.extend(parse_usage(&event).map(Delta::Usage));
    deltas
}

/// Returns the token counts of a response or of an event.
pub(in crate::domain) fn parse_usage(answer: &Value) -> Option<TokenUsage> {
    let count = |name: &str| answer.pointer(&format!("/usage/{name}"))?.as_u64();
    Some(TokenUsage {
        input_tokens: count("prompt_tokens")?,
        output_tokens: count("completion_tokens")?,
    })
}
