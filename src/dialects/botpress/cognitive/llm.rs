//! The program of the built-in integration `local-llm`: it implements the runtime protocol (botpress.md §5), and answers
//! the actions of the interface `llm` with the model server.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::{FutureExt, future::BoxFuture};
use poem_openapi::types::{ParseFromJSON, ToJSON};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    models::ModelBody,
    text_dto::stop_reason_name,
    text_request::{CognitiveMessage, to_messages},
};
use crate::{
    dialects::botpress::error::ErrorRenderer,
    domain::{
        App,
        ai::{
            self, PROVIDER,
            models::{self, model_id},
            text::{
                self, Message, Part, Role, TextAnswer, TextRequest, Tool, ToolCall, ToolChoice,
            },
        },
        shared::rate_limits::ApiClass,
        tenancy::{
            api_keys::KeyKind,
            request_auth::{AuthScope, RequestContext},
        },
    },
    engine::{NativeProgram, NativeResponse, Request},
    http::dialect::RenderError,
    kernel::{Error, Kind, Result, Secret},
};

/// Returns the built-in programs of integrations, by integration name.
#[must_use]
pub fn native_programs(app: &App) -> BTreeMap<&'static str, Arc<dyn NativeProgram>> {
    let program: Arc<dyn NativeProgram> = Arc::new(Program(app.clone()));
    [(ai::NAME, program)].into()
}

/// The program of the integration.
struct Program(App);

impl NativeProgram for Program {
    fn call(&self, token: Secret, request: Request) -> BoxFuture<'static, NativeResponse> {
        let app = self.0.clone();
        async move {
            match handle(&app, &token, &request).await {
                Ok(body) => NativeResponse {
                    status: 200,
                    headers: [("content-type".to_owned(), "application/json".to_owned())].into(),
                    body: body.to_string(),
                    body_stream: None,
                },
                Err(error) => render_error(&app, &error).await,
            }
        }
        .boxed()
    }
}

async fn render_error(app: &App, error: &Error) -> NativeResponse {
    if error.kind() == Kind::Internal {
        tracing::error!(?error, "the integration local-llm failed");
    }
    let mut response = ErrorRenderer::new(app.clock().clone()).render(error);
    NativeResponse {
        status: response.status().as_u16(),
        // The body is already in memory.
        body: response.take_body().into_string().await.unwrap_or_default(),
        ..NativeResponse::default()
    }
}

/// Body of the operation `action_triggered`.
#[derive(Deserialize)]
struct ActionTriggered {
    r#type: String,
    input: Value,
}

async fn handle(app: &App, token: &Secret, request: &Request) -> Result<Value> {
    match require_header(request, "x-bp-operation")? {
        "action_triggered" => {
            let call = admit(app, token, request)?;
            let action: ActionTriggered = serde_json::from_str(&request.body)
                .map_err(|error| Error::invalid(format!("body: {error}")))?;
            let output = match action.r#type.as_str() {
                "generateContent" => generate_content(call, action.input).await?,
                "listLanguageModels" => list_models(&call)?,
                other => return Err(unsupported(&format!("the action {other}"))),
            };
            Ok(json!({"output": output}))
        }
        "register" | "unregister" | "ping" => Ok(json!({})),
        other => Err(unsupported(&format!("the operation {other}"))),
    }
}

fn unsupported(subject: &str) -> Error {
    let text = format!("The integration {} does not support {subject}", ai::NAME);
    Error::new(Kind::Runtime, text)
}

/// Authenticates the integration with its own token.
fn admit(app: &App, token: &Secret, request: &Request) -> Result<RequestContext> {
    let scope = AuthScope::Bot {
        bot: require_header(request, "x-bot-id")?,
        integration: Some(require_header(request, "x-integration-id")?),
    };
    let kinds = &[KeyKind::BotpressIntegration];
    app.admit_in_scope(&scope, token.expose(), kinds, ApiClass::BotpressAi)
}

fn require_header<'a>(request: &'a Request, name: &str) -> Result<&'a str> {
    let value = request.headers.get(name).map(String::as_str);
    value.ok_or_else(|| Error::invalid(format!("the header {name} is missing")))
}

fn list_models(call: &RequestContext) -> Result<Value> {
    let settings = call.app().ai_settings();
    let models = models::list(call)?.into_iter();
    let models = models.filter(|model| model.kind == models::ModelKind::Text);
    let models: Vec<Value> = models
        .filter_map(|model| ModelBody::new(model, settings).to_json())
        .collect();
    Ok(json!({"models": models}))
}

/// Input of the action `generateContent`. Its schema has been checked.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GenerateContentInput {
    model: Option<ModelRef>,
    reasoning_effort: Option<String>,
    system_prompt: Option<String>,
    messages: Value,
    response_format: Option<String>,
    max_tokens: Option<f64>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    stop_sequences: Option<Vec<String>>,
    tools: Option<Vec<ToolInput>>,
    tool_choice: Option<ToolChoiceInput>,
}

#[derive(Deserialize)]
struct ModelRef {
    id: String,
}

#[derive(Deserialize)]
struct ToolInput {
    function: FunctionInput,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionInput {
    name: String,
    description: Option<String>,
    arguments_schema: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolChoiceInput {
    r#type: Option<String>,
    function_name: Option<String>,
}

async fn generate_content(call: RequestContext, input: Value) -> Result<Value> {
    let input: GenerateContentInput =
        serde_json::from_value(input).map_err(|error| Error::invalid(format!("input: {error}")))?;
    let answer = text::generate(call, input.try_into()?).await?;
    Ok(to_output(answer))
}

impl TryFrom<GenerateContentInput> for TextRequest {
    type Error = Error;

    fn try_from(input: GenerateContentInput) -> Result<Self> {
        let messages = Vec::<CognitiveMessage>::parse_from_json(Some(input.messages));
        let messages = messages
            .map_err(|error| Error::invalid(format!("input.messages: {}", error.into_message())))?;
        let system = input.system_prompt.map(|text| Message {
            role: Role::System,
            content: vec![Part::Text(text)],
            tool_calls: Vec::new(),
            tool_result_of: None,
        });
        let mut sampling = Map::new();
        let numbers = [("temperature", input.temperature), ("top_p", input.top_p)];
        for (name, number) in numbers {
            sampling.extend(number.map(|number| (name.to_owned(), number.into())));
        }
        if let Some(max_tokens) = input.max_tokens.filter(|max| *max >= 1.0) {
            // A number beyond the range becomes its end.
            let max_tokens = max_tokens as u32;
            sampling.insert("max_tokens".to_owned(), max_tokens.into());
        }
        let stop = input.stop_sequences.filter(|texts| !texts.is_empty());
        sampling.extend(stop.map(|texts| ("stop".to_owned(), texts.into())));
        if input.response_format.as_deref() == Some("json_object") {
            let format = json!({"type": "json_object"});
            sampling.insert("response_format".to_owned(), format);
        }
        let effort = input.reasoning_effort;
        let effort = effort.filter(|name| ["low", "medium", "high"].contains(&name.as_str()));
        let tools = input.tools.unwrap_or_default().into_iter();
        Ok(Self {
            models: input.model.map(|model| model.id).into_iter().collect(),
            messages: system.into_iter().chain(to_messages(messages)?).collect(),
            sampling,
            tools: tools.map(Into::into).collect(),
            tool_choice: input.tool_choice.map(Into::into).unwrap_or_default(),
            reasoning_effort: effort,
            ..Self::default()
        })
    }
}

impl From<ToolInput> for Tool {
    fn from(tool: ToolInput) -> Self {
        Self {
            name: tool.function.name,
            description: tool.function.description,
            parameters: tool.function.arguments_schema,
            strict: None,
        }
    }
}

impl From<ToolChoiceInput> for ToolChoice {
    fn from(choice: ToolChoiceInput) -> Self {
        match (choice.r#type.as_deref(), choice.function_name) {
            (Some("auto"), _) => Self::Auto,
            (Some("none"), _) => Self::None,
            (Some("any"), _) => Self::Required,
            (Some("specific"), Some(name)) => Self::Named(name),
            _ => Self::Default,
        }
    }
}

fn to_output(answer: TextAnswer) -> Value {
    let calls: Vec<Value> = answer.tool_calls.into_iter().map(to_call).collect();
    let mut choice = json!({
        "role": "assistant",
        "type": if calls.is_empty() { "text" } else { "tool_calls" },
        "content": answer.output,
        "index": 0,
        "stopReason": stop_reason_name(answer.stop_reason),
    });
    if !calls.is_empty() {
        choice["toolCalls"] = calls.into();
    }
    json!({
        "id": uuid::Uuid::new_v4().to_string(),
        "provider": PROVIDER,
        "model": model_id(&answer.result.model),
        "choices": [choice],
        "usage": {
            "inputTokens": answer.usage.input_tokens,
            "inputCost": answer.cost.input,
            "outputTokens": answer.usage.output_tokens,
            "outputCost": answer.cost.output,
        },
        "botpress": {"cost": answer.cost.input + answer.cost.output},
    })
}

fn to_call(call: ToolCall) -> Value {
    json!({
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.input},
    })
}
