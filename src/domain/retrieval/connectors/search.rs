//! Searches a connector for a caller.

use serde_json::{Map, Value};
use tracing::warn;
use uuid::Uuid;

use super::{
    Auth, Connector, Document, authorization,
    call::{CallFailure, ConnectorQuery, send_query},
    logs,
};
use crate::{
    domain::tenancy::request_auth::RequestContext,
    kernel::{Error, Secret, clock::Stopwatch},
};

/// Options of a search.
#[derive(Debug, Clone, Default)]
pub struct SearchOptions {
    /// The user's access token for this search. It overrides every stored token.
    pub user_access_token: Option<Secret>,
    /// Options that the caller sets for this connector.
    pub options: Option<Map<String, Value>>,
    /// Id of the request that caused the search, for the log; a new id if absent.
    pub request_id: Option<String>,
}

/// Reason for a search without documents.
#[derive(Debug, thiserror::Error)]
pub enum SearchFailure {
    /// The connector was not called or returned no documents. The message is for the caller and
    /// contains no secret.
    #[error("{message}")]
    Connector {
        /// Error message, such as `request failed with status code 401: …`.
        message: String,
        /// Status of the connector's response, if there was one.
        status: Option<u16>,
    },
    /// This server failed.
    #[error(transparent)]
    Server(#[from] Error),
}

impl From<CallFailure> for SearchFailure {
    fn from(failure: CallFailure) -> Self {
        Self::Connector {
            message: failure.message,
            status: failure.status,
        }
    }
}

/// Searches a connector of the caller's workspace and writes an entry to its log. It also searches
/// inactive connectors.
///
/// A search takes at most `connectors.timeout_seconds`, or twice that if the connector refuses a
/// user's token and accepts a refreshed one.
///
/// # Errors
/// [`SearchFailure::Connector`] if the connector gives no documents, or [`SearchFailure::Server`]
/// if this server fails.
pub async fn search(
    call: &RequestContext,
    connector: &Connector,
    query: &str,
    options: &SearchOptions,
) -> Result<Vec<Document>, SearchFailure> {
    let watch = Stopwatch::start();
    let outcome = search_unlogged(call, connector, query, options).await;
    let (status, error) = match &outcome {
        Ok(_) => (200, None),
        Err(SearchFailure::Connector { message, status }) => {
            (status.unwrap_or(0), Some(message.clone()))
        }
        Err(SearchFailure::Server(_)) => (0, Some("this server failed".to_owned())),
    };
    let log_append = logs::append_log(
        call,
        connector,
        logs::NewLogEntry {
            request_id: match &options.request_id {
                Some(id) => id.clone(),
                None => Uuid::new_v4().to_string(),
            },
            status,
            elapsed: watch.elapsed(),
            error,
        },
    );
    if let Err(error) = log_append.await {
        // A failure of the log must not hide the documents.
        warn!(connector = %connector.id, ?error, "a call of a connector could not be logged");
    }
    outcome
}

async fn search_unlogged(
    call: &RequestContext,
    connector: &Connector,
    query: &str,
    options: &SearchOptions,
) -> Result<Vec<Document>, SearchFailure> {
    let app = call.app();
    let send_with = async |authorization: Option<&Secret>| {
        let request = ConnectorQuery {
            query,
            options: options.options.as_ref(),
            authorization,
        };
        send_query(app, connector, &request).await
    };
    if let Some(token) = &options.user_access_token {
        return Ok(send_with(Some(&bearer_header(token))).await?);
    }
    if !matches!(connector.auth, Some(Auth::OAuth(_))) {
        let authorization = connector.service_authorization(app.sealer())?;
        return Ok(send_with(authorization.as_ref()).await?);
    }
    let token = authorization::get_access_token(call, connector).await?;
    let first = send_with(Some(&bearer_header(&token))).await;
    let Err(CallFailure {
        status: Some(401), ..
    }) = &first
    else {
        return Ok(first?);
    };
    // The token was revoked, or it expired earlier than the provider had announced.
    let token = authorization::renew_access_token(call, connector, &token).await?;
    Ok(send_with(Some(&bearer_header(&token))).await?)
}

fn bearer_header(token: &Secret) -> Secret {
    Secret::new(format!("Bearer {}", token.expose()))
}
