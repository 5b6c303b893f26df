//! The outbox of the runtime: what a bot or an integration is to be told. A row is written in the
//! transaction of its cause, and only if its receiver has code or a url that can take it. The
//! dispatcher ([`run`]) delivers what is due: in order in each lane, at least once.

mod attempt;
mod dispatch;
mod haste;
mod lanes;
mod lines;
mod record;
mod settings;

use rusqlite::named_params;

pub(in crate::domain) use self::haste::{Haste, hasten_bot, hasten_integration};
pub use self::{dispatch::run, settings::Settings};
use crate::{
    domain::{tenancy::rewind::Mend, tenancy::write_tx::Change},
    kernel::Result,
};

/// What waits for its next attempt longer than there are waits (see [`crate::domain::lifecycle::clock_rewind`]).
pub(in crate::domain) const MENDS: &[Mend] = &[Mend {
    table: "bot_deliveries",
    key: "seq",
    find: "SELECT seq FROM bot_deliveries WHERE due_at > :horizon",
    set: "due_at = :now",
    longest: |app| app.delivery_settings().longest_wait(),
    due: Some("due_at"),
}];

const EVENT_TO_BOT: &str = "
    INSERT INTO bot_deliveries
        (agent_seq, operation, event_seq, message_seq, lane, due_at, created_at)
    SELECT agent_seq, 'event_received', :event_seq, :message_seq, :lane, :now, :now FROM bots
    WHERE agent_seq = :agent_seq AND NOT blocked
      AND (url IS NOT NULL OR EXISTS (SELECT 1 FROM bot_code WHERE agent_seq = :agent_seq))";

/// What a bot is told of.
#[derive(Debug, Clone, Copy)]
pub(in crate::domain) enum Told {
    /// The event of this row.
    Event(i64),
    /// The incoming message of this row.
    Message(i64),
}

/// Tells a bot of something that has happened. What has one `lane` is told in order; 0 is that of what
/// belongs to no conversation.
pub(in crate::domain) fn tell_bot(
    change: &Change<'_>,
    agent_seq: i64,
    what: Told,
    lane: i64,
) -> Result<()> {
    let (event, message) = match what {
        Told::Event(seq) => (Some(seq), None),
        Told::Message(seq) => (None, Some(seq)),
    };
    let told = change
        .conn
        .prepare_cached(EVENT_TO_BOT)?
        .execute(named_params! {
            ":agent_seq": agent_seq,
            ":event_seq": event,
            ":message_seq": message,
            ":lane": lane,
            ":now": change.now,
        })?;
    if told > 0 {
        change.wake_runtime();
    }
    Ok(())
}

const MESSAGE_TO_INTEGRATION: &str = "
    INSERT INTO bot_deliveries
        (agent_seq, installation_seq, operation, message_seq, lane, due_at, created_at)
    SELECT bot_integrations.agent_seq, bot_integrations.seq, 'message_created', :message_seq, :lane,
           :now, :now
    FROM bot_integrations JOIN integrations ON integrations.seq = bot_integrations.integration_seq
    WHERE bot_integrations.agent_seq = :agent_seq AND integrations.name = :integration
      AND bot_integrations.enabled
      AND (integrations.url IS NOT NULL
           OR EXISTS (SELECT 1 FROM integration_code WHERE integration_seq = integrations.seq))
    ORDER BY integrations.version_order DESC LIMIT 1";

/// Gives an outgoing message to the integration that its conversation goes through.
pub(in crate::domain) fn send(
    change: &Change<'_>,
    agent_seq: i64,
    integration: &str,
    message_seq: i64,
    lane: i64,
) -> Result<()> {
    let sent = change
        .conn
        .prepare_cached(MESSAGE_TO_INTEGRATION)?
        .execute(named_params! {
            ":agent_seq": agent_seq,
            ":integration": integration,
            ":message_seq": message_seq,
            ":lane": lane,
            ":now": change.now,
        })?;
    if sent > 0 {
        change.wake_runtime();
    }
    Ok(())
}

/// What waits to be asked of code that was replaced.
const FORGET_PING: &str = "
    DELETE FROM bot_deliveries WHERE agent_seq = :agent_seq AND operation = 'ping'";

/// In a lane of its own, for it holds up nothing.
const PING: &str = "
    INSERT INTO bot_deliveries (agent_seq, operation, payload, lane, due_at, created_at)
    SELECT agent_seq, 'ping', '{}', -1, :now, :now FROM bots
    WHERE agent_seq = :agent_seq AND NOT blocked AND url IS NULL
      AND EXISTS (SELECT 1 FROM bot_code WHERE agent_seq = :agent_seq)";

/// Asks the code of a bot that was just deployed whether it runs: so its first message finds it loaded,
/// and its developer learns at once if it cannot be. (A url is often given before anything listens
/// there; integrations are asked to register.)
pub(in crate::domain) fn ping(change: &Change<'_>, agent_seq: i64) -> Result<()> {
    let forgotten = change
        .conn
        .prepare_cached(FORGET_PING)?
        .execute(named_params! {":agent_seq": agent_seq})?;
    if forgotten > 0 {
        // The dispatcher still waits for the next attempt of that one.
        change.hasten((agent_seq, 0));
    }
    change
        .conn
        .prepare_cached(PING)?
        .execute(named_params! {":agent_seq": agent_seq, ":now": change.now})?;
    change.wake_runtime();
    Ok(())
}
