//! Pools of read-only connections.

use std::{
    convert::Infallible,
    ops::Deref,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::Duration,
};

use r2d2::{HandleError, ManageConnection, PooledConnection};
use r2d2_sqlite::SqliteConnectionManager;
use rusqlite::Connection;
use scheduled_thread_pool::ScheduledThreadPool;

use crate::kernel::{Error, Result};

use super::{
    Settings,
    connection::{READ_WRITE, make_read_only},
    sqlite_fault::unavailable_error,
};

/// Number of connections for point reads in addition to one per server thread, for reads from other threads.
const SPARE_CONNECTIONS: usize = 2;
/// Maximum time that the start waits for the first connection, and the close for the last.
const OPEN_CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Two pools, one for point reads and one for scans, so that scans cannot block point reads.
#[derive(Debug)]
pub(super) struct ReaderPools {
    point_pool: r2d2::Pool<ReaderManager>,
    scan_pool: r2d2::Pool<ReaderManager>,
    /// Disconnected when the last connection is closed.
    all_closed: Mutex<Receiver<Infallible>>,
}

impl ReaderPools {
    /// Opens the pools. One connection opens at once, the others on demand.
    pub(super) fn open(path: &Path, settings: &Settings) -> Result<Self, r2d2::Error> {
        let (alive, open) = channel();
        // The pool's thread only opens connections. By default, each pool would have three such threads.
        let opener = ScheduledThreadPool::builder()
            .num_threads(1)
            .thread_name_pattern("store-opener")
            .build();
        let opener = Arc::new(opener);
        let pool = |size| {
            let manager = ReaderManager::new(path, settings, alive.clone());
            build_pool(manager, settings, &opener, size)
        };
        let threads = thread::available_parallelism().map_or(2, |count| count.get().max(2));
        let points = u32::try_from(threads + SPARE_CONNECTIONS).unwrap_or(u32::MAX);
        let readers = Self {
            point_pool: pool(points)?,
            scan_pool: pool(settings.scan_connections.max(1))?,
            all_closed: Mutex::new(open),
        };
        drop(readers.point_pool.get_timeout(OPEN_CLOSE_TIMEOUT)?);
        Ok(readers)
    }

    /// Takes a connection for a point read.
    pub(super) fn take_point_reader(&self) -> Result<PooledConnection<ReaderManager>> {
        self.point_pool.get().map_err(pool_timeout_error)
    }

    /// Takes a connection for a scan.
    pub(super) fn take_scan_reader(&self) -> Result<PooledConnection<ReaderManager>> {
        self.scan_pool.get().map_err(pool_timeout_error)
    }

    /// Closes the pools and waits until all their connections are closed: those in use, and one that may just
    /// be opening.
    pub(super) fn close(self) {
        drop((self.point_pool, self.scan_pool));
        let open = self
            .all_closed
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        match open.recv_timeout(OPEN_CLOSE_TIMEOUT) {
            Err(RecvTimeoutError::Disconnected) => {}
            Err(RecvTimeoutError::Timeout) => {
                tracing::warn!("a read goes on while the database is closed");
            }
            Ok(never) => match never {},
        }
    }
}

fn build_pool(
    manager: ReaderManager,
    settings: &Settings,
    opener: &Arc<ScheduledThreadPool>,
    size: u32,
) -> Result<r2d2::Pool<ReaderManager>, r2d2::Error> {
    r2d2::Pool::builder()
        .max_size(size)
        .min_idle(Some(0))
        .test_on_check_out(false)
        .max_lifetime(None)
        .idle_timeout(None)
        .connection_timeout(Duration::from_millis(settings.busy_timeout_ms.max(1)))
        .thread_pool(Arc::clone(opener))
        .error_handler(Box::new(LogFailure))
        .build(manager)
}

fn pool_timeout_error(error: r2d2::Error) -> Error {
    unavailable_error("The database is not available right now").with_source(error)
}

/// Connection manager that opens [`Reader`]s. All connections share the channel of `alive`, which thus
/// disconnects with the last of them.
#[derive(Debug)]
pub(super) struct ReaderManager {
    inner: SqliteConnectionManager,
    alive: Sender<Infallible>,
}

/// A read-only connection.
pub(super) struct Reader {
    // Fields drop in this order, so the connection is closed before it counts as closed.
    connection: Connection,
    _alive: Sender<Infallible>,
}

impl Deref for Reader {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl ReaderManager {
    fn new(path: &Path, settings: &Settings, alive: Sender<Infallible>) -> Self {
        let settings = settings.clone();
        let inner = SqliteConnectionManager::file(path)
            .with_flags(READ_WRITE)
            .with_init(move |connection| make_read_only(connection, &settings));
        Self { inner, alive }
    }
}

impl ManageConnection for ReaderManager {
    type Connection = Reader;
    type Error = rusqlite::Error;

    fn connect(&self) -> rusqlite::Result<Reader> {
        Ok(Reader {
            connection: self.inner.connect()?,
            _alive: self.alive.clone(),
        })
    }

    fn is_valid(&self, reader: &mut Reader) -> rusqlite::Result<()> {
        self.inner.is_valid(&mut reader.connection)
    }

    fn has_broken(&self, reader: &mut Reader) -> bool {
        self.inner.has_broken(&mut reader.connection)
    }
}

#[derive(Debug)]
struct LogFailure;

impl HandleError<rusqlite::Error> for LogFailure {
    fn handle_error(&self, error: rusqlite::Error) {
        tracing::error!(%error, "a read connection could not be opened");
    }
}
