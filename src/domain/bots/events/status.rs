//! The status of events. Most of it is not stored: a scheduled event has a row in `bot_schedules`, and a pending one has
//! a row in `bot_deliveries`.

use rusqlite::{Connection, named_params};

use crate::{domain::shared::sql::text_enum, kernel::Result};

text_enum! {
    /// The status of an event.
    pub enum EventStatus {
        /// The bot has not received it yet.
        Pending = "pending",
        /// The bot has received it.
        Processed = "processed",
        /// There was no bot to receive it.
        Ignored = "ignored",
        /// The bot failed to receive it.
        Failed = "failed",
        /// It is delivered at a later time.
        Scheduled = "scheduled",
        /// It was canceled before its time.
        Canceled = "canceled",
    }
}

/// The status of an event, with the reason of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventState {
    /// Status.
    pub status: EventStatus,
    /// Reason of the failure.
    pub failure_reason: Option<String>,
}

impl EventState {
    /// The state of an event during its delivery.
    pub(in crate::domain) const PENDING: Self = Self {
        status: EventStatus::Pending,
        failure_reason: None,
    };
}

/// SQL expression for the status of a row of `events`.
pub(super) const STORED_STATUS: &str = "(CASE \
    WHEN events.outcome IS NOT NULL THEN events.outcome \
    WHEN EXISTS (SELECT 1 FROM bot_schedules WHERE event_seq = events.seq) THEN 'scheduled' \
    WHEN EXISTS (SELECT 1 FROM bot_deliveries WHERE event_seq = events.seq) THEN 'pending' \
    ELSE 'processed' END)";

/// SQL expression for the status of the event of an incoming message.
pub(super) const MESSAGE_STATUS: &str = "(CASE \
    WHEN messages.event_outcome IS NOT NULL THEN messages.event_outcome \
    WHEN EXISTS (SELECT 1 FROM bot_schedules WHERE message_seq = messages.seq) THEN 'scheduled' \
    WHEN EXISTS (SELECT 1 FROM bot_deliveries WHERE message_seq = messages.seq) THEN 'pending' \
    ELSE 'processed' END)";

/// SQL condition for messages that have an event: all but imported ones.
pub(super) const HAS_EVENT: &str = "messages.event_outcome IS NOT 'none'";

/// Returns the state of the event of an incoming message; `None` for a message without an event.
pub(super) fn read_message_state(conn: &Connection, seq: i64) -> Result<Option<EventState>> {
    let sql = format!("SELECT {MESSAGE_STATUS}, failure_reason FROM messages WHERE seq = :seq");
    let mut statement = conn.prepare_cached(&sql)?;
    let (status, failure_reason): (String, _) = statement
        .query_row(named_params! {":seq": seq}, |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let status = EventStatus::parse(&status);
    Ok(status.map(|status| EventState {
        status,
        failure_reason,
    }))
}
