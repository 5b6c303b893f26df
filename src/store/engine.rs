//! The engine as the rest of the program uses it.

use std::{
    fmt,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        mpsc::{SyncSender, TrySendError},
    },
    thread::{self, JoinHandle},
};

use r2d2::PooledConnection;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::kernel::{Error, Kind, Result};

use super::{
    CommitHook, Health, Metrics, OpenError, Settings,
    commit_hook::Hook,
    fault::unavailable,
    files,
    health::HealthState,
    job,
    lock::{self, ProcessLock},
    meta,
    migrations::{self, Migration},
    readers::{Readable, Readers},
    startup::{self, Opened},
    writer::{self, Message, Owner, Signs},
};

const CLOSED: &str = "The server is shutting down";

/// The bytes that a probe writes and removes: enough that it needs new pages, as any row may.
const PROBE_BYTES: usize = 16 * 1024;

/// One open database. Clones share it; the last one to go closes it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    path: PathBuf,
    created: bool,
    queue: SyncSender<Message>,
    signs: Arc<Signs>,
    /// None once closed.
    readers: RwLock<Option<Readers>>,
    scans: Arc<Semaphore>,
    /// None once closed.
    writer: Mutex<Option<JoinHandle<()>>>,
    /// None once closed, and beside a running server.
    lock: Mutex<Option<ProcessLock>>,
    /// Where other processes tell of their changes. None beside a running server.
    signal: Option<File>,
}

impl Store {
    /// Opens the database for a server: takes its lock, creates it if it is not there (its
    /// directory must be), brings it up to date and starts the writer.
    ///
    /// # Errors
    /// Every [`OpenError`] except `Missing` and `Older`.
    pub fn open(settings: &Settings) -> Result<Self, OpenError> {
        Self::open_with(settings, migrations::ALL)
    }

    pub(super) fn open_with(
        settings: &Settings,
        migrations: &[Migration],
    ) -> Result<Self, OpenError> {
        let path = files::locate(&settings.path)?;
        let lock = ProcessLock::acquire(&path)?;
        let opened = startup::open_or_create(&path, settings, migrations)?;
        let created = opened.created;
        Self::start(path.clone(), settings, opened, Some(lock)).inspect_err(|_| {
            if created {
                startup::discard(&path);
            }
        })
    }

    /// Whether this process is the database's server, and not a command beside it.
    #[must_use]
    pub fn is_server(&self) -> bool {
        self.0.signal.is_some()
    }

    /// Opens the database for a command, beside a server that may be running on it: without the
    /// lock and without migrating. Writes of both sides wait for each other.
    ///
    /// # Errors
    /// [`OpenError::Missing`] and [`OpenError::Older`] where a server would create or migrate;
    /// otherwise as [`Store::open`].
    pub fn open_beside(settings: &Settings) -> Result<Self, OpenError> {
        Self::open_beside_with(settings, migrations::ALL)
    }

    pub(super) fn open_beside_with(
        settings: &Settings,
        migrations: &[Migration],
    ) -> Result<Self, OpenError> {
        let path = files::locate(&settings.path)?;
        let opened = startup::open_beside(&path, settings, migrations)?;
        Self::start(path, settings, opened, None)
    }

    fn start(
        path: PathBuf,
        settings: &Settings,
        opened: Opened,
        lock: Option<ProcessLock>,
    ) -> Result<Self, OpenError> {
        let signs = Arc::new(Signs {
            health: HealthState::default(),
            metrics: Metrics::new(),
            hook: Hook::default(),
        });
        let readers = Readers::open(&path, settings)
            .map_err(|error| OpenError::io(&path, io::Error::other(error)))?;
        let owner = match lock {
            Some(_) => Owner::Server,
            None => Owner::Command,
        };
        let writer = writer::start(
            owner,
            opened.connection,
            path.clone(),
            settings.clone(),
            Arc::clone(&signs),
        )
        .map_err(|error| OpenError::io(&path, error))?;
        let signal = lock.as_ref().map(ProcessLock::signal_file).transpose();
        let signal = signal.map_err(|error| OpenError::io(&path, error))?;
        Ok(Self(Arc::new(Inner {
            path,
            signal,
            created: opened.created,
            queue: writer.queue,
            signs,
            readers: RwLock::new(Some(readers)),
            scans: Arc::new(Semaphore::new(settings.scan_connections.max(1) as usize)),
            writer: Mutex::new(Some(writer.thread)),
            lock: Mutex::new(lock),
        })))
    }

    /// Runs `work` as a job in the writer's transaction and answers once that is durable. Jobs run one
    /// after the other, in the order of the calls' first polls; one that fails or panics is
    /// rolled back alone. A job must not begin, commit or roll back the transaction itself, nor
    /// rely on deferred constraints, which are only checked when the whole batch is committed.
    ///
    /// A caller that stops waiting does not stop its job. What follows from the change belongs into
    /// [`write_then`](Self::write_then), and not behind the `await` of this.
    ///
    /// # Errors
    /// The job's own; `Unavailable` if the queue is full, the store is closed, or what the job
    /// did could not be made durable; `Internal` if it panicked.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.write_then(work, |done| done).await
    }

    /// The same, with what a commit causes: `then` is called once the change is durable, also if the
    /// caller has stopped waiting meanwhile (its client is gone, its time is over), and never if the
    /// change is lost. It must not wait. The caller gets what it makes of the job's result.
    ///
    /// # Errors
    /// Those of [`write`](Self::write).
    pub async fn write_then<T: Send + 'static, U: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
        then: impl FnOnce(T) -> U + Send + 'static,
    ) -> Result<U> {
        // A command tells the server that may be running.
        let path = self.0.signal.is_none().then(|| self.0.path.clone());
        let (job, answer) = job::new(work, move |done| {
            if let Some(Err(error)) = path.as_deref().map(lock::raise_signal) {
                tracing::warn!(%error, "a running server may notice this change late");
            }
            then(done)
        });
        let depth = &self.0.signs.metrics.queue_depth;
        // Counted first, so that the writer cannot take it out before.
        depth.inc();
        if let Err(refused) = self.0.queue.try_send(Message::Job(job)) {
            depth.dec();
            return Err(unavailable(match refused {
                TrySendError::Full(_) => "Too many changes are waiting to be stored",
                TrySendError::Disconnected(_) => CLOSED,
            }));
        }
        answer.await.unwrap_or_else(|_| Err(unavailable(CLOSED)))
    }

    /// Lets `hook` take part in every transaction from now on. The first one given stays.
    pub fn set_commit_hook(&self, hook: Arc<dyn CommitHook>) {
        self.0.signs.hook.set(hook);
    }

    /// A number that changes whenever another process has changed something through this engine.
    /// Asking costs one system call and does not touch the database. Always 0 beside a running
    /// server.
    #[must_use]
    pub fn outside_changes(&self) -> u64 {
        self.0.signal.as_ref().map_or(0, lock::read_signal)
    }

    /// Reads on the calling thread, for a few rows found by key. Each statement sees its own
    /// state of the database; for one state across several, use [`scan`](Self::scan).
    ///
    /// # Errors
    /// The closure's own; `Unavailable` if no connection becomes free or the store is closed.
    pub fn read<T>(&self, f: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let reader = self.reader(Readers::point)?;
        f(&reader)
    }

    /// Reads on a thread for blocking work, inside one read transaction: all statements see the
    /// same state of the database.
    ///
    /// # Errors
    /// As [`read`](Self::read); `Internal` if the closure panics.
    pub async fn scan<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        // Waiting here costs no thread.
        let permit = Arc::clone(&self.0.scans)
            .acquire_owned()
            .await
            .map_err(|_| unavailable(CLOSED))?;
        let store = self.clone();
        let scan = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let reader = store.reader(Readers::scan)?;
            let snapshot = reader.unchecked_transaction()?;
            f(&snapshot)
        });
        scan.await.unwrap_or_else(|error| {
            Err(if error.is_panic() {
                Error::new(Kind::Internal, "a scan panicked").with_source(error)
            } else {
                unavailable(CLOSED)
            })
        })
    }

    fn reader(
        &self,
        take: impl FnOnce(&Readers) -> Result<PooledConnection<Readable>>,
    ) -> Result<PooledConnection<Readable>> {
        let readers = self.0.readers.read();
        let readers = readers.unwrap_or_else(PoisonError::into_inner);
        take(readers.as_ref().ok_or_else(|| unavailable(CLOSED))?)
    }

    /// Whether writing works, as the last write found it. Costs nothing.
    #[must_use]
    pub fn health(&self) -> Health {
        self.0.signs.health.get()
    }

    /// Finds out whether writing works by a durable write that leaves nothing behind.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub async fn probe(&self) -> Result<()> {
        self.write(|connection| {
            meta::set(connection, "probe", &[0; PROBE_BYTES])?;
            meta::remove(connection, "probe")
        })
        .await
    }

    /// The writer's metrics.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.0.signs.metrics
    }

    /// Whether this opening created the file.
    #[must_use]
    pub fn created(&self) -> bool {
        self.0.created
    }

    /// The database file, as an absolute path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Where the server of this database says that it listens, if one runs.
    #[must_use]
    pub fn announced(&self) -> Option<String> {
        lock::announced(&self.0.path)
    }

    /// Tells whoever tries to open the same database where this server listens.
    ///
    /// # Errors
    /// What the system says to writing the lock file.
    pub fn announce(&self, url: &str) -> io::Result<()> {
        let mut lock = self.0.lock.lock().unwrap_or_else(PoisonError::into_inner);
        lock.as_mut().map_or(Ok(()), |lock| lock.announce(url))
    }

    /// Finishes what is queued, refuses what comes later, closes the database and releases its
    /// lock. Blocks until that is done; a second call does nothing.
    pub fn close(&self) {
        self.0.close();
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("path", &self.0.path)
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn close(&self) {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(thread) = writer.take() else {
            return;
        };
        // First, so that the writer's connection is the last and leaves one file.
        self.scans.close();
        let readers = self
            .readers
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(readers) = readers {
            readers.close();
        }
        // A job dropped the last clone: the thread sees that this end of its queue is gone.
        if thread.thread().id() == thread::current().id() {
            return;
        }
        // Only fails if the thread is gone.
        let _ = self.queue.send(Message::Close);
        if thread.join().is_err() {
            tracing::error!("the writer's thread had panicked");
        }
        drop(
            self.lock
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}
