//! What is to happen at a time: rows that the runtime takes when they are due.

mod fire;
mod rewind;

use std::time::Duration;

use rusqlite::named_params;

pub(in crate::domain) use self::{
    fire::{fire, next_due},
    rewind::{mend, needs_mending},
};
use crate::{
    domain::tenancy::{bounds::Bound, write_tx::Change},
    kernel::{Result, Rule, Timestamp, Violation},
};

/// When something that is created now is to happen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Schedule {
    /// At this time, in ISO 8601.
    pub date_time: Option<String>,
    /// After this many milliseconds.
    pub delay: Option<f64>,
}

impl Schedule {
    /// The time that is meant. One that has passed is due at once.
    ///
    /// # Errors
    /// `Invalid` unless exactly one of the two is given, and for what is no time.
    pub(in crate::domain) fn due_at(&self, now: Timestamp) -> Result<Timestamp> {
        match (&self.date_time, self.delay) {
            (Some(text), None) => Timestamp::parse_rfc3339(text).ok_or_else(|| {
                let rule = Rule::Format("date-time".to_owned());
                Violation::body(["schedule", "dateTime"], rule).into()
            }),
            (None, Some(delay)) if delay >= 0.0 => {
                // Beyond this lies the end of time.
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

/// What is delivered when its time has come.
#[derive(Debug, Clone, Copy)]
pub(in crate::domain) enum Scheduled {
    /// The event of this row.
    Event(i64),
    /// The message of this row.
    Message(i64),
}

/// What may be due in a bot.
pub(in crate::domain) const BOUND: Bound = Bound {
    of: "A bot",
    things: "scheduled and recurring events and messages",
    setting: "schedules",
    most: |bounds| bounds.schedules,
    last: Some("SELECT max(seq) FROM bot_schedules"),
    rows: "SELECT 1 FROM bot_schedules WHERE agent_seq = ?1",
};

const INSERT: &str = "
    INSERT INTO bot_schedules (agent_seq, due_at, delay, event_seq, message_seq)
    VALUES (:agent_seq, :due_at, :delay, :event_seq, :message_seq)";

/// How long after `now` it is due, in microseconds.
pub(in crate::domain) fn delay(due_at: Timestamp, now: Timestamp) -> i64 {
    i64::try_from(due_at.since(now).as_micros()).unwrap_or(i64::MAX)
}

/// Notes that something is to be delivered at a time.
pub(in crate::domain) fn add(
    change: &Change<'_>,
    agent_seq: i64,
    schedule: &Schedule,
    what: Scheduled,
) -> Result<()> {
    BOUND.require(change, agent_seq)?;
    let due_at = schedule.due_at(change.now)?;
    let delay = schedule.delay.map(|_| delay(due_at, change.now));
    let (event, message) = match what {
        Scheduled::Event(seq) => (Some(seq), None),
        Scheduled::Message(seq) => (None, Some(seq)),
    };
    change.conn.prepare_cached(INSERT)?.execute(named_params! {
        ":agent_seq": agent_seq,
        ":due_at": due_at,
        ":delay": delay,
        ":event_seq": event,
        ":message_seq": message,
    })?;
    change.wake_runtime();
    Ok(())
}
