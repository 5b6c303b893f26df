//! The writer: the one thread that owns the read-write connection.

use std::{
    collections::VecDeque,
    error::Error,
    io,
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

use rusqlite::Connection;
use tokio::runtime;

use crate::kernel::critical_thread;

use super::{
    Metrics, Settings,
    batch::{self, BatchResult},
    checkpoint::{self, Checkpointer},
    commit_hook::HookSlot,
    health::HealthState,
    job::{CommitOutcome, Job},
    sqlite_fault::SqliteFault,
    startup,
};

/// State that the writer shares with the rest of the store.
pub(super) struct WriterShared {
    pub(super) health: HealthState,
    pub(super) metrics: Metrics,
    pub(super) hook: HookSlot,
}

/// An entry of the writer's queue.
pub(super) enum Message {
    Job(Box<dyn Job>),
    /// Stop: jobs queued before this are completed, later ones are not.
    Close,
}

const LOG_KEPT_MESSAGE: &str = "the disk rejected a checkpoint; all acknowledged writes are in the write-ahead log: \
    repair the disk and restart the server";

/// Maximum number of times that the writer yields to senders before it begins a transaction.
const MAX_YIELDS: usize = 2;

/// The queue and the thread of the writer.
pub(super) struct WriterHandle {
    pub(super) queue: SyncSender<Message>,
    pub(super) thread: JoinHandle<()>,
}

/// The kind of process that the writer belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProcessRole {
    Server,
    /// A command beside a server that may be running.
    Command,
}

/// Starts the writer thread with its connection.
pub(super) fn start(
    owner: ProcessRole,
    connection: Connection,
    path: PathBuf,
    settings: Settings,
    shared: Arc<WriterShared>,
) -> io::Result<WriterHandle> {
    let (queue, messages) = sync_channel(settings.queue_depth.max(1));
    let checkpointer = match owner {
        ProcessRole::Server => Some(Checkpointer::start(path.clone(), settings.clone())?),
        ProcessRole::Command => None,
    };
    let writer = Writer {
        checkpointer,
        connection: Some(connection),
        path,
        settings,
        shared,
        runtime: runtime::Handle::try_current().ok(),
    };
    let thread = thread::Builder::new()
        .name("store-writer".to_owned())
        .spawn(move || writer.run(&messages))?;
    Ok(WriterHandle { queue, thread })
}

struct Writer {
    /// `None` after a fault that spoiled the connection, until it is reopened.
    connection: Option<Connection>,
    /// `None` for a command, which leaves the checkpoints to SQLite.
    checkpointer: Option<Checkpointer>,
    path: PathBuf,
    settings: Settings,
    shared: Arc<WriterShared>,
    /// The async runtime of the caller that opened the store.
    runtime: Option<runtime::Handle>,
}

impl Writer {
    fn run(mut self, messages: &Receiver<Message>) {
        critical_thread::mark_current_thread();
        self.track_log_length();
        let mut open = true;
        while open {
            let mut jobs = VecDeque::new();
            open = self.collect_jobs(messages, &mut jobs);
            while !jobs.is_empty() {
                self.run_batch(&mut jobs);
            }
        }
        self.close();
    }

    /// Waits for one job and takes all others that are queued. False once the queue is closed.
    ///
    /// Yields a few times before it returns, so that callers that are about to send a job can do so. That
    /// costs nothing when idle, and under load a commit then serves more jobs.
    fn collect_jobs(
        &self,
        messages: &Receiver<Message>,
        jobs: &mut VecDeque<Box<dyn Job>>,
    ) -> bool {
        let mut next = messages.recv().ok();
        let mut yields = 0;
        loop {
            let before = jobs.len();
            while let Some(message) = next {
                let Message::Job(job) = message else {
                    return false;
                };
                self.shared.metrics.queue_depth.dec();
                jobs.push_back(job);
                if jobs.len() >= self.settings.batch_size.max(1) {
                    return true;
                }
                next = messages.try_recv().ok();
            }
            if jobs.len() == before || yields == MAX_YIELDS {
                return !jobs.is_empty();
            }
            yields += 1;
            thread::yield_now();
            next = messages.try_recv().ok();
        }
    }

    fn run_batch(&mut self, jobs: &mut VecDeque<Box<dyn Job>>) {
        if self.has_checkpoint_failed() {
            self.shared.health.record_failure(LOG_KEPT_MESSAGE);
            jobs.drain(..)
                .for_each(|job| job.answer(CommitOutcome::Lost));
            return;
        }
        self.reopen_if_spoiled();
        match &self.connection {
            Some(connection) => {
                let result = batch::run(connection, jobs, &self.shared);
                // Before the answers, so that a caller that then reads the health sees this result.
                self.handle_result(&result);
                result.answer(self.runtime.as_ref());
                self.checkpoint_if_due();
            }
            None => jobs
                .drain(..)
                .for_each(|job| job.answer(CommitOutcome::Lost)),
        }
    }

    fn has_checkpoint_failed(&self) -> bool {
        let checkpointer = self.checkpointer.as_ref();
        checkpointer.is_some_and(Checkpointer::has_failed)
    }

    fn track_log_length(&self) {
        if let (Some(connection), Some(_)) = (&self.connection, &self.checkpointer) {
            Checkpointer::track_log_length(connection);
        }
    }

    fn checkpoint_for_space(&mut self) {
        if let (Some(connection), Some(checkpointer)) = (&self.connection, &mut self.checkpointer) {
            checkpointer.copy_for_space(connection);
        }
    }

    fn checkpoint_if_due(&mut self) {
        if let (Some(connection), Some(checkpointer)) = (&self.connection, &mut self.checkpointer) {
            checkpointer.run_between_commits(connection);
        }
        if self.has_checkpoint_failed() {
            self.shared.health.record_failure(LOG_KEPT_MESSAGE);
        }
    }

    fn handle_result(&mut self, result: &BatchResult) {
        match result.fault {
            Some(fault) => {
                self.shared.health.record_failure(fault.message());
                if fault.spoils_connection() {
                    self.connection = None;
                } else if fault == SqliteFault::Full {
                    self.checkpoint_for_space();
                }
            }
            None if result.has_changes => self.shared.health.record_success(),
            None => {}
        }
    }

    fn reopen_if_spoiled(&mut self) {
        if self.connection.is_some() {
            return;
        }
        match startup::open_migrated(&self.path, &self.settings) {
            Ok(connection) => {
                self.connection = Some(connection);
                self.track_log_length();
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn Error, "reopening failed");
                self.shared
                    .health
                    .record_failure("the database cannot be opened again after a fault");
            }
        }
    }

    /// Copies the log into the database, so that a single file is left, and closes the connection. A command
    /// leaves the log to the server: to copy all of it would block every writer until the last reader is
    /// done.
    fn close(self) {
        let copies = self.checkpointer.is_some() && !self.has_checkpoint_failed();
        // Dropped after the connection is closed.
        let _file = self.checkpointer.and_then(Checkpointer::stop);
        let Some(connection) = self.connection else {
            return;
        };
        // A failure loses nothing: the log stays, and the next start reads it.
        if copies && let Err(error) = checkpoint::truncate_log(&connection) {
            tracing::warn!(%error, "the write-ahead log could not be truncated");
        }
        if let Err((_, error)) = connection.close() {
            tracing::warn!(%error, "the writer's connection did not close");
        }
    }
}
