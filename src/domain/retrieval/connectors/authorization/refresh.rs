//! Access tokens for searches, refreshed when they are about to expire or are refused.
//!
//! Some providers rotate the refresh token with each use, and may revoke the whole grant when an
//! old one returns. Therefore an authorization has at most one refresh at a time, requests that
//! wait for it use its result, and it runs until the new tokens are on disk, even if no request
//! waits any more.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tracing::info;

use super::{
    provider::{OAuthClient, TokenError},
    rows::{self, Authorization, Tokens},
};
use crate::{
    domain::{
        App,
        retrieval::connectors::{Connector, SearchFailure},
        tenancy::{
            audit::{self, Actor, NewAuditRecord},
            request_auth::RequestContext,
        },
    },
    kernel::{
        Error, Secret,
        ids::{ApiKeyId, ConnectorAuthorizationId, ConnectorId},
    },
};

type AuthorizationKey = (ConnectorId, ApiKeyId);

/// Locks that allow one refresh at a time for each authorization.
#[derive(Default)]
pub struct RefreshLocks(Mutex<HashMap<AuthorizationKey, Arc<tokio::sync::Mutex<()>>>>);

impl RefreshLocks {
    /// Returns the lock of an authorization. Removes locks that nobody holds or waits for.
    fn lock(&self, key: AuthorizationKey) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        locks.entry(key).or_default().clone()
    }
}

/// An access token to refresh.
struct StaleToken {
    access: Secret,
    /// True if the connector refuses it. Otherwise it expires soon.
    is_refused: bool,
}

/// Returns the caller's access token for a connector with OAuth.
///
/// # Errors
/// A failure for the caller if there is no valid token, or an error of the store.
pub(in crate::domain::retrieval::connectors) async fn get_access_token(
    call: &RequestContext,
    connector: &Connector,
) -> Result<Secret, SearchFailure> {
    let app = call.app();
    let user = &call.principal().key_id;
    let (authorization, tokens) = load_tokens(app, connector, user)?;
    if expires_soon(app, &authorization) {
        let stale = StaleToken {
            access: tokens.access,
            is_refused: false,
        };
        return refresh_in_task(call, connector, stale).await;
    }
    Ok(tokens.access)
}

/// Returns a new access token in place of one that the connector refuses.
///
/// # Errors
/// A failure for the caller if there is no valid token any more, or an error of the store.
pub(in crate::domain::retrieval::connectors) async fn renew_access_token(
    call: &RequestContext,
    connector: &Connector,
    refused: &Secret,
) -> Result<Secret, SearchFailure> {
    let stale = StaleToken {
        access: refused.clone(),
        is_refused: true,
    };
    refresh_in_task(call, connector, stale).await
}

async fn refresh_in_task(
    call: &RequestContext,
    connector: &Connector,
    stale: StaleToken,
) -> Result<Secret, SearchFailure> {
    let (app, connector) = (call.app().clone(), connector.clone());
    let user = call.principal().key_id.clone();
    // A separate task, so that the refresh completes if the request is cancelled.
    let refresh = tokio::spawn(async move { refresh_tokens(&app, &connector, user, stale).await });
    refresh
        .await
        .map_err(|error| Error::internal("a refresh of tokens panicked", error))?
}

fn load_tokens(
    app: &App,
    connector: &Connector,
    user: &ApiKeyId,
) -> Result<(Authorization, Tokens), SearchFailure> {
    let found = app
        .store()
        .read(|conn| rows::find(conn, app.sealer(), &connector.id, user))?;
    // wire: the first of these messages is the vendor's (cohere.md §3.6)
    let Some(mut authorization) = found else {
        return Err(token_failure(format!(
            "failed to get auth token: user is not authenticated for connector {}",
            connector.id
        )));
    };
    match authorization.tokens.take() {
        Some(tokens) => Ok((authorization, tokens)),
        None => Err(expired_failure(connector)),
    }
}

fn expires_soon(app: &App, authorization: &Authorization) -> bool {
    let early = Duration::from_secs(app.connector_settings().refresh_seconds_before_end);
    let soon = app.clock().now().plus(early);
    authorization.expires_at.is_some_and(|end| end <= soon)
}

/// Refreshes the tokens, unless another search already did.
async fn refresh_tokens(
    app: &App,
    connector: &Connector,
    user: ApiKeyId,
    stale: StaleToken,
) -> Result<Secret, SearchFailure> {
    let lock = app
        .refresh_locks()
        .lock((connector.id.clone(), user.clone()));
    let _one_at_a_time = lock.lock().await;
    let (authorization, tokens) = load_tokens(app, connector, &user)?;
    if stale.access != tokens.access {
        // Another search refreshed the token meanwhile.
        return Ok(tokens.access);
    }
    let now = app.clock().now();
    let has_time = authorization.expires_at.is_some_and(|end| end > now);
    let usable = has_time && !stale.is_refused;
    let Some(old) = tokens.refresh else {
        if usable {
            return Ok(tokens.access);
        }
        expire_authorization(
            app,
            connector,
            user,
            authorization.id,
            "it cannot be refreshed",
        )
        .await?;
        return Err(expired_failure(connector));
    };
    let client = OAuthClient::for_connector(app, connector)?;
    let mut grant = vec![
        ("grant_type", "refresh_token"),
        ("refresh_token", old.expose()),
    ];
    // Microsoft requires the scope (cohere.md §3.6).
    grant.extend(client.oauth.scope.as_deref().map(|scope| ("scope", scope)));
    match client.request_tokens(app, &grant).await {
        Ok(granted) => {
            let access = granted.access_token.clone();
            let (sealer, id) = (app.sealer().clone(), authorization.id);
            app.run_write_tx_as(Actor::Key(user), move |tx| {
                rows::replace_tokens(tx, &sealer, &id, granted, old)
            })
            .await?;
            Ok(access)
        }
        Err(TokenError::InvalidGrant(text)) => {
            expire_authorization(app, connector, user, authorization.id, &text).await?;
            Err(expired_failure(connector))
        }
        Err(_) if usable => Ok(tokens.access),
        Err(refusal) => Err(token_failure(format!(
            "failed to get auth token: {}",
            refusal.message()
        ))),
    }
}

/// Records that a user must authorize a connector again.
async fn expire_authorization(
    app: &App,
    connector: &Connector,
    user: ApiKeyId,
    id: ConnectorAuthorizationId,
    reason: &str,
) -> Result<(), Error> {
    info!(connector = %connector.id, user = %user, reason, "an authorization has expired");
    let connector = connector.clone();
    app.run_write_tx_as(Actor::Key(user), move |tx| {
        rows::clear_tokens(tx, &id)?;
        let entry = NewAuditRecord {
            workspace: Some(&connector.workspace_id),
            action: "connector.authorization_expired",
            resource_id: connector.id.as_str(),
            resource_name: Some(&connector.name),
        };
        audit::record(tx, &entry)
    })
    .await
}

fn expired_failure(connector: &Connector) -> SearchFailure {
    token_failure(format!(
        "failed to get auth token: the user's authorization of connector {} has expired or was \
         revoked",
        connector.id
    ))
}

fn token_failure(message: String) -> SearchFailure {
    SearchFailure::Connector {
        message,
        status: None,
    }
}
