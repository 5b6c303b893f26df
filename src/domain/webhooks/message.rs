//! Messages: events on their way to endpoints.

use rusqlite::named_params;
use serde_json::{Value, json};

use crate::{
    domain::context::Change,
    kernel::{
        Result,
        ids::{AgentId, WebhookMessageId},
    },
};

/// Something that happened in an agent.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its type: `v1.end_user.created`.
    pub event_type: &'static str,
    /// What is told of it.
    pub data: Value,
    /// What else the vendor marks it with: `tags:[end_user_id]` on end-user events (ada.md §4).
    pub tags: Vec<String>,
}

const FAN_OUT: &str = "
    INSERT INTO webhook_deliveries (message_seq, endpoint_seq, state, due_at)
    SELECT :message, seq, 'pending', :now FROM webhook_endpoints
    WHERE agent_id = :agent_id AND enabled = 1
      AND (event_filters = '[]'
           OR EXISTS (SELECT 1 FROM json_each(event_filters) WHERE value = :event_type))";

/// Tells the agent's endpoints of an event, in the transaction of the change that caused it.
///
/// # Errors
/// Those of the store.
pub fn emit(change: &Change<'_>, agent: &AgentId, event: &Event) -> Result<()> {
    let (message, _) = insert(change, agent, event)?;
    let deliveries = change
        .conn
        .prepare_cached(FAN_OUT)?
        .execute(named_params! {
            ":message": message,
            ":agent_id": agent,
            ":event_type": event.event_type,
            ":now": change.now,
        })?;
    if deliveries > 0 {
        change.wake_dispatcher();
    }
    Ok(())
}

const INSERT: &str = "
    INSERT INTO webhook_messages (id, agent_id, event_type, payload, created_at)
    VALUES (:id, :agent_id, :event_type, :payload, :now)";

/// Writes the message of an event, for no endpoint yet.
pub(super) fn insert(
    change: &Change<'_>,
    agent: &AgentId,
    event: &Event,
) -> Result<(i64, WebhookMessageId)> {
    let mut payload = json!({
        "type": event.event_type,
        "timestamp": change.now.to_rfc3339_millis(),
        "data": event.data,
    });
    if !event.tags.is_empty() {
        payload["tags"] = json!(event.tags);
    }
    let id = WebhookMessageId::new_message();
    change.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":id": id,
        ":agent_id": agent,
        ":event_type": event.event_type,
        ":payload": payload.to_string(),
        ":now": change.now,
    })?;
    Ok((change.conn.last_insert_rowid(), id))
}
