//! Deletes messages older than the retention time, with their deliveries and attempts.

use rusqlite::{Connection, OptionalExtension, named_params};

use crate::{
    domain::tenancy::app::App,
    kernel::{Result, Timestamp},
};

/// Maximum number of messages in one transaction.
const CHUNK_SIZE: i64 = 500;

/// The position of a message among those of its agent. It is ordered by time, not by insertion: messages with a
/// future time, from before the clock went back, must not prevent the deletion of those inserted later.
type Position = (Timestamp, i64);

const START: Position = (Timestamp::from_micros(i64::MIN), 0);

const NEXT_AGENT: &str = "
    SELECT agent_seq, created_at FROM webhook_messages WHERE agent_seq > :after
    ORDER BY agent_seq, created_at LIMIT 1";

/// Selects the last message of the next chunk of old messages.
const CHUNK_END: &str = "
    SELECT created_at, seq FROM (
        SELECT created_at, seq FROM webhook_messages
        WHERE agent_seq = :agent AND created_at < :before
          AND (created_at, seq) > (:from_at, :from_seq)
        ORDER BY created_at, seq LIMIT :chunk)
    ORDER BY created_at DESC, seq DESC LIMIT 1";

const PRUNE: &str = "
    DELETE FROM webhook_messages
    WHERE agent_seq = :agent AND (created_at, seq) > (:from_at, :from_seq)
      AND (created_at, seq) <= (:to_at, :to_seq)
      AND NOT EXISTS (
        SELECT 1 FROM agents JOIN webhook_endpoints ON webhook_endpoints.agent_id = agents.id
        WHERE agents.seq = webhook_messages.agent_seq
          AND (EXISTS (SELECT 1 FROM webhook_queue
                       WHERE endpoint_seq = webhook_endpoints.seq
                         AND message_seq = webhook_messages.seq)
            OR EXISTS (SELECT 1 FROM webhook_deliveries
                       WHERE endpoint_seq = webhook_endpoints.seq
                         AND message_seq = webhook_messages.seq AND state = 'pending')))";

/// Deletes the old messages of every agent, in chunks. Keeps those with pending deliveries.
pub(super) async fn prune_messages(app: &App) -> Result<()> {
    let retention = app.webhook_settings().retention();
    let before = app.clock().now().as_micros();
    let before = before.saturating_sub(i64::try_from(retention.as_micros()).unwrap_or(i64::MAX));
    let before = Timestamp::from_micros(before);
    let mut after = 0;
    while let Some(agent) = app
        .store()
        .read(|conn| find_next_agent(conn, after, before))?
    {
        let mut from = START;
        let end = |conn: &Connection, from| find_chunk_end(conn, agent, from, before);
        while let Some(to) = app.store().read(|conn| end(conn, from))? {
            app.store()
                .write(move |conn| delete_chunk(conn, agent, from, to))
                .await?;
            from = to;
        }
        after = agent;
    }
    Ok(())
}

/// Returns the next agent that has a message older than `before`.
fn find_next_agent(conn: &Connection, mut after: i64, before: Timestamp) -> Result<Option<i64>> {
    let mut statement = conn.prepare_cached(NEXT_AGENT)?;
    loop {
        let oldest: Option<(i64, Timestamp)> = statement
            .query_row(named_params! {":after": after}, |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        match oldest {
            Some((agent, at)) if at >= before => after = agent,
            other => return Ok(other.map(|(agent, _)| agent)),
        }
    }
}

fn find_chunk_end(
    conn: &Connection,
    agent: i64,
    from: Position,
    before: Timestamp,
) -> Result<Option<Position>> {
    let parameters = named_params! {
        ":agent": agent,
        ":before": before,
        ":from_at": from.0,
        ":from_seq": from.1,
        ":chunk": CHUNK_SIZE,
    };
    let mut statement = conn.prepare_cached(CHUNK_END)?;
    let end = statement.query_row(parameters, |row| Ok((row.get(0)?, row.get(1)?)));
    Ok(end.optional()?)
}

fn delete_chunk(conn: &Connection, agent: i64, from: Position, to: Position) -> Result<()> {
    conn.prepare_cached(PRUNE)?.execute(named_params! {
        ":agent": agent,
        ":from_at": from.0,
        ":from_seq": from.1,
        ":to_at": to.0,
        ":to_seq": to.1,
    })?;
    Ok(())
}
