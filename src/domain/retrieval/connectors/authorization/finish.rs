//! The second step of an authorization: handles the provider's redirect of the user's browser.

use rusqlite::{OptionalExtension, named_params};

use super::{
    begin::{delete_expired_states, open_verifier},
    provider::{OAuthClient, to_single_line},
    rows,
};
use crate::{
    domain::{
        App,
        retrieval::connectors::{Connector, rows::find_row},
        tenancy::{
            api_keys,
            audit::{self, Actor, NewAuditRecord},
            write_tx::WriteTx,
        },
    },
    kernel::{
        Error, Result, Secret,
        ids::{ApiKeyId, ConnectorAuthorizationId, ConnectorId, WorkspaceId},
        secret::TokenHash,
    },
};

/// The provider's response in the redirect.
#[derive(Debug)]
pub enum ProviderRedirect {
    /// The user consents: an authorization code.
    Code(Secret),
    /// The authorization failed, with an error of RFC 6749.
    Error {
        /// Error code, such as `access_denied`.
        code: String,
        /// The provider's own description.
        description: Option<String>,
    },
}

/// Result of an authorization.
#[derive(Debug)]
pub struct AuthorizationResult {
    /// Name of the connector.
    pub connector: String,
    /// URL to which the user's browser goes next.
    pub return_url: Option<String>,
    /// Error code and message without secrets; none if the connector is authorized.
    pub failure: Option<(String, String)>,
}

/// An authorization that was begun.
struct PendingAuthorization {
    id: ConnectorAuthorizationId,
    user: ApiKeyId,
    verifier: Vec<u8>,
    redirect_uri: String,
    return_url: Option<String>,
    connector: Connector,
}

/// Finishes an authorization: exchanges the code for tokens and stores them sealed. The state is
/// used up in any case.
///
/// # Errors
/// `Invalid` for a state that is unknown, used or expired, or an error of the store. A refusal by
/// the provider is not an error but a result.
pub async fn finish_authorization(
    app: &App,
    state: &Secret,
    answer: ProviderRedirect,
) -> Result<AuthorizationResult> {
    let hash = TokenHash::of(state.expose());
    let pending = app
        .run_write_tx_as(Actor::System, move |tx| take_state(tx, &hash))
        .await?
        .ok_or_else(|| {
            Error::invalid("This authorization is unknown, used or expired: request a new address")
        })?;
    let refused = match answer {
        ProviderRedirect::Error { code, description } => {
            let text = description.unwrap_or_else(|| code.clone());
            Some((to_single_line(&code), to_single_line(&text)))
        }
        ProviderRedirect::Code(code) => exchange_code(app, &pending, &code).await?,
    };
    Ok(AuthorizationResult {
        connector: pending.connector.name,
        return_url: pending.return_url,
        failure: refused,
    })
}

const FIND: &str = "
    SELECT s.id, s.connector_id, s.user_id, s.verifier, s.redirect_uri, s.after_token_redirect,
           c.workspace_id
    FROM connector_oauth_states AS s
    JOIN connectors AS c ON c.id = s.connector_id
    JOIN api_keys AS k ON k.id = s.user_id
    WHERE s.hash = :hash AND s.expires_at > :now AND k.revoked_at IS NULL";

const DELETE: &str = "DELETE FROM connector_oauth_states WHERE hash = :hash";

/// Deletes a state and returns its authorization; none if it is unknown or expired, or if its API
/// key is revoked.
fn take_state(tx: &WriteTx<'_>, hash: &TokenHash) -> Result<Option<PendingAuthorization>> {
    let found = tx
        .conn
        .prepare_cached(FIND)?
        .query_row(
            named_params! {":hash": hash.as_bytes().as_slice(), ":now": tx.now},
            |row| {
                let connector: ConnectorId = row.get("connector_id")?;
                let workspace: WorkspaceId = row.get("workspace_id")?;
                let user: ApiKeyId = row.get("user_id")?;
                let id: ConnectorAuthorizationId = row.get("id")?;
                let verifier: Vec<u8> = row.get("verifier")?;
                let redirect_uri: String = row.get("redirect_uri")?;
                let after: Option<String> = row.get("after_token_redirect")?;
                Ok((
                    connector,
                    workspace,
                    user,
                    id,
                    verifier,
                    redirect_uri,
                    after,
                ))
            },
        )
        .optional()?;
    tx.conn
        .prepare_cached(DELETE)?
        .execute(named_params! {":hash": hash.as_bytes().as_slice()})?;
    delete_expired_states(tx.conn, tx.now)?;
    let Some((connector, workspace, user, id, verifier, redirect_uri, after)) = found else {
        return Ok(None);
    };
    let connector = find_row(tx.conn, &workspace, &user, &connector, tx.now)?;
    Ok(Some(PendingAuthorization {
        id,
        user,
        verifier,
        redirect_uri,
        return_url: after,
        connector,
    }))
}

/// Exchanges a code for tokens and stores them. Returns an error code and message if that fails.
async fn exchange_code(
    app: &App,
    pending: &PendingAuthorization,
    code: &Secret,
) -> Result<Option<(String, String)>> {
    let verifier = open_verifier(app.sealer(), &pending.id, &pending.verifier)?;
    let client = OAuthClient::for_connector(app, &pending.connector)?;
    let grant = [
        ("grant_type", "authorization_code"),
        ("code", code.expose()),
        ("redirect_uri", &pending.redirect_uri),
        ("code_verifier", &verifier),
    ];
    let granted = match client.request_tokens(app, &grant).await {
        Ok(granted) => granted,
        Err(refusal) => {
            return Ok(Some((
                "token_exchange_failed".to_owned(),
                refusal.message().to_owned(),
            )));
        }
    };
    let sealer = app.sealer().clone();
    let (connector, user) = (pending.connector.clone(), pending.user.clone());
    let refused = app
        .run_write_tx_as(Actor::Key(user.clone()), move |tx| {
            let credentials = connector.credentials.as_deref().unwrap_or_default();
            let of = (&connector.id, credentials);
            if !api_keys::is_valid(tx.conn, &user)? {
                return Ok(Some(KEY_REVOKED));
            }
            if !rows::upsert(tx, &sealer, of, &user, granted)? {
                return Ok(Some(CONNECTOR_CHANGED));
            }
            let entry = NewAuditRecord {
                workspace: Some(&connector.workspace_id),
                action: "connector.authorize",
                resource_id: connector.id.as_str(),
                resource_name: Some(&connector.name),
            };
            audit::record(tx, &entry)?;
            Ok(None)
        })
        .await?;
    Ok(refused.map(|(code, text)| (code.to_owned(), text.to_owned())))
}

/// Error code and message for tokens that are not stored.
type StoreFailure = (&'static str, &'static str);

const KEY_REVOKED: StoreFailure = (
    "key_revoked",
    "the API key that began this was revoked meanwhile",
);
const CONNECTOR_CHANGED: StoreFailure = (
    "connector_changed",
    "the connector was changed or deleted meanwhile",
);
