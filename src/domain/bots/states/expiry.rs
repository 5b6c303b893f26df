//! Deletes expired states and reports those of bots.

use rusqlite::{Connection, named_params};

use super::{State, rows};
use crate::{
    domain::{shared::sql::write_each_in_savepoint, tenancy::write_tx::WriteTx},
    kernel::{
        Result, Timestamp,
        ids::{AgentId, StateId},
    },
};

/// An expired state of a bot.
pub(in crate::domain) struct ExpiredState {
    pub(in crate::domain) agent_seq: i64,
    pub(in crate::domain) bot: AgentId,
    /// Rows of the conversation and the user that owned the state.
    pub(in crate::domain) conversation: Option<i64>,
    pub(in crate::domain) user: Option<i64>,
    pub(in crate::domain) state: State,
}

const NEXT: &str = "SELECT min(expires_at) FROM states WHERE expires_at IS NOT NULL";

/// Returns the time of the next expiry.
pub(in crate::domain) fn next_expiry(conn: &Connection) -> Result<Option<Timestamp>> {
    let mut statement = conn.prepare_cached(NEXT)?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

const EXPIRED: &str = "
    SELECT id FROM states WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit";

const FIND_EXPIRED: &str = "
    SELECT states.*, agents.id AS bot_id
    FROM states JOIN agents ON agents.seq = states.agent_seq WHERE states.id = :id";

/// Deletes up to `limit` expired states and calls `tell` for each state of a bot; a state of an integration is
/// private to it. A state that cannot be read or reported is deleted all the same.
pub(in crate::domain) fn delete_expired(
    tx: &WriteTx<'_>,
    limit: i64,
    mut tell: impl FnMut(&ExpiredState) -> Result<()>,
) -> Result<()> {
    let mut statement = tx.conn.prepare_cached(EXPIRED)?;
    let parameters = named_params! {":now": tx.now, ":limit": limit};
    let ids = statement.query_map(parameters, |row| row.get(0))?;
    let ids: Vec<StateId> = ids.collect::<rusqlite::Result<_>>()?;
    let deleted = write_each_in_savepoint(tx.conn, &ids, |id| {
        if let Some(ended) = find_expired(tx.conn, id)? {
            tell(&ended)?;
        }
        rows::delete(tx.conn, id)
    })?;
    for (id, _) in ids
        .iter()
        .zip(deleted)
        .filter(|(_, deleted)| deleted.is_none())
    {
        rows::delete(tx.conn, id)?;
    }
    Ok(())
}

/// Returns the state with this id if it belongs to a bot.
fn find_expired(conn: &Connection, id: &StateId) -> Result<Option<ExpiredState>> {
    let mut statement = conn.prepare_cached(FIND_EXPIRED)?;
    let found = statement.query_row(named_params! {":id": id}, |row| {
        let integration: String = row.get("integration")?;
        let ended = ExpiredState {
            agent_seq: row.get("agent_seq")?,
            bot: row.get("bot_id")?,
            conversation: row.get("conversation_seq")?,
            user: row.get("user_seq")?,
            state: rows::from_row(row)?,
        };
        Ok(integration.is_empty().then_some(ended))
    })?;
    Ok(found)
}
