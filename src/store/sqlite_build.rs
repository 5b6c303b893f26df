//! How the bundled SQLite is compiled.

use rusqlite::Connection;
use serde::Serialize;

use crate::kernel::Result;

/// Version of SQLite, and the compile options that change its speed.
#[derive(Debug, Clone, Serialize)]
pub struct SqliteBuild {
    /// Version, such as `3.51.0`.
    pub version: &'static str,
    /// True if SQLite counts its memory, with one lock for all connections.
    pub memory_statistics: bool,
    /// True if a commit syncs with fdatasync. Otherwise fsync also writes the time of the file.
    pub fdatasync: bool,
}

/// Reads the options of the SQLite in this program.
///
/// # Errors
/// SQLite's errors.
pub fn sqlite_build() -> Result<SqliteBuild> {
    let connection = Connection::open_in_memory()?;
    let mut statement = connection.prepare("PRAGMA compile_options")?;
    let options: Vec<String> = statement
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(SqliteBuild {
        version: rusqlite::version(),
        memory_statistics: !options.iter().any(|option| option == "DEFAULT_MEMSTATUS=0"),
        // SQLite does not list this one.
        fdatasync: option_env!("LIBSQLITE3_FLAGS")
            .is_some_and(|flags| flags.contains("-DHAVE_FDATASYNC")),
    })
}
