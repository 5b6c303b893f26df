//! What waits for the writer: a closure, what its commit causes, and the one who waits for its answer.

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

    /// Has what the commit causes happen, and answers the one who waits, if there still is one.
    fn answer(self: Box<Self>, verdict: Verdict);
}

/// A closure, its result, what follows once that is committed, and the one who waits.
struct Task<T, U, F, G> {
    work: Option<F>,
    result: Option<Result<T>>,
    then: G,
    reply: oneshot::Sender<Result<U>>,
}

/// A job, and where its answer arrives. The answer never arrives if the job is dropped. `then` makes
/// the answer of what was committed.
pub(super) fn new<T, U, F, G>(work: F, then: G) -> (Box<dyn Job>, oneshot::Receiver<Result<U>>)
where
    T: Send + 'static,
    U: Send + 'static,
    F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    G: FnOnce(T) -> U + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let task = Task {
        work: Some(work),
        result: None,
        then,
        reply,
    };
    (Box::new(task), answer)
}

impl<T, U, F, G> Job for Task<T, U, F, G>
where
    T: Send + 'static,
    U: Send + 'static,
    F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    G: FnOnce(T) -> U + Send + 'static,
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
        let then = self.then;
        let answer = match (self.result, verdict) {
            (Some(Ok(value)), Verdict::Committed) => {
                catch_unwind(AssertUnwindSafe(|| then(value))).map_err(|panic| panicked(&*panic))
            }
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
