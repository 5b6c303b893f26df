//! Duplicates tables.

use rusqlite::named_params;

use super::{
    create::{self, NewTable},
    jobs, manage,
    table::{self, Table},
};
use crate::{
    domain::{
        bots::author::require_write,
        tenancy::{
            quotas::{self, UsageType},
            request_auth::RequestContext,
            write_tx::WriteTx,
        },
    },
    kernel::{Result, Rule, Violation, ids::WorkspaceId},
};

/// Number of names that are tried for a copy.
const MAX_NAMES: u32 = 100;

/// Fields of a copy.
#[derive(Debug, Clone, Default)]
pub struct NewCopy {
    /// Name; derived from that of the source if absent.
    pub name: Option<String>,
    /// True to copy no rows.
    pub without_rows: bool,
    /// Factor, at least that of the source.
    pub factor: Option<u32>,
}

/// Duplicates a table of the call's bot. Rows are copied in short transactions; changes of the source meanwhile may be
/// copied or not. Returns the copy.
///
/// # Errors
/// `Forbidden` for a role below developer; `NotFound`; `Invalid` for an invalid name or a smaller factor; `Conflict` if
/// another table has the name; `QuotaExceeded` and `LimitExceeded` for too many tables or rows; errors of the store.
pub async fn duplicate(call: &RequestContext, source: String, new: NewCopy) -> Result<Table> {
    require_write(call)?;
    let agent_seq = call.agent()?.seq;
    if let Some(name) = &new.name {
        table::require_name(name)?;
    }
    let without_rows = new.without_rows;
    let (source, copy) = call
        .app()
        .run_write_tx(call, move |tx, workspace| {
            let source = table::find(tx.conn, agent_seq, &source)?;
            let copy = insert_copy(tx, (workspace, agent_seq), &source, new)?;
            Ok((source, copy))
        })
        .await?;
    if without_rows {
        return Ok(copy);
    }
    match copy_rows(call, &source, &copy).await {
        Ok(()) => manage::get(call, &copy.id),
        Err(error) => {
            // A part of the rows is no copy.
            let id = copy.id.clone();
            let removed = call.app().run_write_tx(call, move |tx, _| {
                let copy = table::find(tx.conn, agent_seq, &id)?;
                manage::mark_deleted(tx, &copy)
            });
            removed.await?;
            Err(error)
        }
    }
}

const SET_LAST_ROW: &str = "UPDATE bot_tables SET last_row = :last_row WHERE seq = :seq";

fn insert_copy(
    tx: &WriteTx<'_>,
    (workspace, agent_seq): (&WorkspaceId, i64),
    source: &Table,
    new: NewCopy,
) -> Result<Table> {
    let factor = new.factor.unwrap_or(source.factor);
    if factor < source.factor {
        let rule = Rule::Minimum(source.factor.to_string());
        return Err(Violation::body(["factor"], rule).into());
    }
    if !new.without_rows {
        let rows = source
            .row_count
            .unsigned_abs()
            .saturating_mul(factor.into());
        quotas::require(tx, workspace, UsageType::TableRowCount, rows)?;
    }
    let name = match new.name {
        Some(name) => name,
        None => find_free_name(tx, agent_seq, &source.name)?,
    };
    if table::find_if_any(tx.conn, agent_seq, &name)?.is_some() {
        return Err(table::name_conflict(&name));
    }
    let fields = NewTable {
        name,
        factor,
        is_frozen: source.is_frozen,
        computes: source.computes,
        key_column: source.key_column().map(|column| column.name.clone()),
        columns: Vec::new(),
        tags: source.tags.clone(),
    };
    let copy = create::insert(tx, (workspace, agent_seq), &fields, source.columns.clone())?;
    // Ids of rows that others create in the copy come after those that are copied.
    tx.conn
        .prepare_cached(SET_LAST_ROW)?
        .execute(named_params! {":seq": copy.seq, ":last_row": source.last_row})?;
    if !new.without_rows && source.columns.has_dropped_some() {
        // Rows may still have values of dropped columns.
        jobs::insert_clear_column(tx, &copy)?;
    }
    Ok(copy)
}

/// Returns the name of the source with a word before its ending.
fn find_free_name(tx: &WriteTx<'_>, agent_seq: i64, source: &str) -> Result<String> {
    let (begin, ending) = source.split_at(source.len().saturating_sub("Table".len()));
    for number in 1..=MAX_NAMES {
        let number = if number == 1 {
            String::new()
        } else {
            number.to_string()
        };
        let begin = begin.get(..begin.len().min(35)).unwrap_or(begin);
        let name = format!("{begin}Copy{number}{ending}");
        if table::find_if_any(tx.conn, agent_seq, &name)?.is_none() {
            return Ok(name);
        }
    }
    let rule = Rule::Other("is needed, because the names for copies are taken".to_owned());
    Err(Violation::body(["tableName"], rule).into())
}

const END_OF_CHUNK: &str = "
    SELECT max(seq) FROM (
        SELECT seq FROM bot_table_rows
        WHERE seq > :source << 31 AND seq > :after AND seq <= (:source << 31) + :last ORDER BY seq LIMIT :limit)";
const COPY: &str = "
    INSERT INTO bot_table_rows (seq, data, created_at, updated_at)
    SELECT seq - (:source << 31) + (:copy << 31), data, created_at, updated_at FROM bot_table_rows
    WHERE seq > :source << 31 AND seq > :after AND seq <= :end";
const COPY_KEYS: &str = "
    INSERT INTO bot_table_keys (table_seq, column_number, value, row_id)
    SELECT :copy, :column, json_extract(data, :path), seq - (:source << 31) FROM bot_table_rows
    WHERE seq > :source << 31 AND seq > :after AND seq <= :end AND json_extract(data, :path) IS NOT NULL
    ON CONFLICT DO NOTHING";
const COUNT_UP: &str = "UPDATE bot_tables SET row_count = row_count + :copied WHERE seq = :copy";

/// Copies the rows that the source had, with their ids, in short transactions.
async fn copy_rows(call: &RequestContext, source: &Table, copy: &Table) -> Result<()> {
    let agent_seq = call.agent()?.seq;
    let (last, mut after) = (source.last_row, 0);
    loop {
        let (source_id, copy_id) = (source.id.clone(), copy.id.clone());
        let step = call.app().run_write_tx(call, move |tx, _| {
            let source = table::find(tx.conn, agent_seq, &source_id)?;
            let copy = table::find(tx.conn, agent_seq, &copy_id)?;
            copy_chunk(tx, &source, &copy, (after, last))
        });
        match step.await? {
            Some(end) => after = end,
            None => return Ok(()),
        }
    }
}

/// Copies some rows after the row number `after`, and returns the last one; `None` if there are no more.
fn copy_chunk(
    tx: &WriteTx<'_>,
    source: &Table,
    copy: &Table,
    (after, last): (i64, i64),
) -> Result<Option<i64>> {
    let end = tx.conn.prepare_cached(END_OF_CHUNK)?.query_row(
        named_params! {
            ":source": source.seq,
            ":after": after,
            ":last": last,
            ":limit": i64::try_from(source.rows_per_transaction()).unwrap_or(i64::MAX),
        },
        |row| row.get::<_, Option<i64>>(0),
    )?;
    let Some(end) = end else {
        return Ok(None);
    };
    let copied = tx.conn.prepare_cached(COPY)?.execute(named_params! {
        ":source": source.seq, ":copy": copy.seq, ":after": after, ":end": end,
    })?;
    if let Some(column) = copy.key {
        tx.conn.prepare_cached(COPY_KEYS)?.execute(named_params! {
            ":source": source.seq,
            ":copy": copy.seq,
            ":column": column,
            ":path": format!("$.\"{column}\""),
            ":after": after,
            ":end": end,
        })?;
    }
    let copied = i64::try_from(copied).unwrap_or(i64::MAX);
    tx.conn
        .prepare_cached(COUNT_UP)?
        .execute(named_params! {":copy": copy.seq, ":copied": copied})?;
    Ok(Some(end))
}
