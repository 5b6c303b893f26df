//! Schedules: rows of events and messages with a due time. The deliveries' dispatcher fires them.

mod fire;
mod rewind;

use std::time::Duration;

use rusqlite::named_params;

pub(in crate::domain) use self::{
    fire::{fire_due, next_due},
    rewind::{needs_repair, repair},
};
use crate::{
    domain::tenancy::{bounds::Bound, write_tx::WriteTx},
    kernel::{Result, Rule, Timestamp, Violation},
};

/// Delivery time of a new event or message. Exactly one member must be set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Schedule {
    /// Absolute time, in ISO 8601.
    pub date_time: Option<String>,
    /// Delay from now, in milliseconds.
    pub delay: Option<f64>,
}

impl Schedule {
    /// Returns the due time. A time in the past is due at once.
    ///
    /// # Errors
    /// `Invalid` unless exactly one member is set and is a valid time or delay.
    pub(in crate::domain) fn due_at(&self, now: Timestamp) -> Result<Timestamp> {
        match (&self.date_time, self.delay) {
            (Some(text), None) => Timestamp::parse_rfc3339(text).ok_or_else(|| {
                let rule = Rule::Format("date-time".to_owned());
                Violation::body(["schedule", "dateTime"], rule).into()
            }),
            (None, Some(delay)) if delay >= 0.0 => {
                // Limits the delay to a value that the timestamp can represent.
                let millis = delay.min(9e15);
                let delay = Duration::try_from_secs_f64(millis / 1000.0).unwrap_or(Duration::MAX);
                Ok(now.plus(delay))
            }
            (None, Some(_)) => {
                let rule = Rule::Minimum("0".to_owned());
                Err(Violation::body(["schedule", "delay"], rule).into())
            }
            (Some(_), Some(_)) | (None, None) => {
                let rule = Rule::Other("must have either dateTime or delay".to_owned());
                Err(Violation::body(["schedule"], rule).into())
            }
        }
    }
}

/// The object that is delivered at the due time.
#[derive(Debug, Clone, Copy)]
pub(in crate::domain) enum ScheduledItem {
    /// Row of an event.
    Event(i64),
    /// Row of a message.
    Message(i64),
}

/// Limit on the schedules of a bot.
pub(in crate::domain) const BOUND: Bound = Bound {
    owner_label: "A bot",
    items_label: "scheduled and recurring events and messages",
    setting: "schedules",
    limit: |bounds| bounds.schedules,
    max_number_sql: Some("SELECT max(seq) FROM bot_schedules"),
    rows_sql: "SELECT 1 FROM bot_schedules WHERE agent_seq = ?1",
};

const INSERT: &str = "
    INSERT INTO bot_schedules (agent_seq, due_at, delay, event_seq, message_seq)
    VALUES (:agent_seq, :due_at, :delay, :event_seq, :message_seq)";

/// Returns the time from `now` to `due_at`, in microseconds.
pub(in crate::domain) fn micros_until(due_at: Timestamp, now: Timestamp) -> i64 {
    i64::try_from(due_at.since(now).as_micros()).unwrap_or(i64::MAX)
}

/// Adds a schedule for an event or a message, and wakes the dispatcher.
pub(in crate::domain) fn create(
    tx: &WriteTx<'_>,
    agent_seq: i64,
    schedule: &Schedule,
    what: ScheduledItem,
) -> Result<()> {
    BOUND.require(tx, agent_seq)?;
    let due_at = schedule.due_at(tx.now)?;
    let delay = schedule.delay.map(|_| micros_until(due_at, tx.now));
    let (event, message) = match what {
        ScheduledItem::Event(seq) => (Some(seq), None),
        ScheduledItem::Message(seq) => (None, Some(seq)),
    };
    tx.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":agent_seq": agent_seq,
        ":due_at": due_at,
        ":delay": delay,
        ":event_seq": event,
        ":message_seq": message,
    })?;
    tx.wake_delivery_dispatcher();
    Ok(())
}
