//! Sends one query to a connector and turns a failure into a message for the caller.

use std::{fmt, time::Duration};

use serde_json::{Map, Value, json};

use super::{
    Auth, Connector, Credentials, local_folders,
    response::{self, Document},
};
use crate::{
    domain::App,
    kernel::{Result, Secret},
    net::outbound::{OutboundError, OutboundRequest, OutboundResponse},
    store::Sealer,
};

/// A request to a connector.
pub(super) struct ConnectorQuery<'a> {
    /// Search text. Not empty.
    pub(super) query: &'a str,
    /// Options that the caller sets for this connector.
    pub(super) options: Option<&'a Map<String, Value>>,
    /// Value of the header `Authorization`.
    pub(super) authorization: Option<&'a Secret>,
}

/// Reason for a call without documents, as a message for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CallFailure {
    /// Status of the response; none without a response.
    pub(super) status: Option<u16>,
    pub(super) message: String,
}

impl fmt::Display for CallFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Connector {
    /// Returns the header for the connector's own token, if it has one.
    pub(super) fn service_authorization(&self, sealer: &Sealer) -> Result<Option<Secret>> {
        let (Some(Auth::Service(scheme)), Some(sealed)) = (&self.auth, &self.credentials) else {
            return Ok(None);
        };
        match Credentials::open(sealer, &self.id, sealed)? {
            Credentials::Service(token) => Ok(Some(scheme.header_value(&token))),
            Credentials::OAuth { .. } => Ok(None),
        }
    }
}

/// Sends a query to a connector (cohere.md §3.1 to §3.4). A query to a folder of this server does
/// not use the network.
pub(super) async fn send_query(
    app: &App,
    connector: &Connector,
    request: &ConnectorQuery<'_>,
) -> Result<Vec<Document>, CallFailure> {
    let settings = app.connector_settings();
    let url = settings.map_host(&connector.url);
    if let Some(found) =
        local_folders::search_folder(app, &url, request.query, request.authorization).await
    {
        return found;
    }
    let mut body = json!({"query": request.query});
    if let Some(options) = request.options {
        // wire: it is not published how the vendor's service passes the options; both kinds of
        // template connectors accept further members (cohere.md §3.1)
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
    if let Some(authorization) = request.authorization {
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
    let answer = app
        .outbound()
        .send(request)
        .await
        .map_err(outbound_failure)?;
    parse_response(&answer, settings.max_documents)
}

fn outbound_failure(error: OutboundError) -> CallFailure {
    let message = match error {
        OutboundError::Timeout(limit) => {
            format!("request timed out: no answer within {} s", limit.as_secs())
        }
        other => format!("request failed: {other}"),
    };
    CallFailure {
        status: None,
        message,
    }
}

fn parse_response(answer: &OutboundResponse, max: usize) -> Result<Vec<Document>, CallFailure> {
    let fail = |message: String| {
        Err(CallFailure {
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
            if let Some(own) = response::parse_error_message(&answer.body) {
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
    response::parse_documents(&answer.body, max).or_else(fail)
}
