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

const INSERT: &str = "
    INSERT INTO webhook_messages (id, agent_id, event_type, payload, created_at)
    VALUES (:id, :agent_id, :event_type, :payload, :now)";

/// Tells the agent's endpoints of an event, in the transaction of the change that caused it.
///
/// # Errors
/// Those of the store.
pub fn emit(change: &Change<'_>, agent: &AgentId, event: &Event) -> Result<()> {
    let mut payload = json!({
        "type": event.event_type,
        "timestamp": change.now.to_rfc3339_millis(),
        "data": event.data,
    });
    if !event.tags.is_empty() {
        payload["tags"] = json!(event.tags);
    }
    change.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":id": WebhookMessageId::new_message(),
        ":agent_id": agent,
        ":event_type": event.event_type,
        ":payload": payload.to_string(),
        ":now": change.now,
    })?;
    Ok(())
}
