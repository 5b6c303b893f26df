//! Identifies database files by the application id and the version in SQLite's file header.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read},
    path::Path,
};

use rusqlite::{Connection, ffi};

use super::{
    OpenError,
    connection::{READ_WRITE, inspection_flags},
    files::{self, StagedFile},
};

/// The bytes `PARL`, which mark a file as a database of this program.
pub(super) const APPLICATION_ID: i32 = 0x5041_524C;

/// The first bytes of every SQLite file.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// Length of the file header, in bytes. The fields used here are big-endian 32-bit numbers at fixed offsets.
const HEADER_LENGTH: usize = 100;
/// The largest page size of SQLite, in bytes.
const MAX_PAGE_BYTES: u64 = 65536;
const USER_VERSION_OFFSET: usize = 60;
const APPLICATION_ID_OFFSET: usize = 68;

/// The identity in the header of a SQLite file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    application: i32,
    /// Number of migrations that the file has.
    pub(super) version: i64,
}

impl Identity {
    /// Reads the identity of the file at `path` without changing it; `None` if the file is missing or empty.
    ///
    /// Only for a file that this process does not have open: see [`super::lock`].
    pub(super) fn inspect(path: &Path) -> Result<Option<Self>, OpenError> {
        let Some(header) = read_header(path).map_err(|error| OpenError::from_io(path, error))?
        else {
            return Ok(None);
        };
        match (Self::parse_header(&header), files::find_companion(path)) {
            (None, None) => Err(OpenError::NotADatabase {
                path: path.to_owned(),
            }),
            // A power failure during the write of the first page: the log may have the whole page.
            (None, Some(_)) => Self::read_from_recovered_copy(path).map(Some),
            // The last writer may have crashed before the log was copied into the file. The application id is
            // in the file from the start, so this never opens the log of another program.
            (Some(stored), Some(_)) if stored.application == APPLICATION_ID => {
                Self::read_via_sqlite(path).map(Some)
            }
            (Some(stored), _) => Ok(Some(stored)),
        }
    }

    fn parse_header(header: &[u8]) -> Option<Self> {
        let whole = header.len() >= HEADER_LENGTH && header.starts_with(MAGIC);
        whole.then(|| Self {
            application: read_i32(header, APPLICATION_ID_OFFSET),
            version: read_i32(header, USER_VERSION_OFFSET).into(),
        })
    }

    /// Reads the identity through SQLite, which includes the log.
    pub(super) fn read_via_sqlite(path: &Path) -> Result<Self, OpenError> {
        let identity = Connection::open_with_flags(path, inspection_flags(path))
            .and_then(|connection| Self::read_from(&connection));
        match identity {
            // A read-only connection cannot roll back a transaction.
            Err(error) if needs_rollback(&error) => Self::read_from_recovered_copy(path),
            identity => identity.map_err(|error| OpenError::from_sqlite(path, error)),
        }
    }

    /// Reads the identity as SQLite sees it after recovery. Recovery writes to the file, so this works on a
    /// copy of the first page and the logs; the rest of the copy is a hole.
    fn read_from_recovered_copy(path: &Path) -> Result<Self, OpenError> {
        let copy =
            copy_first_page_and_logs(path).map_err(|error| OpenError::from_io(path, error))?;
        Connection::open_with_flags(copy.path(), READ_WRITE)
            .and_then(|connection| Self::read_from(&connection))
            .map_err(|error| OpenError::from_sqlite(path, error))
    }

    /// Reads the identity through an open connection.
    pub(super) fn read_from(connection: &Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            application: connection.query_row("PRAGMA application_id", [], |row| row.get(0))?,
            version: connection.query_row("PRAGMA user_version", [], |row| row.get(0))?,
        })
    }

    /// Checks that this program may use the file: it belongs to this program, and its version is not newer
    /// than `known`.
    pub(super) fn check_supported(self, path: &Path, known: i64) -> Result<(), OpenError> {
        if self.application != APPLICATION_ID || self.version < 0 {
            return Err(OpenError::OtherApplication {
                path: path.to_owned(),
            });
        }
        if self.version > known {
            return Err(OpenError::Newer {
                path: path.to_owned(),
                found: self.version,
                known,
            });
        }
        Ok(())
    }
}

fn read_header(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut header = Vec::with_capacity(HEADER_LENGTH);
    file.take(HEADER_LENGTH as u64).read_to_end(&mut header)?;
    Ok((!header.is_empty()).then_some(header))
}

fn needs_rollback(error: &rusqlite::Error) -> bool {
    error
        .sqlite_error()
        .is_some_and(|error| error.extended_code == ffi::SQLITE_READONLY_ROLLBACK)
}

fn copy_first_page_and_logs(path: &Path) -> io::Result<StagedFile> {
    let draft = StagedFile::create_unique(path, ".look")?;
    let source = File::open(path)?;
    let mut copy = OpenOptions::new().write(true).open(draft.path())?;
    io::copy(&mut (&source).take(MAX_PAGE_BYTES), &mut copy)?;
    copy.set_len(source.metadata()?.len())?;
    for suffix in ["-wal", "-journal"] {
        match fs::copy(
            files::append_suffix(path, suffix),
            files::append_suffix(draft.path(), suffix),
        ) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(draft)
}

fn read_i32(header: &[u8], at: usize) -> i32 {
    let bytes = header[at..at + 4].try_into().expect("four bytes");
    i32::from_be_bytes(bytes)
}
