//! HTTP requests from outside to the webhooks of integrations (botpress.md §5 "Inbound webhooks"). Anyone with
//! the address may send one; the integration must authenticate the sender.

mod shared_webhook;

use std::{collections::BTreeMap, time::Duration};

use rusqlite::{Connection, OptionalExtension, named_params};
use serde_json::json;
use url::form_urlencoded;

pub use self::shared_webhook::{SharedWebhook, find_shared};
pub use super::protocol::CallResponse;
use super::{
    installations,
    protocol::{self, CallFailure, ProgramCall},
};
use crate::{
    domain::tenancy::{app::App, audit::Actor},
    kernel::{Error, Kind, Result},
};

/// Operation name in the runtime protocol.
const OPERATION: &str = "webhook_received";

/// Retry time that the sender of a failed request gets if the integration names none.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// An HTTP request from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundRequest {
    /// HTTP method: `GET`, `POST`, …
    pub method: String,
    /// Path after the webhook's id: `/` or longer.
    pub path: String,
    /// Query string, without the `?`.
    pub query: String,
    /// Headers, with names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Body as text.
    pub body: String,
}

const FIND: &str = "
    SELECT bot_integrations.agent_seq, bot_integrations.seq
    FROM bot_integrations JOIN agents ON agents.seq = bot_integrations.agent_seq
    WHERE bot_integrations.webhook_id = :webhook_id AND bot_integrations.enabled
      AND agents.deleted_at IS NULL";

/// Rows of the bot and the installation.
type InstallationRows = (i64, i64);

/// The receiver of a request; it is resolved before the body is read.
#[derive(Debug, Clone)]
pub enum WebhookReceiver {
    /// One installation.
    Installation(WebhookInstallation),
    /// A shared webhook; a script selects the installations for each request.
    Shared(SharedWebhook),
}

/// An installation that receives requests.
#[derive(Debug, Clone, Copy)]
pub struct WebhookInstallation(pub(in crate::domain) InstallationRows);

fn find_installation(conn: &Connection, webhook_id: &str) -> Result<Option<InstallationRows>> {
    let found = conn
        .prepare_cached(FIND)?
        .query_row(named_params! {":webhook_id": webhook_id}, |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
    Ok(found.optional()?)
}

/// Finds the installation with this webhook id.
///
/// # Errors
/// `NotFound`, or errors of the store.
pub fn find_by_webhook(app: &App, webhook_id: &str) -> Result<WebhookReceiver> {
    let found = app
        .store()
        .read(|conn| find_installation(conn, webhook_id))?;
    let place = found.ok_or_else(|| Error::not_found("Webhook not found"))?;
    Ok(WebhookReceiver::Installation(WebhookInstallation(place)))
}

/// Maximum length of a `state` that is searched for a webhook id, in bytes.
const MAX_STATE_BYTES: usize = 4096;

/// Finds the installation by the webhook id in the query's `state`: for links of wizards and for OAuth
/// redirects. The state is the webhook id, or has it as one of its parts. The integration receives the request
/// with a path that begins with [`OAUTH_PATH`].
///
/// # Errors
/// `NotFound`, or errors of the store.
pub fn find_by_state(app: &App, query: &str) -> Result<WebhookReceiver> {
    let state = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "state")
        .map(|(_, value)| value.into_owned());
    let state = state.ok_or_else(|| Error::not_found("The query has no state"))?;
    let found = find_by_webhook(app, &state);
    // wire: some integrations put more into the state than the id
    let part = Some(&state)
        .filter(|state| state.len() <= MAX_STATE_BYTES)
        .and_then(|state| {
            let mut parts = state.split(|letter: char| !letter.is_ascii_alphanumeric());
            parts.find(|part| installations::is_webhook_id(part))
        });
    match (found, part) {
        (Err(error), Some(part)) if error.kind() == Kind::NotFound => find_by_webhook(app, part),
        (found, _) => found,
    }
}

/// Forwards a request to its receiver, and returns the response.
///
/// # Errors
/// `NotFound` if the request matches no installation; `Runtime` or `Unavailable` if the integration does not
/// respond; errors of the store.
pub async fn receive(
    app: &App,
    receiver: WebhookReceiver,
    request: &InboundRequest,
) -> Result<CallResponse> {
    match receiver {
        WebhookReceiver::Installation(WebhookInstallation(place)) => {
            forward_request(app, place, request).await
        }
        WebhookReceiver::Shared(webhook) => shared_webhook::receive(app, &webhook, request).await,
    }
}

/// Path of wizard requests and OAuth redirects.
pub const OAUTH_PATH: &str = "/oauth";

async fn forward_request(
    app: &App,
    place: InstallationRows,
    request: &InboundRequest,
) -> Result<CallResponse> {
    let body = json!({"req": {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": request.headers,
        "body": request.body,
    }});
    let question = ProgramCall {
        receiver: (place.0, Some(place.1)),
        operation: OPERATION,
        kind: OPERATION,
        body: &body,
    };
    let answered = protocol::call_integration(app, question).await?;
    let mut answer = answered.map_err(sender_error)?;
    if let Some(identifier) = take_identifier(&mut answer) {
        let webhooks = app.addresses().webhooks.clone();
        app.run_write_tx_as(Actor::System, move |tx| {
            installations::write_identifier(tx, &webhooks, place, &identifier)
        })
        .await?;
    }
    Ok(answer)
}

/// Header by which the last step of a wizard sets the installation's identifier, as `configureIntegration` does
/// (the SDK's `OAUTH_IDENTIFIER_HEADER`).
const IDENTIFIER_HEADER: &str = "x-bp-integration-identifier";

/// Removes the identifier from the headers: it is for this server and must not reach the browser.
fn take_identifier(answer: &mut CallResponse) -> Option<String> {
    let is_identifier = |(name, _): &(String, String)| name == IDENTIFIER_HEADER;
    let at = answer.headers.iter().position(is_identifier)?;
    let (_, identifier) = answer.headers.remove(at);
    let identifier = identifier.trim();
    (!identifier.is_empty()).then(|| identifier.to_owned())
}

/// Maps a failed call to the sender's error: `Unavailable` if a retry may succeed, else `Runtime`.
fn sender_error(failed: CallFailure) -> Error {
    let kind = if failed.is_transient {
        Kind::Unavailable {
            retry_after: failed.retry_after.unwrap_or(RETRY_AFTER),
        }
    } else {
        Kind::Runtime
    };
    Error::new(kind, failed.text)
}
