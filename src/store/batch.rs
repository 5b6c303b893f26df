//! Runs many jobs in one transaction.

use std::collections::VecDeque;

use rusqlite::Connection;
use tokio::runtime::Handle;

use crate::kernel::clock::Stopwatch;

use super::{
    job::{CommitOutcome, Job, JobOutcome},
    sqlite_fault::SqliteFault,
    writer::WriterShared,
};

/// The result of a transaction, before the callers get their answers.
#[must_use = "the callers wait for their answers"]
pub(super) struct BatchResult {
    jobs: Vec<Box<dyn Job>>,
    verdict: CommitOutcome,
    /// A fault that makes every write fail, if one occurred.
    pub(super) fault: Option<SqliteFault>,
    /// True if a change was committed.
    pub(super) has_changes: bool,
}

impl BatchResult {
    /// Answers the callers of all jobs that ran. Answers to several callers are sent from within their async
    /// runtime, where a wakeup is much cheaper than from another thread.
    pub(super) fn answer(self, runtime: Option<&Handle>) {
        match runtime {
            Some(runtime) if self.jobs.len() > 1 => {
                runtime.spawn(async move { self.answer_all() });
            }
            _ => self.answer_all(),
        }
    }

    fn answer_all(self) {
        for job in self.jobs {
            job.answer(self.verdict);
        }
    }
}

/// Runs jobs from `waiting` in one transaction and removes them from the queue. If the transaction is lost,
/// stops after the job that lost it. Removes at least one job.
pub(super) fn run(
    connection: &Connection,
    waiting: &mut VecDeque<Box<dyn Job>>,
    shared: &WriterShared,
) -> BatchResult {
    if let Err(error) = execute(connection, "BEGIN IMMEDIATE") {
        return BatchResult {
            jobs: waiting.drain(..).collect(),
            verdict: CommitOutcome::Lost,
            fault: Some(log_fault("BEGIN", &error)),
            has_changes: false,
        };
    }
    let mut batch = Batch {
        connection,
        shared,
        ran: Vec::with_capacity(waiting.len()),
        fault: None,
        has_changes: false,
    };
    while let Some(job) = waiting.pop_front() {
        if let TransactionState::Lost = batch.run_one(job) {
            return batch.roll_back();
        }
    }
    batch.commit()
}

/// State of the transaction after a job.
enum TransactionState {
    Open,
    Lost,
}

struct Batch<'conn> {
    connection: &'conn Connection,
    shared: &'conn WriterShared,
    ran: Vec<Box<dyn Job>>,
    fault: Option<SqliteFault>,
    has_changes: bool,
}

impl Batch<'_> {
    fn run_one(&mut self, mut job: Box<dyn Job>) -> TransactionState {
        let changes = self.connection.total_changes();
        let outcome = match execute(self.connection, "SAVEPOINT job") {
            Ok(()) => Ok(job.run(self.connection)),
            Err(error) => Err(error),
        };
        self.ran.push(job);
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => return self.record_loss("SAVEPOINT", &error),
        };
        if let JobOutcome::Failed(fault) = outcome
            && fault.stops_writing()
        {
            self.fault = Some(fault);
            if fault.spoils_connection() {
                return TransactionState::Lost;
            }
        }
        // After some faults, notably FULL, SQLite has already rolled back the whole transaction.
        if self.connection.is_autocommit() {
            if self.fault.is_none() {
                tracing::error!("a write job ended the transaction that it shares with others");
            }
            return TransactionState::Lost;
        }
        let closed = match outcome {
            JobOutcome::Succeeded => execute(self.connection, "RELEASE job"),
            JobOutcome::Failed(_) => execute(self.connection, "ROLLBACK TO job")
                .and_then(|()| execute(self.connection, "RELEASE job")),
        };
        if let Err(error) = closed {
            return self.record_loss("RELEASE", &error);
        }
        self.has_changes |=
            outcome == JobOutcome::Succeeded && self.connection.total_changes() != changes;
        TransactionState::Open
    }

    fn record_loss(&mut self, statement: &str, error: &rusqlite::Error) -> TransactionState {
        self.fault = Some(log_fault(statement, error));
        TransactionState::Lost
    }

    fn commit(mut self) -> BatchResult {
        if let Err(error) = self.shared.hook.before_commit(self.connection) {
            tracing::error!(?error, "the writer's transaction failed before its end");
            self.fault = Some(SqliteFault::classify_source(&error));
            return self.roll_back();
        }
        let watch = Stopwatch::start();
        if let Err(error) = execute(self.connection, "COMMIT") {
            self.fault = Some(log_fault("COMMIT", &error));
            return self.roll_back();
        }
        self.shared.hook.after_commit();
        let metrics = &self.shared.metrics;
        metrics
            .commit_seconds
            .observe(watch.elapsed().as_secs_f64());
        metrics.batch_size.observe(self.ran.len() as f64);
        BatchResult {
            jobs: self.ran,
            verdict: CommitOutcome::Committed,
            fault: self.fault,
            has_changes: self.has_changes,
        }
    }

    fn roll_back(mut self) -> BatchResult {
        self.shared.hook.after_rollback();
        if !self.connection.is_autocommit()
            && let Err(error) = execute(self.connection, "ROLLBACK")
        {
            self.fault = Some(log_fault("ROLLBACK", &error));
        }
        BatchResult {
            jobs: self.ran,
            verdict: CommitOutcome::Lost,
            fault: self.fault,
            has_changes: false,
        }
    }
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}

fn log_fault(statement: &str, error: &rusqlite::Error) -> SqliteFault {
    tracing::error!(statement, %error, "the writer's transaction failed");
    SqliteFault::classify(error)
}
