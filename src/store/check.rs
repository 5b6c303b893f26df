//! Checks the integrity of a database.

use std::fmt;

use rusqlite::Connection;

use crate::kernel::Result;

use super::sqlite_fault::SqliteFault;

/// The result of an integrity check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Descriptions of damage: at most 100 from SQLite, and those of further checks. Empty if there is none.
    pub damage: Vec<String>,
    /// Rows that refer to missing rows.
    pub foreign_keys: Vec<ForeignKeyViolation>,
}

/// A row that refers to a missing row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKeyViolation {
    /// The table of the row.
    pub table: String,
    /// The row's id; `None` for a table without row ids.
    pub row_id: Option<i64>,
    /// The table that the row refers to.
    pub parent: String,
}

impl CheckReport {
    /// True if the check found no defect.
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
        let references = self.foreign_keys.iter().map(ForeignKeyViolation::to_string);
        f.write_str(&damage.chain(references).collect::<Vec<_>>().join("; "))
    }
}

impl fmt::Display for ForeignKeyViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a row of {}", self.table)?;
        if let Some(row_id) = self.row_id {
            write!(f, " ({row_id})")?;
        }
        write!(f, " refers to a missing row of {}", self.parent)
    }
}

/// Reads the whole database and reports damage. The time is proportional to the size of the file.
///
/// # Errors
/// SQLite's error if the check itself cannot run.
pub fn check(connection: &Connection) -> Result<CheckReport> {
    let mut report = CheckReport::default();
    let checked = check_pages(connection, &mut report.damage)
        .and_then(|()| check_foreign_keys(connection, &mut report.foreign_keys));
    match checked {
        Ok(()) => Ok(report),
        // Some damage stops the check itself.
        Err(error) if SqliteFault::classify(&error) == SqliteFault::Corrupt => {
            report.damage.push(error.to_string());
            Ok(report)
        }
        Err(error) => Err(error.into()),
    }
}

fn check_pages(connection: &Connection, damage: &mut Vec<String>) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let line: String = row.get(0)?;
        if line != "ok" {
            damage.push(line);
        }
    }
    Ok(())
}

fn check_foreign_keys(
    connection: &Connection,
    faults: &mut Vec<ForeignKeyViolation>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        faults.push(ForeignKeyViolation {
            table: row.get("table")?,
            row_id: row.get("rowid")?,
            parent: row.get("parent")?,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_rows_that_refer_to_nothing() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(
                "PRAGMA foreign_keys = OFF;
                 CREATE TABLE parent (seq INTEGER PRIMARY KEY);
                 CREATE TABLE child (seq INTEGER PRIMARY KEY, parent REFERENCES parent);
                 INSERT INTO child VALUES (7, 1)",
            )
            .unwrap();
        let report = check(&connection).unwrap();
        assert_eq!(
            report.to_string(),
            "a row of child (7) refers to a missing row of parent"
        );
        connection.execute("DELETE FROM child", []).unwrap();
        assert_eq!(check(&connection).unwrap().to_string(), "sound");
    }
}
