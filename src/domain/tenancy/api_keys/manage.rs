//! Creates, lists and revokes keys.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde::Serialize;

use super::kind::{KeyKind, KeyOwner, check_owner};
use crate::{
    domain::tenancy::{
        audit::{self, NewAuditRecord},
        write_tx::WriteTx,
    },
    kernel::{
        Error, Result, Secret, Timestamp,
        ids::{AccountId, AgentId, ApiKeyId, IntegrationId, WorkspaceId},
        secret::{TokenHash, new_token},
        time::serialize_rfc3339,
    },
};

/// Minimum length of a fixed key in the settings. Generated keys have 214 random bits.
const MIN_FIXED_KEY_BYTES: usize = 8;

/// Key without its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApiKey {
    /// Id of the key, for revocation.
    pub id: ApiKeyId,
    /// API that the key is for.
    #[serde(rename = "api")]
    pub kind: KeyKind,
    /// Display name.
    pub name: String,
    /// Workspace of the key, if any.
    pub workspace_id: Option<WorkspaceId>,
    /// Agent of the key, if any.
    pub agent_id: Option<AgentId>,
    /// Integration of the key, if any.
    pub integration_id: Option<IntegrationId>,
    /// Account of the key, if any.
    pub account_id: Option<AccountId>,
    /// Time of creation.
    #[serde(serialize_with = "serialize_rfc3339")]
    pub created_at: Timestamp,
    /// Time of the last use, accurate to about a second.
    #[serde(serialize_with = "serialize_rfc3339")]
    pub last_used_at: Option<Timestamp>,
    /// Time of revocation; `None` while the key is valid.
    #[serde(serialize_with = "serialize_rfc3339")]
    pub revoked_at: Option<Timestamp>,
}

const INSERT: &str = "
    INSERT INTO api_keys
        (id, kind, account_id, workspace_id, agent_id, integration_id, name, hash, created_at)
    VALUES
        (:id, :kind, :account_id, :workspace_id, :agent_id, :integration_id, :name, :hash, :now)";

const REVOKE_OTHER_END_USERS_KEYS: &str = "
    UPDATE api_keys SET revoked_at = :now
    WHERE agent_id = :agent_id AND kind = 'ada_end_users' AND revoked_at IS NULL";

/// Creates a key and returns its value, which cannot be read later.
///
/// A new Ada End Users v1 key revokes the previous one of the agent (ada.md §1.1).
///
/// # Errors
/// `Invalid` if keys of this kind cannot belong to this owner, and errors of the store.
pub fn create(
    tx: &WriteTx<'_>,
    kind: KeyKind,
    owner: &KeyOwner,
    name: &str,
) -> Result<(ApiKey, Secret)> {
    let value = new_token(kind.prefix());
    let key = insert(tx, kind, owner, name, &value)?;
    Ok((key, value))
}

/// Ensures that the fixed key of the settings exists. A revoked one remains revoked.
///
/// # Errors
/// `Invalid` for a value that is too short or contains blanks, and errors of the store.
pub fn ensure_fixed(
    tx: &WriteTx<'_>,
    kind: KeyKind,
    owner: &KeyOwner,
    name: &str,
    value: &Secret,
) -> Result<()> {
    let text = value.expose();
    if text.len() < MIN_FIXED_KEY_BYTES || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::invalid(format!(
            "a fixed {kind} key needs at least {MIN_FIXED_KEY_BYTES} printable ASCII characters and no \
             blanks"
        )));
    }
    if exists(tx.conn, value)? {
        return Ok(());
    }
    insert(tx, kind, owner, name, value).map(|_| ())
}

fn insert(
    tx: &WriteTx<'_>,
    kind: KeyKind,
    owner: &KeyOwner,
    name: &str,
    value: &Secret,
) -> Result<ApiKey> {
    check_owner(kind, owner)?;
    if kind == KeyKind::AdaEndUsers {
        tx.conn
            .prepare_cached(REVOKE_OTHER_END_USERS_KEYS)?
            .execute(named_params! {":agent_id": owner.agent(), ":now": tx.now})?;
    }
    let key = ApiKey {
        id: ApiKeyId::new_uuid(),
        kind,
        name: name.to_owned(),
        workspace_id: owner.workspace().cloned(),
        agent_id: owner.agent().cloned(),
        integration_id: owner.integration().cloned(),
        account_id: owner.account().cloned(),
        created_at: tx.now,
        last_used_at: None,
        revoked_at: None,
    };
    tx.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":id": key.id,
        ":kind": key.kind,
        ":account_id": key.account_id,
        ":workspace_id": key.workspace_id,
        ":agent_id": key.agent_id,
        ":integration_id": key.integration_id,
        ":name": key.name,
        ":hash": TokenHash::of(value.expose()).as_bytes().as_slice(),
        ":now": key.created_at,
    })?;
    record_audit(tx, &key, "api_key.create")?;
    Ok(key)
}

const REVOKE: &str = "
    UPDATE api_keys SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL";

/// Revokes a key. The next request with it is rejected.
///
/// # Errors
/// `NotFound` if the key does not exist or is already revoked, and errors of the store.
pub fn revoke(tx: &WriteTx<'_>, id: &ApiKeyId) -> Result<()> {
    let key = find(tx.conn, id)?;
    let revoked = tx
        .conn
        .prepare_cached(REVOKE)?
        .execute(named_params! {":id": id, ":now": tx.now})?;
    if revoked == 0 {
        return Err(Error::not_found(format!("the key {id} is revoked already")));
    }
    record_audit(tx, &key, "api_key.revoke")
}

fn record_audit(tx: &WriteTx<'_>, key: &ApiKey, action: &'static str) -> Result<()> {
    audit::record(
        tx,
        &NewAuditRecord {
            workspace: key.workspace_id.as_ref(),
            action,
            resource_id: key.id.as_str(),
            resource_name: Some(&key.name),
        },
    )
}

pub(super) const COLUMNS: &str = "id, kind, name, account_id, workspace_id, agent_id, integration_id, \
                       created_at, last_used_at, revoked_at";

fn find(conn: &Connection, id: &ApiKeyId) -> Result<ApiKey> {
    conn.prepare_cached(&format!("SELECT {COLUMNS} FROM api_keys WHERE id = :id"))?
        .query_row(named_params! {":id": id}, from_row)
        .optional()?
        .ok_or_else(|| Error::not_found(format!("there is no key with the id {id}")))
}

/// Filter for a list of keys.
#[derive(Debug, Clone, Default)]
pub struct KeyFilter {
    /// Kind of the keys.
    pub kind: Option<KeyKind>,
    /// Workspace of the keys.
    pub workspace: Option<WorkspaceId>,
    /// Agent of the keys.
    pub agent: Option<AgentId>,
    /// Account of the keys.
    pub account: Option<AccountId>,
}

const FILTER: &str = "
    WHERE (:kind IS NULL OR kind = :kind)
      AND (:workspace_id IS NULL OR workspace_id = :workspace_id)
      AND (:agent_id IS NULL OR agent_id = :agent_id)
      AND (:account_id IS NULL OR account_id = :account_id)
    ORDER BY seq";

/// Lists keys, valid and revoked, oldest first.
///
/// # Errors
/// Errors of the store.
pub fn list(conn: &Connection, filter: &KeyFilter) -> Result<Vec<ApiKey>> {
    let mut statement = conn.prepare(&format!("SELECT {COLUMNS} FROM api_keys {FILTER}"))?;
    let rows = statement.query_map(
        named_params! {
            ":kind": filter.kind,
            ":workspace_id": filter.workspace,
            ":agent_id": filter.agent,
            ":account_id": filter.account,
        },
        from_row,
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

const LIST_VALID: &str = "
    FROM api_keys
    WHERE (agent_id = :owner OR integration_id = :owner) AND kind = :kind AND revoked_at IS NULL
    ORDER BY seq DESC";

/// Lists the valid keys of this kind that belong to the agent or the integration with this id, newest first.
///
/// # Errors
/// Errors of the store.
pub fn list_valid(conn: &Connection, kind: KeyKind, owner: &str) -> Result<Vec<ApiKey>> {
    let mut statement = conn.prepare_cached(&format!("SELECT {COLUMNS} {LIST_VALID}"))?;
    let rows = statement.query_map(named_params! {":kind": kind, ":owner": owner}, from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<ApiKey> {
    Ok(ApiKey {
        id: row.get("id")?,
        kind: row.get("kind")?,
        name: row.get("name")?,
        workspace_id: row.get("workspace_id")?,
        agent_id: row.get("agent_id")?,
        integration_id: row.get("integration_id")?,
        account_id: row.get("account_id")?,
        created_at: row.get("created_at")?,
        last_used_at: row.get("last_used_at")?,
        revoked_at: row.get("revoked_at")?,
    })
}

const EXISTS: &str = "SELECT 1 FROM api_keys WHERE hash = :hash";

fn exists(conn: &Connection, value: &Secret) -> Result<bool> {
    let hash = TokenHash::of(value.expose());
    Ok(conn
        .prepare_cached(EXISTS)?
        .exists(named_params! {":hash": hash.as_bytes().as_slice()})?)
}
