//! Connections and their pragmas.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{OpenError, Settings, files, room::Room};

/// Statements that each connection keeps prepared.
const PREPARED_STATEMENTS: usize = 128;
/// The writer's page cache, in KiB (negative is SQLite's way to say KiB).
const WRITER_CACHE: i64 = -4096;
/// A reader's page cache, in KiB. Behind it stands the system's cache of the file.
const READER_CACHE: i64 = -2048;
/// The size to which the write-ahead log is cut back after a burst, in lengths at which it is copied.
const LOG_LIMIT: i64 = 2;

/// Opened without a mutex of its own (a connection is only ever used by one thread at a time),
/// never created, and without URI names, so that a path is only a path.
pub(super) const READ_WRITE: OpenFlags =
    OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// As [`READ_WRITE`], for looking at a file without changing it.
pub(super) const READ_ONLY: OpenFlags =
    OpenFlags::SQLITE_OPEN_READ_ONLY.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// How to look at the file at `path` so that nothing is different afterwards.
///
/// A connection that only reads cannot remove the log files that SQLite makes for a file without
/// any; one that writes would copy a log that is there into the file.
pub(super) fn looking(path: &Path) -> OpenFlags {
    match files::find_companion(path) {
        Some(_) => READ_ONLY,
        None => READ_WRITE,
    }
}

/// How to read all of a database of this program: as [`looking`], but that a transaction which its
/// last writer left unfinished is rolled back, which a connection that only reads may not do.
pub(super) fn recovering(path: &Path) -> OpenFlags {
    match files::beside(path, "-journal").exists() {
        true => READ_WRITE,
        false => looking(path),
    }
}

/// The writer's connection to the existing file at `path`, which this puts into WAL mode. Foreign
/// keys are not enforced yet.
pub(super) fn open_writer(path: &Path, settings: &Settings) -> Result<Connection, OpenError> {
    let failed = |error| OpenError::sqlite(path, error);
    let connection = Connection::open_with_flags(path, READ_WRITE).map_err(failed)?;
    prepare(&connection, settings, WRITER_CACHE).map_err(failed)?;
    // Rows that come one after the other change the same pages again and again, so that copying the log
    // seldom copies each of them once.
    let pages = Room::of(path, settings).pages();
    // SQLite falls back to reading when it may not write.
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
    // What is erased must not be left in the file's free space: it may be about a person.
    connection
        .pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))
        .map_err(failed)?;
    connection
        .pragma_update_and_check(None, "wal_autocheckpoint", pages, |_| Ok(()))
        .map_err(failed)?;
    let log_limit = i64::from(pages).saturating_mul(LOG_LIMIT * 4096);
    connection
        .pragma_update_and_check(None, "journal_size_limit", log_limit, |_| Ok(()))
        .map_err(failed)?;
    Ok(connection)
}

/// A connection that only copies the log into the database.
pub(super) fn open_checkpointer(path: &Path, settings: &Settings) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, READ_WRITE)?;
    prepare(&connection, settings, READER_CACHE)?;
    connection.pragma_update(None, "synchronous", settings.synchronous.pragma())?;
    Ok(connection)
}

/// Has the connection enforce foreign keys, or not.
pub(super) fn enforce_foreign_keys(connection: &Connection, on: bool) -> rusqlite::Result<()> {
    connection.pragma_update(None, "foreign_keys", on)
}

/// Makes a new connection one that only reads.
pub(super) fn prepare_reader(connection: &Connection, settings: &Settings) -> rusqlite::Result<()> {
    prepare(connection, settings, READER_CACHE)?;
    connection.pragma_update(None, "query_only", true)
}

fn prepare(connection: &Connection, settings: &Settings, cache: i64) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_millis(settings.busy_timeout_ms))?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    // A plan does not depend on the values that are bound. Else each new value of a LIMIT has a
    // prepared statement prepared again.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cache_size", cache)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // A damaged or foreign schema must not call functions with side effects.
    connection.pragma_update(None, "trusted_schema", false)
}
