//! Rows of the SQL table of tables.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, named_params, types::FromSqlError};

use super::columns::{Column, Columns};
use crate::kernel::{Error, Kind, Result, Timestamp};

/// Maximum length of a table's name, in characters.
const MAX_NAME_CHARS: usize = 50;
/// Maximum size of a row for each unit of the factor, in bytes of stored JSON text.
const ROW_BYTES: usize = 4096;

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Row number.
    pub(super) seq: i64,
    /// Id: a UUID.
    pub id: String,
    /// Name.
    pub name: String,
    /// Maximum size of a row, in units of 4 KiB; a row counts as often.
    pub factor: u32,
    /// True if name and schema cannot be changed.
    pub is_frozen: bool,
    /// True if computed columns wait for their values.
    pub computes: bool,
    /// Number of the column that identifies rows.
    pub(super) key: Option<u32>,
    /// Columns.
    pub columns: Columns,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Number that grows with each change that rows depend on.
    pub(super) version: i64,
    /// Id of the last row, which may be deleted.
    pub(super) last_row: i64,
    /// Number of rows.
    pub row_count: i64,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last change of the table; changes of rows do not count.
    pub updated_at: Timestamp,
}

impl Table {
    /// Returns the column that identifies rows.
    #[must_use]
    pub fn key_column(&self) -> Option<&Column> {
        self.columns.find_number(self.key?)
    }

    /// Returns the number of rows with a computed column that waits for its value.
    #[must_use]
    pub fn stale_rows(&self) -> i64 {
        match self.columns.pending(self.computes).is_empty() {
            true => 0,
            false => self.row_count,
        }
    }

    /// Returns the row number of a row.
    pub(super) const fn row_seq(&self, id: i64) -> i64 {
        (self.seq << 31) + id
    }

    /// Returns the id of the row with this row number.
    pub(super) const fn row_id(&self, seq: i64) -> i64 {
        seq - (self.seq << 31)
    }

    /// Returns the maximum size of a row, in bytes of stored JSON text.
    pub(super) const fn max_row_bytes(&self) -> usize {
        ROW_BYTES * self.factor as usize
    }

    /// Returns the number of rows that one transaction may read and write whole. It bounds the time that other writes
    /// wait.
    pub(super) const fn rows_per_transaction(&self) -> usize {
        1000 / self.factor as usize
    }
}

/// Requires a valid name of a table.
///
/// # Errors
/// `Invalid`.
// wire: the vendor's page allows 35 characters, its clients use up to 50, and write the ending in any case
// (botpress-today.md §7)
pub(super) fn require_name(name: &str) -> Result<()> {
    let begins =
        name.starts_with(|first: char| first.is_ascii_alphabetic() || "_$".contains(first));
    let continues = name
        .chars()
        .skip(1)
        .all(|next| next.is_ascii_alphanumeric() || next == '_');
    let ends = name.to_ascii_lowercase().ends_with("table");
    if begins && continues && ends && name.len() <= MAX_NAME_CHARS {
        return Ok(());
    }
    let rule = format!(
        "must begin with a letter, \"_\" or \"$\", contain only letters, digits and \"_\", end in \"Table\", and have \
         at most {MAX_NAME_CHARS} characters"
    );
    let rule = crate::kernel::Rule::Other(rule);
    Err(crate::kernel::Violation::body(["name"], rule).into())
}

/// Creates the error for a name that another table has.
pub(super) fn name_conflict(name: &str) -> Error {
    Error::new(Kind::Conflict, format!("A table \"{name}\" already exists"))
}

const FIND: &str = "
    SELECT * FROM bot_tables
    WHERE agent_seq = :agent_seq AND deleted_at IS NULL AND (name = :table OR id = :table)";

/// Finds a table of a bot by its name or id. No name has the form of an id.
pub(super) fn find_if_any(conn: &Connection, agent_seq: i64, table: &str) -> Result<Option<Table>> {
    let parameters = named_params! {":agent_seq": agent_seq, ":table": table};
    let mut statement = conn.prepare_cached(FIND)?;
    Ok(statement.query_row(parameters, from_row).optional()?)
}

/// Finds a table of a bot by its name or id.
///
/// # Errors
/// `NotFound`, and errors of the store.
pub(super) fn find(conn: &Connection, agent_seq: i64, table: &str) -> Result<Table> {
    let found = find_if_any(conn, agent_seq, table)?;
    found.ok_or_else(|| {
        let table = crate::kernel::schema::truncate_text(table, 60);
        Error::not_found(format!("Table \"{table}\" not found"))
    })
}

const LIST: &str = "
    SELECT * FROM bot_tables
    WHERE agent_seq = :agent_seq AND deleted_at IS NULL ORDER BY seq";

/// Lists the tables of a bot. `bounds.tables` limits their number.
pub(super) fn list_all(conn: &Connection, agent_seq: i64) -> Result<Vec<Table>> {
    let mut statement = conn.prepare_cached(LIST)?;
    let rows = statement.query_map(named_params! {":agent_seq": agent_seq}, from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Reads a row of the SQL table.
pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Table> {
    let columns: String = row.get("columns")?;
    let tags: String = row.get("tags")?;
    let unreadable =
        |error: serde_json::Error| rusqlite::Error::from(FromSqlError::Other(error.into()));
    Ok(Table {
        seq: row.get("seq")?,
        id: row.get("id")?,
        name: row.get("name")?,
        factor: row.get("factor")?,
        is_frozen: row.get("frozen")?,
        computes: row.get("computes")?,
        key: row.get("key_column")?,
        columns: Columns {
            all: serde_json::from_str(&columns).map_err(unreadable)?,
            next: row.get("next_column")?,
        },
        tags: serde_json::from_str(&tags).map_err(unreadable)?,
        version: row.get("version")?,
        last_row: row.get("last_row")?,
        row_count: row.get("row_count")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

/// Returns the stored form of columns.
pub(super) fn to_columns_text(columns: &Columns) -> Result<String> {
    serde_json::to_string(&columns.all)
        .map_err(|error| Error::internal("columns cannot be serialized", error))
}

/// Returns the stored form of tags.
pub(super) fn to_tags_text(tags: &BTreeMap<String, String>) -> Result<String> {
    serde_json::to_string(tags).map_err(|error| Error::internal("tags cannot be serialized", error))
}

#[cfg(test)]
mod tests {
    use super::require_name;

    #[test]
    fn names_have_rules() {
        for name in [
            "ordersTable",
            "OrdersTABLE",
            "_xTable",
            "$xtable",
            "table",
            "a1_Table",
        ] {
            assert!(require_name(name).is_ok(), "{name}");
        }
        let long = format!("{}Table", "x".repeat(46));
        for name in [
            "",
            "orders",
            "1Table",
            "a-Table",
            "größeTable",
            "a$Table",
            long.as_str(),
        ] {
            assert!(require_name(name).is_err(), "{name}");
        }
    }
}
