//! The store's public interface.

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
    commit_hook::HookSlot,
    files,
    health::HealthState,
    job,
    lock::{self, ProcessLock},
    meta,
    migrations::{self, Migration},
    readers::{ReaderManager, ReaderPools},
    sqlite_fault::unavailable_error,
    startup::{self, OpenedDatabase},
    writer::{self, Message, ProcessRole, WriterShared},
};

const CLOSED_MESSAGE: &str = "The server is shutting down";

/// Size of the value that a probe writes and removes, in bytes. It is large enough to need new pages, like
/// any other row.
const PROBE_BYTES: usize = 16 * 1024;

/// An open database. Clones share it; the drop of the last one closes it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    path: PathBuf,
    created: bool,
    job_queue: SyncSender<Message>,
    shared: Arc<WriterShared>,
    /// `None` once closed.
    readers: RwLock<Option<ReaderPools>>,
    scans: Arc<Semaphore>,
    /// `None` once closed.
    writer: Mutex<Option<JoinHandle<()>>>,
    /// `None` once closed, and for a command beside a running server.
    lock: Mutex<Option<ProcessLock>>,
    /// The file in which other processes signal their changes. `None` for a command beside a running server.
    signal: Option<File>,
}

impl Store {
    /// Opens the database for a server: takes its lock, creates the file if it is missing (the directory must
    /// exist), applies migrations and starts the writer.
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
        let path = files::resolve_path(&settings.path)?;
        let lock = ProcessLock::acquire(&path)?;
        let opened = startup::open_or_create(&path, settings, migrations)?;
        let created = opened.created;
        Self::start(path.clone(), settings, opened, Some(lock)).inspect_err(|_| {
            if created {
                startup::remove_unused_database(&path);
            }
        })
    }

    /// True if this process is the database's server, false for a command beside it.
    #[must_use]
    pub fn is_server(&self) -> bool {
        self.0.signal.is_some()
    }

    /// Opens the database for a command. A server may be running on it, so this takes no lock and applies no
    /// migrations. Writes of both processes wait for each other.
    ///
    /// # Errors
    /// [`OpenError::Missing`] and [`OpenError::Older`] in cases where a server would create or migrate the
    /// file; otherwise as [`Store::open`].
    pub fn open_for_command(settings: &Settings) -> Result<Self, OpenError> {
        Self::open_for_command_with(settings, migrations::ALL)
    }

    pub(super) fn open_for_command_with(
        settings: &Settings,
        migrations: &[Migration],
    ) -> Result<Self, OpenError> {
        let path = files::resolve_path(&settings.path)?;
        let opened = startup::open_existing(&path, settings, migrations)?;
        Self::start(path, settings, opened, None)
    }

    fn start(
        path: PathBuf,
        settings: &Settings,
        opened: OpenedDatabase,
        lock: Option<ProcessLock>,
    ) -> Result<Self, OpenError> {
        let shared = Arc::new(WriterShared {
            health: HealthState::default(),
            metrics: Metrics::new(),
            hook: HookSlot::default(),
        });
        let readers = ReaderPools::open(&path, settings)
            .map_err(|error| OpenError::from_io(&path, io::Error::other(error)))?;
        let owner = match lock {
            Some(_) => ProcessRole::Server,
            None => ProcessRole::Command,
        };
        let writer = writer::start(
            owner,
            opened.connection,
            path.clone(),
            settings.clone(),
            Arc::clone(&shared),
        )
        .map_err(|error| OpenError::from_io(&path, error))?;
        let signal = lock.as_ref().map(ProcessLock::signal_file).transpose();
        let signal = signal.map_err(|error| OpenError::from_io(&path, error))?;
        Ok(Self(Arc::new(Inner {
            path,
            signal,
            created: opened.created,
            job_queue: writer.queue,
            shared,
            readers: RwLock::new(Some(readers)),
            scans: Arc::new(Semaphore::new(settings.scan_connections.max(1) as usize)),
            writer: Mutex::new(Some(writer.thread)),
            lock: Mutex::new(lock),
        })))
    }

    /// Runs `work` as a job in the writer's transaction and returns its result once that is durable.
    ///
    /// Jobs run one after the other, in the order in which the calls are first polled. A job that fails or
    /// panics is rolled back alone. A job must not begin, commit or roll back the transaction itself. It must
    /// not rely on deferred constraints, because they are only checked when the whole batch commits.
    ///
    /// A job also runs if its caller stops waiting. Put the consequences of the change into
    /// [`write_then`](Self::write_then), not after the `await`.
    ///
    /// # Errors
    /// The job's error; `Unavailable` if the queue is full, the store is closed, or the change could not be
    /// made durable; `Internal` if the job panicked.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.write_then(work, |output| output).await
    }

    /// Like [`write`](Self::write), with a callback for the consequences of the commit. `then` runs once the
    /// change is durable, even if the caller has stopped waiting (client gone, timeout). It never runs if the
    /// change is lost. It must not block. The caller gets its return value.
    ///
    /// # Errors
    /// Errors of [`write`](Self::write).
    pub async fn write_then<T: Send + 'static, U: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
        then: impl FnOnce(T) -> U + Send + 'static,
    ) -> Result<U> {
        // A command signals its change to the server that may be running.
        let path = self.0.signal.is_none().then(|| self.0.path.clone());
        let (job, answer) = job::new(work, move |output| {
            if let Some(Err(error)) = path.as_deref().map(lock::raise_signal) {
                tracing::warn!(%error, "a running server may notice this change late");
            }
            then(output)
        });
        let depth = &self.0.shared.metrics.queue_depth;
        // Incremented first, so that the writer's decrement cannot come before it.
        depth.inc();
        if let Err(refused) = self.0.job_queue.try_send(Message::Job(job)) {
            depth.dec();
            return Err(unavailable_error(match refused {
                TrySendError::Full(_) => "Too many changes are waiting to be stored",
                TrySendError::Disconnected(_) => CLOSED_MESSAGE,
            }));
        }
        answer
            .await
            .unwrap_or_else(|_| Err(unavailable_error(CLOSED_MESSAGE)))
    }

    /// Sets the hook that takes part in every transaction from now on. Only the first call has an effect.
    pub fn set_commit_hook(&self, hook: Arc<dyn CommitHook>) {
        self.0.shared.hook.set(hook);
    }

    /// Returns a number that changes whenever another process changes something through this module. A call
    /// costs one system call and does not touch the database. Always 0 for a command beside a running server.
    #[must_use]
    pub fn external_change_number(&self) -> u64 {
        self.0.signal.as_ref().map_or(0, lock::read_signal)
    }

    /// Reads on the calling thread; for a few rows by key. Each statement sees its own snapshot of the
    /// database. For one snapshot across several statements, use [`scan`](Self::scan).
    ///
    /// # Errors
    /// The closure's error; `Unavailable` if no connection becomes free or the store is closed.
    pub fn read<T>(&self, f: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let reader = self.take_reader(ReaderPools::take_point_reader)?;
        f(&reader)
    }

    /// Reads on a thread for blocking work, inside one read transaction: all statements see the same snapshot.
    ///
    /// # Errors
    /// As [`read`](Self::read); `Internal` if the closure panics.
    pub async fn scan<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        // An async wait, which blocks no thread.
        let permit = Arc::clone(&self.0.scans)
            .acquire_owned()
            .await
            .map_err(|_| unavailable_error(CLOSED_MESSAGE))?;
        let store = self.clone();
        let scan = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let reader = store.take_reader(ReaderPools::take_scan_reader)?;
            let snapshot = reader.unchecked_transaction()?;
            f(&snapshot)
        });
        scan.await.unwrap_or_else(|error| {
            Err(if error.is_panic() {
                Error::new(Kind::Internal, "a scan panicked").with_source(error)
            } else {
                unavailable_error(CLOSED_MESSAGE)
            })
        })
    }

    /// Reads like [`scan`](Self::scan), but on the calling thread if `is_short`: for a page whose statements read
    /// little more than the rows that they return. Such a page takes less time than the hand-off to another thread.
    ///
    /// # Errors
    /// As [`scan`](Self::scan).
    pub async fn read_page<T: Send + 'static>(
        &self,
        is_short: bool,
        f: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if !is_short {
            return self.scan(f).await;
        }
        self.read(|reader| {
            let snapshot = reader.unchecked_transaction()?;
            f(&snapshot)
        })
    }

    fn take_reader(
        &self,
        take: impl FnOnce(&ReaderPools) -> Result<PooledConnection<ReaderManager>>,
    ) -> Result<PooledConnection<ReaderManager>> {
        let readers = self.0.readers.read();
        let readers = readers.unwrap_or_else(PoisonError::into_inner);
        take(
            readers
                .as_ref()
                .ok_or_else(|| unavailable_error(CLOSED_MESSAGE))?,
        )
    }

    /// Returns the health of writes, as of the last write. Costs nothing.
    #[must_use]
    pub fn health(&self) -> Health {
        self.0.shared.health.get()
    }

    /// Tests with a durable write, which leaves nothing behind, that the database accepts writes.
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
        &self.0.shared.metrics
    }

    /// True if this call of `open` created the file.
    #[must_use]
    pub fn was_created(&self) -> bool {
        self.0.created
    }

    /// Absolute path of the database file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Returns the URL that the server of this database has published, if one runs.
    #[must_use]
    pub fn published_address(&self) -> Option<String> {
        lock::read_published_address(&self.0.path)
    }

    /// Publishes the server's URL for other processes that try to open the same database.
    ///
    /// # Errors
    /// Errors of writing the lock file.
    pub fn publish_address(&self, url: &str) -> io::Result<()> {
        let mut lock = self.0.lock.lock().unwrap_or_else(PoisonError::into_inner);
        lock.as_mut()
            .map_or(Ok(()), |lock| lock.publish_address(url))
    }

    /// Completes the queued jobs, refuses later ones, closes the database and releases its lock. Blocks until
    /// that is done. A second call does nothing.
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
        // The readers close first, so that the writer's connection is the last one and SQLite leaves a single file.
        self.scans.close();
        let readers = self
            .readers
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(readers) = readers {
            readers.close();
        }
        // A job dropped the last clone. The writer's thread ends by itself, because its queue is disconnected.
        if thread.thread().id() == thread::current().id() {
            return;
        }
        // Fails only if the thread has ended.
        let _ = self.job_queue.send(Message::Close);
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
