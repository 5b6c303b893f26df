//! Reads and writes the rows of authorizations and their sealed tokens.

use rusqlite::{Connection, OptionalExtension, named_params};
use serde_json::{Value, json};

use super::provider::TokenGrant;
use crate::{
    domain::tenancy::{sealed_columns::SealedColumn, write_tx::WriteTx},
    kernel::{
        Error, Result, Secret, Timestamp,
        ids::{ApiKeyId, ConnectorAuthorizationId, ConnectorId},
    },
    store::Sealer,
};

/// A user's authorization of a connector.
pub(super) struct Authorization {
    pub(super) id: ConnectorAuthorizationId,
    /// Tokens; none after the provider refused them.
    pub(super) tokens: Option<Tokens>,
    /// Expiry of the access token, if known.
    pub(super) expires_at: Option<Timestamp>,
}

pub(super) struct Tokens {
    pub(super) access: Secret,
    pub(super) refresh: Option<Secret>,
}

impl Tokens {
    fn seal(&self, sealer: &Sealer, id: &ConnectorAuthorizationId) -> Vec<u8> {
        let value = json!({
            "access": self.access.expose(),
            "refresh": self.refresh.as_ref().map(Secret::expose),
        });
        let text = value.to_string();
        SealedColumn::ConnectorTokens.seal(sealer, id.as_str(), text.as_bytes())
    }

    fn open(sealer: &Sealer, id: &ConnectorAuthorizationId, sealed: &[u8]) -> Result<Self> {
        let text = SealedColumn::ConnectorTokens.open(sealer, id.as_str(), sealed)?;
        let value: Value = serde_json::from_slice(&text)
            .map_err(|error| Error::internal("sealed tokens cannot be read", error))?;
        let access = value["access"].as_str().ok_or_else(|| {
            Error::internal("sealed tokens have an unknown form", "no access token")
        })?;
        Ok(Self {
            access: Secret::new(access),
            refresh: value["refresh"].as_str().map(Secret::new),
        })
    }
}

const FIND: &str = "
    SELECT id, tokens, expires_at FROM connector_authorizations
    WHERE connector_id = :connector_id AND user_id = :user_id";

/// Returns a user's authorization of a connector, if there is one.
pub(super) fn find(
    conn: &Connection,
    sealer: &Sealer,
    connector: &ConnectorId,
    user: &ApiKeyId,
) -> Result<Option<Authorization>> {
    let found = conn
        .prepare_cached(FIND)?
        .query_row(
            named_params! {":connector_id": connector, ":user_id": user},
            |row| {
                let id: ConnectorAuthorizationId = row.get("id")?;
                let sealed: Option<Vec<u8>> = row.get("tokens")?;
                let expires_at: Option<Timestamp> = row.get("expires_at")?;
                Ok((id, sealed, expires_at))
            },
        )
        .optional()?;
    let Some((id, sealed, expires_at)) = found else {
        return Ok(None);
    };
    let tokens = match sealed {
        Some(sealed) => Some(Tokens::open(sealer, &id, &sealed)?),
        None => None,
    };
    Ok(Some(Authorization {
        id,
        tokens,
        expires_at,
    }))
}

/// Inserts a row only if the connector still has the configuration that the user consented to: each
/// change of its secrets seals them again, so `credentials` differs then.
const INSERT: &str = "
    INSERT INTO connector_authorizations
        (id, connector_id, user_id, tokens, refreshable, expires_at, created_at, updated_at)
    SELECT :id, :connector_id, :user_id, :tokens, :refreshable, :expires_at, :now, :now
    FROM connectors WHERE id = :connector_id AND credentials = :credentials
    ON CONFLICT (connector_id, user_id) DO UPDATE SET
        id = excluded.id, tokens = excluded.tokens, refreshable = excluded.refreshable,
        expires_at = excluded.expires_at, updated_at = excluded.updated_at";

/// Stores a user's authorization of a connector that still has these sealed credentials. It
/// replaces an earlier one. Returns false if there is no such connector any more.
pub(super) fn upsert(
    tx: &WriteTx<'_>,
    sealer: &Sealer,
    (connector, credentials): (&ConnectorId, &[u8]),
    user: &ApiKeyId,
    granted: TokenGrant,
) -> Result<bool> {
    let id = ConnectorAuthorizationId::new_uuid();
    let tokens = Tokens {
        access: granted.access_token,
        refresh: granted.refresh_token,
    };
    let written = tx.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":id": id,
        ":connector_id": connector,
        ":credentials": credentials,
        ":user_id": user,
        ":tokens": tokens.seal(sealer, &id),
        ":refreshable": tokens.refresh.is_some(),
        ":expires_at": granted.expires_in.map(|lifetime| tx.now.plus(lifetime)),
        ":now": tx.now,
    })?;
    Ok(written > 0)
}

const REPLACE: &str = "
    UPDATE connector_authorizations
    SET tokens = :tokens, refreshable = :refreshable, expires_at = :expires_at, updated_at = :now
    WHERE id = :id";

/// Replaces the tokens after a refresh. A provider that issues no new refresh token leaves the old
/// one valid (RFC 6749 §6).
pub(super) fn replace_tokens(
    tx: &WriteTx<'_>,
    sealer: &Sealer,
    id: &ConnectorAuthorizationId,
    granted: TokenGrant,
    old_refresh: Secret,
) -> Result<()> {
    let tokens = Tokens {
        access: granted.access_token,
        refresh: granted.refresh_token.or(Some(old_refresh)),
    };
    tx.conn.prepare_cached(REPLACE)?.execute(named_params! {
        ":id": id,
        ":tokens": tokens.seal(sealer, id),
        ":refreshable": tokens.refresh.is_some(),
        ":expires_at": granted.expires_in.map(|lifetime| tx.now.plus(lifetime)),
        ":now": tx.now,
    })?;
    Ok(())
}

const CLEAR_TOKENS: &str = "
    UPDATE connector_authorizations SET tokens = NULL, refreshable = 0, updated_at = :now
    WHERE id = :id";

/// Deletes tokens that the provider refuses. The user must authorize the connector again.
pub(super) fn clear_tokens(tx: &WriteTx<'_>, id: &ConnectorAuthorizationId) -> Result<()> {
    tx.conn
        .prepare_cached(CLEAR_TOKENS)?
        .execute(named_params! {":id": id, ":now": tx.now})?;
    Ok(())
}

const DELETE_OF_USER: &str = "DELETE FROM connector_authorizations WHERE user_id = :user";
const DELETE_STATES_OF_USER: &str = "DELETE FROM connector_oauth_states WHERE user_id = :user";

/// Deletes the authorizations of a user, finished or not, because its key is revoked.
pub(in crate::domain) fn delete_user_authorizations(
    tx: &WriteTx<'_>,
    user: &ApiKeyId,
) -> Result<()> {
    for statement in [DELETE_OF_USER, DELETE_STATES_OF_USER] {
        tx.conn
            .prepare_cached(statement)?
            .execute(named_params! {":user": user})?;
    }
    Ok(())
}

const DELETE_OF_CONNECTOR: &str = "DELETE FROM connector_authorizations WHERE connector_id = :id";
const DELETE_STATES_OF_CONNECTOR: &str =
    "DELETE FROM connector_oauth_states WHERE connector_id = :id";

/// Deletes the authorizations of a connector, finished or not.
pub(in crate::domain::retrieval::connectors) fn delete_connector_authorizations(
    tx: &WriteTx<'_>,
    connector: &ConnectorId,
) -> Result<()> {
    for statement in [DELETE_OF_CONNECTOR, DELETE_STATES_OF_CONNECTOR] {
        tx.conn
            .prepare_cached(statement)?
            .execute(named_params! {":id": connector})?;
    }
    Ok(())
}
