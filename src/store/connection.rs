//! Opens connections and sets their pragmas.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{OpenError, Settings, files, log_limit::LogLimit};

/// Number of prepared statements that each connection caches.
const STATEMENT_CACHE_SIZE: usize = 128;
/// Page cache of the writer, in KiB (SQLite expects a negative number for KiB).
const WRITER_CACHE_KIB: i64 = -4096;
/// Page cache of a reader, in KiB. Misses are served from the operating system's file cache.
const READER_CACHE_KIB: i64 = -2048;
/// Size limit of the write-ahead log file after a burst, as a multiple of the length that starts a checkpoint.
const LOG_SIZE_FACTOR: i64 = 2;

/// Flags without a mutex (only one thread at a time uses a connection), without creation of files, and
/// without URI names, so that a path is only a path.
pub(super) const READ_WRITE: OpenFlags =
    OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// Like [`READ_WRITE`], but read-only, to inspect a file without a change.
pub(super) const READ_ONLY: OpenFlags =
    OpenFlags::SQLITE_OPEN_READ_ONLY.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// Returns the flags to inspect the file at `path` without leaving a trace.
///
/// A read-only connection cannot remove the log files that SQLite creates for a file without any. A
/// read-write connection would copy an existing log into the file.
pub(super) fn inspection_flags(path: &Path) -> OpenFlags {
    match files::find_companion(path) {
        Some(_) => READ_ONLY,
        None => READ_WRITE,
    }
}

/// Returns the flags to read a whole database of this program. Like [`inspection_flags`], but a leftover rollback
/// journal is rolled back, which a read-only connection cannot do.
pub(super) fn recovery_flags(path: &Path) -> OpenFlags {
    match files::append_suffix(path, "-journal").exists() {
        true => READ_WRITE,
        false => inspection_flags(path),
    }
}

/// Opens the writer's connection to the existing file at `path` and sets WAL mode. Foreign keys are not enforced yet.
pub(super) fn open_writer(path: &Path, settings: &Settings) -> Result<Connection, OpenError> {
    let failed = |error| OpenError::from_sqlite(path, error);
    let connection = Connection::open_with_flags(path, READ_WRITE).map_err(failed)?;
    set_common_pragmas(&connection, settings, WRITER_CACHE_KIB).map_err(failed)?;
    // Consecutive inserts change the same pages many times, so a longer log means fewer copies of each page.
    let pages = LogLimit::new(path, settings).checkpoint_pages();
    // Without write permission, SQLite silently opens the file read-only.
    if connection.is_readonly("main").map_err(failed)? {
        return Err(OpenError::NotWritable {
            path: path.to_owned(),
            source: None,
        });
    }
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(failed)?;
    if mode != "wal" {
        return Err(OpenError::NoWriteAheadLog {
            path: path.to_owned(),
            mode,
        });
    }
    connection
        .pragma_update(None, "synchronous", settings.synchronous.pragma())
        .map_err(failed)?;
    // Deleted data may be personal, so SQLite overwrites it instead of leaving it in free pages.
    connection
        .pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))
        .map_err(failed)?;
    connection
        .pragma_update_and_check(None, "wal_autocheckpoint", pages, |_| Ok(()))
        .map_err(failed)?;
    let log_limit = i64::from(pages).saturating_mul(LOG_SIZE_FACTOR * 4096);
    connection
        .pragma_update_and_check(None, "journal_size_limit", log_limit, |_| Ok(()))
        .map_err(failed)?;
    Ok(connection)
}

/// Opens a connection that only runs checkpoints.
pub(super) fn open_checkpointer(path: &Path, settings: &Settings) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, READ_WRITE)?;
    set_common_pragmas(&connection, settings, READER_CACHE_KIB)?;
    connection.pragma_update(None, "synchronous", settings.synchronous.pragma())?;
    Ok(connection)
}

/// Turns the enforcement of foreign keys on or off.
pub(super) fn enforce_foreign_keys(connection: &Connection, on: bool) -> rusqlite::Result<()> {
    connection.pragma_update(None, "foreign_keys", on)
}

/// Makes a new connection read-only.
pub(super) fn make_read_only(connection: &Connection, settings: &Settings) -> rusqlite::Result<()> {
    set_common_pragmas(connection, settings, READER_CACHE_KIB)?;
    connection.pragma_update(None, "query_only", true)
}

fn set_common_pragmas(
    connection: &Connection,
    settings: &Settings,
    cache: i64,
) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_millis(settings.busy_timeout_ms))?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE_SIZE);
    // Query plans must not depend on bound values. Otherwise SQLite recompiles a prepared statement for each
    // new value of a LIMIT.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cache_size", cache)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // A damaged or foreign schema must not call functions with side effects.
    connection.pragma_update(None, "trusted_schema", false)
}
