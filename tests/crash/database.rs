//! A database file as it lies on the disk.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use crate::ledger::Counts;

/// A database that is only read.
pub struct Snapshot {
    connection: Connection,
    _copy: Option<TempDir>,
}

impl Snapshot {
    /// A copy with its log, so that looking changes nothing of what the next start finds.
    pub fn of(database: &Path) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let copy = directory.path().join("copy.db");
        fs::copy(database, &copy).expect("the database can be copied");
        let log = beside(database, "-wal");
        if log.exists() {
            fs::copy(log, beside(&copy, "-wal")).expect("its log can be copied");
        }
        Self {
            connection: open(&copy),
            _copy: Some(directory),
        }
    }

    /// The database itself, while a server runs on it.
    pub fn live(database: &Path) -> Self {
        Self {
            connection: open(database),
            _copy: None,
        }
    }

    /// That SQLite finds no damage and no row that refers to a missing one.
    pub fn assert_sound(&self) {
        assert_sound(&self.connection);
    }

    /// What the audit records say has happened.
    pub fn audited(&self) -> Counts {
        let count = |action: &str| {
            self.number(&format!(
                "SELECT count(*) FROM audit_records
                 WHERE action = 'integration.{action}' AND actor LIKE 'key:%'"
            ))
        };
        Counts {
            created: count("create"),
            updated: count("update"),
            deleted: count("delete"),
        }
    }

    /// The calls that are written down, of all days.
    pub fn calls(&self) -> i64 {
        self.number("SELECT coalesce(sum(calls), 0) FROM usage_daily")
    }

    /// How many integrations there are.
    pub fn integrations(&self) -> i64 {
        self.number("SELECT count(*) FROM service_integrations")
    }

    /// The one number that a statement selects.
    pub fn number(&self, sql: &str) -> i64 {
        let number = self.connection.query_row(sql, [], |row| row.get(0));
        number.expect("a number")
    }

    /// Rows of a number and a text.
    pub fn rows(&self, sql: &str) -> Vec<(i64, String)> {
        let mut rows = self.connection.prepare(sql).expect("SQL");
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        let rows = rows.expect("rows").collect::<rusqlite::Result<_>>();
        rows.expect("a number and a text")
    }
}

/// Opens a file only for reading.
pub fn open(path: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).expect("a database")
}

pub fn assert_sound(connection: &Connection) {
    let mut damage = connection.prepare("PRAGMA integrity_check").expect("SQL");
    let damage: Vec<String> = damage
        .query_map([], |row| row.get(0))
        .expect("a check")
        .collect::<rusqlite::Result<_>>()
        .expect("its findings");
    assert_eq!(damage, ["ok"]);
    let mut dangling = connection.prepare("PRAGMA foreign_key_check").expect("SQL");
    assert!(
        !dangling.exists([]).expect("a check"),
        "a row refers to nothing"
    );
}

/// The name of a file that belongs to a database.
pub fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(suffix);
    name.into()
}
