//! Outcomes of events that their deliveries do not show: of those that nothing receives, and of those that are given up.
//! Deletes deliveries, because the event of a deleted one may need an outcome.

use rusqlite::{Connection, OptionalExtension, named_params};

use super::Notification;
use crate::kernel::Result;

/// Maximum length of the reason of a failure, in characters (botpress-today-operations.json).
const MAX_REASON_CHARS: usize = 2_000;

/// The outcome of an event.
#[derive(Debug, Clone, Copy)]
pub(super) enum EventOutcome<'a> {
    /// There was no bot to receive it.
    Ignored,
    /// The delivery was given up for this reason.
    Failed(&'a str),
}

const OF_EVENT: &str = "
    UPDATE events SET outcome = :outcome, failure_reason = :reason WHERE seq = :seq";

const OF_MESSAGE: &str = "
    UPDATE messages SET event_outcome = :outcome, failure_reason = :reason WHERE seq = :seq";

/// Stores the outcome of an event, or of the event of a message.
pub(super) fn store_outcome(
    conn: &Connection,
    what: Notification,
    outcome: EventOutcome<'_>,
) -> Result<()> {
    let (sql, seq) = match what {
        Notification::Event(seq) => (OF_EVENT, seq),
        Notification::Message(seq) => (OF_MESSAGE, seq),
    };
    let (outcome, reason) = match outcome {
        EventOutcome::Ignored => ("ignored", None),
        EventOutcome::Failed(reason) => {
            let reason: String = reason.chars().take(MAX_REASON_CHARS).collect();
            ("failed", Some(reason))
        }
    };
    conn.prepare_cached(sql)?
        .execute(named_params! {":outcome": outcome, ":reason": reason, ":seq": seq})?;
    Ok(())
}

const REMOVE: &str = "
    DELETE FROM bot_deliveries WHERE seq = :seq RETURNING installation_seq, event_seq, message_seq";

/// A deleted delivery.
#[derive(Default)]
pub(super) struct DeletedDelivery {
    /// Row of the installation that it was for.
    pub(super) installation: Option<i64>,
    /// The bot's event that it carried.
    pub(super) event: Option<Notification>,
}

/// Deletes a delivery, if it still exists.
pub(super) fn delete_delivery(conn: &Connection, seq: i64) -> Result<DeletedDelivery> {
    let removed = conn
        .prepare_cached(REMOVE)?
        .query_row(named_params! {":seq": seq}, |row| {
            let installation: Option<i64> = row.get("installation_seq")?;
            let (event, message): (Option<i64>, Option<i64>) =
                (row.get("event_seq")?, row.get("message_seq")?);
            let event = event.map(Notification::Event);
            let event = event.or(message.map(Notification::Message));
            Ok(DeletedDelivery {
                event: event.filter(|_| installation.is_none()),
                installation,
            })
        })
        .optional()?;
    Ok(removed.unwrap_or_default())
}
