//! Errors of opening a database, with messages for the person who started the program.

use std::{io, path::PathBuf};

use super::{LockHolder, sqlite_fault::SqliteFault};

/// The reason why a database could not be opened. No file was changed or left behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The directory of the file does not exist.
    #[error("the directory of {} does not exist\nCreate it first, or correct the path", .path.display())]
    DirectoryMissing {
        /// The requested database file.
        path: PathBuf,
    },
    /// The path is a directory.
    #[error("{} is a directory\nGive the path of a file in it", .path.display())]
    IsDirectory {
        /// The requested path.
        path: PathBuf,
    },
    /// The file does not exist, and this command does not create it.
    #[error("there is no database {}\nStart the server to create it, or correct the path", .path.display())]
    Missing {
        /// The requested database file.
        path: PathBuf,
    },
    /// The file or its directory is not writable.
    #[error("{} cannot be written\nCheck the owner and permissions of the file and its directory, and that the disk is not full or read-only", .path.display())]
    NotWritable {
        /// The requested database file.
        path: PathBuf,
        /// The error of the operating system, if there was one.
        source: Option<io::Error>,
    },
    /// The file is not a SQLite database.
    #[error("{} is not a Parlance database: it is not a SQLite file\nCorrect the path; the file was not touched", .path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is a SQLite database of another program.
    #[error("{} is the SQLite database of another program\nCorrect the path; the file was not touched", .path.display())]
    OtherApplication {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer version of this program.
    #[error("{} was written by a newer version of this program (schema {found}, this one knows {known})\nStart that version or a later one; the file was not touched", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Number of migrations that the file has.
        found: i64,
        /// Number of migrations that this program knows.
        known: i64,
    },
    /// The file needs a migration first, which only the server applies.
    #[error("{} was written by an older version of this program (schema {found}, this one needs {known})\nStart this version of the server once to bring it up to date", .path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// Number of migrations that the file has.
        found: i64,
        /// Number of migrations that this program knows.
        known: i64,
    },
    /// The database is missing, but a log file of SQLite for it exists. A new database would adopt that log.
    #[error("there is no database {}, but a part of one: {}\nPut the database back, or move that file away", .path.display(), .companion.display())]
    OrphanedLog {
        /// The requested database file.
        path: PathBuf,
        /// The log file of the missing database.
        companion: PathBuf,
    },
    /// The database is missing, because an interrupted restore has moved it aside.
    #[error("there is no database {}, but a restore moved the previous one to {}\nThe restore was interrupted: run it again, or move that file back. For a new database, move that file elsewhere", .path.display(), .aside.display())]
    MovedAside {
        /// The requested database file.
        path: PathBuf,
        /// The database that was moved aside.
        aside: PathBuf,
    },
    /// Another server runs on the file.
    #[error("another server uses {}: {holder}\nStop it first, or give this one another database", .path.display())]
    InUse {
        /// The database file.
        path: PathBuf,
        /// The other server, as far as known.
        holder: LockHolder,
    },
    /// The file is damaged.
    #[error("{} is damaged\nRestore a backup of it", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// The file system does not support SQLite's write-ahead log.
    #[error("the file system of {} does not support a write-ahead log (SQLite chose journal mode {mode:?})\nKeep the database on a local disk", .path.display())]
    NoWriteAheadLog {
        /// The database file.
        path: PathBuf,
        /// The journal mode that SQLite chose instead.
        mode: String,
    },
    /// A migration failed. The file is as it was before that migration.
    #[error("migration {name} of {} failed\nThe file is unharmed; go back to the version that wrote it and report this", .path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// The migration's name.
        name: &'static str,
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// Any other error of the operating system.
    #[error("{} could not be opened", .path.display())]
    Io {
        /// The requested database file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// Any other error of SQLite.
    #[error("{} could not be opened", .path.display())]
    Sqlite {
        /// The requested database file.
        path: PathBuf,
        /// SQLite's error.
        source: rusqlite::Error,
    },
}

impl OpenError {
    pub(super) fn from_io(path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        match source.kind() {
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            // `/proc` and other special file systems return this for a new file.
            | io::ErrorKind::NotFound
            | io::ErrorKind::Unsupported => Self::NotWritable {
                path,
                source: Some(source),
            },
            io::ErrorKind::IsADirectory => Self::IsDirectory { path },
            _ => Self::Io { path, source },
        }
    }

    pub(super) fn from_sqlite(path: impl Into<PathBuf>, source: rusqlite::Error) -> Self {
        let path = path.into();
        if source.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) {
            return Self::NotADatabase { path };
        }
        match SqliteFault::classify(&source) {
            SqliteFault::ReadOnly | SqliteFault::CannotOpen | SqliteFault::Full => {
                Self::NotWritable {
                    path,
                    source: Some(io::Error::other(source)),
                }
            }
            SqliteFault::Corrupt => Self::Damaged { path, source },
            SqliteFault::Io
            | SqliteFault::Busy
            | SqliteFault::Memory
            | SqliteFault::Duplicate
            | SqliteFault::Other => Self::Sqlite { path, source },
        }
    }
}
