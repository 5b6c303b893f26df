//! Whether a database is sound.

use std::fmt;

use rusqlite::Connection;

use crate::kernel::Result;

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// SQLite's descriptions of damage, at most 100. Empty if there is none.
    pub damage: Vec<String>,
    /// Rows that refer to rows that do not exist.
    pub foreign_keys: Vec<ForeignKeyFault>,
}

/// A row that refers to a row that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKeyFault {
    /// The table of the row.
    pub table: String,
    /// The row's id; none in a table that has none.
    pub row_id: Option<i64>,
    /// The table referred to.
    pub parent: String,
}

impl CheckReport {
    /// Whether nothing was found.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.damage.is_empty() && self.foreign_keys.is_empty()
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_sound() {
            return f.write_str("sound");
        }
        let damage = self.damage.iter().cloned();
        let references = self.foreign_keys.iter().map(ForeignKeyFault::to_string);
        f.write_str(&damage.chain(references).collect::<Vec<_>>().join("; "))
    }
}

impl fmt::Display for ForeignKeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a row of {}", self.table)?;
        if let Some(row_id) = self.row_id {
            write!(f, " ({row_id})")?;
        }
        write!(f, " refers to a missing row of {}", self.parent)
    }
}

/// Reads the whole database and reports what is wrong with it. Takes time in proportion to its
/// size.
///
/// # Errors
/// As SQLite's, if the check itself cannot be made.
pub fn check(connection: &Connection) -> Result<CheckReport> {
    let mut integrity = connection.prepare("PRAGMA integrity_check")?;
    let damage = integrity
        .query_map([], |row| row.get(0))?
        .filter(|line| !matches!(line, Ok(text) if text == "ok"))
        .collect::<rusqlite::Result<Vec<String>>>()?;
    let mut references = connection.prepare("PRAGMA foreign_key_check")?;
    let foreign_keys = references
        .query_map([], |row| {
            Ok(ForeignKeyFault {
                table: row.get("table")?,
                row_id: row.get("rowid")?,
                parent: row.get("parent")?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(CheckReport {
        damage,
        foreign_keys,
    })
}
