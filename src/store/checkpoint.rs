//! Checkpoints the write-ahead log in a background thread, while the writer continues.
//!
//! SQLite's automatic checkpoint runs inside a commit; all callers would wait for thousands of pages and for
//! the disk. Here a thread copies the log several times until little is left. The writer copies that rest
//! between two commits, so that its next commit restarts the log from the beginning. While writes continue,
//! no other connection can reach the end of the log.

use std::{
    cell::Cell,
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
    thread::{self, JoinHandle},
};

use rusqlite::{Connection, config::DbConfig, hooks::Wal};

use super::{Settings, connection::open_checkpointer, log_limit::LogLimit};

/// Maximum number of pages that the thread leaves for the writer.
const MAX_REMAINING_PAGES: u32 = 400;

/// Number of new pages in the log after which the free disk space is read again.
const DISK_CHECK_INTERVAL_PAGES: u32 = 256;

/// Maximum number of copies in one run of the thread. As long as the thread is faster than the writer, each
/// copy has fewer pages.
const MAX_PASSES: usize = 6;

thread_local! {
    /// Number of pages in the log after the last commit on this thread's connection.
    static LOG_PAGES: Cell<u32> = const { Cell::new(0) };
}

fn record_log_pages(_: &Wal, pages: i32) -> rusqlite::Result<()> {
    LOG_PAGES.set(pages.unsigned_abs());
    Ok(())
}

/// The result of a run of the thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CopyResult {
    /// The copied pages are on the disk.
    Synchronised,
    /// Some copied pages may be missing on the disk, and the operating system does not report that again.
    Lost,
}

/// The writer's handle of the checkpoint thread.
pub(super) struct Checkpointer {
    start_signal: SyncSender<()>,
    /// Receives the result when only the writer's part is left.
    results: Receiver<CopyResult>,
    thread: JoinHandle<Option<File>>,
    /// True while the thread copies.
    copying: bool,
    /// True after the disk rejected copied pages.
    failed: bool,
    /// The disk, whose free space limits the length of the log. Read again from time to time.
    log_limit: LogLimit,
    /// Length of the log, in pages, that starts a checkpoint.
    checkpoint_pages: u32,
    /// Length of the log, in pages, at the last copy. If a reader keeps the log from restarting, the next
    /// copy starts when it has grown by as much again.
    last_copied_pages: u32,
    /// Length of the log, in pages, when it was last read.
    last_log_pages: u32,
    /// Length of the log, in pages, at which the free disk space is read again.
    next_disk_check_pages: u32,
}

impl Checkpointer {
    /// Starts the thread for the database at `path`.
    pub(super) fn start(path: PathBuf, settings: Settings) -> io::Result<Self> {
        Self::start_with(path, settings, None)
    }

    fn start_with(path: PathBuf, settings: Settings, file: Option<File>) -> io::Result<Self> {
        let log_limit = LogLimit::new(&path, &settings);
        let (start_signal, start_requests) = sync_channel(1);
        let (result_sender, results) = sync_channel(1);
        let checkpoint_thread = CheckpointThread {
            path,
            settings,
            connection: None,
            file,
        };
        let thread = thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || checkpoint_thread.run(&start_requests, &result_sender))?;
        Ok(Self {
            start_signal,
            results,
            thread,
            copying: false,
            failed: false,
            checkpoint_pages: log_limit.checkpoint_pages(),
            log_limit,
            last_copied_pages: 0,
            last_log_pages: 0,
            next_disk_check_pages: DISK_CHECK_INTERVAL_PAGES,
        })
    }

    /// Turns off auto-checkpointing on the writer's connection and tracks the length of the log instead. The
    /// connection must belong to the calling thread.
    pub(super) fn track_log_length(connection: &Connection) {
        LOG_PAGES.set(0);
        connection.wal_hook(Some(record_log_pages));
    }

    /// Starts a copy if the log is long, and copies the rest once the thread is done. Call it between two
    /// transactions.
    pub(super) fn run_between_commits(&mut self, connection: &Connection) {
        if self.failed {
            return;
        }
        let logged = LOG_PAGES.get();
        if logged < self.last_log_pages {
            self.last_copied_pages = 0;
            self.next_disk_check_pages = 0;
        }
        self.last_log_pages = logged;
        if logged >= self.next_disk_check_pages {
            self.checkpoint_pages = self.log_limit.checkpoint_pages();
            self.next_disk_check_pages = logged.saturating_add(DISK_CHECK_INTERVAL_PAGES);
        }
        if self.copying {
            match self.results.try_recv() {
                Ok(CopyResult::Synchronised) => {
                    self.copy_log(connection);
                    self.copying = false;
                    self.last_copied_pages = logged;
                }
                Ok(CopyResult::Lost) => self.stop_after_failure(connection),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => self.restore_autocheckpoint(connection),
            }
        } else if logged >= self.next_checkpoint_pages() {
            match self.start_signal.try_send(()) {
                Ok(()) => self.copying = true,
                Err(_) => self.restore_autocheckpoint(connection),
            }
        }
    }

    /// Length of the log, in pages, that starts the next copy.
    const fn next_checkpoint_pages(&self) -> u32 {
        self.last_copied_pages.saturating_add(self.checkpoint_pages)
    }

    /// Copies the log after a "disk full" error, between two transactions. The next transaction then restarts
    /// the log and needs no new space.
    pub(super) fn copy_for_space(&mut self, connection: &Connection) {
        // While the thread copies, it holds the checkpoint lock; the writer copies the rest afterwards.
        if !self.copying && !self.failed {
            self.copy_log(connection);
        }
        self.next_disk_check_pages = 0;
    }

    /// Copies the log between two transactions.
    fn copy_log(&mut self, connection: &Connection) {
        match run_passive_checkpoint(connection) {
            Ok(_) => {}
            Err(error) if is_fsync_failure(&error) => self.stop_after_failure(connection),
            Err(error) => tracing::warn!(%error, "a checkpoint failed"),
        }
    }

    /// Stops all checkpoints and writes, because the disk rejected pages that count as copied. They exist
    /// only in the log, so the log must not restart, and the close must not copy it either. The next start
    /// reads the whole log.
    fn stop_after_failure(&mut self, connection: &Connection) {
        tracing::error!(
            "the disk rejected a checkpoint: the write-ahead log is kept, and nothing is written until the server is restarted"
        );
        self.failed = true;
        self.copying = false;
        let disabled = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        log_failure("keeping the log", disabled.map(drop));
    }

    /// True after the disk rejected copied pages.
    pub(super) const fn has_failed(&self) -> bool {
        self.failed
    }

    /// Restores SQLite's automatic checkpoint, because the thread has ended.
    fn restore_autocheckpoint(&mut self, connection: &Connection) {
        tracing::error!("the checkpoint thread has ended");
        self.copying = false;
        // The hook no longer updates the value from here on.
        LOG_PAGES.set(0);
        let restored = connection.pragma_update_and_check(
            None,
            "wal_autocheckpoint",
            self.checkpoint_pages,
            |_| Ok(()),
        );
        log_failure("PRAGMA wal_autocheckpoint", restored);
    }

    /// Ends the thread. Drop the returned file only after all connections are closed: when a process closes
    /// any handle of a file, it loses all its POSIX locks on that file.
    pub(super) fn stop(self) -> Option<File> {
        drop(self.start_signal);
        self.thread.join().ok().flatten()
    }
}

/// State of the checkpoint thread.
struct CheckpointThread {
    path: PathBuf,
    settings: Settings,
    /// Opened on first use, and again after a failure.
    connection: Option<Connection>,
    /// The database file, for `fsync`. Stays open once opened.
    file: Option<File>,
}

impl CheckpointThread {
    fn run(
        mut self,
        start_requests: &Receiver<()>,
        result_sender: &SyncSender<CopyResult>,
    ) -> Option<File> {
        while start_requests.recv().is_ok() {
            // Fails only if the writer is gone: the channel has room, because the writer takes each result
            // before it sends the next signal.
            let _ = result_sender.try_send(self.copy_and_sync());
        }
        self.file
    }

    fn copy_and_sync(&mut self) -> CopyResult {
        if let Err(error) = self.copy_most_pages() {
            tracing::warn!(%error, "copying the log failed");
            self.connection = None;
            // After any other error the writer retries, and reports what cannot be repaired.
            if is_fsync_failure(&error) {
                return CopyResult::Lost;
            }
        }
        match self.sync_file() {
            Ok(()) => CopyResult::Synchronised,
            Err(error) => {
                tracing::error!(%error, "synchronising the database failed");
                CopyResult::Lost
            }
        }
    }

    fn copy_most_pages(&mut self) -> rusqlite::Result<()> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => open_checkpointer(&self.path, &self.settings)?,
        };
        let connection = self.connection.insert(connection);
        for _ in 0..MAX_PASSES {
            if run_passive_checkpoint(connection)? <= MAX_REMAINING_PAGES {
                break;
            }
        }
        Ok(())
    }

    /// Waits until the disk has most of the pages, so that the writer only waits for the rest.
    fn sync_file(&mut self) -> io::Result<()> {
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(open_database_file(&self.path)?),
        };
        file.sync_data()
    }
}

/// True if a checkpoint failed because the disk rejected copied pages. The operating system reports that
/// once: a second attempt would succeed although those pages were never written.
fn is_fsync_failure(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    code == Some(rusqlite::ffi::SQLITE_IOERR_FSYNC)
}

fn open_database_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path)
}

/// Copies the current log, except for pages whose old version a reader still needs. Returns the number of
/// pages that are left.
fn run_passive_checkpoint(connection: &Connection) -> rusqlite::Result<u32> {
    connection
        .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?
        .query_row([], |row| {
            let (logged, copied): (i64, i64) = (row.get(1)?, row.get(2)?);
            Ok(u32::try_from(logged - copied).unwrap_or_default())
        })
}

/// Copies the whole log and truncates it.
pub(super) fn truncate_log(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
        match row.get::<_, bool>(0)? {
            true => Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
                None,
            )),
            false => Ok(()),
        }
    })
}

fn log_failure(what: &str, result: rusqlite::Result<()>) {
    if let Err(error) = result {
        tracing::warn!(%error, "{what} failed");
    }
}

#[cfg(test)]
mod tests;
