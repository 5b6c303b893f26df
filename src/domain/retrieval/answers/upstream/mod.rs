//! The upstream answerer: a client for a model behind OpenAI's chat completions API, which most
//! model servers implement.

mod completion;
mod prompt;

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tracing::warn;

use self::completion::Delta;
pub(in crate::domain) use self::completion::parse_usage;
use super::{
    answer::{Answer, AnswerPiece, FinishReason, TokenUsage},
    markers::MarkerParser,
    queries::{Role, Turn},
    settings::UpstreamSettings,
    source::Source,
    tokens::estimate_tokens,
};
use crate::{
    domain::App,
    kernel::{Error, Kind, Result},
    net::outbound::{EventStream, OutboundError, OutboundRequest},
};

/// Path of chat completions.
const COMPLETIONS: &str = "/chat/completions";
/// Maximum size of a response, in bytes.
const ANSWER_MAX: usize = 4 * 1024 * 1024;
/// Maximum length of a line of a streamed response, in bytes.
const LINE_MAX: usize = 1024 * 1024;
/// Maximum number of characters that are copied from an error message of the model's server.
const ERROR_MAX: usize = 300;
/// Time after which clients may retry when the model's server fails.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// Maximum number of search queries from the model.
const QUERIES_MAX: usize = 3;
/// Kinds of error: `RETRYABLE` if a retry of the same request may succeed, `PERMANENT` if it cannot.
const RETRYABLE: Kind = Kind::Unavailable {
    retry_after: RETRY_AFTER,
};
const PERMANENT: Kind = Kind::Upstream;

/// A request to the model.
#[derive(Debug, Clone, Default)]
pub struct ModelRequest {
    /// Instructions of the caller.
    pub preamble: Option<String>,
    /// Earlier turns.
    pub history: Vec<Turn>,
    /// Message to answer.
    pub message: String,
    /// Documents to answer from.
    pub sources: Vec<Source>,
    /// True to request citations.
    pub wants_citations: bool,
    /// Sampling parameters with OpenAI's names: `temperature`, `max_tokens` and others.
    pub sampling: Map<String, Value>,
}

/// Answers with the model. Sends the text to the channel while it arrives, and a citation once its
/// sentence is complete.
///
/// # Errors
/// `Unavailable` if the model does not begin to respond and a retry may succeed, `Upstream` if a
/// retry cannot succeed. A later failure is part of the answer.
pub(crate) async fn stream_answer(
    app: &App,
    request: &ModelRequest,
    piece_sender: &mpsc::Sender<AnswerPiece>,
) -> Result<Answer> {
    let settings = &app.answer_settings().upstream;
    let messages = prompt::build_messages(request);
    let mut body = json!({
        "model": settings.model,
        "messages": &messages,
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    if let Some(members) = body.as_object_mut() {
        members.extend(request.sampling.clone());
    }
    let mut stream = app
        .outbound()
        .open_stream(build_request(settings, COMPLETIONS, &body))
        .await
        .map_err(|error| connection_error(&error))?;
    if stream.status != 200 {
        let body = stream.next_chunk().await.ok().flatten().unwrap_or_default();
        return Err(response_error(settings, stream.status, &body));
    }
    let mut markers = MarkerParser::new(if request.wants_citations {
        &request.sources
    } else {
        &[]
    });
    let mut answer = Answer {
        text: String::new(),
        citations: Vec::new(),
        finish: FinishReason::Complete,
        usage: None,
        problem: None,
    };
    let mut events = EventStream::new(stream, LINE_MAX);
    let mut has_finished = false;
    'events: while let Some(deltas) = completion::next_deltas(&mut events).await {
        for delta in deltas {
            match delta {
                Delta::Text(text) => send_pieces(piece_sender, markers.push(&text)).await,
                Delta::Finish(finish) => {
                    has_finished = true;
                    answer.finish = finish;
                }
                Delta::Usage(usage) => answer.usage = Some(usage),
                Delta::Failed(problem) => {
                    answer.finish = FinishReason::Error;
                    answer.problem = Some(redact(settings, &problem));
                }
                Delta::End => {
                    has_finished = true;
                    break 'events;
                }
            }
        }
    }
    let (rest, text, citations) = markers.finish();
    send_pieces(piece_sender, rest).await;
    if !has_finished && answer.problem.is_none() {
        answer.finish = FinishReason::Error;
        answer.problem = Some("the model did not finish: its answer broke off".to_owned());
    }
    if let Some(problem) = &answer.problem {
        warn!(problem, "the model failed while it answered");
    }
    answer.usage = answer
        .usage
        .or_else(|| Some(estimate_usage(&messages, &text)));
    answer.text = text;
    answer.citations = citations;
    Ok(answer)
}

async fn send_pieces(piece_sender: &mpsc::Sender<AnswerPiece>, pieces: Vec<AnswerPiece>) {
    for piece in pieces {
        // Without a receiver, only the returned answer counts.
        let _ = piece_sender.send(piece).await;
    }
}

/// Returns the model's search queries for a message; an empty list if no search is needed.
///
/// # Errors
/// `Unavailable` or `Upstream` if the model does not respond.
pub(crate) async fn generate_queries(
    app: &App,
    message: &str,
    history: &[Turn],
) -> Result<(Vec<String>, TokenUsage)> {
    let settings = &app.answer_settings().upstream;
    let messages = prompt::build_query_messages(message, history);
    let body = json!({
        "model": settings.model,
        "messages": &messages,
        "temperature": 0,
        "stream": false,
    });
    let sent = app
        .outbound()
        .send(build_request(settings, COMPLETIONS, &body))
        .await;
    let answer = sent.map_err(|error| connection_error(&error))?;
    if answer.status != 200 {
        return Err(response_error(settings, answer.status, &answer.body));
    }
    let answer: Value = serde_json::from_slice(&answer.body).map_err(|_| {
        model_error(
            PERMANENT,
            "the model's server did not return JSON".to_owned(),
        )
    })?;
    let text = answer.pointer("/choices/0/message/content");
    let text = text.and_then(Value::as_str).unwrap_or_default();
    let lines = text.lines().map(|line| {
        let line = line.trim().trim_start_matches(['-', '*', ' ']);
        line.trim_matches('"').to_owned()
    });
    let queries = lines.filter(|line| !line.is_empty() && !line.eq_ignore_ascii_case("none"));
    let usage = completion::parse_usage(&answer).unwrap_or_else(|| estimate_usage(&messages, text));
    Ok((queries.take(QUERIES_MAX).collect(), usage))
}

/// Builds a request with a JSON body. `path` begins with a slash.
pub(in crate::domain) fn build_request(
    settings: &UpstreamSettings,
    path: &str,
    body: &Value,
) -> OutboundRequest {
    let url = settings.url.as_deref().unwrap_or_default();
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    if let Some(key) = &settings.key {
        headers.push((
            "authorization".to_owned(),
            format!("Bearer {}", key.expose()),
        ));
    }
    OutboundRequest {
        method: "POST",
        url: format!("{}{path}", url.trim_end_matches('/')),
        headers,
        body: body.to_string().into_bytes(),
        timeout: Duration::from_secs(settings.timeout_seconds),
        max_response: ANSWER_MAX,
    }
}

/// Estimates the tokens of a request and its answer, for servers that return no counts.
fn estimate_usage(messages: &[Value], text: &str) -> TokenUsage {
    let contents = messages
        .iter()
        .filter_map(|message| message["content"].as_str());
    TokenUsage {
        input_tokens: contents.map(estimate_tokens).sum(),
        output_tokens: estimate_tokens(text),
    }
}

/// Returns the error of a request that got no response.
pub(in crate::domain) fn connection_error(error: &OutboundError) -> Error {
    let kind = match error {
        OutboundError::Malformed(_) | OutboundError::Refused(_) => PERMANENT,
        OutboundError::Timeout(_) | OutboundError::Connection(_) | OutboundError::Full(_) => {
            RETRYABLE
        }
    };
    model_error(kind, format!("the model did not answer: {error}"))
}

/// Returns the error of a response with another status than 200, in the server's words.
pub(in crate::domain) fn response_error(
    settings: &UpstreamSettings,
    status: u16,
    body: &[u8],
) -> Error {
    let message: Option<Value> = serde_json::from_slice(body).ok();
    let message = message.as_ref().and_then(|body| {
        let error = body.get("error").unwrap_or(body);
        error.as_str().or_else(|| error.get("message")?.as_str())
    });
    let message = message.map_or_else(String::new, |message| {
        format!(": {}", redact(settings, message))
    });
    let hint = match status {
        401 | 403 => " (answers.upstream.key)",
        404 => " (answers.upstream.url and .model)",
        _ => "",
    };
    let text = format!("the model's server answered with status code {status}{message}{hint}");
    model_error(status_kind(status), text)
}

/// Returns the kind of an error response. Clients retry on `RETRYABLE`, which does not help after a
/// wrong key or a request that the model does not accept.
const fn status_kind(status: u16) -> Kind {
    match status {
        408 | 409 | 425 | 429 | 500 | 502..=599 => RETRYABLE,
        _ => PERMANENT,
    }
}

/// Redacts a message of the model's server for tenants and the log. Some servers repeat the key
/// that they reject.
pub(in crate::domain) fn redact(settings: &UpstreamSettings, text: &str) -> String {
    let key = settings.key.as_ref().map_or("", |key| key.expose().trim());
    let text = match key.is_empty() {
        true => text.to_owned(),
        false => text.replace(key, "[key]"),
    };
    text.chars().take(ERROR_MAX).collect()
}

fn model_error(kind: Kind, message: String) -> Error {
    warn!(message, "the model does not answer");
    Error::new(kind, message)
}

/// Returns the name of a role in OpenAI's API.
const fn role_name(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Chatbot => "assistant",
        Role::System => "system",
    }
}
