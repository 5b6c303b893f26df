//! The first step of an authorization: builds the provider's URL that the user's browser opens.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rusqlite::{Connection, named_params};
use sha2::{Digest, Sha256};
use url::Url;

use super::provider::OAuthClient;
use crate::{
    domain::{
        retrieval::connectors::{check, find},
        tenancy::{bounds::Bound, request_auth::RequestContext, sealed_columns::SealedColumn},
    },
    kernel::{
        Error, Result, Secret, Timestamp, Violation,
        ids::{ConnectorAuthorizationId, ConnectorId},
        secret::{TokenHash, new_token},
        violation::Location,
    },
    store::Sealer,
};

/// Query parameters that this server sets. They override parameters of the provider's URL.
const OWN_PARAMETERS: &[&str] = &[
    "response_type",
    "client_id",
    "redirect_uri",
    "state",
    "code_challenge",
    "code_challenge_method",
];

const INSERT: &str = "
    INSERT INTO connector_oauth_states
        (hash, id, connector_id, user_id, verifier, redirect_uri, after_token_redirect, expires_at)
    SELECT :hash, :id, :connector_id, :user_id, :verifier, :redirect_uri, :after_token_redirect,
           :expires_at
    FROM connectors WHERE workspace_id = :workspace_id AND id = :connector_id";

const BOUND: Bound = Bound {
    owner_label: "A user",
    items_label: "authorizations that are not finished",
    setting: "pending_authorizations",
    limit: |bounds| bounds.pending_authorizations,
    max_number_sql: None,
    rows_sql: "SELECT 1 FROM connector_oauth_states WHERE user_id = ?1",
};

/// Begins an authorization of a connector by the caller. Returns the provider's URL to open in the
/// caller's browser. The provider redirects the browser to `redirect_uri`, and this server
/// redirects it from there to `after`, if given.
///
/// The URL contains a state that is valid once, for this user and connector, for
/// `connectors.authorization_seconds`.
///
/// # Errors
/// `NotFound` if there is no such connector, `Invalid` for a connector without `oauth` or an
/// `after` that is not a URL, `LimitExceeded` if the user has too many unfinished authorizations,
/// or an error of the store.
pub async fn begin_authorization(
    call: &RequestContext,
    id: &ConnectorId,
    redirect_uri: String,
    after: Option<String>,
) -> Result<String> {
    let app = call.app();
    let connector = find(call, id)?;
    let client = OAuthClient::for_connector(app, &connector)?;
    if let Some(after) = &after {
        check::check_url(&["after_token_redirect"], after).map_err(move_to_query)?;
    }
    let state = new_token("");
    // RFC 7636 §4.1 asks for 43 to 128 characters.
    let verifier = format!("{}{}", new_token("").expose(), new_token("").expose());
    let url = build_authorization_url(&client, &redirect_uri, &state, &verifier)?;
    let row_id = ConnectorAuthorizationId::new_uuid();
    let column = SealedColumn::ConnectorVerifier;
    let sealed = column.seal(app.sealer(), row_id.as_str(), verifier.as_bytes());
    let lifetime = Duration::from_secs(app.connector_settings().authorization_seconds);
    let user = call.principal().key_id.clone();
    app.run_write_tx(call, move |tx, workspace| {
        delete_expired_states(tx.conn, tx.now)?;
        BOUND.require(tx, user.as_str())?;
        tx.conn.prepare_cached(INSERT)?.execute(named_params! {
            ":hash": TokenHash::of(state.expose()).as_bytes().as_slice(),
            ":id": row_id,
            ":workspace_id": workspace,
            ":connector_id": connector.id,
            ":user_id": user,
            ":verifier": sealed,
            ":redirect_uri": redirect_uri,
            ":after_token_redirect": after,
            ":expires_at": tx.now.plus(lifetime),
        })?;
        Ok(url)
    })
    .await
}

/// Moves the violations from the body to the query, which contains the parameter.
fn move_to_query(error: Error) -> Error {
    let rules = error.broken_rules().iter().cloned();
    let moved = rules.map(|violation| Violation {
        location: Location::Query,
        ..violation
    });
    Error::from_violations(moved.collect())
}

/// Builds the provider's URL. It keeps the URL's own query, because some providers need a parameter
/// there to issue a refresh token.
fn build_authorization_url(
    client: &OAuthClient,
    redirect_uri: &str,
    state: &Secret,
    verifier: &str,
) -> Result<String> {
    let mut url = Url::parse(&client.oauth.authorize_url)
        .map_err(|error| Error::internal("a validated address cannot be parsed", error))?;
    let scope = client.oauth.scope.as_deref();
    let query_parameters: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| {
            !OWN_PARAMETERS.contains(&name.as_ref()) && (scope.is_none() || name != "scope")
        })
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    url.query_pairs_mut()
        .clear()
        .extend_pairs(query_parameters)
        .append_pair("response_type", "code")
        .append_pair("client_id", client.id().expose())
        .append_pair("redirect_uri", redirect_uri)
        .extend_pairs(scope.map(|scope| ("scope", scope)))
        .append_pair("state", state.expose())
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    Ok(url.into())
}

pub(super) fn open_verifier(
    sealer: &Sealer,
    id: &ConnectorAuthorizationId,
    sealed: &[u8],
) -> Result<String> {
    let text = SealedColumn::ConnectorVerifier.open(sealer, id.as_str(), sealed)?;
    String::from_utf8(text)
        .map_err(|error| Error::internal("a sealed verifier is not UTF-8", error))
}

const PRUNE: &str = "DELETE FROM connector_oauth_states WHERE expires_at <= :now";

/// Deletes expired states.
pub(super) fn delete_expired_states(conn: &Connection, now: Timestamp) -> Result<()> {
    conn.prepare_cached(PRUNE)?
        .execute(named_params! {":now": now})?;
    Ok(())
}
