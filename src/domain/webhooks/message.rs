//! Messages: events on their way to endpoints.

use rusqlite::params;
use serde::Serialize;

use super::queue;
use crate::{
    domain::tenancy::write_tx::Change,
    kernel::{
        Error, Result,
        ids::{AgentId, WebhookMessageId},
    },
};

/// Something that happened in an agent.
#[derive(Debug, Clone, PartialEq)]
pub struct Event<'a, D> {
    /// Its type: `v1.end_user.created`.
    pub event_type: &'static str,
    /// What is told of it: a JSON object.
    pub data: D,
    /// What else the vendor marks it with: `tags:[end_user_id]` on end-user events (ada.md §4).
    pub tags: &'a [&'a str],
    /// The message before this one that tells of the same end user, by which all of them are found
    /// when that one is erased ([`super::erase_chain`]).
    pub previous: Option<i64>,
}

/// Tells the agent's endpoints of an event, in the transaction of the change that caused it. Gives
/// the message's place, for the `previous` of the next.
///
/// # Errors
/// Those of the store.
pub fn emit<D: Serialize>(
    change: &Change<'_>,
    agent: &AgentId,
    event: &Event<'_, D>,
) -> Result<i64> {
    let (message, _) = insert(change, agent, event)?;
    queue::fan_out(change, agent, message, event.event_type)?;
    Ok(message)
}

/// What a message says (ada.md §4).
#[derive(Serialize)]
struct Payload<'a, D> {
    #[serde(rename = "type")]
    event_type: &'a str,
    timestamp: String,
    data: &'a D,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tags: &'a [&'a str],
}

const INSERT: &str = "
    INSERT INTO webhook_messages (id, agent_seq, event_type, previous_seq, created_at, payload)
    VALUES (?, (SELECT seq FROM agents WHERE id = ?), ?, ?, ?, ?)";

/// Writes the message of an event, for no endpoint yet.
pub(super) fn insert<D: Serialize>(
    change: &Change<'_>,
    agent: &AgentId,
    event: &Event<'_, D>,
) -> Result<(i64, WebhookMessageId)> {
    let payload = Payload {
        event_type: event.event_type,
        timestamp: change.now.to_rfc3339_millis(),
        data: &event.data,
        tags: event.tags,
    };
    let payload = serde_json::to_string(&payload)
        .map_err(|error| Error::internal("an event cannot be written", error))?;
    let id = WebhookMessageId::new_message(change.now);
    // By position, as in the queue: with almost every change of an end user.
    change.conn.prepare_cached(INSERT)?.execute(params![
        id,
        agent,
        event.event_type,
        event.previous,
        change.now,
        payload,
    ])?;
    Ok((change.conn.last_insert_rowid(), id))
}
