//! Updates the rows that a key finds, and creates the others.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use serde_json::{Map, Value};

use super::{
    keys,
    row_writes::{PreparedRow, RowWriter},
    rows::Row,
    scan::{self, ScanLimits},
    table::{self, Table},
    write::{IndexedRow, WrittenChunk, write_in_chunks},
};
use crate::{
    domain::tenancy::{request_auth::RequestContext, write_tx::WriteTx},
    kernel::{Result, Rule, Violation, ids::WorkspaceId},
};

/// Rows that a call has created or updated.
#[derive(Debug, Default)]
pub struct UpsertedRows {
    /// Created rows.
    pub inserted: Vec<Row>,
    /// Updated rows.
    pub updated: Vec<Row>,
    /// Values that were dropped.
    pub warnings: Vec<String>,
    /// Reasons why rows were not written.
    pub errors: Vec<String>,
}

/// Finder of the row that a given row is about.
#[derive(Debug, Clone)]
enum KeyLookup {
    /// By id.
    Id,
    /// By the key column of the table.
    KeyColumn,
    /// By another column: the rows by the JSON text of their value.
    Column(u32, Arc<HashMap<String, i64>>),
}

/// Updates the rows of a table of the call's bot whose key column has the value of a given row, and creates the others.
/// Of given rows with the same value, the last counts. The key column is the named one, else that of the table, else
/// the id.
///
/// # Errors
/// `Forbidden` for a role below developer; `NotFound` for the table; `Invalid` for an unknown column, or for a column
/// without keys in a table with too many rows; `QuotaExceeded` and `LimitExceeded` for too many rows; errors of the
/// store.
pub async fn upsert_rows(
    call: &RequestContext,
    table: &str,
    key_column: Option<String>,
    rows: Vec<Map<String, Value>>,
) -> Result<UpsertedRows> {
    let agent_seq = call.agent()?.seq;
    let store = call.app().store();
    let found = store.read(|conn| table::find(conn, agent_seq, table))?;
    let own_key = found.key_column().map(|column| column.name.clone());
    let name = key_column.or_else(|| own_key.clone());
    let name = name.unwrap_or_else(|| "id".to_owned());
    let rows = keep_last(rows, &name);
    let lookup = if name == "id" {
        KeyLookup::Id
    } else if own_key.as_ref() == Some(&name) {
        KeyLookup::KeyColumn
    } else {
        find_by_scan(call, found.clone(), &name, &rows).await?
    };
    let chunk = found.rows_per_transaction();
    let write = move |tx: &WriteTx<'_>, workspace: &WorkspaceId, table, rows: &[PreparedRow]| {
        upsert_chunk(tx, workspace, table, rows, &lookup)
    };
    let written = write_in_chunks(call, &found.id, rows, chunk, write).await?;
    Ok(UpsertedRows {
        inserted: written.inserted,
        updated: written.updated,
        warnings: written.warnings,
        errors: written.errors,
    })
}

/// Drops the rows of which a later one has the same value.
fn keep_last(rows: Vec<Map<String, Value>>, name: &str) -> Vec<IndexedRow> {
    let mut known = HashSet::new();
    let mut kept: Vec<IndexedRow> = rows.into_iter().enumerate().collect();
    kept.reverse();
    kept.retain(|(_, row)| match row.get(name) {
        None | Some(Value::Null) => true,
        Some(value) => known.insert(value.to_string()),
    });
    kept.reverse();
    kept
}

async fn find_by_scan(
    call: &RequestContext,
    table: Table,
    name: &str,
    rows: &[IndexedRow],
) -> Result<KeyLookup> {
    let Some(column) = table.columns.find(name).map(|column| column.number) else {
        let rule = Rule::Other("must be \"id\" or the name of a column".to_owned());
        return Err(Violation::body(["keyColumn"], rule).into());
    };
    // Texts of numbers are converted later, so both forms are looked for.
    let text = |value: &Value| {
        value
            .as_str()
            .map(str::to_owned)
            .unwrap_or_else(|| value.to_string())
    };
    let wanted: HashSet<String> = rows
        .iter()
        .filter_map(|(_, row)| row.get(name).map(text))
        .collect();
    let limits = ScanLimits::of(call.app());
    let found = call.app().store().scan(move |conn| {
        let mut found = HashMap::new();
        scan::for_each_row(conn, &table, false, &limits, |row| {
            if let Some(value) = row.values.get(column)
                && wanted.contains(&text(value))
            {
                found.entry(value.to_string()).or_insert(row.id);
            }
            Ok(true)
        })?;
        Ok(found)
    });
    Ok(KeyLookup::Column(column, Arc::new(found.await?)))
}

fn upsert_chunk(
    tx: &WriteTx<'_>,
    workspace: &WorkspaceId,
    table: Table,
    rows: &[PreparedRow],
    lookup: &KeyLookup,
) -> Result<WrittenChunk> {
    let mut writer = RowWriter::new(tx, table);
    let found = rows
        .iter()
        .map(|row| find_row(tx, &writer.table, row, lookup));
    let found = found.collect::<Result<Vec<_>>>()?;
    let new = found.iter().filter(|id| id.is_none()).count();
    if new > 0 {
        writer.require_room_for(workspace, new)?;
    }
    let (mut inserted, mut updated, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for (row, id) in rows.iter().zip(found) {
        let known = match id {
            Some(id) => writer.update(id, row)?,
            None => None,
        };
        let (outcome, is_new) = match known {
            Some(outcome) => (outcome, false),
            None => (writer.insert(row)?, true),
        };
        match outcome {
            Ok(stored) if is_new => inserted.push(stored),
            Ok(stored) => updated.push(stored),
            Err(problem) => errors.push((row.index, problem)),
        }
    }
    Ok(WrittenChunk {
        table: writer.finish()?,
        inserted,
        updated,
        errors,
    })
}

fn find_row(
    tx: &WriteTx<'_>,
    table: &Table,
    row: &PreparedRow,
    lookup: &KeyLookup,
) -> Result<Option<i64>> {
    match lookup {
        KeyLookup::Id => match row.id {
            // wire: an id that no row has is not kept, because ids are given by the server (botpress-today.md §7)
            Some(id) => Ok(super::rows::find(tx.conn, table, id)?.map(|row| row.id)),
            None => Ok(None),
        },
        KeyLookup::KeyColumn => match table.key.and_then(|key| row.values.get(key)) {
            Some(value) => keys::find_row(tx.conn, table, value),
            None => Ok(None),
        },
        KeyLookup::Column(column, rows) => {
            let value = row.values.get(*column);
            Ok(value.and_then(|value| rows.get(&value.to_string()).copied()))
        }
    }
}
