//! The upstream answerer: a model behind OpenAI's chat completions, which any of the well-known
//! servers of models speaks.

mod completion;
mod prompt;

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tracing::warn;

use self::completion::{Delta, Lines};
use super::{
    markers::Markers,
    queries::{Role, Turn},
    settings::UpstreamSettings,
    source::Source,
    text::{Answer, Finish, Piece},
};
use crate::{
    domain::{
        Domain,
        outbound::{OutboundError, OutboundRequest},
    },
    kernel::{Error, Kind, Result},
};

/// The most that is read of an answer, in bytes.
const ANSWER_MAX: usize = 4 * 1024 * 1024;
/// The most that is shown of what the model's server says of an error, in characters.
const ERROR_MAX: usize = 300;
/// After what time to try again when the model's server fails.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// The most search queries that the model may ask for.
const QUERIES_MAX: usize = 3;

/// What a model is asked.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// How the caller wants it to behave.
    pub preamble: Option<String>,
    /// What was said before.
    pub history: Vec<Turn>,
    /// What is asked.
    pub message: String,
    /// What to answer from.
    pub sources: Vec<Source>,
    /// Whether the answer is to be cited.
    pub is_cited: bool,
    /// `temperature`, `max_tokens` and the like, as OpenAI names them.
    pub sampling: Map<String, Value>,
}

/// Has the model answer. What it writes is told as it comes; a citation once its sentence is
/// there.
///
/// # Errors
/// `Unavailable` if it did not begin to answer. What fails later is told in the answer.
pub(crate) async fn answer(
    domain: &Domain,
    question: &Question,
    told: &mpsc::Sender<Piece>,
) -> Result<Answer> {
    let settings = &domain.settings().answers.upstream;
    let mut body = json!({
        "model": settings.model,
        "messages": prompt::messages(question),
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    if let Some(members) = body.as_object_mut() {
        members.extend(question.sampling.clone());
    }
    let mut stream = domain
        .outbound()
        .open(request(settings, &body)?)
        .await
        .map_err(|error| unanswered(&error))?;
    let mut lines = Lines::default();
    if stream.status != 200 {
        let body = stream.next().await.ok().flatten().unwrap_or_default();
        return Err(refused(stream.status, &body));
    }
    let mut markers = Markers::new(if question.is_cited {
        &question.sources
    } else {
        &[]
    });
    let mut answer = Answer {
        text: String::new(),
        citations: Vec::new(),
        finish: Finish::Complete,
        usage: None,
        problem: None,
    };
    loop {
        let chunk = match stream.next().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            Err(error) => {
                answer.finish = Finish::Error;
                answer.problem = Some(format!("the model did not finish: {error}"));
                break;
            }
        };
        for delta in lines.push(&chunk) {
            match delta {
                Delta::Text(text) => tell(told, markers.push(&text)).await,
                Delta::Finish(finish) => answer.finish = finish,
                Delta::Usage(usage) => answer.usage = Some(usage),
                Delta::Failed(problem) => {
                    answer.finish = Finish::Error;
                    answer.problem = Some(shown(&problem));
                }
            }
        }
        if lines.is_done() {
            break;
        }
    }
    let (rest, text, citations) = markers.finish();
    tell(told, rest).await;
    if !lines.has_finished() && answer.problem.is_none() {
        answer.finish = Finish::Error;
        answer.problem = Some("the model did not finish: its answer broke off".to_owned());
    }
    if let Some(problem) = &answer.problem {
        warn!(problem, "the model failed while it answered");
    }
    answer.text = text;
    answer.citations = citations;
    Ok(answer)
}

async fn tell(told: &mpsc::Sender<Piece>, pieces: Vec<Piece>) {
    for piece in pieces {
        // Nobody may listen: then the answer alone counts.
        let _ = told.send(piece).await;
    }
}

/// What the model would search for to answer; none if it wants to search for nothing.
///
/// # Errors
/// `Unavailable` if it does not say.
pub(crate) async fn queries(
    domain: &Domain,
    message: &str,
    history: &[Turn],
) -> Result<Vec<String>> {
    let settings = &domain.settings().answers.upstream;
    let body = json!({
        "model": settings.model,
        "messages": prompt::query_messages(message, history),
        "temperature": 0,
        "stream": false,
    });
    let sent = domain.outbound().send(request(settings, &body)?).await;
    let answer = sent.map_err(|error| unanswered(&error))?;
    if answer.status != 200 {
        return Err(refused(answer.status, &answer.body));
    }
    let answer: Value = serde_json::from_slice(&answer.body)
        .map_err(|_| unavailable("the model's server answered no JSON".to_owned()))?;
    let text = answer.pointer("/choices/0/message/content");
    let text = text.and_then(Value::as_str).unwrap_or_default();
    let lines = text.lines().map(|line| {
        let line = line.trim().trim_start_matches(['-', '*', ' ']);
        line.trim_matches('"').to_owned()
    });
    let queries = lines.filter(|line| !line.is_empty() && !line.eq_ignore_ascii_case("none"));
    Ok(queries.take(QUERIES_MAX).collect())
}

fn request(settings: &UpstreamSettings, body: &Value) -> Result<OutboundRequest> {
    let url = settings.url.as_deref().unwrap_or_default();
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    if let Some(key) = &settings.key {
        headers.push((
            "authorization".to_owned(),
            format!("Bearer {}", key.expose()),
        ));
    }
    Ok(OutboundRequest {
        method: "POST",
        url: format!("{}/chat/completions", url.trim_end_matches('/')),
        headers,
        body: body.to_string().into_bytes(),
        timeout: Duration::from_secs(settings.timeout_seconds),
        max_response: ANSWER_MAX,
    })
}

fn unanswered(error: &OutboundError) -> Error {
    unavailable(format!("the model did not answer: {error}"))
}

fn refused(status: u16, body: &[u8]) -> Error {
    let own: Option<Value> = serde_json::from_slice(body).ok();
    let own = own.as_ref().and_then(|body| {
        let error = body.get("error").unwrap_or(body);
        error.as_str().or_else(|| error.get("message")?.as_str())
    });
    let own = own.map_or_else(String::new, |own| format!(": {}", shown(own)));
    unavailable(format!(
        "the model's server answered with status code {status}{own}"
    ))
}

fn shown(text: &str) -> String {
    text.chars().take(ERROR_MAX).collect()
}

fn unavailable(message: String) -> Error {
    warn!(message, "the model does not answer");
    Error::new(
        Kind::Unavailable {
            retry_after: RETRY_AFTER,
        },
        message,
    )
}

/// The name of a role in OpenAI's API.
const fn role(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Chatbot => "assistant",
        Role::System => "system",
    }
}
