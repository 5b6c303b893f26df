//! The queue: deliveries without an attempt. One B-tree entry each keeps them cheap, because almost every change
//! of an end user inserts one. A delivery becomes a row of `webhook_deliveries` when the dispatcher leases it or
//! when it gets other state to store.

use rusqlite::{Connection, named_params, params};

use crate::{
    domain::tenancy::write_tx::WriteTx,
    kernel::{Result, Timestamp, ids::AgentId},
};

const ENQUEUE_FOR_SUBSCRIBERS: &str = "
    INSERT INTO webhook_queue (endpoint_seq, message_seq)
    SELECT seq, ?1 FROM webhook_endpoints
    WHERE agent_id = ?2 AND enabled = 1
      AND (event_filters = '[]'
           OR EXISTS (SELECT 1 FROM json_each(event_filters) WHERE value = ?3))";

/// Enqueues a message for the subscribed endpoints of its agent.
pub(super) fn enqueue_for_subscribers(
    tx: &WriteTx<'_>,
    agent: &AgentId,
    message: i64,
    event_type: &str,
) -> Result<()> {
    let mut statement = tx.conn.prepare_cached(ENQUEUE_FOR_SUBSCRIBERS)?;
    if statement.execute(params![message, agent, event_type])? > 0 {
        tx.wake_webhook_dispatcher();
    }
    Ok(())
}

const ENQUEUE: &str = "INSERT INTO webhook_queue (endpoint_seq, message_seq) VALUES (?, ?)";

/// Enqueues a message for one endpoint.
pub(super) fn enqueue(tx: &WriteTx<'_>, endpoint: i64, message: i64) -> Result<()> {
    let mut statement = tx.conn.prepare_cached(ENQUEUE)?;
    statement.execute(params![endpoint, message])?;
    tx.wake_webhook_dispatcher();
    Ok(())
}

/// A conflict means that the message was replayed and has a row already.
const SCHEDULE: &str = "
    INSERT INTO webhook_deliveries (endpoint_seq, message_seq, state, due_at)
    SELECT endpoint_seq, message_seq, 'pending', min(created_at, :now)
    FROM webhook_queue JOIN webhook_messages ON seq = message_seq
    WHERE endpoint_seq = :endpoint AND message_seq BETWEEN :first AND :last
    ORDER BY message_seq LIMIT :limit
    ON CONFLICT (endpoint_seq, message_seq) DO NOTHING";

const REMOVE: &str = "
    DELETE FROM webhook_queue WHERE endpoint_seq = :endpoint AND message_seq IN (
        SELECT message_seq FROM webhook_queue
        WHERE endpoint_seq = :endpoint AND message_seq BETWEEN :first AND :last
        ORDER BY message_seq LIMIT :limit)";

/// Moves the oldest queued deliveries of an endpoint to `webhook_deliveries`, due now.
pub(super) fn schedule_oldest(
    conn: &Connection,
    endpoint: i64,
    now: Timestamp,
    limit: usize,
) -> Result<()> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    schedule_range(conn, endpoint, (0, i64::MAX), now, limit)
}

/// Moves a delivery to `webhook_deliveries`, due now, if it is in the queue.
pub(super) fn schedule_one(
    conn: &Connection,
    endpoint: i64,
    message: i64,
    now: Timestamp,
) -> Result<()> {
    schedule_range(conn, endpoint, (message, message), now, 1)
}

fn schedule_range(
    conn: &Connection,
    endpoint: i64,
    (first, last): (i64, i64),
    now: Timestamp,
    limit: i64,
) -> Result<()> {
    conn.prepare_cached(SCHEDULE)?.execute(named_params! {
        ":endpoint": endpoint, ":first": first, ":last": last, ":limit": limit, ":now": now,
    })?;
    conn.prepare_cached(REMOVE)?.execute(named_params! {
        ":endpoint": endpoint, ":first": first, ":last": last, ":limit": limit,
    })?;
    Ok(())
}

const FAIL_QUEUED: &str = "
    INSERT INTO webhook_deliveries (endpoint_seq, message_seq, state)
    SELECT endpoint_seq, message_seq, 'failed' FROM webhook_queue WHERE endpoint_seq = :endpoint
    ON CONFLICT (endpoint_seq, message_seq) DO NOTHING";

const REMOVE_ALL: &str = "DELETE FROM webhook_queue WHERE endpoint_seq = :endpoint";

/// Fails the queued deliveries of an endpoint.
pub(super) fn fail_all(conn: &Connection, endpoint: i64) -> Result<()> {
    for sql in [FAIL_QUEUED, REMOVE_ALL] {
        conn.prepare_cached(sql)?
            .execute(named_params! {":endpoint": endpoint})?;
    }
    Ok(())
}

/// Skips from endpoint to endpoint in the index, so that the cost does not depend on the backlog.
const LIST_ENDPOINTS: &str = "
    WITH RECURSIVE endpoints (seq) AS (
        SELECT min(endpoint_seq) FROM webhook_queue
        UNION ALL
        SELECT (SELECT min(endpoint_seq) FROM webhook_queue WHERE endpoint_seq > seq)
        FROM endpoints WHERE seq IS NOT NULL)
    SELECT seq FROM endpoints WHERE seq IS NOT NULL";

/// Returns the endpoints with queued deliveries, in ascending order.
pub(super) fn list_endpoints(conn: &Connection) -> Result<Vec<i64>> {
    let mut statement = conn.prepare_cached(LIST_ENDPOINTS)?;
    let found = statement.query_map([], |row| row.get(0))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}
