//! What waits for the writer: a closure, and the one who waits for its answer.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::kernel::{Error, Kind, Result};

use super::fault::{Fault, unavailable};

/// How a job ended, for the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Succeeded,
    /// Nothing of it may be kept.
    Failed(Fault),
}

/// What became of the transaction that a job ran in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is durable.
    Committed,
    /// It is not known to be: no job of it may be told that it succeeded.
    Lost,
}

/// A job of any result type.
pub(super) trait Job: Send {
    /// Runs the closure and keeps its result. Called at most once.
    fn run(&mut self, connection: &Connection) -> Outcome;

    /// Answers the one who waits, if there still is one.
    fn answer(self: Box<Self>, verdict: Verdict);
}

/// A closure, its result and the one who waits for it.
struct Task<T, F> {
    work: Option<F>,
    result: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

/// A job, and where its answer arrives. The answer never arrives if the job is dropped.
pub(super) fn new<T, F>(work: F) -> (Box<dyn Job>, oneshot::Receiver<Result<T>>)
where
    T: Send + 'static,
    F: FnOnce(&Connection) -> Result<T> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let task = Task {
        work: Some(work),
        result: None,
        reply,
    };
    (Box::new(task), answer)
}

impl<T, F> Job for Task<T, F>
where
    T: Send + 'static,
    F: FnOnce(&Connection) -> Result<T> + Send + 'static,
{
    fn run(&mut self, connection: &Connection) -> Outcome {
        let Some(work) = self.work.take() else {
            return Outcome::Failed(Fault::Other);
        };
        // What the closure touched in the database is rolled back, and the closure is gone.
        let result = catch_unwind(AssertUnwindSafe(|| work(connection)))
            .unwrap_or_else(|panic| Err(panicked(&*panic)));
        let outcome = match &result {
            Ok(_) => Outcome::Succeeded,
            Err(error) => Outcome::Failed(Fault::behind(error)),
        };
        self.result = Some(result);
        outcome
    }

    fn answer(self: Box<Self>, verdict: Verdict) {
        let answer = match (self.result, verdict) {
            (Some(Ok(value)), Verdict::Committed) => Ok(value),
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(_)), Verdict::Lost) | (None, _) => {
                Err(unavailable("The change could not be stored; try again"))
            }
        };
        // The caller may have given up; the work is done all the same.
        let _ = self.reply.send(answer);
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    Error::new(Kind::Internal, format!("a write job panicked: {text}"))
}
