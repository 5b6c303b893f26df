//! Responses with a text.

use poem_openapi::{
    Enum, Object,
    types::{Example, ToJSON},
};

use super::metadata_dto::{WarningBody, to_millis, to_warnings};
use crate::{
    domain::ai::{
        PROVIDER,
        models::model_id,
        text::{StopReason, TextAnswer, TextEvent, ToolCall},
    },
    http::{JsonObject, event_stream},
    kernel::Timestamp,
};

/// Reason for the end of a text.
#[derive(Enum)]
#[oai(rename = "CognitiveStopReason", rename_all = "snake_case")]
enum StopReasonBody {
    Stop,
    MaxTokens,
    ContentFilter,
    ToolCalls,
    Other,
}

/// Returns the vendor's name of a reason.
pub const fn stop_reason_name(reason: StopReason) -> &'static str {
    match reason {
        StopReason::Stop => "stop",
        StopReason::MaxTokens => "max_tokens",
        StopReason::ContentFilter => "content_filter",
        StopReason::ToolCalls => "tool_calls",
        StopReason::Other => "other",
    }
}

impl From<StopReason> for StopReasonBody {
    fn from(reason: StopReason) -> Self {
        match reason {
            StopReason::Stop => Self::Stop,
            StopReason::MaxTokens => Self::MaxTokens,
            StopReason::ContentFilter => Self::ContentFilter,
            StopReason::ToolCalls => Self::ToolCalls,
            StopReason::Other => Self::Other,
        }
    }
}

/// Tokens and their cost.
#[derive(Object)]
#[oai(rename = "CognitiveUsage", rename_all = "camelCase")]
struct UsageBody {
    /// Tokens of the prompt.
    input_tokens: u64,
    /// Cost of the prompt, in dollars.
    input_cost: f64,
    /// Tokens of the answer.
    output_tokens: u64,
    /// Cost of the answer, in dollars.
    output_cost: f64,
}

/// The model that wrote a text, its tokens and its time.
#[derive(Object)]
#[oai(rename = "CognitiveMetadata", rename_all = "camelCase")]
struct TextMetadata {
    /// Id of the request, if it has one.
    #[oai(skip_serializing_if_is_none)]
    request_id: Option<String>,
    /// Provider of the model: `local`.
    provider: String,
    /// Model, with its provider.
    model: String,
    /// Tokens.
    usage: UsageBody,
    /// Cost in dollars; 0 for a model without a price.
    cost: f64,
    /// Time of the whole answer, in milliseconds.
    latency: u64,
    /// Time until the first part, in milliseconds.
    #[oai(skip_serializing_if_is_none)]
    ttft: Option<u64>,
    /// Reason for the end.
    stop_reason: StopReasonBody,
    /// Effort of reasoning that the request has.
    #[oai(skip_serializing_if_is_none)]
    reasoning_effort: Option<String>,
    /// Warnings.
    #[oai(skip_serializing_if_is_none)]
    warnings: Option<Vec<WarningBody>>,
    /// Models that were tried before.
    #[oai(skip_serializing_if_is_none)]
    fallback_path: Option<Vec<String>>,
}

/// A tool that the model calls.
#[derive(Object)]
#[oai(rename = "CognitiveToolCall")]
struct ToolCallBody {
    /// Id of the call.
    id: String,
    /// Name of the tool.
    name: String,
    /// Input.
    input: JsonObject,
}

impl From<ToolCall> for ToolCallBody {
    fn from(call: ToolCall) -> Self {
        Self {
            id: call.id,
            name: call.name,
            input: JsonObject(call.input),
        }
    }
}

/// A text.
#[derive(Object)]
#[oai(example, rename = "generateTextResponse", rename_all = "camelCase")]
pub struct TextResponse {
    /// Text.
    output: String,
    /// Reasoning of the model.
    #[oai(skip_serializing_if_is_none)]
    reasoning: Option<String>,
    /// Tools that the model calls.
    #[oai(skip_serializing_if_is_none)]
    tool_calls: Option<Vec<ToolCallBody>>,
    /// Model, tokens and time.
    metadata: TextMetadata,
}

fn to_tool_calls(calls: Vec<ToolCall>) -> Option<Vec<ToolCallBody>> {
    let calls: Vec<ToolCallBody> = calls.into_iter().map(Into::into).collect();
    Some(calls).filter(|calls| !calls.is_empty())
}

impl TextMetadata {
    /// Returns the metadata of an answer.
    fn of(answer: &TextAnswer) -> Self {
        let (usage, cost) = (answer.usage, answer.cost);
        let result = answer.result.clone();
        Self {
            request_id: result.request_id,
            provider: PROVIDER.to_owned(),
            model: model_id(&result.model),
            usage: UsageBody {
                input_tokens: usage.input_tokens,
                input_cost: cost.input,
                output_tokens: usage.output_tokens,
                output_cost: cost.output,
            },
            cost: cost.input + cost.output,
            latency: to_millis(result.latency),
            ttft: answer.time_to_first_token.map(to_millis),
            stop_reason: answer.stop_reason.into(),
            reasoning_effort: answer.reasoning_effort.clone(),
            warnings: to_warnings(result.warnings),
            fallback_path: Some(result.fallback_path).filter(|path| !path.is_empty()),
        }
    }
}

impl From<TextAnswer> for TextResponse {
    fn from(answer: TextAnswer) -> Self {
        Self {
            metadata: TextMetadata::of(&answer),
            output: answer.output,
            reasoning: answer.reasoning,
            tool_calls: to_tool_calls(answer.tool_calls),
        }
    }
}

impl Example for TextResponse {
    fn example() -> Self {
        Self {
            output: "Tuesday.".to_owned(),
            reasoning: None,
            tool_calls: None,
            metadata: TextMetadata {
                request_id: None,
                provider: PROVIDER.to_owned(),
                model: "local:qwen3:8b".to_owned(),
                usage: UsageBody {
                    input_tokens: 12,
                    input_cost: 0.0,
                    output_tokens: 3,
                    output_cost: 0.0,
                },
                cost: 0.0,
                latency: 420,
                ttft: Some(180),
                stop_reason: StopReasonBody::Stop,
                reasoning_effort: None,
                warnings: None,
                fallback_path: None,
            },
        }
    }
}

/// A line of a streamed text.
#[derive(Object, Default)]
#[oai(
    example,
    rename = "CognitiveStreamChunk",
    rename_all = "camelCase",
    skip_serializing_if_is_none
)]
pub struct TextChunk {
    /// Next part of the text.
    output: Option<String>,
    /// Next part of the reasoning.
    reasoning: Option<String>,
    /// In the last line: tools that the model calls.
    tool_calls: Option<Vec<ToolCallBody>>,
    /// Time of the line, in milliseconds since 1970.
    created: i64,
    /// True in the last line.
    finished: Option<bool>,
    /// In the last line: reason for which the model did not finish.
    error: Option<String>,
    /// In the last line: model, tokens and time.
    metadata: Option<TextMetadata>,
}

impl Example for TextChunk {
    fn example() -> Self {
        Self {
            output: Some("Tues".to_owned()),
            created: 1_700_000_000_000,
            ..Self::default()
        }
    }
}

/// Formats an event of a stream as a line of JSON.
pub fn format_event(event: TextEvent, now: Timestamp) -> String {
    let mut chunk = TextChunk {
        created: now.as_micros() / 1000,
        ..TextChunk::default()
    };
    match event {
        TextEvent::Output(text) => chunk.output = Some(text),
        TextEvent::Reasoning(text) => chunk.reasoning = Some(text),
        TextEvent::Done(answer) => {
            chunk.finished = Some(true);
            chunk.metadata = Some(TextMetadata::of(&answer));
            chunk.error = answer.problem;
            chunk.tool_calls = to_tool_calls(answer.tool_calls);
        }
    }
    event_stream::format_json_line(&chunk.to_json_string())
}
