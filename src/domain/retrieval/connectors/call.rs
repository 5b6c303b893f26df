//! One call of a connector: the question, the answer, and what went wrong, in words.

use std::{fmt, time::Duration};

use serde_json::{Map, Value, json};

use super::{
    Auth, Connector, Credentials,
    answer::{self, Document},
    own,
};
use crate::{
    domain::App,
    kernel::{Result, Secret},
    net::outbound::{OutboundError, OutboundRequest, OutboundResponse},
    store::Sealer,
};

/// What a connector is asked.
pub(super) struct Question<'a> {
    /// What is searched for. Not empty.
    pub(super) query: &'a str,
    /// What the caller wants to tell this connector.
    pub(super) options: Option<&'a Map<String, Value>>,
    /// The value of the header `Authorization`.
    pub(super) authorization: Option<&'a Secret>,
}

/// Why a connector gave no documents, in words for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// What it answered; none if it did not.
    pub(super) status: Option<u16>,
    pub(super) message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Connector {
    /// The header that its own token makes, if it has one.
    pub(super) fn service_authorization(&self, sealer: &Sealer) -> Result<Option<Secret>> {
        let (Some(Auth::Service(scheme)), Some(sealed)) = (&self.auth, &self.credentials) else {
            return Ok(None);
        };
        match Credentials::open(sealer, &self.id, sealed)? {
            Credentials::Service(token) => Ok(Some(scheme.header(&token))),
            Credentials::OAuth { .. } => Ok(None),
        }
    }
}

/// Asks a connector (cohere.md §3.1 to §3.4).
pub(super) async fn ask(
    app: &App,
    connector: &Connector,
    question: &Question<'_>,
) -> Result<Vec<Document>, Failure> {
    let settings = app.connector_settings();
    let url = settings.mapped(&connector.url);
    if let Some(found) = own::ask(app, &url, question.query, question.authorization).await {
        return found;
    }
    let mut body = json!({"query": question.query});
    if let Some(options) = question.options {
        // wire: how the service passed options on is not published; both kinds of template
        // connectors accept further members (cohere.md §3.1)
        body["options"] = Value::Object(options.clone());
    }
    let mut headers: Vec<(String, String)> = [
        ("content-type", "application/json"),
        ("accept", "application/json"),
        (
            "user-agent",
            concat!("parlance/", env!("CARGO_PKG_VERSION")),
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    if let Some(authorization) = question.authorization {
        headers.push((
            "authorization".to_owned(),
            authorization.expose().to_owned(),
        ));
    }
    let request = OutboundRequest {
        method: "POST",
        url,
        headers,
        body: body.to_string().into_bytes(),
        timeout: Duration::from_secs(settings.timeout_seconds),
        max_response: settings.max_response_bytes,
    };
    let answer = app.outbound().send(request).await.map_err(unanswered)?;
    documents(&answer, settings.max_documents)
}

fn unanswered(error: OutboundError) -> Failure {
    let message = match error {
        OutboundError::Timeout(limit) => {
            format!("request timed out: no answer within {} s", limit.as_secs())
        }
        other => format!("request failed: {other}"),
    };
    Failure {
        status: None,
        message,
    }
}

fn documents(answer: &OutboundResponse, max: usize) -> Result<Vec<Document>, Failure> {
    let fail = |message: String| {
        Err(Failure {
            status: Some(answer.status),
            message,
        })
    };
    match answer.status {
        200..=299 => {}
        300..=399 => {
            return fail(format!(
                "request failed with status code {}: redirects are not followed",
                answer.status
            ));
        }
        status => {
            let mut message = format!("request failed with status code {status}");
            if let Some(own) = answer::own_message(&answer.body) {
                message.push_str(&format!(": {own}"));
            }
            return fail(message);
        }
    }
    if answer.truncated {
        return fail(format!(
            "the answer is larger than {} bytes",
            answer.body.len()
        ));
    }
    answer::documents(&answer.body, max).or_else(fail)
}
