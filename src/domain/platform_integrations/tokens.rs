//! OAuth codes and tokens, with which an integration acts for an installation.
//!
//! A code or a refresh token works once. A second use may mean that it was stolen, so all codes and tokens of
//! the installation are revoked (RFC 6749 §10.5, RFC 9700 §4.14.2).

use std::time::Duration;

use rusqlite::{Connection, named_params};

use super::{TokenLifetimes, rows};
use crate::{
    domain::{
        App,
        shared::sql::text_enum,
        tenancy::{
            api_keys::KeyKind,
            audit::{self, Actor, NewAuditRecord},
            write_tx::WriteTx,
        },
    },
    kernel::{
        Result, Secret, Timestamp,
        ids::{ApiKeyId, InstallationId, PlatformIntegrationId, WorkspaceId},
        secret::{TokenHash, new_token},
    },
};

text_enum! {
    /// The purpose of a code or token.
    pub enum TokenKind {
        /// Authorization code: exchanged once for tokens.
        Code = "code",
        /// Access token: authenticates calls.
        Access = "access",
        /// Refresh token: exchanged once for new tokens.
        Refresh = "refresh",
    }
}

/// A credential that an integration exchanges for tokens.
pub enum Credential {
    /// The authorization code from the callback URL.
    Code(Secret),
    /// A refresh token.
    RefreshToken(Secret),
}

/// New tokens of an installation.
#[derive(Debug)]
pub struct IssuedTokens {
    /// Authenticates calls.
    pub access_token: Secret,
    /// Can be exchanged once for new tokens.
    pub refresh_token: Secret,
    /// Validity of the access token.
    pub expires_in: Duration,
    /// The secret that signs the installation's uninstall notification.
    pub client_secret: Secret,
}

/// The reason for which no tokens are issued. The names are those of RFC 6749.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// Unknown integration, or wrong client secret.
    InvalidClient,
    /// Unknown code or refresh token, or one that was used, revoked or has expired.
    InvalidGrant,
}

/// Exchanges a code or a refresh token for new tokens of an installation.
///
/// # Errors
/// Errors of the store. A refusal is part of the result, so that the revocations that it causes are committed.
pub async fn exchange(
    app: &App,
    client_id: PlatformIntegrationId,
    client_secret: Secret,
    used: Credential,
    lifetimes: TokenLifetimes,
) -> Result<Result<IssuedTokens, TokenError>> {
    // Unknown clients are refused before the change waits for the writer.
    let known = app
        .store()
        .read(|conn| is_valid_client(conn, &client_id, &client_secret))?;
    if !known {
        return Ok(Err(TokenError::InvalidClient));
    }
    let sealer = app.sealer().clone();
    app.run_write_tx_as(Actor::System, move |tx| {
        if !is_valid_client(tx.conn, &client_id, &client_secret)? {
            return Ok(Err(TokenError::InvalidClient));
        }
        let (kind, value) = match &used {
            Credential::Code(value) => (TokenKind::Code, value),
            Credential::RefreshToken(value) => (TokenKind::Refresh, value),
        };
        let Some(installation) = redeem(tx, &client_id, kind, value)? else {
            return Ok(Err(TokenError::InvalidGrant));
        };
        prune_tokens(tx, &installation.id)?;
        let tokens = IssuedTokens {
            access_token: new_token(KeyKind::AdaInstallation.prefix()),
            refresh_token: new_token("ada_rt_"),
            expires_in: lifetimes.access_token,
            client_secret: rows::open_secret(
                &sealer,
                &installation.id,
                &installation.client_secret,
            )?,
        };
        for (kind, value, lifetime) in [
            (
                TokenKind::Access,
                &tokens.access_token,
                lifetimes.access_token,
            ),
            (
                TokenKind::Refresh,
                &tokens.refresh_token,
                lifetimes.refresh_token,
            ),
        ] {
            insert_token(tx, &installation.id, kind, value, lifetime)?;
        }
        Ok(Ok(tokens))
    })
    .await
}

const FIND_CLIENT: &str = "
    SELECT 1 FROM platform_integrations WHERE id = :id AND client_secret_hash = :hash";

fn is_valid_client(conn: &Connection, id: &PlatformIntegrationId, secret: &Secret) -> Result<bool> {
    let hash = TokenHash::of(secret.expose());
    Ok(conn
        .prepare_cached(FIND_CLIENT)?
        .exists(named_params! {":id": id, ":hash": hash.as_bytes().as_slice()})?)
}

/// The installation whose code or refresh token was redeemed.
struct RedeemedInstallation {
    id: InstallationId,
    client_secret: Vec<u8>,
}

const FIND_TOKEN: &str = "
    SELECT t.id AS token_id, t.expires_at, t.used_at, t.revoked_at, i.id AS id, i.client_secret,
           i.name AS name, a.workspace_id AS workspace_id
    FROM platform_tokens AS t
    JOIN platform_installations AS i ON i.id = t.installation_id
    JOIN agents AS a ON a.id = i.agent_id
    WHERE t.hash = :hash AND t.kind = :kind AND i.integration_id = :client_id";

const MARK_USED: &str = "UPDATE platform_tokens SET used_at = :now WHERE id = :id";

/// Marks a code or a refresh token as used. Returns none if it is not valid.
fn redeem(
    tx: &WriteTx<'_>,
    client: &PlatformIntegrationId,
    kind: TokenKind,
    value: &Secret,
) -> Result<Option<RedeemedInstallation>> {
    let hash = TokenHash::of(value.expose());
    let mut statement = tx.conn.prepare_cached(FIND_TOKEN)?;
    let mut rows = statement.query(named_params! {
        ":hash": hash.as_bytes().as_slice(),
        ":kind": kind,
        ":client_id": client,
    })?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let installation = RedeemedInstallation {
        id: row.get("id")?,
        client_secret: row.get("client_secret")?,
    };
    let used_at: Option<Timestamp> = row.get("used_at")?;
    let revoked_at: Option<Timestamp> = row.get("revoked_at")?;
    let expires_at: Timestamp = row.get("expires_at")?;
    if used_at.is_some() {
        let name: String = row.get("name")?;
        revoke_all(tx, &row.get("workspace_id")?, &installation.id, &name)?;
        return Ok(None);
    }
    if revoked_at.is_some() || expires_at <= tx.now {
        return Ok(None);
    }
    let token: ApiKeyId = row.get("token_id")?;
    tx.conn
        .prepare_cached(MARK_USED)?
        .execute(named_params! {":id": token, ":now": tx.now})?;
    Ok(Some(installation))
}

const REVOKE_ALL: &str = "
    UPDATE platform_tokens SET revoked_at = :now
    WHERE installation_id = :installation_id AND revoked_at IS NULL";

/// Revokes all codes and tokens of an installation.
fn revoke_all(
    tx: &WriteTx<'_>,
    workspace: &WorkspaceId,
    installation: &InstallationId,
    name: &str,
) -> Result<()> {
    let revoked = tx
        .conn
        .prepare_cached(REVOKE_ALL)?
        .execute(named_params! {":installation_id": installation, ":now": tx.now})?;
    if revoked == 0 {
        return Ok(());
    }
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: Some(workspace),
            action: "platform_installation.revoke_tokens",
            resource_id: installation.as_str(),
            resource_name: Some(name),
        },
    )
}

const PRUNE: &str = "
    DELETE FROM platform_tokens
    WHERE installation_id = :installation_id AND expires_at <= :now";

/// Deletes expired codes and tokens, and the oldest ones beyond the maximum.
fn prune_tokens(tx: &WriteTx<'_>, installation: &InstallationId) -> Result<()> {
    tx.conn
        .prepare_cached(PRUNE)?
        .execute(named_params! {":installation_id": installation, ":now": tx.now})?;
    tx.conn
        .prepare_cached(DELETE_OLDEST)?
        .execute(named_params! {":installation_id": installation, ":kept": MAX_STORED})?;
    Ok(())
}

/// Maximum number of codes and tokens stored for an installation. Used ones are stored to detect a second use.
const MAX_STORED: i64 = 1000;

const DELETE_OLDEST: &str = "
    DELETE FROM platform_tokens WHERE seq IN (
        SELECT seq FROM platform_tokens WHERE installation_id = :installation_id
        ORDER BY seq DESC LIMIT -1 OFFSET :kept)";

const INSERT: &str = "
    INSERT INTO platform_tokens (id, installation_id, kind, hash, created_at, expires_at)
    VALUES (:id, :installation_id, :kind, :hash, :now, :expires_at)";

pub(super) fn insert_token(
    tx: &WriteTx<'_>,
    installation: &InstallationId,
    kind: TokenKind,
    value: &Secret,
    lifetime: Duration,
) -> Result<()> {
    tx.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":id": ApiKeyId::new_uuid(),
        ":installation_id": installation,
        ":kind": kind,
        ":hash": TokenHash::of(value.expose()).as_bytes().as_slice(),
        ":now": tx.now,
        ":expires_at": tx.now.plus(lifetime),
    })?;
    Ok(())
}
