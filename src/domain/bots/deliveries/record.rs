//! Records the outcomes of attempts, and the log lines of programs, many in one transaction.

use std::{sync::Arc, time::Duration};

use super::{
    Settings,
    attempt::{self, AttemptOutcome, AttemptResult, AttemptedCall},
    issue_reports::{build_issue, parse_issue},
    outcomes::{EventOutcome, delete_delivery, store_outcome},
    queue::{LaneKey, NextStep},
};
use crate::{
    domain::{
        bots::{
            installations::Status,
            manage::{
                self, issues,
                logs::{self, LogLevel},
            },
            protocol::{CallFailure, CallReach, FailureCause, RequestRef},
            workflows::{self, RoundEnd},
        },
        shared::{backoff, sql::write_each_in_savepoint},
        tenancy::{app::App, audit::Actor, write_tx::WriteTx},
    },
    engine::{self, LogLine},
    kernel::{Result, Timestamp},
};
use rusqlite::{Connection, OptionalExtension, named_params};

/// Outcomes and log lines that are not stored yet.
#[derive(Default)]
pub(super) struct RecordBatch {
    pub(super) outcomes: Vec<AttemptOutcome>,
    pub(super) lines: Vec<LogLine>,
}

impl RecordBatch {
    pub(super) fn is_empty(&self) -> bool {
        self.outcomes.is_empty() && self.lines.is_empty()
    }
}

/// Stores a batch, and returns the next step of each delivery.
///
/// # Errors
/// The batch, if the store rejects it.
pub(super) async fn record_batch(
    app: &App,
    notes: RecordBatch,
) -> std::result::Result<Vec<(LaneKey, NextStep)>, RecordBatch> {
    let notes = Arc::new(notes);
    let written = app.run_write_tx_as(Actor::System, {
        let (notes, app) = (notes.clone(), app.clone());
        move |tx| write_batch(tx, &app, &notes)
    });
    match written.await {
        Ok(next) => {
            for (outcome, (_, next)) in notes.outcomes.iter().zip(&next) {
                count_outcome(app, outcome, *next);
            }
            app.outcomes_stored().notify_waiters();
            Ok(next)
        }
        Err(error) => {
            tracing::warn!(?error, "delivery outcomes could not be stored");
            // The write job has ended, so this is the last reference.
            Err(Arc::into_inner(notes).unwrap_or_default())
        }
    }
}

/// Counts a recorded outcome in the metrics.
fn count_outcome(app: &App, outcome: &AttemptOutcome, next: NextStep) {
    // No call was made in the other cases.
    let AttemptResult::Called(tried) = &outcome.result else {
        return;
    };
    let came_to = match (&tried.result, next) {
        (Ok(()), _) => "delivered",
        (Err(_), NextStep::RetryAt(_)) => "retried",
        (Err(_), NextStep::Done) => "given_up",
    };
    app.call_metrics()
        .count_attempt(tried.request_ref.operation, came_to);
    if tried.request_ref.operation == "unregister" {
        // The deletion of a bot or a workspace may wait for this call.
        app.bot_worker_wake_up().notify_one();
        app.workspace_closed().notify_one();
    }
}

fn write_batch(
    tx: &WriteTx<'_>,
    app: &App,
    notes: &RecordBatch,
) -> Result<Vec<(LaneKey, NextStep)>> {
    write_each_in_savepoint(tx.conn, &notes.lines, |line| {
        write_line(tx, app.bot_settings(), line)
    })?;
    let written = write_each_in_savepoint(tx.conn, &notes.outcomes, |outcome| {
        write_outcome(tx, app, outcome)
    })?;
    let next = notes
        .outcomes
        .iter()
        .zip(written)
        .map(|(outcome, written)| {
            // If an outcome cannot be stored, its delivery stays and is attempted again.
            let later = || {
                NextStep::RetryAt(
                    outcome
                        .ended_at
                        .plus(app.delivery_settings().max_retry_delay()),
                )
            };
            (outcome.key, written.unwrap_or_else(later))
        });
    Ok(next.collect())
}

/// Stores a line in the bot's log if the program is the bot, or if the line is marked as visible to the bot's
/// owner; otherwise in the integration's log. Ids of bots and integrations differ, so a write to the wrong log
/// has no effect.
fn write_line(tx: &WriteTx<'_>, settings: &manage::Settings, line: &LogLine) -> Result<()> {
    let (level, text) = (to_log_level(line.level), line.message.as_str());
    match line.bot.as_ref().filter(|_| line.visible_to_bot_owner) {
        Some(bot) => logs::record(tx, settings, &(**bot).into(), level, text)?,
        None => {
            logs::record(tx, settings, &(*line.program).into(), level, text)?;
            let integration = (*line.program).into();
            logs::record_for_integration(tx, settings, &integration, level, text)?;
        }
    }
    let issue = line
        .fields
        .as_ref()
        .filter(|fields| fields["type"] == "issue");
    match (&line.bot, issue) {
        (Some(bot), Some(issue)) => {
            issues::record(tx, settings, &(**bot).into(), &parse_issue(issue, text))
        }
        _ => Ok(()),
    }
}

const fn to_log_level(level: engine::Level) -> LogLevel {
    match level {
        engine::Level::Debug => LogLevel::Debug,
        engine::Level::Info => LogLevel::Info,
        engine::Level::Warn => LogLevel::Warn,
        engine::Level::Error => LogLevel::Error,
    }
}

const COUNT_ATTEMPT: &str = "
    UPDATE bot_deliveries SET attempts = attempts + 1 WHERE seq = :seq RETURNING attempts";

const RESCHEDULE: &str = "
    UPDATE bot_deliveries SET due_at = :due_at WHERE seq = :seq RETURNING installation_seq";

fn write_outcome(tx: &WriteTx<'_>, app: &App, outcome: &AttemptOutcome) -> Result<NextStep> {
    let unread;
    let tried = match &outcome.result {
        AttemptResult::Gone => {
            if let Some(event) = delete_delivery(tx.conn, outcome.seq)?.event {
                store_outcome(tx.conn, event, EventOutcome::Ignored)?;
            }
            return Ok(NextStep::Done);
        }
        AttemptResult::Called(tried) => tried,
        AttemptResult::LoadFailed => match build_failed_call(tx.conn, outcome.seq)? {
            Some(tried) => {
                unread = tried;
                &unread
            }
            // It was deleted meanwhile.
            None => return Ok(NextStep::Done),
        },
    };
    let Err(failed) = &tried.result else {
        workflows::end_rounds(tx, app, outcome.seq, RoundEnd::Success)?;
        if let Some(installation) = delete_delivery(tx.conn, outcome.seq)?.installation {
            update_status(tx, installation, tried, None)?;
        }
        return Ok(NextStep::Done);
    };
    let attempts: Option<u32> = tx
        .conn
        .prepare_cached(COUNT_ATTEMPT)?
        .query_row(named_params! {":seq": outcome.seq}, |row| row.get(0))
        .optional()?;
    // It was deleted meanwhile.
    let Some(attempts) = attempts else {
        return Ok(NextStep::Done);
    };
    let bots = app.bot_settings();
    let is_repeatable = may_repeat(tried.request_ref.operation, failed, attempts)
        && !workflows::is_ended_round(tx.conn, outcome.seq)?;
    let next = retry_time(app.delivery_settings(), attempts, failed, outcome.ended_at);
    match next.filter(|_| is_repeatable) {
        Some(due_at) => {
            let installation: Option<i64> = tx.conn.prepare_cached(RESCHEDULE)?.query_row(
                named_params! {":seq": outcome.seq, ":due_at": due_at},
                |row| row.get(0),
            )?;
            // The failure is shown although it is repeated, because the vendor's CLI reads it once.
            if let Some(installation) = installation
                && tried.request_ref.operation == "register"
            {
                update_status(tx, installation, tried, Some(failed))?;
            }
            let wait = due_at.since(outcome.ended_at).as_secs_f32();
            let more = format!(" It is retried in {wait:.0} s.");
            let line = (LogLevel::Warn, more.as_str());
            tried.request_ref.write_logs(tx, bots, line, failed)?;
            workflows::end_rounds(tx, app, outcome.seq, RoundEnd::Repeated(&failed.text))?;
            Ok(NextStep::RetryAt(due_at))
        }
        None => {
            tried
                .request_ref
                .write_logs(tx, bots, (LogLevel::Error, ""), failed)?;
            issues::record(
                tx,
                bots,
                &tried.request_ref.bot,
                &build_issue(tried, failed),
            )?;
            workflows::end_rounds(tx, app, outcome.seq, RoundEnd::GivenUp(&failed.text))?;
            let deleted = delete_delivery(tx.conn, outcome.seq)?;
            if let Some(installation) = deleted.installation {
                update_status(tx, installation, tried, Some(failed))?;
            }
            if let Some(event) = deleted.event {
                store_outcome(tx.conn, event, EventOutcome::Failed(&failed.text))?;
            }
            Ok(NextStep::Done)
        }
    }
}

const FIND_UNLOADABLE: &str = "
    SELECT agents.id, bot_deliveries.operation
    FROM bot_deliveries JOIN agents ON agents.seq = bot_deliveries.agent_seq
    WHERE bot_deliveries.seq = :seq";

/// Returns a delivery that could not be loaded as a failed call, so that its bot gets the failure in its log.
fn build_failed_call(conn: &Connection, seq: i64) -> Result<Option<AttemptedCall>> {
    let row = conn
        .prepare_cached(FIND_UNLOADABLE)?
        .query_row(named_params! {":seq": seq}, |row| {
            Ok((row.get(0)?, row.get::<_, String>(1)?))
        });
    let Some((bot, kind)) = row.optional()? else {
        return Ok(None);
    };
    let asked = RequestRef {
        bot,
        integration: None,
        operation: attempt::parse_operation(&kind).unwrap_or("delivery"),
        kind,
        in_own_workspace: false,
        is_built_in: false,
    };
    let failed = CallFailure::new(
        FailureCause::Other,
        true,
        "the server could not load the delivery",
    );
    Ok(Some(AttemptedCall {
        request_ref: asked,
        result: Err(failed),
    }))
}

/// True if a failed delivery may be attempted again after this number of attempts. The code of an integration sends a
/// message to its vendor before it fails, so a repeat would send it twice.
// wire: a message is repeated once, and only if the connection failed; an attempt that reached no code is no repeat
// (botpress-today.md §0.5)
fn may_repeat(operation: &str, failed: &CallFailure, attempts: u32) -> bool {
    match failed.reach {
        _ if operation != "message_created" => true,
        CallReach::NotCalled => true,
        CallReach::ConnectionFailed => attempts < 2,
        CallReach::MayHaveRun => false,
    }
}

/// Returns the time of the next attempt; `None` if the delivery is given up.
fn retry_time(
    settings: &Settings,
    attempts: u32,
    failed: &CallFailure,
    now: Timestamp,
) -> Option<Timestamp> {
    let wait =
        backoff::wait_after(&settings.retry_seconds, attempts).filter(|_| failed.is_transient)?;
    let wait = backoff::apply_jitter(wait, settings.jitter_percent, rand::random());
    // A receiver can at most double the configured delay.
    let asked = failed.retry_after.unwrap_or(Duration::ZERO);
    Some(now.plus(asked.clamp(wait, wait * 2)))
}

const UPDATE_STATUS: &str = "
    UPDATE bot_integrations SET status = :status, status_reason = :reason, updated_at = :now
    WHERE seq = :seq AND status IN (:pending, :failed)";

/// Updates the status of an installation after `register` or `unregister`, unless it has changed meanwhile. A failed one
/// is that of an earlier attempt.
fn update_status(
    tx: &WriteTx<'_>,
    installation: i64,
    tried: &AttemptedCall,
    failed: Option<&CallFailure>,
) -> Result<()> {
    let (pending, good, bad) = match tried.request_ref.operation {
        "register" => (
            Status::RegistrationPending,
            Status::Registered,
            Status::RegistrationFailed,
        ),
        "unregister" => (
            Status::UnregistrationPending,
            Status::Unregistered,
            Status::UnregistrationFailed,
        ),
        _ => return Ok(()),
    };
    tx.conn
        .prepare_cached(UPDATE_STATUS)?
        .execute(named_params! {
            ":seq": installation,
            ":pending": pending,
            ":failed": bad,
            ":status": if failed.is_some() { bad } else { good },
            ":reason": failed.map(|failed| failed.text.as_str()),
            ":now": tx.now,
        })?;
    Ok(())
}
