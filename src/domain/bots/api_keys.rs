//! API keys of bots and of integrations (botpress-today.md §3). The developers of a workspace create and delete them.
//! A key of a bot acts as the bot; a key of an integration acts as that version of the integration.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{integrations, manage};
use crate::{
    domain::tenancy::{
        api_keys::{self, ApiKey, KeyKind, KeyOwner},
        bounds::Bound,
        members::Role,
        request_auth::RequestContext,
        write_tx::WriteTx,
    },
    kernel::{
        Error, Kind, Result, Secret,
        ids::{AgentId, ApiKeyId, IntegrationId, WorkspaceId},
    },
};

/// Maximum number of revoked keys that are kept for a bot or an integration.
const MAX_REVOKED: i64 = 1000;

/// The bot or the integration that a key belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiKeyOwner {
    /// A bot.
    Bot(AgentId),
    /// A version of an integration.
    Integration(IntegrationId),
}

const BOUND_OF_BOT: Bound = Bound {
    owner_label: "A bot",
    items_label: "API keys",
    setting: "api_keys",
    limit: |bounds| bounds.api_keys,
    max_number_sql: None,
    rows_sql: "SELECT 1 FROM api_keys
               WHERE agent_id = ?1 AND kind = 'botpress_bak' AND revoked_at IS NULL",
};

const BOUND_OF_INTEGRATION: Bound = Bound {
    owner_label: "A version of an integration",
    items_label: "API keys",
    setting: "api_keys",
    limit: |bounds| bounds.api_keys,
    max_number_sql: None,
    rows_sql: "SELECT 1 FROM api_keys
               WHERE integration_id = ?1 AND kind = 'botpress_iak' AND revoked_at IS NULL",
};

impl ApiKeyOwner {
    const fn kind(&self) -> KeyKind {
        match self {
            Self::Bot(_) => KeyKind::BotpressBotKey,
            Self::Integration(_) => KeyKind::BotpressIntegrationKey,
        }
    }

    fn id(&self) -> &str {
        match self {
            Self::Bot(id) => id.as_str(),
            Self::Integration(id) => id.as_str(),
        }
    }

    fn key_owner(&self, workspace: &WorkspaceId) -> KeyOwner {
        match self {
            Self::Bot(id) => KeyOwner::Agent(workspace.clone(), id.clone()),
            Self::Integration(id) => KeyOwner::Integration(workspace.clone(), id.clone()),
        }
    }

    /// Requires that the workspace has the bot or the integration.
    fn require_in(&self, conn: &Connection, workspace: &WorkspaceId) -> Result<()> {
        match self {
            Self::Bot(id) => manage::find_agent(conn, workspace, id).map(drop),
            Self::Integration(id) => integrations::load(conn, workspace, id).map(drop),
        }
    }
}

/// Lists the valid keys of a bot or an integration of the workspace of the call, newest first.
///
/// # Errors
/// `NotFound` if the workspace has no such bot or integration, and errors of the store.
pub fn list(call: &RequestContext, owner: &ApiKeyOwner) -> Result<Vec<ApiKey>> {
    call.app().store().read(|conn| {
        owner.require_in(conn, call.workspace())?;
        api_keys::list_valid(conn, owner.kind(), owner.id())
    })
}

const DELETE_OLD_REVOKED: &str = "
    DELETE FROM api_keys WHERE seq IN (
        SELECT seq FROM api_keys
        WHERE (agent_id = :owner OR integration_id = :owner) AND kind = :kind
          AND revoked_at IS NOT NULL
        ORDER BY seq DESC LIMIT -1 OFFSET :kept)";

/// Creates a key of a bot or an integration of the workspace of the call. Its value cannot be read later.
///
/// # Errors
/// `Forbidden` for a role below developer, `ReferenceNotFound` if the workspace has no such bot or integration,
/// `LimitExceeded`, and errors of the store.
pub async fn create(
    call: &RequestContext,
    owner: ApiKeyOwner,
    note: String,
) -> Result<(ApiKey, Secret)> {
    call.require_role(Role::Developer)?;
    call.app()
        .run_write_tx(call, move |tx, workspace| {
            owner
                .require_in(tx.conn, workspace)
                .map_err(to_missing_reference)?;
            let bound = match owner {
                ApiKeyOwner::Bot(_) => BOUND_OF_BOT,
                ApiKeyOwner::Integration(_) => BOUND_OF_INTEGRATION,
            };
            bound.require(tx, owner.id())?;
            tx.conn
                .prepare_cached(DELETE_OLD_REVOKED)?
                .execute(named_params! {
                    ":owner": owner.id(), ":kind": owner.kind(), ":kept": MAX_REVOKED,
                })?;
            api_keys::create(tx, owner.kind(), &owner.key_owner(workspace), &note)
        })
        .await
}

/// Returns the error for an id in a body that names nothing.
fn to_missing_reference(error: Error) -> Error {
    match error.kind() {
        Kind::NotFound => Error::new(Kind::ReferenceNotFound, error.message().to_owned()),
        _ => error,
    }
}

const FIND_OWN: &str = "
    SELECT 1 FROM api_keys
    WHERE id = :id AND kind = :kind AND workspace_id = :workspace_id AND revoked_at IS NULL";

/// Revokes a key of this kind in the workspace of the call. The next request with it is rejected.
///
/// # Errors
/// `Forbidden` for a role below developer, `NotFound` if the workspace has no such valid key, and errors of the store.
pub async fn revoke(call: &RequestContext, kind: KeyKind, id: ApiKeyId) -> Result<()> {
    call.require_role(Role::Developer)?;
    call.app()
        .run_write_tx(call, move |tx: &WriteTx<'_>, workspace| {
            let parameters = named_params! {":id": id, ":kind": kind, ":workspace_id": workspace};
            let found = tx
                .conn
                .prepare_cached(FIND_OWN)?
                .query_row(parameters, |_| Ok(()))
                .optional()?;
            if found.is_none() {
                return Err(Error::not_found(format!("API key \"{id}\" not found")));
            }
            api_keys::revoke(tx, &id)
        })
        .await
}
