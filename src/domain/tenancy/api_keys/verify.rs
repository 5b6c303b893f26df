//! Verification of tokens: finds the valid key for the hash of a token.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::kind::{KeyKind, KeyOwner};
use crate::kernel::{
    Result, Timestamp,
    ids::{AccountId, AgentId, ApiKeyId, IntegrationId, WorkspaceId},
    secret::TokenHash,
};

/// Valid key and its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidKey {
    /// Id of the key.
    pub key_id: ApiKeyId,
    /// API that the key is for.
    pub kind: KeyKind,
    /// Owner of the key.
    pub owner: KeyOwner,
}

const FIND_VALID: &str = "
    SELECT id, kind, account_id, workspace_id, agent_id, integration_id FROM api_keys
    WHERE hash = :hash AND revoked_at IS NULL";

const FIND_VALID_BY_ID: &str = "
    SELECT id, kind, account_id, workspace_id, agent_id, integration_id FROM api_keys
    WHERE id = :id AND revoked_at IS NULL";

/// Finds the valid key with this hash.
///
/// # Errors
/// Errors of the store.
pub fn find_valid(conn: &Connection, hash: &TokenHash) -> Result<Option<ValidKey>> {
    let principal = conn.prepare_cached(FIND_VALID)?.query_row(
        named_params! {":hash": hash.as_bytes().as_slice()},
        from_row,
    );
    Ok(principal.optional()?)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<ValidKey> {
    let account: Option<AccountId> = row.get("account_id")?;
    let workspace: Option<WorkspaceId> = row.get("workspace_id")?;
    let agent: Option<AgentId> = row.get("agent_id")?;
    let integration: Option<IntegrationId> = row.get("integration_id")?;
    Ok(ValidKey {
        key_id: row.get("id")?,
        kind: row.get("kind")?,
        owner: match (account, workspace) {
            (Some(account), _) => KeyOwner::Account(account),
            (None, None) => KeyOwner::Operator,
            (None, Some(workspace)) => match (agent, integration) {
                (Some(agent), _) => KeyOwner::Agent(workspace, agent),
                (None, Some(integration)) => KeyOwner::Integration(workspace, integration),
                (None, None) => KeyOwner::Workspace(workspace),
            },
        },
    })
}

/// Finds the valid key with this id.
///
/// # Errors
/// Errors of the store.
pub fn find_valid_by_id(conn: &Connection, id: &ApiKeyId) -> Result<Option<ValidKey>> {
    let principal = conn
        .prepare_cached(FIND_VALID_BY_ID)?
        .query_row(named_params! {":id": id}, from_row);
    Ok(principal.optional()?)
}

/// True if the key exists and is not revoked.
///
/// # Errors
/// Errors of the store.
pub fn is_valid(conn: &Connection, id: &ApiKeyId) -> Result<bool> {
    Ok(find_valid_by_id(conn, id)?.is_some())
}

/// Runs `find`, and returns its result with the key generation in which it is valid.
///
/// # Errors
/// Errors of `find`, and errors of the store.
pub(in crate::domain) fn read_with_generation<T>(
    conn: &Connection,
    find: impl FnOnce(&Connection) -> Result<T>,
) -> Result<(i64, T)> {
    // Read the generation first: a later revocation then has a higher generation.
    Ok((read_generation(conn)?, find(conn)?))
}

const READ_GENERATION: &str = "SELECT value FROM api_key_generation";

/// Returns the key generation: a number that grows each time that any process may have invalidated a key.
///
/// # Errors
/// Errors of the store.
pub fn read_generation(conn: &Connection) -> Result<i64> {
    Ok(conn
        .prepare_cached(READ_GENERATION)?
        .query_row([], |row| row.get(0))?)
}

const SET_LAST_USED: &str = "UPDATE api_keys SET last_used_at = :at WHERE id = :id";

/// Stores the time of the last use of a key.
///
/// # Errors
/// Errors of the store.
pub fn set_last_used(conn: &Connection, id: &ApiKeyId, at: Timestamp) -> Result<()> {
    conn.prepare_cached(SET_LAST_USED)?
        .execute(named_params! {":id": id, ":at": at})?;
    Ok(())
}
