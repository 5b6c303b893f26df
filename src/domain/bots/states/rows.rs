//! Reads and writes the rows of states. Readers filter expired states that are not deleted yet.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::Value;

use super::{
    Key, State,
    owner::{Owner, resolve_name},
};
use crate::{
    domain::{bots::author::Author, tenancy::request_auth::RequestContext},
    kernel::{Error, Result, Timestamp, ids::StateId},
};

/// Returns a state of the call's bot.
///
/// # Errors
/// `NotFound` if the owner does not exist, or if the state is not set or has expired; errors of the store.
pub fn find(call: &RequestContext, key: &Key) -> Result<State> {
    let author = Author::from_call(call)?;
    let now = call.app().clock().now();
    call.app().store().read(|conn| {
        let key = &resolve_name(conn, &author, key)?;
        let owner = Owner::resolve(conn, &author, key)?;
        let found = read(conn, author.bot().seq, &owner, key)?;
        let found = found.filter(|state| !is_expired(state, now));
        found.ok_or_else(|| not_found(key))
    })
}

/// Returns the error for a state that is not set.
pub(super) fn not_found(key: &Key) -> Error {
    Error::not_found(format!("State \"{}\" not found", key.name))
}

/// True if the state has expired.
pub(super) fn is_expired(state: &State, now: Timestamp) -> bool {
    state.expires_at.is_some_and(|at| at <= now)
}

const FIND: &str = "
    SELECT id, name, type, owner_id, payload, expires_after, expires_at, created_at, updated_at
    FROM states
    WHERE agent_seq = :agent_seq AND integration = :integration AND type = :kind
      AND owner_id = :owner_id AND name = :name";

/// Returns the row of a state, even if it has expired.
pub(super) fn read(
    conn: &Connection,
    agent_seq: i64,
    owner: &Owner,
    key: &Key,
) -> Result<Option<State>> {
    let parameters = named_params! {
        ":agent_seq": agent_seq,
        ":integration": owner.integration,
        ":kind": key.kind,
        ":owner_id": owner.id,
        ":name": key.name,
    };
    let found = conn.prepare_cached(FIND)?.query_row(parameters, from_row);
    Ok(found.optional()?)
}

pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<State> {
    use super::StateKind;
    let (kind, owner): (StateKind, String) = (row.get("type")?, row.get("owner_id")?);
    Ok(State {
        id: row.get("id")?,
        name: row.get("name")?,
        conversation_id: (kind == StateKind::Conversation).then(|| owner.as_str().into()),
        user_id: (kind == StateKind::User).then(|| owner.as_str().into()),
        kind,
        payload: match row.get("payload")? {
            Value::Object(members) => members,
            _ => return Err(rusqlite::Error::InvalidQuery),
        },
        expires_after: row.get("expires_after")?,
        expires_at: row.get("expires_at")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

const UPSERT: &str = "
    INSERT INTO states
        (id, agent_seq, integration, type, owner_id, name, conversation_seq, user_seq, task_seq,
         workflow_seq, payload, expires_after, expires_at, created_at, updated_at)
    VALUES
        (:id, :agent_seq, :integration, :kind, :owner_id, :name, :conversation_seq, :user_seq, :task_seq,
         :workflow_seq, :payload, :expires_after, :expires_at, :created_at, :updated_at)
    ON CONFLICT (agent_seq, integration, type, owner_id, name) DO UPDATE SET
        id = excluded.id, payload = excluded.payload, expires_after = excluded.expires_after,
        expires_at = excluded.expires_at, created_at = excluded.created_at,
        updated_at = excluded.updated_at";

/// Inserts or replaces a state.
pub(super) fn upsert(
    conn: &Connection,
    agent_seq: i64,
    owner: &Owner,
    state: &State,
) -> Result<()> {
    conn.prepare_cached(UPSERT)?.execute(named_params! {
        ":id": state.id,
        ":agent_seq": agent_seq,
        ":integration": owner.integration,
        ":kind": state.kind,
        ":owner_id": owner.id,
        ":name": state.name,
        ":conversation_seq": owner.conversation_seq,
        ":user_seq": owner.user_seq,
        ":task_seq": owner.task_seq,
        ":workflow_seq": owner.workflow_seq,
        ":payload": Value::Object(state.payload.clone()).to_string(),
        ":expires_after": state.expires_after,
        ":expires_at": state.expires_at,
        ":created_at": state.created_at,
        ":updated_at": state.updated_at,
    })?;
    Ok(())
}

const SET_EXPIRY: &str = "
    UPDATE states SET expires_after = :expires_after, expires_at = :expires_at WHERE id = :id";

/// Stores the expiry of a state.
pub(super) fn update_expiry(conn: &Connection, state: &State) -> Result<()> {
    conn.prepare_cached(SET_EXPIRY)?.execute(named_params! {
        ":id": state.id,
        ":expires_after": state.expires_after,
        ":expires_at": state.expires_at,
    })?;
    Ok(())
}

const DELETE: &str = "DELETE FROM states WHERE id = :id";

/// Deletes a state.
pub(super) fn delete(conn: &Connection, id: &StateId) -> Result<()> {
    conn.prepare_cached(DELETE)?
        .execute(named_params! {":id": id})?;
    Ok(())
}
