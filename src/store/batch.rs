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
    ran: Vec<Box<dyn Job>>,
    verdict: CommitOutcome,
    /// A fault that makes every write fail, if one occurred.
    pub(super) fault: Option<SqliteFault>,
    /// True if a change was committed.
    pub(super) wrote: bool,
}

impl BatchResult {
    /// Answers the callers of all jobs that ran. Answers to several callers are sent from within their async
    /// runtime, where a wakeup is much cheaper than from another thread.
    pub(super) fn answer(self, runtime: Option<&Handle>) {
        match runtime {
            Some(runtime) if self.ran.len() > 1 => {
                runtime.spawn(async move { self.answer_all() });
            }
            _ => self.answer_all(),
        }
    }

    fn answer_all(self) {
        for job in self.ran {
            job.answer(self.verdict);
        }
    }
}

/// Runs jobs from `waiting` in one transaction and removes them from the queue. If the transaction is lost,
/// stops after the job that lost it. Removes at least one job.
pub(super) fn run(
    connection: &Connection,
    waiting: &mut VecDeque<Box<dyn Job>>,
    signs: &WriterShared,
) -> BatchResult {
    if let Err(error) = execute(connection, "BEGIN IMMEDIATE") {
        return BatchResult {
            ran: waiting.drain(..).collect(),
            verdict: CommitOutcome::Lost,
            fault: Some(log_fault("BEGIN", &error)),
            wrote: false,
        };
    }
    let mut batch = Batch {
        connection,
        signs,
        ran: Vec::with_capacity(waiting.len()),
        fault: None,
        wrote: false,
    };
    while let Some(job) = waiting.pop_front() {
        if let TransactionState::Lost = batch.run_one(job) {
            return batch.give_up();
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
    signs: &'conn WriterShared,
    ran: Vec<Box<dyn Job>>,
    fault: Option<SqliteFault>,
    wrote: bool,
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
            Err(error) => return self.lost_to("SAVEPOINT", &error),
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
            return self.lost_to("RELEASE", &error);
        }
        self.wrote |=
            outcome == JobOutcome::Succeeded && self.connection.total_changes() != changes;
        TransactionState::Open
    }

    fn lost_to(&mut self, statement: &str, error: &rusqlite::Error) -> TransactionState {
        self.fault = Some(log_fault(statement, error));
        TransactionState::Lost
    }

    fn commit(mut self) -> BatchResult {
        if let Err(error) = self.signs.hook.before_commit(self.connection) {
            tracing::error!(?error, "the writer's transaction failed before its end");
            self.fault = Some(SqliteFault::behind(&error));
            return self.give_up();
        }
        let watch = Stopwatch::start();
        if let Err(error) = execute(self.connection, "COMMIT") {
            self.fault = Some(log_fault("COMMIT", &error));
            return self.give_up();
        }
        self.signs.hook.committed();
        let metrics = &self.signs.metrics;
        metrics
            .commit_seconds
            .observe(watch.elapsed().as_secs_f64());
        metrics.batch_size.observe(self.ran.len() as f64);
        BatchResult {
            ran: self.ran,
            verdict: CommitOutcome::Committed,
            fault: self.fault,
            wrote: self.wrote,
        }
    }

    fn give_up(mut self) -> BatchResult {
        self.signs.hook.lost();
        if !self.connection.is_autocommit()
            && let Err(error) = execute(self.connection, "ROLLBACK")
        {
            self.fault = Some(log_fault("ROLLBACK", &error));
        }
        BatchResult {
            ran: self.ran,
            verdict: CommitOutcome::Lost,
            fault: self.fault,
            wrote: false,
        }
    }
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}

fn log_fault(statement: &str, error: &rusqlite::Error) -> SqliteFault {
    tracing::error!(statement, %error, "the writer's transaction failed");
    SqliteFault::of(error)
}
