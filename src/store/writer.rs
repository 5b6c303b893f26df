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

use super::{
    Metrics, Settings,
    batch::{self, Ended},
    commit_hook::Hook,
    health::HealthState,
    job::{Job, Verdict},
    startup,
};

/// What the writer tells the rest of the engine.
pub(super) struct Signs {
    pub(super) health: HealthState,
    pub(super) metrics: Metrics,
    pub(super) hook: Hook,
}

/// What stands in the writer's queue.
pub(super) enum Message {
    Job(Box<dyn Job>),
    /// Finish: what was queued before this is still done, what comes after it is not.
    Close,
}

/// How often the writer lets others go first before it begins a transaction.
const YIELDS: usize = 2;

/// The writer's way into its thread.
pub(super) struct Handle {
    pub(super) queue: SyncSender<Message>,
    pub(super) thread: JoinHandle<()>,
}

/// Starts the writer on its connection.
pub(super) fn start(
    connection: Connection,
    path: PathBuf,
    settings: Settings,
    signs: Arc<Signs>,
) -> io::Result<Handle> {
    let (queue, messages) = sync_channel(settings.queue_depth.max(1));
    let writer = Writer {
        connection: Some(connection),
        path,
        settings,
        signs,
        runtime: runtime::Handle::try_current().ok(),
    };
    let thread = thread::Builder::new()
        .name("store-writer".to_owned())
        .spawn(move || writer.run(&messages))?;
    Ok(Handle { queue, thread })
}

struct Writer {
    /// None after a fault that spoiled it, until it could be opened again.
    connection: Option<Connection>,
    path: PathBuf,
    settings: Settings,
    signs: Arc<Signs>,
    /// That of whoever opened the store.
    runtime: Option<runtime::Handle>,
}

impl Writer {
    fn run(mut self, messages: &Receiver<Message>) {
        let mut open = true;
        while open {
            let mut jobs = VecDeque::new();
            open = self.collect(messages, &mut jobs);
            while !jobs.is_empty() {
                self.run_batch(&mut jobs);
            }
        }
        self.finish();
    }

    /// Waits for one job and takes what else is waiting. False once no more are to be taken.
    ///
    /// Whoever is about to send a job may do so first: that costs nothing when nobody is, and under
    /// load a commit serves more jobs.
    fn collect(&self, messages: &Receiver<Message>, jobs: &mut VecDeque<Box<dyn Job>>) -> bool {
        let mut next = messages.recv().ok();
        let mut yields = 0;
        loop {
            let before = jobs.len();
            while let Some(message) = next {
                let Message::Job(job) = message else {
                    return false;
                };
                self.signs.metrics.queue_depth.dec();
                jobs.push_back(job);
                if jobs.len() >= self.settings.batch_size.max(1) {
                    return true;
                }
                next = messages.try_recv().ok();
            }
            if jobs.len() == before || yields == YIELDS {
                return !jobs.is_empty();
            }
            yields += 1;
            thread::yield_now();
            next = messages.try_recv().ok();
        }
    }

    fn run_batch(&mut self, jobs: &mut VecDeque<Box<dyn Job>>) {
        self.reopen_if_spoiled();
        match &self.connection {
            Some(connection) => {
                let ended = batch::run(connection, jobs, &self.signs);
                // Before the answers, so that a caller who looks at the health sees this.
                self.learn_from(&ended);
                ended.answer(self.runtime.as_ref());
            }
            None => jobs.drain(..).for_each(|job| job.answer(Verdict::Lost)),
        }
    }

    fn learn_from(&mut self, ended: &Ended) {
        match ended.fault {
            Some(fault) => {
                self.signs.health.fails(fault.message());
                if fault.spoils_connection() {
                    self.connection = None;
                }
            }
            None if ended.wrote => self.signs.health.works(),
            None => {}
        }
    }

    fn reopen_if_spoiled(&mut self) {
        if self.connection.is_some() {
            return;
        }
        match startup::open_current(&self.path, &self.settings) {
            Ok(connection) => self.connection = Some(connection),
            Err(error) => {
                tracing::error!(error = &error as &dyn Error, "reopening failed");
                self.signs
                    .health
                    .fails("the database cannot be opened again after a fault");
            }
        }
    }

    /// Copies the log into the database, so that what stays is one file, and closes.
    fn finish(self) {
        let Some(connection) = self.connection else {
            return;
        };
        // Nothing is lost if this fails: the log stays and is read at the next start.
        let checkpoint = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = checkpoint {
            tracing::warn!(%error, "the write-ahead log stays behind");
        }
        if let Err((_, error)) = connection.close() {
            tracing::warn!(%error, "the writer's connection did not close");
        }
    }
}
