//! Builds the body of a chat completion.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{Message, Part, Role, TextRequest, Tool, ToolCall, ToolChoice};
use crate::{
    domain::{App, ai::media::MediaAllowance},
    kernel::{Error, Result, Rule, Violation},
};

/// Builds the body without its model. Returns the text of the messages too, to estimate tokens.
///
/// # Errors
/// `Invalid` for media that cannot be read.
pub(super) async fn build_body(app: &App, request: &TextRequest) -> Result<(Value, String)> {
    let mut allowance = MediaAllowance::new(app);
    let mut messages = Vec::with_capacity(request.messages.len());
    let mut input_text = String::new();
    for (index, message) in request.messages.iter().enumerate() {
        messages.push(build_message(app, &mut allowance, (index, message)).await?);
        for part in &message.content {
            if let Part::Text(text) = part {
                input_text.push_str(text);
                input_text.push('\n');
            }
        }
    }
    let mut body = json!({
        "messages": messages,
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    let members = body.as_object_mut().expect("an object was built above");
    members.extend(request.sampling.clone());
    if let Some(effort) = &request.reasoning_effort {
        members.insert("reasoning_effort".to_owned(), effort.as_str().into());
    }
    if !request.tools.is_empty() {
        let tools = request.tools.iter().map(to_tool).collect();
        members.insert("tools".to_owned(), Value::Array(tools));
        if let Some(choice) = to_tool_choice(&request.tool_choice) {
            members.insert("tool_choice".to_owned(), choice);
        }
        if let Some(parallel) = request.parallel_tools {
            members.insert("parallel_tool_calls".to_owned(), parallel.into());
        }
    }
    Ok((body, input_text))
}

async fn build_message(
    app: &App,
    allowance: &mut MediaAllowance,
    (index, message): (usize, &Message),
) -> Result<Value> {
    let content = build_content(app, allowance, (index, &message.content)).await?;
    if let Some(call) = &message.tool_result_of {
        return Ok(json!({"role": "tool", "tool_call_id": call, "content": content}));
    }
    let role = match message.role {
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::System => "system",
    };
    if message.tool_calls.is_empty() {
        return Ok(json!({"role": role, "content": content}));
    }
    let content = content.as_str().filter(|text| !text.is_empty());
    let calls: Vec<Value> = message.tool_calls.iter().map(to_tool_call).collect();
    Ok(json!({"role": role, "content": content, "tool_calls": calls}))
}

/// Builds the content: a text, or parts if it has media.
async fn build_content(
    app: &App,
    allowance: &mut MediaAllowance,
    (index, content): (usize, &[Part]),
) -> Result<Value> {
    let texts = content.iter().map(|part| match part {
        Part::Text(text) => Some(text.as_str()),
        Part::Image(..) | Part::Audio(..) => None,
    });
    // Some servers accept parts only from models that see images.
    if let Some(texts) = texts.collect::<Option<Vec<&str>>>() {
        return Ok(texts.join("\n").into());
    }
    let mut parts = Vec::with_capacity(content.len());
    for (number, part) in content.iter().enumerate() {
        let path = [
            "messages",
            &index.to_string(),
            "content",
            &number.to_string(),
            "url",
        ];
        let path = path.map(str::to_owned);
        parts.push(match part {
            Part::Text(text) => json!({"type": "text", "text": text}),
            Part::Image(url, media_type) => {
                let image = allowance.load(app, (&path, url), media_type.as_deref());
                json!({"type": "image_url", "image_url": {"url": image.await?.to_data_uri()}})
            }
            Part::Audio(url, media_type) => {
                let audio = allowance.load(app, (&path, url), media_type.as_deref());
                let audio = audio.await?;
                let format = audio_format(&audio.media_type).ok_or_else(|| -> Error {
                    let rule = "must be audio of the type wav or mp3".to_owned();
                    Violation::body(path, Rule::Other(rule)).into()
                })?;
                let data = STANDARD.encode(&audio.bytes);
                json!({"type": "input_audio", "input_audio": {"data": data, "format": format}})
            }
        });
    }
    Ok(Value::Array(parts))
}

/// Returns OpenAI's name of an audio format.
fn audio_format(media_type: &str) -> Option<&'static str> {
    match media_type {
        "audio/wav" | "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => Some("wav"),
        "audio/mpeg" | "audio/mp3" => Some("mp3"),
        _ => None,
    }
}

fn to_tool_call(call: &ToolCall) -> Value {
    json!({
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": Value::Object(call.input.clone()).to_string()},
    })
}

fn to_tool(tool: &Tool) -> Value {
    let mut function = json!({
        "name": tool.name,
        // Some servers fail without a schema.
        "parameters": tool.parameters.clone().map_or_else(|| json!({"type": "object", "properties": {}}), Value::Object),
    });
    if let Some(description) = &tool.description {
        function["description"] = description.as_str().into();
    }
    if let Some(strict) = tool.strict {
        function["strict"] = strict.into();
    }
    json!({"type": "function", "function": function})
}

fn to_tool_choice(choice: &ToolChoice) -> Option<Value> {
    Some(match choice {
        ToolChoice::Default => return None,
        ToolChoice::Auto => "auto".into(),
        ToolChoice::None => "none".into(),
        ToolChoice::Required => "required".into(),
        ToolChoice::Named(name) => json!({"type": "function", "function": {"name": name}}),
    })
}
