//! The SQL table that finds rows by the value of their table's key column.

use rusqlite::{Connection, OptionalExtension, named_params, types::Value as SqlValue};
use serde_json::Value;

use super::{cast::Values, column_schema::ColumnType, columns::Column, table::Table};
use crate::{
    domain::App,
    kernel::{Error, Result, Rule, Violation},
};

/// Number of keys that one transaction deletes.
const KEYS_PER_TRANSACTION: u32 = 5_000;

/// Returns the SQL value of a key: the same as `json_extract` returns. Null is no key.
pub(super) fn to_sql_value(value: &Value) -> Option<SqlValue> {
    match value {
        Value::Null | Value::Array(_) | Value::Object(_) => None,
        Value::Bool(value) => Some(SqlValue::Integer((*value).into())),
        Value::String(text) => Some(SqlValue::Text(text.clone())),
        Value::Number(number) => number
            .as_i64()
            .map(SqlValue::Integer)
            .or_else(|| number.as_f64().map(SqlValue::Real)),
    }
}

/// Requires a column that can identify rows.
///
/// # Errors
/// `Invalid`.
pub(super) fn require_key_column<'a>(table: &'a Table, name: &str) -> Result<&'a Column> {
    let problem = match table.columns.find(name) {
        None => "must be the name of a column".to_owned(),
        Some(column) => match column.schema.column_type() {
            ColumnType::Text | ColumnType::DateTime | ColumnType::Number | ColumnType::Boolean
                if !column.schema.has_computation() =>
            {
                return Ok(column);
            }
            _ => "must be a column of strings, numbers or booleans that is not computed".to_owned(),
        },
    };
    Err(Violation::body(["keyColumn"], Rule::Other(problem)).into())
}

const FIND: &str = "
    SELECT row_id FROM bot_table_keys
    WHERE table_seq = :table_seq AND column_number = :column AND value = :value";

/// Finds the row with this value in the key column.
pub(super) fn find_row(conn: &Connection, table: &Table, value: &Value) -> Result<Option<i64>> {
    let (Some(column), Some(value)) = (table.key, to_sql_value(value)) else {
        return Ok(None);
    };
    let parameters = named_params! {":table_seq": table.seq, ":column": column, ":value": value};
    let mut statement = conn.prepare_cached(FIND)?;
    Ok(statement
        .query_row(parameters, |row| row.get(0))
        .optional()?)
}

const INSERT: &str = "
    INSERT INTO bot_table_keys (table_seq, column_number, value, row_id)
    VALUES (:table_seq, :column, :value, :row_id) ON CONFLICT DO NOTHING";
const DELETE: &str = "
    DELETE FROM bot_table_keys
    WHERE table_seq = :table_seq AND column_number = :column AND value = :value";

/// Changes the key of a row from that of `old` to that of `new` values. False, without a change, if another row has it.
pub(super) fn replace(
    conn: &Connection,
    table: &Table,
    row_id: i64,
    old: Option<&Values>,
    new: Option<&Values>,
) -> Result<bool> {
    let Some(column) = table.key else {
        return Ok(true);
    };
    let key = |values: Option<&Values>| to_sql_value(values?.get(column)?);
    let (old, new) = (key(old), key(new));
    if old == new {
        return Ok(true);
    }
    if let Some(new) = new {
        let inserted = conn.prepare_cached(INSERT)?.execute(named_params! {
            ":table_seq": table.seq, ":column": column, ":value": new, ":row_id": row_id,
        })?;
        if inserted == 0 {
            return Ok(false);
        }
    }
    if let Some(old) = old {
        conn.prepare_cached(DELETE)?
            .execute(named_params! {":table_seq": table.seq, ":column": column, ":value": old})?;
    }
    Ok(true)
}

const BUILD: &str = "
    INSERT INTO bot_table_keys (table_seq, column_number, value, row_id)
    SELECT :table_seq, :column, json_extract(data, :path), seq - (:table_seq << 31)
    FROM bot_table_rows
    WHERE seq > :table_seq << 31 AND seq < (:table_seq + 1) << 31
      AND json_extract(data, :path) IS NOT NULL
    ON CONFLICT DO NOTHING";
const COUNT_VALUES: &str = "
    SELECT count(*) FROM bot_table_rows
    WHERE seq > :table_seq << 31 AND seq < (:table_seq + 1) << 31
      AND json_extract(data, :path) IS NOT NULL";

/// Inserts the keys of all rows of a table for a new key column.
///
/// # Errors
/// `Invalid` if two rows have the same value, or for a table with more rows than `max_rows`.
pub(super) fn build(
    conn: &Connection,
    table: &Table,
    column: &Column,
    max_rows: u64,
) -> Result<()> {
    let invalid = |rule: String| Error::from(Violation::body(["keyColumn"], Rule::Other(rule)));
    if table.row_count.unsigned_abs() > max_rows {
        return Err(invalid(format!(
            "cannot be set for a table with more than {max_rows} rows (tables.max_scanned_rows)"
        )));
    }
    let path = format!("$.\"{}\"", column.number);
    let values: i64 = conn.prepare_cached(COUNT_VALUES)?.query_row(
        named_params! {":table_seq": table.seq, ":path": path},
        |row| row.get(0),
    )?;
    let inserted = conn.prepare_cached(BUILD)?.execute(named_params! {
        ":table_seq": table.seq, ":column": column.number, ":path": path,
    })?;
    if i64::try_from(inserted) == Ok(values) {
        return Ok(());
    }
    Err(invalid(format!(
        "must have different values in all rows: \"{}\" has not",
        column.name
    )))
}

const DELETE_SOME: &str = "
    DELETE FROM bot_table_keys WHERE (table_seq, column_number, value) IN (
        SELECT table_seq, column_number, value FROM bot_table_keys
        WHERE table_seq = :table_seq AND column_number = :column LIMIT :limit)";
const IS_KEY: &str = "SELECT 1 FROM bot_tables WHERE seq = :table_seq AND key_column = :column";

/// Deletes the keys of a column that is not the key column any more, in short transactions.
pub(super) async fn delete_all(app: &App, table_seq: i64, column: u32) -> Result<()> {
    loop {
        let deleted = app.store().write(move |conn| {
            let of_column = named_params! {":table_seq": table_seq, ":column": column};
            if conn.prepare_cached(IS_KEY)?.exists(of_column)? {
                return Ok(0);
            }
            Ok(conn.prepare_cached(DELETE_SOME)?.execute(named_params! {
                ":table_seq": table_seq, ":column": column, ":limit": KEYS_PER_TRANSACTION,
            })?)
        });
        if deleted.await? == 0 {
            return Ok(());
        }
    }
}
