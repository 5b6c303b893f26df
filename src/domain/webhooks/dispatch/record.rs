//! Records the outcomes of attempts, many in one transaction.

use std::{collections::HashMap, sync::Arc};

use rusqlite::{Connection, OptionalExtension, named_params};

use super::{
    super::{
        Settings,
        change::{disable_endpoint, is_failing_too_long},
        metrics::DisableReason,
    },
    attempt::Outcome,
    lease::DeliveryKey,
};
use crate::{
    domain::{
        shared::backoff::apply_jitter,
        tenancy::{app::App, audit::Actor, write_tx::WriteTx},
    },
    kernel::{Result, Timestamp, ids::WebhookAttemptId},
};

/// The result of recording a batch.
pub(super) struct RecordedBatch {
    pub(super) deliveries: Vec<DeliveryKey>,
    /// True if there may be retries.
    pub(super) may_retry: bool,
}

/// Records the outcomes of attempts: schedules retries and disables endpoints.
///
/// # Errors
/// The outcomes, if they could not be stored.
pub(super) async fn record_outcomes(
    app: &App,
    outcomes: Vec<Outcome>,
) -> std::result::Result<RecordedBatch, Vec<Outcome>> {
    let recorded = RecordedBatch {
        deliveries: outcomes.iter().map(|outcome| outcome.key).collect(),
        may_retry: !outcomes.iter().all(Outcome::succeeded),
    };
    let outcomes = Arc::new(outcomes);
    let written = app.run_write_tx_as(Actor::System, {
        let (outcomes, app) = (outcomes.clone(), app.clone());
        move |tx| write_outcomes(tx, app.webhook_settings(), &outcomes)
    });
    match written.await {
        Ok(disabled) => {
            let metrics = app.webhook_doorbell().metrics();
            for outcome in outcomes.iter() {
                metrics.record_attempt(outcome.metric_label(), outcome.duration);
            }
            for reason in &disabled {
                metrics.record_disabled(*reason);
            }
            if !disabled.is_empty() {
                app.webhook_doorbell().invalidate_endpoints();
            }
            Ok(recorded)
        }
        Err(error) => {
            tracing::warn!(%error, "attempts could not be stored");
            // The transaction is over, so this is the last reference.
            Arc::try_unwrap(outcomes).map_or(Ok(recorded), Err)
        }
    }
}

/// Returns the reasons for which endpoints were disabled, one for each endpoint.
fn write_outcomes(
    tx: &WriteTx<'_>,
    settings: &Settings,
    outcomes: &[Outcome],
) -> Result<Vec<DisableReason>> {
    let mut standing = FailureHistory::default();
    for outcome in outcomes {
        if !insert_attempt(tx.conn, outcome)? {
            // The endpoint or the message was deleted, and the delivery with it.
            continue;
        }
        if outcome.succeeded() {
            mark_delivered(tx.conn, outcome)?;
            standing.record_result(tx.conn, outcome.key.endpoint, None)?;
            continue;
        }
        schedule_retry(tx.conn, settings, outcome)?;
        let at = outcome.ended_at;
        let first = standing.record_result(tx.conn, outcome.key.endpoint, Some(at))?;
        if outcome.is_gone() {
            let text = "it answered 410 Gone";
            standing.disable(tx, outcome.key.endpoint, DisableReason::Gone, text)?;
        } else if is_failing_too_long(settings, first.unwrap_or(at), at) {
            let hours = settings.disable_after_hours;
            let text = format!("every attempt failed for {hours} hours");
            standing.disable(tx, outcome.key.endpoint, DisableReason::Failing, &text)?;
        }
    }
    standing.write_changes(tx.conn)?;
    Ok(standing.disabled.into_values().collect())
}

const INSERT: &str = "
    INSERT INTO webhook_attempts
        (id, endpoint_seq, message_seq, url, manual, succeeded, status, response, error,
         started_at, duration_ms)
    SELECT :id, :endpoint, seq, :url, :manual, :succeeded, :status, :response, :error,
           :started_at, :duration_ms
    FROM webhook_messages WHERE seq = :message AND id = :message_id
      AND EXISTS (SELECT 1 FROM webhook_deliveries
                  WHERE endpoint_seq = :endpoint AND message_seq = :message)";

/// Inserts the attempt. Returns false if the delivery no longer exists; another message may have its `seq` by
/// then.
fn insert_attempt(conn: &Connection, outcome: &Outcome) -> Result<bool> {
    let answer = outcome.result.as_ref();
    let inserted = conn.prepare_cached(INSERT)?.execute(named_params! {
        ":id": WebhookAttemptId::new_attempt(outcome.started_at),
        ":endpoint": outcome.key.endpoint,
        ":message": outcome.key.message,
        ":message_id": outcome.message_id,
        ":url": outcome.url,
        ":manual": outcome.manual,
        ":succeeded": outcome.succeeded(),
        ":status": answer.ok().map(|answer| answer.status),
        ":response": answer.map_or(&[][..], |answer| &answer.body),
        ":error": answer.err(),
        ":started_at": outcome.started_at,
        ":duration_ms": i64::try_from(outcome.duration.as_millis()).unwrap_or(i64::MAX),
    })?;
    Ok(inserted > 0)
}

const MARK_DELIVERED: &str = "
    UPDATE webhook_deliveries SET
        state = 'delivered', attempts = attempts + 1, manual = 0, due_at = NULL, lease_until = NULL
    WHERE endpoint_seq = :endpoint AND message_seq = :message";

fn mark_delivered(conn: &Connection, outcome: &Outcome) -> Result<()> {
    conn.prepare_cached(MARK_DELIVERED)?
        .execute(named_params! {
            ":endpoint": outcome.key.endpoint,
            ":message": outcome.key.message,
        })?;
    Ok(())
}

const FIND_PENDING: &str = "
    SELECT attempts, manual FROM webhook_deliveries
    WHERE endpoint_seq = :endpoint AND message_seq = :message AND state = 'pending'";

const UPDATE_FAILED: &str = "
    UPDATE webhook_deliveries SET
        state = :state, attempts = :attempts, manual = 0, due_at = :due_at, lease_until = NULL
    WHERE endpoint_seq = :endpoint AND message_seq = :message";

/// Schedules the next attempt, or fails the delivery if no retry is left.
fn schedule_retry(conn: &Connection, settings: &Settings, outcome: &Outcome) -> Result<()> {
    let pending: Option<(u32, bool)> = conn
        .prepare_cached(FIND_PENDING)?
        .query_row(
            named_params! {":endpoint": outcome.key.endpoint, ":message": outcome.key.message},
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    // The endpoint was disabled meanwhile, which failed its pending deliveries.
    let Some((attempts, manual)) = pending else {
        return Ok(());
    };
    let attempts = attempts + 1;
    let wait = settings
        .retry_wait(attempts)
        .filter(|_| !manual)
        .map(|wait| apply_jitter(wait, settings.jitter_percent, rand::random()))
        .map(|wait| match outcome.retry_after() {
            Some(asked) => asked.clamp(wait, wait * 2),
            None => wait,
        });
    conn.prepare_cached(UPDATE_FAILED)?.execute(named_params! {
        ":endpoint": outcome.key.endpoint,
        ":message": outcome.key.message,
        ":state": if wait.is_some() { "pending" } else { "failed" },
        ":attempts": attempts,
        ":due_at": wait.map(|wait| outcome.ended_at.plus(wait)),
    })?;
    Ok(())
}

/// The failure history of the endpoints of a batch, so that each row is read and written at most once.
#[derive(Default)]
struct FailureHistory {
    /// The first failure since the last success of each endpoint: as stored, and as it is now.
    first_failures: HashMap<i64, (Option<Timestamp>, Option<Timestamp>)>,
    disabled: HashMap<i64, DisableReason>,
}

const FIRST_FAILURE: &str = "SELECT first_failure_at FROM webhook_endpoints WHERE seq = :seq";

const SET_FIRST_FAILURE: &str = "
    UPDATE webhook_endpoints SET first_failure_at = :at WHERE seq = :seq";

impl FailureHistory {
    /// Records a failure, or a success if `failure` is none. Returns the first failure since the last success.
    fn record_result(
        &mut self,
        conn: &Connection,
        endpoint: i64,
        failure: Option<Timestamp>,
    ) -> Result<Option<Timestamp>> {
        let known = self.first_failures.get(&endpoint).copied();
        let (before, first) = match known {
            Some(known) => known,
            None => {
                let stored: Option<Timestamp> = conn
                    .prepare_cached(FIRST_FAILURE)?
                    .query_row(named_params! {":seq": endpoint}, |row| row.get(0))?;
                (stored, stored)
            }
        };
        // Takes the earlier time by the clock, which may belong to the later failure: a clock that went back
        // must not postpone disabling the endpoint forever.
        let first = failure.map(|at| first.map_or(at, |first| first.min(at)));
        self.first_failures.insert(endpoint, (before, first));
        Ok(first)
    }

    fn disable(
        &mut self,
        tx: &WriteTx<'_>,
        endpoint: i64,
        reason: DisableReason,
        text: &str,
    ) -> Result<()> {
        if !self.disabled.contains_key(&endpoint) && disable_endpoint(tx, endpoint, text)? {
            self.disabled.insert(endpoint, reason);
        }
        Ok(())
    }

    fn write_changes(&self, conn: &Connection) -> Result<()> {
        for (endpoint, (before, first)) in &self.first_failures {
            if before != first {
                conn.prepare_cached(SET_FIRST_FAILURE)?
                    .execute(named_params! {":seq": endpoint, ":at": first})?;
            }
        }
        Ok(())
    }
}
