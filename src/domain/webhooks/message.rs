//! Stores events as messages to deliver.

use rusqlite::params;
use serde::Serialize;

use super::queue;
use crate::{
    domain::tenancy::write_tx::WriteTx,
    kernel::{
        Error, Result,
        ids::{AgentId, WebhookMessageId},
    },
};

/// An event of an agent.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookEvent<'a, D> {
    /// Event type, such as `v1.end_user.created`.
    pub event_type: &'static str,
    /// The `data` of the message: a JSON object.
    pub data: D,
    /// The `tags` of the message: the end user's id for end-user events (ada.md §4).
    pub tags: &'a [&'a str],
    /// `seq` of the previous message about the same end user. The links let [`super::erase_message_chain`] find all
    /// messages about an end user.
    pub previous_seq: Option<i64>,
}

/// Stores an event as a message and enqueues it for the agent's endpoints, in the transaction of the change that
/// caused it. Returns the message's `seq`, for the `previous_seq` of the next event.
///
/// # Errors
/// Errors of the store.
pub fn publish_event<D: Serialize>(
    tx: &WriteTx<'_>,
    agent: &AgentId,
    event: &WebhookEvent<'_, D>,
) -> Result<i64> {
    let (message, _) = insert_message(tx, agent, event)?;
    queue::enqueue_for_subscribers(tx, agent, message, event.event_type)?;
    Ok(message)
}

/// The body of a message (ada.md §4).
#[derive(Serialize)]
struct MessagePayload<'a, D> {
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

/// Inserts the message of an event without enqueueing it. Returns its `seq` and id.
pub(super) fn insert_message<D: Serialize>(
    tx: &WriteTx<'_>,
    agent: &AgentId,
    event: &WebhookEvent<'_, D>,
) -> Result<(i64, WebhookMessageId)> {
    let payload = MessagePayload {
        event_type: event.event_type,
        timestamp: tx.now.to_rfc3339_millis(),
        data: &event.data,
        tags: event.tags,
    };
    let payload = serde_json::to_string(&payload)
        .map_err(|error| Error::internal("an event cannot be serialized", error))?;
    let id = WebhookMessageId::new_message(tx.now);
    // Positional parameters, as in the queue, because almost every change of an end user runs this.
    tx.conn.prepare_cached(INSERT)?.execute(params![
        id,
        agent,
        event.event_type,
        event.previous_seq,
        tx.now,
        payload,
    ])?;
    Ok((tx.conn.last_insert_rowid(), id))
}
