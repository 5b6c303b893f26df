//! Fires due work: scheduled events and messages, recurring events, expired states, workflows and tasks. Each row is deleted or
//! moved to its next time in the transaction that fires it, so a restart never fires it twice.
//!
//! Work that became due while the server was down fires once at the next start: a recurring event that missed
//! several times happens once, and then at its next regular time.

use std::{sync::LazyLock, time::Duration};

use rusqlite::{Connection, OptionalExtension, named_params};
use serde_json::{Value, json};

use super::micros_until;
use crate::{
    domain::{
        bots::{
            callable::BOT_IS_CALLABLE,
            deliveries::{self, Notification},
            events::{self, SystemEvent},
            plugins,
            states::{self, ExpiredState},
            tasks, workflows,
        },
        shared::sql::write_each_in_savepoint,
        tenancy::{app::App, audit::Actor, write_tx::WriteTx},
    },
    kernel::{Result, Timestamp, ids::AgentId},
};

/// Maximum number of rows of each kind that one transaction handles.
const BATCH_SIZE: i64 = 200;

/// Delay of a row that failed to fire. It keeps a failing row from blocking later ones.
const FAILURE_DELAY: Duration = Duration::from_secs(60);

/// Type of the event that reports an expired state (botpress.md §4 "States").
const STATE_EXPIRED: &str = "state_expired";

const NEXT: &str = "SELECT min(due_at) FROM bot_schedules";

/// Returns the earliest due time of all schedules, states, workflows and tasks.
pub(in crate::domain) fn next_due(conn: &Connection) -> Result<Option<Timestamp>> {
    let schedule: Option<Timestamp> = conn.prepare_cached(NEXT)?.query_row([], |row| row.get(0))?;
    let others = [
        states::next_expiry(conn)?,
        workflows::next_due(conn)?,
        tasks::next_timeout(conn)?,
    ];
    Ok(schedule
        .into_iter()
        .chain(others.into_iter().flatten())
        .min())
}

/// Fires one batch of due schedules, of waiting workflows and of tasks, and deletes one batch of expired states.
///
/// # Errors
/// Errors of the store.
pub(in crate::domain) async fn fire_due(app: &App) -> Result<()> {
    let firing = app.clone();
    app.run_write_tx_as(Actor::System, move |tx| {
        let mut due = list_due(tx.conn, tx.now)?;
        due.sort_by_key(|due| (due.at, due.seq));
        let fired = write_each_in_savepoint(tx.conn, &due, |due| due.fire(&firing, tx))?;
        for (due, fired) in due.iter().zip(fired) {
            if fired.is_none() {
                reschedule(tx, due.seq, Some(tx.now.plus(FAILURE_DELAY)))?;
            }
        }
        states::delete_expired(tx, BATCH_SIZE, |ended| {
            report_expired_state(&firing, tx, ended)
        })?;
        workflows::fire_due(tx, &firing, BATCH_SIZE)?;
        tasks::time_out_due(&firing, tx, BATCH_SIZE)
    })
    .await
}

/// Creates the event of an expired state, and enqueues it for the bot.
fn report_expired_state(app: &App, tx: &WriteTx<'_>, ended: &ExpiredState) -> Result<()> {
    let lane = ended.conversation.unwrap_or(0);
    let state = (app.object_renderers().state)(&ended.bot, ended.state.clone());
    let made = SystemEvent {
        agent_seq: ended.agent_seq,
        kind: STATE_EXPIRED,
        payload: &json!({"state": state}),
        conversation: ended.conversation,
        user: ended.user,
        workflow: None,
    };
    let event = events::insert(tx, &made)?;
    deliveries::enqueue_for_bot(tx, ended.agent_seq, Notification::Event(event), lane)
}

/// A due row of `bot_schedules`.
struct Due {
    seq: i64,
    agent_seq: i64,
    at: Timestamp,
    event: Option<i64>,
    message: Option<i64>,
    recurring: Option<String>,
}

const DUE: &str = "
    SELECT seq, agent_seq, due_at, event_seq, message_seq, recurring FROM bot_schedules
    WHERE due_at <= :now ORDER BY due_at LIMIT :limit";

fn list_due(conn: &Connection, now: Timestamp) -> Result<Vec<Due>> {
    let mut statement = conn.prepare_cached(DUE)?;
    let rows = statement.query_map(named_params! {":now": now, ":limit": BATCH_SIZE}, |row| {
        Ok(Due {
            seq: row.get("seq")?,
            agent_seq: row.get("agent_seq")?,
            at: row.get("due_at")?,
            event: row.get("event_seq")?,
            message: row.get("message_seq")?,
            recurring: row.get("recurring")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

const REMOVE: &str = "DELETE FROM bot_schedules WHERE seq = :seq";

const RESCHEDULE: &str = "
    UPDATE bot_schedules SET due_at = :due_at, delay = :delay WHERE seq = :seq";

/// Sets the next due time of a row, or deletes the row.
pub(super) fn reschedule(tx: &WriteTx<'_>, seq: i64, next: Option<Timestamp>) -> Result<()> {
    match next {
        Some(due_at) => tx.conn.prepare_cached(RESCHEDULE)?.execute(named_params! {
            ":seq": seq,
            ":due_at": due_at,
            ":delay": micros_until(due_at, tx.now),
        })?,
        None => tx
            .conn
            .prepare_cached(REMOVE)?
            .execute(named_params! {":seq": seq})?,
    };
    Ok(())
}

impl Due {
    fn fire(&self, app: &App, tx: &WriteTx<'_>) -> Result<()> {
        let next = match (self.event, self.message, &self.recurring) {
            (Some(event), ..) => {
                let lane = find_event_conversation(tx.conn, event)?.unwrap_or(0);
                deliveries::enqueue_for_bot(tx, self.agent_seq, Notification::Event(event), lane)?;
                None
            }
            (_, Some(message), _) => {
                deliver_message(tx, self.agent_seq, message)?;
                None
            }
            (_, _, Some(name)) => self.fire_recurring(app, tx, name)?,
            (None, None, None) => None,
        };
        reschedule(tx, self.seq, next)
    }

    /// Creates the event if the bot can receive it, and returns the next time of the recurring event.
    fn fire_recurring(&self, app: &App, tx: &WriteTx<'_>, name: &str) -> Result<Option<Timestamp>> {
        let Some((id, can_be_told)) = find_bot(tx.conn, self.agent_seq)? else {
            return Ok(None);
        };
        let declared = plugins::load_bot_definition(app, tx.conn, (&id, self.agent_seq))?;
        let Some(event) = declared.recurring_events.get(name) else {
            return Ok(None);
        };
        if can_be_told {
            let made = SystemEvent {
                agent_seq: self.agent_seq,
                kind: &event.kind,
                payload: &Value::Object(event.known_payload(&declared.events)),
                conversation: None,
                user: None,
                workflow: None,
            };
            let seq = events::insert(tx, &made)?;
            deliveries::enqueue_for_bot(tx, self.agent_seq, Notification::Event(seq), 0)?;
        }
        Ok(event.next_occurrence_after(tx.now))
    }
}

/// Query for a bot's id and for its ability to receive recurring events: it must be deployed or in development
/// (botpress.md §4).
static BOT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "
    SELECT agents.id, NOT bots.blocked AND agents.deleted_at IS NULL AND {BOT_IS_CALLABLE}
    FROM bots JOIN agents ON agents.seq = bots.agent_seq WHERE bots.agent_seq = :agent_seq"
    )
});

pub(super) fn find_bot(conn: &Connection, agent_seq: i64) -> Result<Option<(AgentId, bool)>> {
    let found = conn
        .prepare_cached(&BOT)?
        .query_row(named_params! {":agent_seq": agent_seq}, |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
    Ok(found.optional()?)
}

const CONVERSATION_OF_EVENT: &str = "SELECT conversation_seq FROM events WHERE seq = :seq";

fn find_event_conversation(conn: &Connection, seq: i64) -> Result<Option<i64>> {
    let mut statement = conn.prepare_cached(CONVERSATION_OF_EVENT)?;
    Ok(statement.query_row(named_params! {":seq": seq}, |row| row.get(0))?)
}

const MESSAGE: &str = "
    SELECT messages.incoming, messages.conversation_seq, conversations.integration
    FROM messages JOIN conversations ON conversations.seq = messages.conversation_seq
    WHERE messages.seq = :seq";

fn deliver_message(tx: &WriteTx<'_>, agent_seq: i64, message: i64) -> Result<()> {
    let (incoming, conversation, integration): (bool, i64, String) = tx
        .conn
        .prepare_cached(MESSAGE)?
        .query_row(named_params! {":seq": message}, |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    if incoming {
        deliveries::enqueue_for_bot(tx, agent_seq, Notification::Message(message), conversation)
    } else {
        deliveries::enqueue_for_integration(tx, agent_seq, &integration, message, conversation)
    }
}
