//! The rounds of workflows (botpress-today.md §4.2): the update that the bot gets, its acknowledgement, and the end of a
//! delivery.

use std::time::Duration;

use rusqlite::{Connection, named_params};

use super::{UpdateKind, Workflow, WorkflowStatus, create::not_being_delivered, rows, updates};
use crate::{
    domain::{
        bots::{author::Author, events, manage},
        tenancy::{app::App, write_tx::WriteTx},
    },
    kernel::{Error, Kind, Result, Timestamp, ids::EventId},
};

/// Maximum length of the reason of a failure, in characters (botpress-today-operations.json).
const MAX_REASON_CHARS: usize = 2_000;

/// Reason of a round that failed, because there is no bot to notify.
const NOT_CALLABLE: &str = "the bot has no code and no URL, or is blocked";

/// Maximum number of times that the pause doubles.
const MAX_DOUBLINGS: u32 = 6;

impl Workflow {
    /// Sets the status, and ends the round.
    pub(super) fn set_status(&mut self, status: WorkflowStatus, now: Timestamp) {
        let is_final = !status.is_live() && status != WorkflowStatus::TimedOut;
        self.status = status;
        self.round.update = None;
        self.round.due_at = None;
        self.round.delivery = None;
        self.updated_at = now;
        self.completed_at = is_final.then_some(now);
    }

    /// Sets the reason of a failure; a long one is cut.
    pub(super) fn set_failure_reason(&mut self, reason: &str) {
        self.failure_reason = Some(reason.chars().take(MAX_REASON_CHARS).collect());
    }

    /// Makes the workflow pending; its next round starts at this time.
    fn wait(&mut self, update: UpdateKind, due_at: Timestamp, now: Timestamp) {
        self.set_status(WorkflowStatus::Pending, now);
        self.round.update = Some(update);
        self.round.due_at = Some(due_at);
    }

    /// Moves the workflow on after the delivery of its round has ended; `failure` is the text of a failed call.
    fn end_round(&mut self, settings: &manage::Settings, failure: Option<&str>, now: Timestamp) {
        let is_acknowledged = self.status == WorkflowStatus::InProgress;
        if is_acknowledged && failure.is_none() {
            // wire: handlers acknowledge each round, which works only from `pending` (botpress-today.md §4.2)
            self.round.repeats = 0;
            let due_at = now.plus(settings.workflow_pause(0));
            return self.wait(UpdateKind::Continued, due_at, now);
        }
        let update = match self.round.update {
            Some(update) if !is_acknowledged => update,
            _ => UpdateKind::Continued,
        };
        self.round.repeats += 1;
        if self.round.repeats <= settings.workflow_repeats {
            let due_at = now.plus(settings.workflow_pause(self.round.repeats - 1));
            return self.wait(update, due_at, now);
        }
        let times = self.round.repeats;
        let reason = match failure {
            Some(text) => format!("The bot failed {times} times to handle {update}: {text}"),
            None => {
                format!("The bot did not acknowledge {update}, which it received {times} times")
            }
        };
        self.set_status(WorkflowStatus::Failed, now);
        self.set_failure_reason(&reason);
    }
}

impl manage::Settings {
    /// Returns the time after which a workflow or a task times out by default.
    pub(in crate::domain) const fn workflow_timeout(&self) -> Duration {
        Duration::from_secs(self.workflow_timeout_seconds)
    }

    /// Returns the pause before a round, after this number of failed repeats.
    fn workflow_pause(&self, repeats: u32) -> Duration {
        let factor = 1_u64 << repeats.min(MAX_DOUBLINGS);
        Duration::from_secs(self.workflow_pause_seconds.saturating_mul(factor))
    }

    /// Returns the longest pause before a round.
    pub(super) fn max_workflow_pause(&self) -> Duration {
        self.workflow_pause(MAX_DOUBLINGS)
    }
}

/// Starts a round: notifies the bot of a pending workflow. A bot that cannot be called has failed the round.
pub(super) fn start(
    tx: &WriteTx<'_>,
    app: &App,
    workflow: &mut Workflow,
    update: UpdateKind,
) -> Result<()> {
    workflow.round.update = Some(update);
    workflow.round.due_at = None;
    workflow.round.delivery = updates::publish(tx, workflow, update)?;
    if workflow.round.delivery.is_some() {
        return Ok(());
    }
    workflow.end_round(app.bot_settings(), Some(NOT_CALLABLE), tx.now);
    if workflow.status.is_live() {
        return Ok(());
    }
    updates::notify_parent(tx, app, workflow, UpdateKind::ChildFinished)
}

/// Acknowledges a workflow: the end of this event's delivery ends its round.
///
/// # Errors
/// `ReferenceNotFound` for an event that does not exist; `Invalid` for one that is not being delivered; errors of the
/// store.
pub(super) fn bind(
    conn: &Connection,
    author: &Author,
    workflow: &mut Workflow,
    event: &EventId,
) -> Result<()> {
    let delivery = events::find_delivery(conn, author.bot().seq, event)?;
    if delivery.is_none() && events::find_visible(conn, author, event)?.is_none() {
        let text = format!("Event \"{event}\" not found");
        return Err(Error::new(Kind::ReferenceNotFound, text));
    }
    workflow.round.delivery = Some(delivery.ok_or_else(not_being_delivered)?);
    Ok(())
}

/// The end of an attempt of a delivery to a bot.
#[derive(Debug, Clone, Copy)]
pub(in crate::domain) enum RoundEnd<'a> {
    /// The call succeeded.
    Success,
    /// The call failed, and is repeated.
    Repeated(&'a str),
    /// The call failed, and is given up.
    GivenUp(&'a str),
}

/// Ends the rounds of the workflows that an attempt of a delivery ends, in the transaction that records the attempt.
pub(in crate::domain) fn end_rounds(
    tx: &WriteTx<'_>,
    app: &App,
    delivery: i64,
    end: RoundEnd<'_>,
) -> Result<()> {
    let failure = match end {
        RoundEnd::Success => None,
        RoundEnd::Repeated(text) | RoundEnd::GivenUp(text) => Some(text),
    };
    for mut workflow in rows::list_by_delivery(tx.conn, delivery)? {
        // The repeat of the delivery notifies the bot again.
        let is_repeated =
            workflow.status == WorkflowStatus::Pending && matches!(end, RoundEnd::Repeated(_));
        if is_repeated {
            continue;
        }
        workflow.end_round(app.bot_settings(), failure, tx.now);
        rows::save(tx.conn, &workflow)?;
        if !workflow.status.is_live() {
            updates::notify_parent(tx, app, &workflow, UpdateKind::ChildFinished)?;
        }
        tx.wake_delivery_dispatcher();
    }
    Ok(())
}

const IS_STALE: &str = "
    SELECT 1 FROM events
    WHERE seq = :event AND workflow_update IN ('workflow_started', 'workflow_continued')
      AND NOT EXISTS (SELECT 1 FROM workflows WHERE delivery_seq = :delivery)";

/// True if a delivery is of a round that its workflow has left: it timed out, or a call of the API ended it.
pub(in crate::domain) fn is_stale_round(
    conn: &Connection,
    delivery: i64,
    event: i64,
) -> Result<bool> {
    let parameters = named_params! {":event": event, ":delivery": delivery};
    Ok(conn.prepare_cached(IS_STALE)?.exists(parameters)?)
}

const IS_ENDED: &str = "
    SELECT 1 FROM bot_deliveries JOIN events ON events.seq = bot_deliveries.event_seq
    WHERE bot_deliveries.seq = :delivery
      AND events.workflow_update IN ('workflow_started', 'workflow_continued')
      AND NOT EXISTS (
          SELECT 1 FROM workflows WHERE delivery_seq = :delivery AND status = 'pending')";

/// True if a delivery is of a round that the bot has acknowledged or ended, so that the workflow repeats it and not
/// the delivery.
pub(in crate::domain) fn is_ended_round(conn: &Connection, delivery: i64) -> Result<bool> {
    let parameters = named_params! {":delivery": delivery};
    Ok(conn.prepare_cached(IS_ENDED)?.exists(parameters)?)
}
