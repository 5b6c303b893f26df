//! Whose file it is: the application id and version that SQLite keeps in a file's header.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use rusqlite::Connection;

use super::{OpenError, connection::READ_ONLY, files};

/// `PARL`: marks a file as a database of this program.
pub(super) const APPLICATION_ID: i32 = 0x5041_524C;

/// The first bytes of every SQLite file.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// The header fields used here are big-endian 32-bit numbers at these offsets.
const HEADER_LENGTH: usize = 100;
const USER_VERSION_AT: usize = 60;
const APPLICATION_ID_AT: usize = 68;

/// What a SQLite file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    application: i32,
    /// The number of migrations it has.
    pub(super) version: i64,
}

impl Identity {
    /// Looks at the file at `path` without changing it; none if there is no file or an empty one.
    ///
    /// Only for a file that this process has not open: see [`super::lock`].
    pub(super) fn look(path: &Path) -> Result<Option<Self>, OpenError> {
        let Some(header) = read_header(path).map_err(|error| OpenError::io(path, error))? else {
            return Ok(None);
        };
        if header.len() < HEADER_LENGTH || !header.starts_with(MAGIC) {
            return Err(OpenError::NotADatabase {
                path: path.to_owned(),
            });
        }
        let stored = Self {
            application: field(&header, APPLICATION_ID_AT),
            version: field(&header, USER_VERSION_AT).into(),
        };
        // The last writer may have died before its log was copied into the file. The mark is in
        // the file from the beginning, so nobody else's log is touched.
        if stored.application != APPLICATION_ID || !files::beside(path, "-wal").exists() {
            return Ok(Some(stored));
        }
        let failed = |error| OpenError::sqlite(path, error);
        let connection = Connection::open_with_flags(path, READ_ONLY).map_err(failed)?;
        Self::of(&connection).map(Some).map_err(failed)
    }

    /// What the file behind `connection` says of itself.
    pub(super) fn of(connection: &Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            application: connection.query_row("PRAGMA application_id", [], |row| row.get(0))?,
            version: connection.query_row("PRAGMA user_version", [], |row| row.get(0))?,
        })
    }

    /// Whether this program may work with the file: it is one of its own, and not of a newer
    /// version.
    pub(super) fn require(self, path: &Path, known: i64) -> Result<(), OpenError> {
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

fn field(header: &[u8], at: usize) -> i32 {
    let bytes = header[at..at + 4].try_into().expect("four bytes");
    i32::from_be_bytes(bytes)
}
