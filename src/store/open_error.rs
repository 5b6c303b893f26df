//! Why a database could not be opened, in words for the person who started the program.

use std::{io, path::PathBuf};

use super::{Holder, fault::Fault};

/// Why a database could not be opened. Nothing on disk was changed, and no file was left behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The directory of the file does not exist.
    #[error("the directory of {} does not exist\nCreate it first, or correct the path", .path.display())]
    DirectoryMissing {
        /// The database file asked for.
        path: PathBuf,
    },
    /// The path is a directory.
    #[error("{} is a directory\nGive the path of a file in it", .path.display())]
    IsDirectory {
        /// The path asked for.
        path: PathBuf,
    },
    /// There is no such file, and this command does not create one.
    #[error("there is no database {}\nStart the server to create it, or correct the path", .path.display())]
    Missing {
        /// The database file asked for.
        path: PathBuf,
    },
    /// The file or its directory cannot be written.
    #[error("{} cannot be written\nCheck the owner and permissions of the file and its directory, and that the disk is not full or read-only", .path.display())]
    NotWritable {
        /// The database file asked for.
        path: PathBuf,
        /// What the system said, where it said something.
        source: Option<io::Error>,
    },
    /// The file is not a SQLite database.
    #[error("{} is not a Parlance database: it is not a SQLite file\nCorrect the path; the file was not touched", .path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is the SQLite database of another program.
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
        /// The number of migrations that the file has.
        found: i64,
        /// The number of migrations that this program knows.
        known: i64,
    },
    /// The file has to be migrated first, which only the server does.
    #[error("{} was written by an older version of this program (schema {found}, this one needs {known})\nStart this version of the server once to bring it up to date", .path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// The number of migrations that the file has.
        found: i64,
        /// The number of migrations that this program knows.
        known: i64,
    },
    /// There is no database, but SQLite's log of one. A new database would take it for its own.
    #[error("there is no database {}, but a part of one: {}\nPut the database back, or move that file away", .path.display(), .companion.display())]
    StrayLog {
        /// The database file asked for.
        path: PathBuf,
        /// The file that belongs to a missing database.
        companion: PathBuf,
    },
    /// There is no database, but one that a restore has moved away, and has not put another in its place.
    #[error("there is no database {}, but the one that was there: {}\nA restore has moved it, and was cut off: run it again, or put that file back. For a new database, move it elsewhere", .path.display(), .aside.display())]
    MovedAside {
        /// The database file asked for.
        path: PathBuf,
        /// The database that was there.
        aside: PathBuf,
    },
    /// Another server runs on the file.
    #[error("another server uses {}: {holder}\nStop it first, or give this one another database", .path.display())]
    InUse {
        /// The database file.
        path: PathBuf,
        /// What is known of the other server.
        holder: Holder,
    },
    /// The file is damaged.
    #[error("{} is damaged\nRestore a backup of it", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// The file system lacks what SQLite's write-ahead log needs.
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
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// The system refused something else.
    #[error("{} could not be opened", .path.display())]
    Io {
        /// The database file asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite refused something else.
    #[error("{} could not be opened", .path.display())]
    Sqlite {
        /// The database file asked for.
        path: PathBuf,
        /// SQLite's words.
        source: rusqlite::Error,
    },
}

impl OpenError {
    pub(super) fn io(path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        match source.kind() {
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            // What /proc and other file systems without regular files say to a new file.
            | io::ErrorKind::NotFound
            | io::ErrorKind::Unsupported => Self::NotWritable {
                path,
                source: Some(source),
            },
            io::ErrorKind::IsADirectory => Self::IsDirectory { path },
            _ => Self::Io { path, source },
        }
    }

    pub(super) fn sqlite(path: impl Into<PathBuf>, source: rusqlite::Error) -> Self {
        let path = path.into();
        if source.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) {
            return Self::NotADatabase { path };
        }
        match Fault::of(&source) {
            Fault::ReadOnly | Fault::CannotOpen | Fault::Full => Self::NotWritable {
                path,
                source: Some(io::Error::other(source)),
            },
            Fault::Corrupt => Self::Damaged { path, source },
            Fault::Io | Fault::Busy | Fault::Memory | Fault::Duplicate | Fault::Other => {
                Self::Sqlite { path, source }
            }
        }
    }
}
