//! Creates and updates rows. Rows that cannot be written are reported, and do not affect the others.

use serde_json::{Map, Value};

use super::{
    cast::Caster,
    row_writes::{PreparedRow, RowWriter},
    rows::{MAX_PAGE_BYTES, Row, StoredRow},
    table::{self, Table},
};
use crate::{
    domain::{
        App,
        bots::author::require_write,
        tenancy::{request_auth::RequestContext, write_tx::WriteTx},
    },
    kernel::{Error, Kind, Result, ids::WorkspaceId, schema::Limits},
};

/// Number of rows up to which values are converted on the calling thread.
const MAX_INLINE_ROWS: usize = 20;
/// Number of changes of the table during one call after which the call gives up.
const MAX_ATTEMPTS: usize = 5;

/// Rows that a call has written.
#[derive(Debug, Default)]
pub struct WrittenRows {
    /// The rows, as they are stored now.
    pub rows: Vec<Row>,
    /// Values that were dropped.
    pub warnings: Vec<String>,
    /// Reasons why rows were not written.
    pub errors: Vec<String>,
}

/// Rows that a transaction has written.
pub(super) struct WrittenChunk {
    pub(super) table: Table,
    pub(super) inserted: Vec<StoredRow>,
    pub(super) updated: Vec<StoredRow>,
    pub(super) errors: Vec<RowError>,
}

/// Reason why a row is not written, with the index of the row.
pub(super) type RowError = (usize, String);

/// A row of a request with its index.
pub(super) type IndexedRow = (usize, Map<String, Value>);

/// Rows of a request, converted for one version of their table.
pub(super) struct PreparedRows {
    pub(super) table: Table,
    pub(super) rows: Vec<PreparedRow>,
    warnings: Vec<String>,
    pub(super) errors: Vec<RowError>,
}

/// Creates rows in a table of the call's bot.
///
/// # Errors
/// `Forbidden` for a role below developer; `NotFound`; `QuotaExceeded` and `LimitExceeded` for too many rows; errors of
/// the store.
pub async fn create_rows(
    call: &RequestContext,
    table: &str,
    rows: Vec<Map<String, Value>>,
) -> Result<WrittenRows> {
    let rows = rows.into_iter().enumerate().collect();
    let written = write_in_chunks(call, table, rows, usize::MAX, insert_chunk).await?;
    Ok(WrittenRows {
        rows: written.inserted,
        warnings: written.warnings,
        errors: written.errors,
    })
}

/// Inserts the rows of a transaction.
pub(super) fn insert_chunk(
    tx: &WriteTx<'_>,
    workspace: &WorkspaceId,
    table: Table,
    rows: &[PreparedRow],
) -> Result<WrittenChunk> {
    let mut writer = RowWriter::new(tx, table);
    writer.require_room_for(workspace, rows.len())?;
    let (mut inserted, mut errors) = (Vec::new(), Vec::new());
    for row in rows {
        match writer.insert(row)? {
            Ok(stored) => inserted.push(stored),
            Err(problem) => errors.push((row.index, problem)),
        }
    }
    Ok(WrittenChunk {
        table: writer.finish()?,
        inserted,
        updated: Vec::new(),
        errors,
    })
}

/// Replaces the given values of rows in a table of the call's bot.
///
/// # Errors
/// `Forbidden` for a role below developer; `NotFound` for the table; errors of the store.
pub async fn update_rows(
    call: &RequestContext,
    table: &str,
    rows: Vec<Map<String, Value>>,
) -> Result<WrittenRows> {
    let rows = rows.into_iter().enumerate().collect();
    let chunk = find(call, table)?.rows_per_transaction();
    let written = write_in_chunks(call, table, rows, chunk, update_chunk).await?;
    Ok(WrittenRows {
        rows: written.updated,
        warnings: written.warnings,
        errors: written.errors,
    })
}

fn update_chunk(
    tx: &WriteTx<'_>,
    _: &WorkspaceId,
    table: Table,
    rows: &[PreparedRow],
) -> Result<WrittenChunk> {
    let mut writer = RowWriter::new(tx, table);
    let (mut updated, mut errors) = (Vec::new(), Vec::new());
    for row in rows {
        let id = row.id.unwrap_or(0);
        match writer.update(id, row)? {
            Some(Ok(stored)) => updated.push(stored),
            Some(Err(problem)) => errors.push((row.index, problem)),
            None => errors.push((row.index, format!("row {id} not found"))),
        }
    }
    Ok(WrittenChunk {
        table: writer.table,
        inserted: Vec::new(),
        updated,
        errors,
    })
}

/// Rows that several transactions have written.
#[derive(Default)]
pub(super) struct WrittenChunks {
    pub(super) inserted: Vec<Row>,
    pub(super) updated: Vec<Row>,
    pub(super) warnings: Vec<String>,
    pub(super) errors: Vec<String>,
}

/// Converts rows outside the write transaction, because patterns of a tenant must not run on the writer's thread, and
/// writes up to `chunk` of them in each transaction. Converts them again if the table has changed meanwhile.
pub(super) async fn write_in_chunks(
    call: &RequestContext,
    table: &str,
    mut rows: Vec<IndexedRow>,
    chunk: usize,
    write: impl Fn(&WriteTx<'_>, &WorkspaceId, Table, &[PreparedRow]) -> Result<WrittenChunk>
    + Clone
    + Send
    + 'static,
) -> Result<WrittenChunks> {
    require_write(call)?;
    let agent_seq = call.agent()?.seq;
    let mut all = WrittenChunks::default();
    let (mut attempts, mut bytes) = (0, 0);
    while !rows.is_empty() {
        if bytes > MAX_PAGE_BYTES {
            all.errors.extend(refuse(rows));
            break;
        }
        let rest = rows.split_off(chunk.max(1).min(rows.len()));
        let (prepared, given) = prepare(call.app(), find(call, table)?, rows).await?;
        let (id, version) = (prepared.table.id.clone(), prepared.table.version);
        let (converted, write) = (prepared.rows, write.clone());
        let written = call.app().run_write_tx(call, move |tx, workspace| {
            let table = table::find(tx.conn, agent_seq, &id)?;
            if table.version != version {
                return Ok(None);
            }
            write(tx, workspace, table, &converted).map(Some)
        });
        let Some(written) = written.await? else {
            attempts += 1;
            if attempts == MAX_ATTEMPTS {
                let text = "The table is changed by other calls at the same time";
                return Err(Error::new(Kind::RelationConflict, text));
            }
            rows = given;
            rows.extend(rest);
            continue;
        };
        let mut shown = |stored: Vec<StoredRow>| {
            bytes += stored.iter().map(|row| row.bytes).sum::<usize>();
            let rows = stored.into_iter();
            rows.map(|row| row.into_shown(&written.table))
                .collect::<Vec<_>>()
        };
        all.inserted.extend(shown(written.inserted));
        all.updated.extend(shown(written.updated));
        for warning in prepared.warnings {
            if !all.warnings.contains(&warning) {
                all.warnings.push(warning);
            }
        }
        all.errors
            .extend(show_errors(prepared.errors, written.errors));
        rows = rest;
    }
    Ok(all)
}

/// Returns the errors of rows that are not written, because the written ones fill the answer.
fn refuse(rows: Vec<IndexedRow>) -> Vec<String> {
    let text = format!("not written, because an answer can have {MAX_PAGE_BYTES} bytes of rows");
    let errors = rows.into_iter().map(|(index, _)| (index, text.clone()));
    show_errors(errors.collect(), Vec::new())
}

fn find(call: &RequestContext, table: &str) -> Result<Table> {
    let agent_seq = call.agent()?.seq;
    let store = call.app().store();
    store.read(|conn| table::find(conn, agent_seq, table))
}

/// Converts rows for a table, on a blocking thread if they are many. Also returns the given rows.
pub(super) async fn prepare(
    app: &App,
    table: Table,
    rows: Vec<IndexedRow>,
) -> Result<(PreparedRows, Vec<IndexedRow>)> {
    let share = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let limits = app.settings().schemas.divided_among(share);
    if rows.len() <= MAX_INLINE_ROWS {
        return Ok(prepare_now(table, rows, limits));
    }
    let prepared = tokio::task::spawn_blocking(move || prepare_now(table, rows, limits));
    let prepared = prepared.await;
    prepared.map_err(|error| Error::internal("the conversion of rows panicked", error))
}

fn prepare_now(
    table: Table,
    rows: Vec<IndexedRow>,
    limits: Limits,
) -> (PreparedRows, Vec<IndexedRow>) {
    let mut caster = Caster::new(&table.columns, limits);
    let (mut prepared, mut errors) = (Vec::new(), Vec::new());
    for (index, row) in &rows {
        match caster.cast_row(row) {
            Ok(values) => prepared.push(PreparedRow {
                index: *index,
                id: row.get("id").and_then(read_id),
                incomplete: caster.require_complete(&values).err(),
                values,
            }),
            Err(problem) => errors.push((*index, problem)),
        }
    }
    let warnings = std::mem::take(&mut caster.warnings);
    let prepared = PreparedRows {
        rows: prepared,
        warnings,
        errors,
        table,
    };
    (prepared, rows)
}

/// Reads an id, which may be written with a point.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a number that is no id finds no row"
)]
fn read_id(value: &Value) -> Option<i64> {
    let whole = |number: f64| (number.fract() == 0.0).then_some(number as i64);
    value.as_i64().or_else(|| value.as_f64().and_then(whole))
}

/// Renders errors in the order of their rows.
pub(super) fn show_errors(mut errors: Vec<RowError>, more: Vec<RowError>) -> Vec<String> {
    errors.extend(more);
    errors.sort();
    let errors = errors.into_iter();
    errors
        .map(|(index, problem)| format!("rows[{index}]: {problem}"))
        .collect()
}
