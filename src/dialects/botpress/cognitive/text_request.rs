//! The request for a text.

use poem_openapi::{
    Enum, Object,
    types::{Any, Example},
};
use serde_json::{Map, Value, json};

use super::{metadata_dto::RequestOptions, names::parse_texts};
use crate::{
    domain::ai::{
        Warning,
        text::{Message, Part, Role, TextRequest, Tool, ToolCall, ToolChoice},
    },
    http::JsonObject,
    kernel::{Error, Result, Rule, Violation},
};

/// Maximum number of parts of a message.
const MAX_PARTS: usize = 100;

/// A request for a text.
#[derive(Object)]
#[oai(example, rename = "generateTextBody", rename_all = "camelCase")]
pub struct GenerateTextBody {
    /// Messages.
    #[oai(validator(min_items = 1, max_items = 2000))]
    messages: Vec<CognitiveMessage>,
    /// Name of a model, or names, of which all but the first are fallbacks: `auto`, `best`, `fast` or `provider:name`.
    model: Option<Any<Value>>,
    /// Randomness of the text.
    #[oai(validator(minimum(value = "0"), maximum(value = "2")))]
    temperature: Option<f64>,
    /// Instructions; a message of the role `system` has the same effect.
    system_prompt: Option<String>,
    /// Maximum number of tokens of the text.
    #[oai(validator(minimum(value = "1")))]
    max_tokens: Option<u32>,
    /// Text, or texts, at which the text ends.
    stop_sequences: Option<Any<Value>>,
    /// Has no effect: the operation decides.
    stream: Option<bool>,
    /// Format of the text. `json_object` is `json`.
    response_format: Option<ResponseFormat>,
    /// Effort of reasoning.
    reasoning_effort: Option<ReasoningEffort>,
    /// Has no effect: the server does not search the web.
    search: Option<Any<Value>>,
    /// Tools that the model may call.
    #[oai(validator(max_items = 128))]
    tools: Option<Vec<CognitiveTool>>,
    /// Choice among the tools.
    tool_control: Option<ToolControl>,
    /// Options.
    options: Option<RequestOptions>,
    /// Facts about the caller; without effect.
    meta: Option<JsonObject>,
}

impl Example for GenerateTextBody {
    fn example() -> Self {
        Self {
            messages: vec![CognitiveMessage {
                role: MessageRole::User,
                content: Some(Any(json!("Which day follows Monday?"))),
                r#type: None,
                tool_calls: None,
                tool_result_call_id: None,
            }],
            model: Some(Any(json!("auto"))),
            temperature: Some(0.0),
            system_prompt: None,
            max_tokens: Some(100),
            stop_sequences: None,
            stream: None,
            response_format: None,
            reasoning_effort: None,
            search: None,
            tools: None,
            tool_control: None,
            options: None,
            meta: None,
        }
    }
}

/// Format of a text.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[oai(rename = "CognitiveResponseFormat", rename_all = "snake_case")]
enum ResponseFormat {
    Text,
    Json,
    JsonObject,
}

/// Effort of reasoning.
#[derive(Enum, Clone, Copy)]
#[oai(rename = "CognitiveReasoningEffort", rename_all = "snake_case")]
enum ReasoningEffort {
    Low,
    Medium,
    High,
    Dynamic,
    None,
}

/// Role of a message's author.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[oai(rename = "CognitiveMessageRole", rename_all = "snake_case")]
enum MessageRole {
    User,
    Assistant,
    System,
}

/// Type of a message.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[oai(rename = "CognitiveMessageType", rename_all = "snake_case")]
enum MessageType {
    Text,
    ToolCalls,
    ToolResult,
    Multipart,
}

/// A message.
#[derive(Object)]
#[oai(rename = "CognitiveMessage", rename_all = "camelCase")]
pub struct CognitiveMessage {
    /// Role of the author.
    role: MessageRole,
    /// Text, a list of parts (`text`, `image`, `audio`), or null.
    content: Option<Any<Value>>,
    /// Type of the message.
    r#type: Option<MessageType>,
    /// Tools that the model called.
    #[oai(validator(max_items = 128))]
    tool_calls: Option<Vec<CalledTool>>,
    /// Id of the call whose result the message is.
    tool_result_call_id: Option<String>,
}

/// A tool that the model called.
#[derive(Object)]
#[oai(rename = "CognitiveCalledTool")]
struct CalledTool {
    /// Id of the call.
    id: String,
    /// Type of the tool: `function`.
    r#type: Option<String>,
    /// The function.
    function: CalledFunction,
}

/// A function that the model called.
#[derive(Object)]
#[oai(rename = "CognitiveCalledFunction")]
struct CalledFunction {
    /// Name.
    name: String,
    /// Arguments: an object or null.
    arguments: Option<Any<Value>>,
}

/// A tool.
#[derive(Object)]
#[oai(rename = "CognitiveTool")]
struct CognitiveTool {
    /// Name.
    #[oai(validator(min_length = 1, max_length = 200))]
    name: String,
    /// Description.
    description: Option<String>,
    /// JSON Schema of the input.
    parameters: Option<JsonObject>,
    /// True if the model must keep to the schema.
    strict: Option<bool>,
}

/// Mode of the choice among tools.
#[derive(Enum, Clone, Copy)]
#[oai(rename = "CognitiveToolMode", rename_all = "snake_case")]
enum ToolMode {
    Auto,
    None,
    Required,
    Specific,
}

/// Choice among tools.
#[derive(Object)]
#[oai(rename = "CognitiveToolControl", rename_all = "camelCase")]
struct ToolControl {
    /// Mode.
    mode: ToolMode,
    /// Name of the tool, for the mode `specific`.
    tool_name: Option<String>,
    /// False if the model must not call several tools at once.
    parallel: Option<bool>,
}

impl TryFrom<GenerateTextBody> for TextRequest {
    type Error = Error;

    fn try_from(body: GenerateTextBody) -> Result<Self> {
        let mut sampling = Map::new();
        if let Some(temperature) = body.temperature {
            sampling.insert("temperature".to_owned(), temperature.into());
        }
        if let Some(max_tokens) = body.max_tokens {
            sampling.insert("max_tokens".to_owned(), max_tokens.into());
        }
        let stop = parse_texts(body.stop_sequences, "stopSequences")?;
        if !stop.is_empty() {
            sampling.insert("stop".to_owned(), stop.into());
        }
        if let Some(ResponseFormat::Json | ResponseFormat::JsonObject) = body.response_format {
            let format = json!({"type": "json_object"});
            sampling.insert("response_format".to_owned(), format);
        }
        let wants_search = body
            .search
            .is_some_and(|search| !matches!(search.0, Value::Null | Value::Bool(false)));
        let (tool_choice, parallel_tools) = match body.tool_control {
            None => (ToolChoice::Default, None),
            Some(control) => (
                to_tool_choice(control.mode, control.tool_name)?,
                control.parallel,
            ),
        };
        let system = body.system_prompt.map(|text| Message {
            role: Role::System,
            content: vec![Part::Text(text)],
            tool_calls: Vec::new(),
            tool_result_of: None,
        });
        let messages = to_messages(body.messages)?;
        let tools = body.tools.unwrap_or_default().into_iter();
        Ok(Self {
            models: parse_texts(body.model, "model")?,
            messages: system.into_iter().chain(messages).collect(),
            sampling,
            tools: tools.map(Into::into).collect(),
            tool_choice,
            parallel_tools,
            reasoning_effort: body.reasoning_effort.and_then(to_effort),
            request_id: body.options.and_then(|options| options.request_id),
            warnings: wants_search
                .then(|| Warning::ignored("search"))
                .into_iter()
                .collect(),
        })
    }
}

/// Converts messages. `messages` is their member in the body.
///
/// # Errors
/// `Invalid` for content of another form.
pub fn to_messages(messages: Vec<CognitiveMessage>) -> Result<Vec<Message>> {
    let messages = messages.into_iter().enumerate();
    messages
        .map(|(index, message)| to_message(index, message))
        .collect()
}

fn to_message(index: usize, message: CognitiveMessage) -> Result<Message> {
    let index = index.to_string();
    let refuse = |member: &str, rule: &str| -> Error {
        let path = ["messages", &index, member];
        Violation::body(path, Rule::Other(rule.to_owned())).into()
    };
    let is_result = message.r#type == Some(MessageType::ToolResult);
    if is_result && message.tool_result_call_id.is_none() {
        return Err(refuse(
            "toolResultCallId",
            "must be present for a tool_result",
        ));
    }
    let content = match message.content.map(|content| content.0) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) => vec![Part::Text(text)],
        Some(Value::Array(parts)) if parts.len() <= MAX_PARTS => {
            let parts = parts.iter().enumerate();
            let parts = parts.map(|(number, part)| to_part((&index, number), part));
            parts.collect::<Result<_>>()?
        }
        Some(_) => {
            let rule = format!("must be a text, a list of at most {MAX_PARTS} parts, or null");
            return Err(refuse("content", &rule));
        }
    };
    let calls = message.tool_calls.unwrap_or_default().into_iter();
    let calls = calls.map(|call| {
        let input = match call.function.arguments.map(|input| input.0) {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(input)) => input,
            Some(_) => {
                return Err(refuse(
                    "toolCalls",
                    "must have arguments that are an object or null",
                ));
            }
        };
        Ok(ToolCall {
            id: call.id,
            name: call.function.name,
            input,
        })
    });
    Ok(Message {
        role: match message.role {
            MessageRole::User => Role::User,
            MessageRole::Assistant => Role::Assistant,
            MessageRole::System => Role::System,
        },
        content,
        tool_calls: calls.collect::<Result<_>>()?,
        tool_result_of: message.tool_result_call_id.filter(|_| is_result),
    })
}

fn to_part((index, number): (&str, usize), part: &Value) -> Result<Part> {
    let text = |name: &str| part.get(name).and_then(Value::as_str).map(str::to_owned);
    let missing = |member: &str, rule: &str| -> Error {
        let path = ["messages", index, "content", &number.to_string(), member].map(str::to_owned);
        Violation::body(path, Rule::Other(rule.to_owned())).into()
    };
    let url = || text("url").ok_or_else(|| missing("url", "must be a text"));
    match text("type").as_deref() {
        Some("text") => {
            let text = text("text").ok_or_else(|| missing("text", "must be a text"))?;
            Ok(Part::Text(text))
        }
        Some("image") => Ok(Part::Image(url()?, text("mimeType"))),
        Some("audio") => Ok(Part::Audio(url()?, text("mimeType"))),
        _ => Err(missing("type", "must be text, image or audio")),
    }
}

fn to_tool_choice(mode: ToolMode, name: Option<String>) -> Result<ToolChoice> {
    Ok(match mode {
        ToolMode::Auto => ToolChoice::Auto,
        ToolMode::None => ToolChoice::None,
        ToolMode::Required => ToolChoice::Required,
        ToolMode::Specific => ToolChoice::Named(name.ok_or_else(|| -> Error {
            Violation::body(["toolControl", "toolName"], Rule::Required).into()
        })?),
    })
}

/// Returns OpenAI's name of an effort. Two of the vendor's leave the choice to the server.
fn to_effort(effort: ReasoningEffort) -> Option<String> {
    let name = match effort {
        ReasoningEffort::Low => "low",
        ReasoningEffort::Medium => "medium",
        ReasoningEffort::High => "high",
        ReasoningEffort::Dynamic | ReasoningEffort::None => return None,
    };
    Some(name.to_owned())
}

impl From<CognitiveTool> for Tool {
    fn from(tool: CognitiveTool) -> Self {
        Self {
            name: tool.name,
            description: tool.description,
            parameters: tool.parameters.map(|schema| schema.0),
            strict: tool.strict,
        }
    }
}
