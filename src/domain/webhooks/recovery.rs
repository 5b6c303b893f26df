//! Resends messages for the operator: one message, all messages since a time, or failed ones. Also sends example
//! events.

use rusqlite::{OptionalExtension, named_params};
use serde_json::json;

use super::{
    EventType, WebhookEvent,
    endpoints::{StoredEndpoint, load_any_endpoint},
    message::insert_message,
    queue,
};
use crate::{
    domain::tenancy::{operator::OperatorContext, write_tx::WriteTx},
    kernel::{
        Error, Kind, Result, Rule, Timestamp, Violation,
        ids::{WebhookEndpointId, WebhookMessageId},
    },
};

const FIND_MESSAGE: &str = "
    SELECT seq FROM webhook_messages
    WHERE agent_seq = (SELECT seq FROM agents WHERE id = :agent_id)
      AND created_at BETWEEN :earliest AND :latest AND id = :id";

/// A delivery without pending retries gets one attempt; a pending one keeps its retry schedule.
const RESEND: &str = "
    INSERT INTO webhook_deliveries (endpoint_seq, message_seq, state, manual, due_at)
    VALUES (:endpoint, :message, 'pending', 1, :now)
    ON CONFLICT (endpoint_seq, message_seq) DO UPDATE SET
        manual = CASE state WHEN 'pending' THEN manual ELSE 1 END,
        state = 'pending', due_at = :now";

/// Sends a message to an endpoint once more, at once. If no retries are pending, it gets a single attempt.
///
/// # Errors
/// `Unauthenticated` if the key was revoked meanwhile, `NotFound` if there is no such endpoint or if its agent
/// has no such message, `Conflict` if the endpoint is disabled, errors of the store.
pub async fn resend(
    operator: &OperatorContext,
    id: WebhookEndpointId,
    message: WebhookMessageId,
) -> Result<()> {
    let sent = operator.run_write_tx(move |tx| {
        let endpoint = load_enabled_endpoint(tx, &id)?;
        let [earliest, latest] = message.creation_time_range();
        let sought = named_params! {
            ":agent_id": endpoint.endpoint.agent_id,
            ":earliest": earliest,
            ":latest": latest,
            ":id": message,
        };
        let message: i64 = tx
            .conn
            .prepare_cached(FIND_MESSAGE)?
            .query_row(sought, |row| row.get(0))
            .optional()?
            .ok_or_else(|| Error::not_found("Message not found"))?;
        // A queued delivery keeps its retry schedule.
        queue::schedule_one(tx.conn, endpoint.seq, message, tx.now)?;
        tx.conn.prepare_cached(RESEND)?.execute(named_params! {
            ":message": message,
            ":endpoint": endpoint.seq,
            ":now": tx.now,
        })?;
        tx.wake_webhook_dispatcher();
        Ok(())
    });
    sent.await
}

const REPLAY: &str = "
    INSERT INTO webhook_deliveries (endpoint_seq, message_seq, state, due_at)
    SELECT :endpoint, seq, 'pending', :now FROM webhook_messages
    WHERE agent_seq = (SELECT seq FROM agents WHERE id = :agent_id) AND created_at >= :since
      AND (:event_filters = '[]'
           OR EXISTS (SELECT 1 FROM json_each(:event_filters) WHERE value = event_type))
    ON CONFLICT (endpoint_seq, message_seq) DO UPDATE SET
        state = 'pending', attempts = 0, manual = 0, due_at = :now";

/// Sends an endpoint every message since a time that matches its filters, delivered or not. This includes
/// messages from before the endpoint existed or while it was disabled. Returns the number of messages.
///
/// # Errors
/// `Unauthenticated` if the key was revoked meanwhile, `NotFound` if there is no such endpoint, `Conflict` if it
/// is disabled, errors of the store.
pub async fn replay(
    operator: &OperatorContext,
    id: WebhookEndpointId,
    since: Timestamp,
) -> Result<u64> {
    let replayed = operator.run_write_tx(move |tx| {
        let endpoint = load_enabled_endpoint(tx, &id)?;
        let replayed = tx.conn.prepare_cached(REPLAY)?.execute(named_params! {
            ":endpoint": endpoint.seq,
            ":agent_id": endpoint.endpoint.agent_id,
            ":event_filters": json!(endpoint.endpoint.event_filters).to_string(),
            ":since": since,
            ":now": tx.now,
        })?;
        tx.wake_webhook_dispatcher();
        Ok(replayed as u64)
    });
    replayed.await
}

const RECOVER: &str = "
    UPDATE webhook_deliveries INDEXED BY webhook_deliveries_failed
    SET state = 'pending', attempts = 0, manual = 0, due_at = :now
    WHERE endpoint_seq = :endpoint AND state = 'failed'
      AND EXISTS (
          SELECT 1 FROM webhook_messages
          WHERE seq = message_seq AND created_at >= :since
            AND agent_seq = (SELECT seq FROM agents WHERE id = :agent_id))";

/// Sends an endpoint the messages since a time whose delivery failed. Returns the number of messages.
///
/// # Errors
/// `Unauthenticated` if the key was revoked meanwhile, `NotFound` if there is no such endpoint, `Conflict` if it
/// is disabled, errors of the store.
pub async fn recover(
    operator: &OperatorContext,
    id: WebhookEndpointId,
    since: Timestamp,
) -> Result<u64> {
    let recovered = operator.run_write_tx(move |tx| {
        let endpoint = load_enabled_endpoint(tx, &id)?;
        let recovered = tx.conn.prepare_cached(RECOVER)?.execute(named_params! {
            ":endpoint": endpoint.seq,
            ":agent_id": endpoint.endpoint.agent_id,
            ":since": since,
            ":now": tx.now,
        })?;
        tx.wake_webhook_dispatcher();
        Ok(recovered as u64)
    });
    recovered.await
}

/// Sends an example of an event to this endpoint only, even if it does not subscribe to the event type.
///
/// # Errors
/// `Unauthenticated` if the key was revoked meanwhile, `Invalid` for an unknown event type, `NotFound` if there
/// is no such endpoint, `Conflict` if it is disabled, errors of the store.
pub async fn send_example(
    operator: &OperatorContext,
    id: WebhookEndpointId,
    event_type: &str,
) -> Result<WebhookMessageId> {
    let event_type = EventType::find(event_type).ok_or_else(|| {
        let rule = Rule::Other("must be a type of event".to_owned());
        Error::from(Violation::body(["event_type"], rule))
    })?;
    let sent = operator.run_write_tx(move |tx| {
        let endpoint = load_enabled_endpoint(tx, &id)?;
        let data = event_type.example();
        let end_user = event_type.name.starts_with("v1.end_user.");
        let tag = data["end_user_id"].as_str().filter(|_| end_user);
        let event = WebhookEvent {
            event_type: event_type.name,
            tags: tag.as_slice(),
            data: &data,
            previous_seq: None,
        };
        let (message, id) = insert_message(tx, &endpoint.endpoint.agent_id, &event)?;
        queue::enqueue(tx, endpoint.seq, message)?;
        Ok(id)
    });
    sent.await
}

fn load_enabled_endpoint(tx: &WriteTx<'_>, id: &WebhookEndpointId) -> Result<StoredEndpoint> {
    let stored = load_any_endpoint(tx.conn, id)?;
    if stored.endpoint.enabled {
        return Ok(stored);
    }
    Err(Error::new(
        Kind::Conflict,
        "The endpoint is disabled; enable it first",
    ))
}
