//! Removing messages that are older than they are kept, with their deliveries and attempts.

use rusqlite::named_params;

use crate::{domain::context::Domain, kernel::Result};

/// How many of the oldest messages are looked at in one transaction.
const CHUNK: usize = 500;

/// Ordered by insertion, which is the order of time unless the clock was moved.
const PRUNE: &str = "
    DELETE FROM webhook_messages WHERE seq IN (
        SELECT seq FROM (SELECT seq, created_at FROM webhook_messages ORDER BY seq LIMIT :chunk)
        WHERE created_at < :before)
      AND NOT EXISTS (
        SELECT 1 FROM agents JOIN webhook_endpoints ON webhook_endpoints.agent_id = agents.id
        WHERE agents.seq = webhook_messages.agent_seq
          AND (EXISTS (SELECT 1 FROM webhook_queue
                       WHERE endpoint_seq = webhook_endpoints.seq
                         AND message_seq = webhook_messages.seq)
            OR EXISTS (SELECT 1 FROM webhook_deliveries
                       WHERE endpoint_seq = webhook_endpoints.seq
                         AND message_seq = webhook_messages.seq AND state = 'pending')))";

/// Removes some old messages. Whether there may be more.
pub(super) async fn prune(domain: &Domain) -> Result<bool> {
    let retention = domain.settings().webhooks.retention();
    let before = domain.clock().now().as_micros();
    let before = before.saturating_sub(i64::try_from(retention.as_micros()).unwrap_or(i64::MAX));
    let pruned = domain.store().write(move |conn| {
        let mut statement = conn.prepare_cached(PRUNE)?;
        Ok(statement.execute(named_params! {
            ":chunk": CHUNK as i64,
            ":before": before,
        })?)
    });
    Ok(pruned.await? == CHUNK)
}
