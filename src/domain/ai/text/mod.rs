//! Text from a model: whole, or as a stream.

mod parse;
mod prompt;
mod run;

use std::time::Duration;

use serde_json::{Map, Value};

use self::run::Run;
pub use self::run::{TextEvent, TextStream};
pub use super::spend::Cost;
use super::{
    Warning,
    attempts::{ModelAttempts, ModelResult},
    models::ModelKind,
    require_bot,
    results::RepeatKey,
    spend, upstream,
};
use crate::{
    domain::{retrieval::answers::TokenUsage, tenancy::request_auth::RequestContext},
    kernel::{Error, Kind, Result, json_size},
};

/// Name of the operation in the keys of stored results.
const OPERATION: &str = "text";
/// Time after which clients may retry a broken answer.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A request for text.
#[derive(Debug, Clone, Default)]
pub struct TextRequest {
    /// Names of models; all but the first are fallbacks.
    pub models: Vec<String>,
    /// Messages, at least one.
    pub messages: Vec<Message>,
    /// Sampling parameters with OpenAI's names: `temperature`, `max_tokens` and others.
    pub sampling: Map<String, Value>,
    /// Tools that the model may call.
    pub tools: Vec<Tool>,
    /// Choice among the tools.
    pub tool_choice: ToolChoice,
    /// False if the model must not call several tools at once.
    pub parallel_tools: Option<bool>,
    /// Effort of reasoning: `low`, `medium` or `high`.
    pub reasoning_effort: Option<String>,
    /// Id with which the client may repeat the request.
    pub request_id: Option<String>,
    /// Warnings about the request itself.
    pub warnings: Vec<Warning>,
}

/// Role of a message's author.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A person.
    User,
    /// The model.
    Assistant,
    /// Instructions.
    System,
}

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Role of the author.
    pub role: Role,
    /// Content.
    pub content: Vec<Part>,
    /// Tools that the model called.
    pub tool_calls: Vec<ToolCall>,
    /// Id of the call whose result the message is.
    pub tool_result_of: Option<String>,
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text.
    Text(String),
    /// An image: its URL and its media type.
    Image(String, Option<String>),
    /// Audio: its URL and its media type.
    Audio(String, Option<String>),
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// Id of the call.
    pub id: String,
    /// Name of the tool.
    pub name: String,
    /// Input.
    pub input: Map<String, Value>,
}

/// A tool.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// JSON Schema of the input.
    pub parameters: Option<Map<String, Value>>,
    /// True if the model must keep to the schema.
    pub strict: Option<bool>,
}

/// Choice among tools.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ToolChoice {
    /// The server's default.
    #[default]
    Default,
    /// The model decides.
    Auto,
    /// No tool.
    None,
    /// At least one tool.
    Required,
    /// This tool.
    Named(String),
}

/// Reason for the end of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// The answer is complete.
    Stop,
    /// The answer reached the maximum number of tokens.
    MaxTokens,
    /// The model refused to continue.
    ContentFilter,
    /// The model called tools.
    ToolCalls,
    /// Another reason.
    Other,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct TextAnswer {
    /// Text.
    pub output: String,
    /// Reasoning of the model.
    pub reasoning: Option<String>,
    /// Tools that the model calls.
    pub tool_calls: Vec<ToolCall>,
    /// Model, time of the whole answer and warnings.
    pub result: ModelResult,
    /// Tokens.
    pub usage: TokenUsage,
    /// Cost.
    pub cost: Cost,
    /// Reason for the end.
    pub stop_reason: StopReason,
    /// Time until its first part.
    pub time_to_first_token: Option<Duration>,
    /// Effort of reasoning that the request has.
    pub reasoning_effort: Option<String>,
    /// Reason for which the answer broke off.
    pub problem: Option<String>,
}

impl TextAnswer {
    /// Returns the size of the texts, in bytes.
    fn size(&self) -> usize {
        let inputs = self.tool_calls.iter();
        let inputs: usize = inputs.map(|call| json_size(&call.input)).sum();
        self.output.len() + self.reasoning.as_ref().map_or(0, String::len) + inputs
    }
}

/// Generates a text.
///
/// # Errors
/// `Invalid` without a model server or for a bad request, `RateLimited` if the server is busy, `QuotaExceeded` if the
/// workspace has spent its limit, `Unavailable` if the model fails and a retry may succeed, `Upstream` if it cannot.
pub async fn generate(call: RequestContext, request: TextRequest) -> Result<TextAnswer> {
    require_bot(&call)?;
    let app = call.app().clone();
    upstream::settings(&app)?;
    let key = RepeatKey::new(&call, OPERATION, request.request_id.as_deref())?;
    let run = async {
        let mut stream = TextStream::running(start(call, request, None).await?);
        while let Some(event) = stream.next().await {
            if let TextEvent::Done(answer) = event {
                return match &answer.problem {
                    None => Ok(*answer),
                    Some(problem) => Err(broken_answer(problem)),
                };
            }
        }
        Err(Error::internal("a stream of text has an end", "none"))
    };
    app.ai_results()
        .get_or_run(key, TextAnswer::size, run)
        .await
}

/// Generates a text as a stream, which begins once the model has accepted the request. Dropping the stream ends the
/// request to the model.
///
/// # Errors
/// As [`generate`]. A later failure is part of the answer.
pub async fn stream(call: RequestContext, request: TextRequest) -> Result<TextStream> {
    require_bot(&call)?;
    upstream::settings(call.app())?;
    let key = RepeatKey::new(&call, OPERATION, request.request_id.as_deref())?;
    if let Some(answer) = call.app().ai_results().find::<TextAnswer>(&key) {
        return Ok(TextStream::from_answer(answer));
    }
    Ok(TextStream::running(start(call, request, Some(key)).await?))
}

/// Returns the error of an answer that broke off, of which the client has nothing yet.
fn broken_answer(problem: &str) -> Error {
    let kind = Kind::Unavailable {
        retry_after: RETRY_AFTER,
    };
    Error::new(kind, problem.to_owned())
}

/// Sends the request to the first model that accepts it. `key` stores the result of a stream.
async fn start(call: RequestContext, request: TextRequest, key: Option<RepeatKey>) -> Result<Run> {
    spend::require_budget(&call)?;
    let app = call.app().clone();
    let slot = app.model_slots().take()?;
    let attempts = ModelAttempts::new(&call, ModelKind::Text, &request.models)?;
    let (mut body, input_text) = prompt::build_body(&app, &request).await?;
    let mut run = Run::new(call, (slot, attempts), request, key);
    run.input_text = input_text;
    loop {
        match run.open(&mut body).await {
            Ok(()) => return Ok(run),
            Err(error) => run.attempts.advance(error)?,
        }
    }
}
