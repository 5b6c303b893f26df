//! Delivery queue of bots and integrations. A row is inserted in the transaction of its cause, and only if the
//! receiver has code or a URL. The dispatcher ([`run`]) delivers due rows at least once, and in order for each
//! ordering key (the column `lane`).

mod attempt;
mod dispatcher;
mod issue_reports;
mod log_lines;
mod outcomes;
mod queue;
mod record;
mod retry_now;
mod settings;

use std::sync::LazyLock;

use rusqlite::named_params;

use self::outcomes::EventOutcome;
pub(in crate::domain) use self::retry_now::{RetryRequests, retry_bot_now, retry_integration_now};
pub use self::{dispatcher::run, settings::Settings};
use crate::{
    domain::{
        bots::callable::{BOT_IS_CALLABLE, INTEGRATION_IS_CALLABLE},
        tenancy::{rewind::Repair, write_tx::WriteTx},
    },
    kernel::Result,
};

/// Repairs deliveries that wait longer than the longest retry delay (see [`crate::domain::tenancy::rewind`]).
pub(in crate::domain) const REPAIRS: &[Repair] = &[Repair {
    table: "bot_deliveries",
    key: "seq",
    find_sql: "SELECT seq FROM bot_deliveries WHERE due_at > :horizon",
    set_sql: "due_at = :now",
    max_wait: |app| app.delivery_settings().max_retry_delay(),
    due_column: Some("due_at"),
}];

static EVENT_TO_BOT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "
    INSERT INTO bot_deliveries
        (agent_seq, operation, event_seq, message_seq, lane, due_at, created_at)
    SELECT agent_seq, 'event_received', :event_seq, :message_seq, :lane, :now, :now FROM bots
    WHERE agent_seq = :agent_seq AND NOT blocked AND {BOT_IS_CALLABLE}"
    )
});

/// The object that a delivery to a bot carries.
#[derive(Debug, Clone, Copy)]
pub(in crate::domain) enum Notification {
    /// Row of an event.
    Event(i64),
    /// Row of an incoming message.
    Message(i64),
}

/// Enqueues an event or a message for a bot. Deliveries with the same `lane` stay in order; 0 is for objects
/// without a conversation, and each workflow has a negative one.
pub(in crate::domain) fn enqueue_for_bot(
    tx: &WriteTx<'_>,
    agent_seq: i64,
    what: Notification,
    lane: i64,
) -> Result<()> {
    insert_for_bot(tx, agent_seq, what, lane).map(drop)
}

/// Enqueues an event for a bot like [`enqueue_for_bot`], and returns the row of its delivery; `None` if there is no bot
/// to receive it.
pub(in crate::domain) fn enqueue_event(
    tx: &WriteTx<'_>,
    agent_seq: i64,
    event_seq: i64,
    lane: i64,
) -> Result<Option<i64>> {
    insert_for_bot(tx, agent_seq, Notification::Event(event_seq), lane)
}

fn insert_for_bot(
    tx: &WriteTx<'_>,
    agent_seq: i64,
    what: Notification,
    lane: i64,
) -> Result<Option<i64>> {
    let (event, message) = match what {
        Notification::Event(seq) => (Some(seq), None),
        Notification::Message(seq) => (None, Some(seq)),
    };
    let inserted = tx
        .conn
        .prepare_cached(&EVENT_TO_BOT)?
        .execute(named_params! {
            ":agent_seq": agent_seq,
            ":event_seq": event,
            ":message_seq": message,
            ":lane": lane,
            ":now": tx.now,
        })?;
    if inserted == 0 {
        outcomes::store_outcome(tx.conn, what, EventOutcome::Ignored)?;
        return Ok(None);
    }
    tx.wake_delivery_dispatcher();
    Ok(Some(tx.conn.last_insert_rowid()))
}

/// A disabled channel gets no messages. In SQLite, the columns beside `max` come from the row with the maximum.
/// `ORDER BY` would build a temporary b-tree. Without any row, the maximum is null.
static MESSAGE_TO_INTEGRATION: LazyLock<String> = LazyLock::new(|| {
    format!(
        "
    INSERT INTO bot_deliveries
         (agent_seq, installation_seq, operation, message_seq, lane, due_at, created_at)
    SELECT agent_seq, seq, 'message_created', :message_seq, :lane, :now, :now FROM (
    SELECT bot_integrations.agent_seq, bot_integrations.seq, bot_integrations.disabled_channels,
           max(integrations.version_order) AS newest
    FROM bot_integrations JOIN integrations ON integrations.seq = bot_integrations.integration_seq
    WHERE bot_integrations.agent_seq = :agent_seq AND integrations.name = :integration
      AND bot_integrations.enabled AND {INTEGRATION_IS_CALLABLE}
    ) WHERE newest IS NOT NULL AND (disabled_channels = '[]' OR (
        SELECT channel FROM conversations
        WHERE seq = (SELECT conversation_seq FROM messages WHERE seq = :message_seq)
    ) NOT IN (SELECT value FROM json_each(disabled_channels)))"
    )
});

/// Enqueues an outgoing message for the integration of its conversation.
pub(in crate::domain) fn enqueue_for_integration(
    tx: &WriteTx<'_>,
    agent_seq: i64,
    integration: &str,
    message_seq: i64,
    lane: i64,
) -> Result<()> {
    let sent = tx
        .conn
        .prepare_cached(&MESSAGE_TO_INTEGRATION)?
        .execute(named_params! {
            ":agent_seq": agent_seq,
            ":integration": integration,
            ":message_seq": message_seq,
            ":lane": lane,
            ":now": tx.now,
        })?;
    if sent > 0 {
        tx.wake_delivery_dispatcher();
    }
    Ok(())
}

/// Deletes a pending ping of code that was replaced.
const DELETE_PING: &str = "
    DELETE FROM bot_deliveries WHERE agent_seq = :agent_seq AND operation = 'ping'";

/// Uses an ordering key of its own (-1), so a ping never blocks other deliveries.
static PING: LazyLock<String> = LazyLock::new(|| {
    format!(
        "
    INSERT INTO bot_deliveries (agent_seq, operation, payload, lane, due_at, created_at)
    SELECT agent_seq, 'ping', '{{}}', -1, :now, :now FROM bots
    WHERE agent_seq = :agent_seq AND NOT blocked AND url IS NULL AND {BOT_IS_CALLABLE}"
    )
});

/// Enqueues a ping for the code of a newly deployed bot. It loads the code before the first message, and reports
/// load errors to the developer at once. Bots with a URL get no ping: often nothing listens there yet.
/// Integrations get a `register` call instead.
pub(in crate::domain) fn enqueue_ping(tx: &WriteTx<'_>, agent_seq: i64) -> Result<()> {
    let forgotten = tx
        .conn
        .prepare_cached(DELETE_PING)?
        .execute(named_params! {":agent_seq": agent_seq})?;
    if forgotten > 0 {
        // Makes the dispatcher forget the retry time of the deleted ping.
        tx.retry_deliveries_now((agent_seq, 0));
    }
    tx.conn
        .prepare_cached(&PING)?
        .execute(named_params! {":agent_seq": agent_seq, ":now": tx.now})?;
    tx.wake_delivery_dispatcher();
    Ok(())
}
