//! Pools of connections that can only read.

use std::{path::Path, sync::Arc, thread, time::Duration};

use r2d2::HandleError;
use r2d2_sqlite::SqliteConnectionManager;
use scheduled_thread_pool::ScheduledThreadPool;

use crate::kernel::{Error, Result};

use super::{
    Settings,
    connection::{READ_WRITE, prepare_reader},
    fault::unavailable,
};

type Pool = r2d2::Pool<SqliteConnectionManager>;
/// A connection on loan.
pub(super) type Reader = r2d2::PooledConnection<SqliteConnectionManager>;

/// Connections for point reads beyond one per thread of the server, for those of other threads.
const SPARE_CONNECTIONS: usize = 2;

/// One pool for reads in place and one for scans, so that scans cannot hold up the others.
#[derive(Debug)]
pub(super) struct Readers {
    points: Pool,
    scans: Pool,
}

impl Readers {
    /// Opens the pools. One connection is made at once, the others when they are needed.
    pub(super) fn open(path: &Path, settings: &Settings) -> Result<Self, r2d2::Error> {
        // Only opens connections; by default each pool would keep three threads for that.
        let opener = ScheduledThreadPool::builder()
            .num_threads(1)
            .thread_name_pattern("store-opener")
            .build();
        let opener = Arc::new(opener);
        let threads = thread::available_parallelism().map_or(2, |count| count.get().max(2));
        let points = u32::try_from(threads + SPARE_CONNECTIONS).unwrap_or(u32::MAX);
        Ok(Self {
            points: pool(path, settings, &opener, points, 1)?,
            scans: pool(path, settings, &opener, settings.scan_connections.max(1), 0)?,
        })
    }

    /// A connection for a read in place.
    pub(super) fn point(&self) -> Result<Reader> {
        self.points.get().map_err(busy)
    }

    /// A connection for a scan.
    pub(super) fn scan(&self) -> Result<Reader> {
        self.scans.get().map_err(busy)
    }
}

fn pool(
    path: &Path,
    settings: &Settings,
    opener: &Arc<ScheduledThreadPool>,
    size: u32,
    at_once: u32,
) -> Result<Pool, r2d2::Error> {
    let reader = settings.clone();
    let manager = SqliteConnectionManager::file(path)
        .with_flags(READ_WRITE)
        .with_init(move |connection| prepare_reader(connection, &reader));
    r2d2::Pool::builder()
        .max_size(size)
        .min_idle(Some(at_once))
        .test_on_check_out(false)
        .max_lifetime(None)
        .idle_timeout(None)
        .connection_timeout(Duration::from_millis(settings.busy_timeout_ms.max(1)))
        .thread_pool(Arc::clone(opener))
        .error_handler(Box::new(LogFailure))
        .build(manager)
}

fn busy(error: r2d2::Error) -> Error {
    unavailable("The database is not available right now").with_source(error)
}

#[derive(Debug)]
struct LogFailure;

impl HandleError<rusqlite::Error> for LogFailure {
    fn handle_error(&self, error: rusqlite::Error) {
        tracing::error!(%error, "a reading connection could not be opened");
    }
}
