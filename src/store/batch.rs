//! One transaction for many jobs.

use std::collections::VecDeque;

use rusqlite::Connection;

use crate::kernel::clock::Stopwatch;

use super::{
    Metrics,
    fault::Fault,
    job::{Job, Outcome, Verdict},
};

/// What a transaction taught about the database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Lesson {
    /// Something that stops any writing, if that was met.
    pub(super) fault: Option<Fault>,
    /// Whether a change was committed.
    pub(super) wrote: bool,
}

/// Runs jobs from `waiting` in one transaction, answers them, and takes them out: all of them,
/// or, if the transaction is lost on the way, those up to that point. At least one is taken.
pub(super) fn run(
    connection: &Connection,
    waiting: &mut VecDeque<Box<dyn Job>>,
    metrics: &Metrics,
) -> Lesson {
    if let Err(error) = execute(connection, "BEGIN IMMEDIATE") {
        let fault = report("BEGIN", &error);
        answer(waiting.drain(..), Verdict::Lost);
        return Lesson {
            fault: Some(fault),
            wrote: false,
        };
    }
    let mut batch = Batch {
        connection,
        ran: Vec::with_capacity(waiting.len()),
        lesson: Lesson::default(),
    };
    while let Some(job) = waiting.pop_front() {
        if let Lasts::Lost = batch.run_one(job) {
            return batch.give_up();
        }
    }
    batch.commit(metrics)
}

/// Whether the transaction is still there after a job.
enum Lasts {
    Open,
    Lost,
}

struct Batch<'conn> {
    connection: &'conn Connection,
    ran: Vec<Box<dyn Job>>,
    lesson: Lesson,
}

impl Batch<'_> {
    fn run_one(&mut self, mut job: Box<dyn Job>) -> Lasts {
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
        if let Outcome::Failed(fault) = outcome
            && fault.stops_writing()
        {
            self.lesson.fault = Some(fault);
            if fault.spoils_connection() {
                return Lasts::Lost;
            }
        }
        // SQLite rolls everything back by itself after some faults, notably FULL.
        if self.connection.is_autocommit() {
            if self.lesson.fault.is_none() {
                tracing::error!("a write job ended the transaction that it shares with others");
            }
            return Lasts::Lost;
        }
        let closed = match outcome {
            Outcome::Succeeded => execute(self.connection, "RELEASE job"),
            Outcome::Failed(_) => execute(self.connection, "ROLLBACK TO job")
                .and_then(|()| execute(self.connection, "RELEASE job")),
        };
        if let Err(error) = closed {
            return self.lost_to("RELEASE", &error);
        }
        self.lesson.wrote |=
            outcome == Outcome::Succeeded && self.connection.total_changes() != changes;
        Lasts::Open
    }

    fn lost_to(&mut self, statement: &str, error: &rusqlite::Error) -> Lasts {
        self.lesson.fault = Some(report(statement, error));
        Lasts::Lost
    }

    fn commit(mut self, metrics: &Metrics) -> Lesson {
        let watch = Stopwatch::start();
        match execute(self.connection, "COMMIT") {
            Ok(()) => {
                metrics
                    .commit_seconds
                    .observe(watch.elapsed().as_secs_f64());
                metrics.batch_size.observe(self.ran.len() as f64);
                answer(self.ran, Verdict::Committed);
                self.lesson
            }
            Err(error) => {
                self.lesson.fault = Some(report("COMMIT", &error));
                self.give_up()
            }
        }
    }

    fn give_up(mut self) -> Lesson {
        if !self.connection.is_autocommit()
            && let Err(error) = execute(self.connection, "ROLLBACK")
        {
            self.lesson.fault = Some(report("ROLLBACK", &error));
        }
        answer(self.ran, Verdict::Lost);
        Lesson {
            wrote: false,
            ..self.lesson
        }
    }
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}

fn answer(jobs: impl IntoIterator<Item = Box<dyn Job>>, verdict: Verdict) {
    for job in jobs {
        job.answer(verdict);
    }
}

fn report(statement: &str, error: &rusqlite::Error) -> Fault {
    tracing::error!(statement, %error, "the writer's transaction failed");
    Fault::of(error)
}
