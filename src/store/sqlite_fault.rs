//! Classifies SQLite's result codes by their effect on the caller, on the health and on the connection.

use std::{error::Error as StdError, time::Duration};

use rusqlite::ErrorCode;

use crate::kernel::{Error, Kind};

/// Time after which a caller should retry an `Unavailable` error.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Creates an `Unavailable` error: the same request may succeed a second later.
pub(super) fn unavailable_error(message: &'static str) -> Error {
    Error::new(
        Kind::Unavailable {
            retry_after: RETRY_AFTER,
        },
        message,
    )
}

/// The classes of SQLite's errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SqliteFault {
    /// FULL: no space left on the disk, or the size limit is reached.
    Full,
    /// IOERR: the disk failed.
    Io,
    /// BUSY, LOCKED, PROTOCOL: another process holds a lock for too long.
    Busy,
    /// READONLY, PERM: the file or its directory is not writable.
    ReadOnly,
    /// CANTOPEN: a file of the database cannot be opened.
    CannotOpen,
    /// NOMEM.
    Memory,
    /// CORRUPT, NOTADB: the file is damaged.
    Corrupt,
    /// CONSTRAINT_UNIQUE, _PRIMARYKEY, _ROWID: such a row exists already.
    Duplicate,
    /// A bug in the statement or in its caller.
    Other,
}

impl SqliteFault {
    pub(super) fn classify(error: &rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(failure, _) = error else {
            return Self::Other;
        };
        match failure.code {
            ErrorCode::DiskFull => Self::Full,
            ErrorCode::SystemIoFailure => Self::Io,
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed => Self::Busy,
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => Self::ReadOnly,
            ErrorCode::CannotOpen => Self::CannotOpen,
            ErrorCode::OutOfMemory => Self::Memory,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Corrupt,
            ErrorCode::ConstraintViolation => match failure.extended_code {
                rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE
                | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                | rusqlite::ffi::SQLITE_CONSTRAINT_ROWID => Self::Duplicate,
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }

    /// Returns the fault of the first SQLite error in the source chain of `error`.
    pub(super) fn classify_source(error: &Error) -> Self {
        let mut source = error.source();
        while let Some(cause) = source {
            if let Some(error) = cause.downcast_ref::<rusqlite::Error>() {
                return Self::classify(error);
            }
            source = cause.source();
        }
        Self::Other
    }

    /// True if all writes fail, not only this one.
    pub(super) const fn stops_writing(self) -> bool {
        match self {
            Self::Full
            | Self::Io
            | Self::ReadOnly
            | Self::CannotOpen
            | Self::Memory
            | Self::Corrupt => true,
            Self::Busy | Self::Duplicate | Self::Other => false,
        }
    }

    /// True if the connection's view of the file can no longer be trusted.
    pub(super) const fn spoils_connection(self) -> bool {
        match self {
            Self::Io | Self::ReadOnly | Self::CannotOpen | Self::Corrupt => true,
            Self::Full | Self::Busy | Self::Memory | Self::Duplicate | Self::Other => false,
        }
    }

    /// The message for an operator.
    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::Full => "no space is left for the database",
            Self::Io => "the disk of the database fails",
            Self::Busy => "another process keeps the database locked",
            Self::ReadOnly => "the database cannot be written",
            Self::CannotOpen => "a file of the database cannot be opened",
            Self::Memory => "not enough memory for the database",
            Self::Corrupt => "the database file is damaged; restore a backup",
            Self::Duplicate => "there is such a row already",
            Self::Other => "a database statement failed",
        }
    }
}

/// Converts to `Unavailable` if a retry can help, to `Conflict` for a duplicate, and to `Internal` for the
/// rest. SQLite's message stays in the source, because it may name files, tables and columns.
impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let fault = SqliteFault::classify(&error);
        match fault {
            SqliteFault::Full
            | SqliteFault::Io
            | SqliteFault::Busy
            | SqliteFault::ReadOnly
            | SqliteFault::CannotOpen
            | SqliteFault::Memory => unavailable_error("The database is not available right now"),
            SqliteFault::Duplicate => Self::new(Kind::Conflict, "It already exists"),
            SqliteFault::Corrupt | SqliteFault::Other => Self::new(Kind::Internal, fault.message()),
        }
        .with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, ffi};

    use super::*;

    fn kind_of(code: i32) -> Kind {
        let failure = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        Error::from(failure).kind()
    }

    #[test]
    fn result_codes_become_kinds() {
        let later = Kind::Unavailable {
            retry_after: RETRY_AFTER,
        };
        for code in [
            ffi::SQLITE_FULL,
            ffi::SQLITE_IOERR_FSYNC,
            ffi::SQLITE_BUSY_SNAPSHOT,
            ffi::SQLITE_LOCKED,
            ffi::SQLITE_PROTOCOL,
            ffi::SQLITE_READONLY_DBMOVED,
            ffi::SQLITE_PERM,
            ffi::SQLITE_CANTOPEN,
            ffi::SQLITE_NOMEM,
        ] {
            assert_eq!(kind_of(code), later, "{code}");
        }
        for code in [
            ffi::SQLITE_CORRUPT,
            ffi::SQLITE_NOTADB,
            ffi::SQLITE_CONSTRAINT_CHECK,
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY,
            ffi::SQLITE_CONSTRAINT_NOTNULL,
            ffi::SQLITE_MISUSE,
            ffi::SQLITE_TOOBIG,
        ] {
            assert_eq!(kind_of(code), Kind::Internal, "{code}");
        }
        assert_eq!(kind_of(ffi::SQLITE_CONSTRAINT_UNIQUE), Kind::Conflict);
        assert_eq!(kind_of(ffi::SQLITE_CONSTRAINT_PRIMARYKEY), Kind::Conflict);
        let missing = Error::from(rusqlite::Error::QueryReturnedNoRows);
        assert_eq!(missing.kind(), Kind::Internal);
    }

    #[test]
    fn the_message_names_no_table_and_the_log_does() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE private_table (name TEXT UNIQUE); INSERT INTO private_table VALUES ('x')")
            .unwrap();
        let error = connection
            .execute("INSERT INTO private_table VALUES ('x')", [])
            .map_err(Error::from)
            .unwrap_err();
        assert_eq!(error.message(), "It already exists");
        assert!(format!("{error:?}").contains("private_table"));
        assert_eq!(SqliteFault::classify_source(&error), SqliteFault::Duplicate);
    }
}
