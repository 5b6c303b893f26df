//! Jobs of the writer: the closure, the callback after the commit, and the channel to the caller.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::kernel::{Error, Kind, Result, panic_text};

use super::sqlite_fault::{SqliteFault, unavailable_error};

/// The result of a job, for the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JobOutcome {
    Succeeded,
    /// The job's changes must be rolled back.
    Failed(SqliteFault),
}

/// The result of the transaction that a job ran in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CommitOutcome {
    /// The transaction is durable.
    Committed,
    /// The transaction is not known to be durable, so no job of it may report success.
    Lost,
}

/// A job of any result type.
pub(super) trait Job: Send {
    /// Runs the closure and stores its result. Called at most once.
    fn run(&mut self, connection: &Connection) -> JobOutcome;

    /// Runs the callback if the job was committed, and answers the caller if it still waits.
    fn answer(self: Box<Self>, verdict: CommitOutcome);
}

/// A closure, its result, the callback after the commit, and the channel to the caller.
struct Task<T, U, F, G> {
    work: Option<F>,
    result: Option<Result<T>>,
    on_commit: G,
    reply_sender: oneshot::Sender<Result<U>>,
}

/// Creates a job and the receiver of its answer. The receiver fails if the job is dropped. `then` turns the
/// committed result into the answer.
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
        on_commit: then,
        reply_sender: reply,
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
    fn run(&mut self, connection: &Connection) -> JobOutcome {
        let Some(work) = self.work.take() else {
            return JobOutcome::Failed(SqliteFault::Other);
        };
        // Unwind safety: the closure's database changes are rolled back, and the closure itself is consumed.
        let result = catch_unwind(AssertUnwindSafe(|| work(connection)))
            .unwrap_or_else(|panic| Err(panic_error(&*panic)));
        let outcome = match &result {
            Ok(_) => JobOutcome::Succeeded,
            Err(error) => JobOutcome::Failed(SqliteFault::classify_source(error)),
        };
        self.result = Some(result);
        outcome
    }

    fn answer(self: Box<Self>, verdict: CommitOutcome) {
        let then = self.on_commit;
        let answer = match (self.result, verdict) {
            (Some(Ok(value)), CommitOutcome::Committed) => {
                catch_unwind(AssertUnwindSafe(|| then(value))).map_err(|panic| panic_error(&*panic))
            }
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(_)), CommitOutcome::Lost) | (None, _) => Err(unavailable_error(
                "The change could not be stored; try again",
            )),
        };
        // The caller may have stopped waiting.
        let _ = self.reply_sender.send(answer);
    }
}

fn panic_error(panic: &(dyn Any + Send)) -> Error {
    let text = panic_text(panic).unwrap_or("no message");
    Error::new(Kind::Internal, format!("a write job panicked: {text}"))
}
