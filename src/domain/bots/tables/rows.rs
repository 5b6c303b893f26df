//! Rows of tables, as they are stored and as they are shown.

use rusqlite::{Connection, OptionalExtension, Row as SqlRow, named_params};
use serde_json::{Map, Value};

use super::{cast::Values, filter::find_path, table::Table};
use crate::kernel::{Error, Kind, Result, Timestamp};

/// A row of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Id, which counts from 1 in each table.
    pub id: i64,
    /// Creation time; `None` if it was not selected.
    pub created_at: Option<Timestamp>,
    /// Time of the last change; `None` if it was not selected.
    pub updated_at: Option<Timestamp>,
    /// Values by the names of their columns.
    pub values: Map<String, Value>,
    /// Names of the computed columns that wait for their values.
    pub pending: Vec<String>,
    /// Similarity to the searched text, from 0 to 1; `None` without a search.
    pub similarity: Option<f64>,
}

/// A row as it is stored.
#[derive(Debug, Clone)]
pub(super) struct StoredRow {
    pub(super) id: i64,
    pub(super) values: Values,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// Size of the values, in bytes of stored JSON text.
    pub(super) bytes: usize,
}

/// Maximum size of a page of rows, in bytes of stored JSON text.
pub(super) const MAX_PAGE_BYTES: usize = 32 * 1024 * 1024;

/// Rows of a page.
#[derive(Debug, Default)]
pub(super) struct RowPage {
    pub(super) rows: Vec<StoredRow>,
    bytes: usize,
}

impl RowPage {
    /// Adds a row.
    ///
    /// # Errors
    /// `LimitExceeded` if the page becomes too large.
    pub(super) fn push(&mut self, row: StoredRow) -> Result<()> {
        self.bytes += row.bytes;
        if self.bytes > MAX_PAGE_BYTES {
            let text = format!("limit: a page of rows can have {MAX_PAGE_BYTES} bytes");
            return Err(Error::new(Kind::LimitExceeded, text));
        }
        self.rows.push(row);
        Ok(())
    }
}

impl StoredRow {
    /// Reads a row of the SQL table.
    pub(super) fn from_row(table: &Table, row: &SqlRow<'_>) -> Result<Self> {
        let data = row.get_ref("data")?;
        let data = data.as_str().map_err(rusqlite::Error::from)?;
        let values = Values::parse(data);
        Ok(Self {
            bytes: data.len(),
            id: table.row_id(row.get("seq")?),
            values: values.map_err(|error| Error::internal("a row cannot be read", error))?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
        })
    }

    /// Returns the values by the names of their columns, with nulls.
    fn into_named(mut self, table: &Table) -> Map<String, Value> {
        let columns = table.columns.all.iter();
        let values = columns.map(|column| {
            let value = self.values.take(column.number).unwrap_or_default();
            (column.name.clone(), value)
        });
        values.collect()
    }

    /// Returns the members that filters see: the values, and what every row has.
    pub(super) fn to_members(&self, table: &Table, with_times: bool) -> Map<String, Value> {
        let mut members = self.clone().into_named(table);
        members.insert("id".to_owned(), self.id.into());
        if with_times {
            let times = [
                ("createdAt", self.created_at),
                ("updatedAt", self.updated_at),
            ];
            for (name, time) in times {
                members.insert(name.to_owned(), time.to_rfc3339_millis().into());
            }
        }
        members
    }

    /// Returns the row as it is shown.
    pub(super) fn into_shown(self, table: &Table) -> Row {
        Row {
            id: self.id,
            created_at: Some(self.created_at),
            updated_at: Some(self.updated_at),
            values: self.into_named(table),
            pending: table.columns.pending(table.computes),
            similarity: None,
        }
    }
}

impl Row {
    /// Keeps only the values at these paths. The id stays.
    pub(super) fn select(&mut self, paths: &[String]) {
        let is_selected = |name: &str| paths.iter().any(|path| path == name);
        self.created_at = self.created_at.filter(|_| is_selected("createdAt"));
        self.updated_at = self.updated_at.filter(|_| is_selected("updatedAt"));
        let mut selected = Map::new();
        for path in paths {
            if let Some(value) = find_path(&self.values, path) {
                let is_column = self.values.contains_key(path);
                insert_at(&mut selected, path, value.clone(), is_column);
            }
        }
        self.values = selected;
        self.pending.retain(|name| is_selected(name));
    }
}

/// Inserts a value at a path; `is_name` if the path is the name of one member.
fn insert_at(members: &mut Map<String, Value>, path: &str, value: Value, is_name: bool) {
    let Some((first, rest)) = path.split_once('.').filter(|_| !is_name) else {
        members.insert(path.to_owned(), value);
        return;
    };
    let inner = members
        .entry(first)
        .or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(inner) = inner {
        insert_at(inner, rest, value, false);
    }
}

const FIND: &str = "SELECT seq, data, created_at, updated_at FROM bot_table_rows WHERE seq = :seq";

/// Finds a row of a table.
pub(super) fn find(conn: &Connection, table: &Table, id: i64) -> Result<Option<StoredRow>> {
    // Row numbers of other tables are beyond these.
    if !(1..1 << 31).contains(&id) {
        return Ok(None);
    }
    let mut statement = conn.prepare_cached(FIND)?;
    let parameters = named_params! {":seq": table.row_seq(id)};
    let found = statement.query_row(parameters, |row| Ok(StoredRow::from_row(table, row)));
    found.optional()?.transpose()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_selection_keeps_paths() {
        let Value::Object(values) = json!({"a": {"b": {"c": 1, "d": 2}, "e": 3}, "f": 4}) else {
            panic!("an object");
        };
        let mut row = Row {
            id: 1,
            created_at: Some(Timestamp::from_micros(0)),
            updated_at: Some(Timestamp::from_micros(0)),
            values,
            pending: vec!["f".to_owned()],
            similarity: None,
        };
        row.select(&["a.b.c", "a.e", "never", "createdAt"].map(str::to_owned));
        assert_eq!(
            Value::Object(row.values),
            json!({"a": {"b": {"c": 1}, "e": 3}})
        );
        assert!(row.created_at.is_some() && row.updated_at.is_none() && row.pending.is_empty());
    }
}
