//! States whose time has passed are erased.

use rusqlite::{Connection, named_params};

use super::{State, rows};
use crate::{
    domain::change::Change,
    kernel::{Result, Timestamp, ids::AgentId},
};

/// A state of a bot that has ended.
pub(in crate::domain) struct Ended {
    pub(in crate::domain) agent_seq: i64,
    pub(in crate::domain) bot: AgentId,
    /// The rows that it was kept with.
    pub(in crate::domain) conversation: Option<i64>,
    pub(in crate::domain) user: Option<i64>,
    pub(in crate::domain) state: State,
}

const NEXT: &str = "SELECT min(expires_at) FROM states WHERE expires_at IS NOT NULL";

/// When the next state ends.
pub(in crate::domain) fn next_end(conn: &Connection) -> Result<Option<Timestamp>> {
    let mut statement = conn.prepare_cached(NEXT)?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

const ENDED: &str = "
    SELECT states.*, agents.id AS bot_id
    FROM states JOIN agents ON agents.seq = states.agent_seq
    WHERE states.expires_at <= :now ORDER BY states.expires_at LIMIT :limit";

/// Erases some of the states that have ended. Those of bots are returned; those of integrations are
/// nobody else's.
pub(in crate::domain) fn end(change: &Change<'_>, limit: i64) -> Result<Vec<Ended>> {
    let mut statement = change.conn.prepare_cached(ENDED)?;
    let parameters = named_params! {":now": change.now, ":limit": limit};
    let rows = statement.query_map(parameters, |row| {
        let integration: String = row.get("integration")?;
        let ended = Ended {
            agent_seq: row.get("agent_seq")?,
            bot: row.get("bot_id")?,
            conversation: row.get("conversation_seq")?,
            user: row.get("user_seq")?,
            state: rows::from_row(row)?,
        };
        Ok((integration.is_empty(), ended))
    })?;
    let all: Vec<(bool, Ended)> = rows.collect::<rusqlite::Result<_>>()?;
    for (_, ended) in &all {
        rows::erase(change.conn, &ended.state)?;
    }
    let of_bots = all.into_iter().filter(|(of_bot, _)| *of_bot);
    Ok(of_bots.map(|(_, ended)| ended).collect())
}
