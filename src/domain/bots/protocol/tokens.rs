//! Tokens by which programs call this server. Each program has its own API key, stored encrypted. If the key is
//! revoked, the next call creates a new one.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::receiver::Receiver;
use crate::{
    domain::tenancy::{
        api_keys::{self, KeyKind, KeyOwner},
        app::App,
        audit::Actor,
        sealed_columns::SealedColumn,
        write_tx::WriteTx,
    },
    kernel::{Error, Result, Secret, ids::ApiKeyId},
    store::Sealer,
};

/// A token and the id of its API key.
#[derive(Clone)]
pub(super) struct RuntimeToken {
    pub(super) key: ApiKeyId,
    pub(super) value: Secret,
}

/// Returns the token of a receiver's code; creates it at first use.
pub(super) async fn ensure_token(app: &App, receiver: &Receiver) -> Result<RuntimeToken> {
    let (kind, owner, id) = key_owner(receiver);
    let known = app
        .store()
        .read(|conn| find_token(conn, app.sealer(), &id))?;
    if let Some(known) = known {
        return Ok(known);
    }
    let is_closed = |conn: &Connection| {
        let mut statement = conn.prepare_cached(IS_CLOSED)?;
        Ok(statement.exists(named_params! {":id": receiver.workspace})?)
    };
    if app.store().read(is_closed)? {
        // The code of a deleted workspace still receives `unregister`, but its token gives access to nothing.
        return Ok(RuntimeToken {
            key: "".into(),
            value: Secret::new(String::new()),
        });
    }
    let sealer = app.sealer().clone();
    app.run_write_tx_as(Actor::System, move |tx| {
        match find_token(tx.conn, &sealer, &id)? {
            Some(known) => Ok(known),
            None => create_token(tx, &sealer, kind, &owner, &id),
        }
    })
    .await
}

const IS_CLOSED: &str = "SELECT 1 FROM workspaces WHERE id = :id AND closed_at IS NOT NULL";

/// Returns the kind and the owner of the key, and the id under which the token is stored.
fn key_owner(receiver: &Receiver) -> (KeyKind, KeyOwner, String) {
    let workspace = receiver.workspace.clone();
    match &receiver.integration {
        Some(integration) => {
            let id = integration.integration_id.clone();
            let kept_by = id.to_string();
            let owner = KeyOwner::Integration(workspace, id);
            (KeyKind::BotpressIntegration, owner, kept_by)
        }
        None => {
            let id = receiver.agent.id.clone();
            let kept_by = id.to_string();
            (
                KeyKind::BotpressBot,
                KeyOwner::Agent(workspace, id),
                kept_by,
            )
        }
    }
}

const FIND: &str = "
    SELECT runtime_tokens.key_id, runtime_tokens.sealed
    FROM runtime_tokens JOIN api_keys ON api_keys.id = runtime_tokens.key_id
    WHERE runtime_tokens.owner_id = :owner AND api_keys.revoked_at IS NULL";

fn find_token(conn: &Connection, sealer: &Sealer, owner: &str) -> Result<Option<RuntimeToken>> {
    let found: Option<(ApiKeyId, Vec<u8>)> = conn
        .prepare_cached(FIND)?
        .query_row(named_params! {":owner": owner}, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((key, sealed)) = found else {
        return Ok(None);
    };
    let opened = SealedColumn::RuntimeToken.open(sealer, owner, &sealed);
    let opened =
        opened.map_err(|error| Error::internal("a sealed token cannot be decrypted", error))?;
    let value = String::from_utf8(opened)
        .map_err(|error| Error::internal("a sealed token is not UTF-8", error))?;
    Ok(Some(RuntimeToken {
        key,
        value: Secret::new(value),
    }))
}

const UPSERT: &str = "
    INSERT INTO runtime_tokens (owner_id, key_id, sealed) VALUES (:owner, :key, :sealed)
    ON CONFLICT (owner_id) DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed";

fn create_token(
    tx: &WriteTx<'_>,
    sealer: &Sealer,
    kind: KeyKind,
    owner: &KeyOwner,
    id: &str,
) -> Result<RuntimeToken> {
    let (key, value) = api_keys::create(tx, kind, owner, "its code")?;
    tx.conn.prepare_cached(UPSERT)?.execute(named_params! {
        ":owner": id,
        ":key": key.id,
        ":sealed": SealedColumn::RuntimeToken.seal(sealer, id, value.expose().as_bytes()),
    })?;
    Ok(RuntimeToken { key: key.id, value })
}
