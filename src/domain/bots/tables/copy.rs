//! Duplicates tables.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rusqlite::named_params;

use super::{
    create::{self, NewTable},
    jobs,
    table::{self, Table},
};
use crate::{
    domain::{
        bots::author::require_write,
        tenancy::{
            app::App,
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

/// Row numbers of the copies that calls make now. Each is hidden as a deleted table until it is whole, so that a copy
/// whose call ends early is purged like one.
#[derive(Debug, Default)]
pub(in crate::domain) struct UnfinishedCopies(Mutex<HashSet<i64>>);

impl UnfinishedCopies {
    /// True for a table that must not be purged yet.
    pub(super) fn contains(&self, table_seq: i64) -> bool {
        self.lock().contains(&table_seq)
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A copy that is being made.
struct UnfinishedCopy {
    app: App,
    table: Table,
}

impl Drop for UnfinishedCopy {
    fn drop(&mut self) {
        self.app.unfinished_copies().lock().remove(&self.table.seq);
        self.app.table_worker_wake_up().notify_one();
    }
}

/// Duplicates a table of the call's bot. Rows are copied in short transactions; changes of the source meanwhile may be
/// copied or not. Returns the copy, which nobody sees before it is whole.
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
    let app = call.app().clone();
    let (source, name, copy) = call
        .app()
        .run_write_tx(call, move |tx, workspace| {
            let source = table::find(tx.conn, agent_seq, &source)?;
            let (name, table) = insert_copy(tx, (workspace, agent_seq), &source, new)?;
            app.unfinished_copies().lock().insert(table.seq);
            Ok((source, name, UnfinishedCopy { app, table }))
        })
        .await?;
    if !without_rows {
        copy_rows(call, &source, &copy.table).await?;
    }
    let may_have_dropped = !without_rows && source.columns.has_dropped_some();
    call.app()
        .run_write_tx(call, move |tx, _| {
            // The copy is unfinished until here, even without the caller.
            let published = publish(tx, agent_seq, (copy.table.seq, name))?;
            if may_have_dropped {
                jobs::insert_clear_column(tx, &published)?;
            }
            Ok(published)
        })
        .await
}

/// Hides the copy like a deleted table.
const HIDE: &str = "
    UPDATE bot_tables SET last_row = :last_row, deleted_at = :now, name = '-' || id WHERE seq = :seq";

/// Inserts a hidden copy without rows. Also returns its name.
fn insert_copy(
    tx: &WriteTx<'_>,
    (workspace, agent_seq): (&WorkspaceId, i64),
    source: &Table,
    new: NewCopy,
) -> Result<(String, Table)> {
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
        name: name.clone(),
        factor,
        is_frozen: source.is_frozen,
        computes: source.computes,
        key_column: source.key_column().map(|column| column.name.clone()),
        columns: Vec::new(),
        tags: source.tags.clone(),
    };
    let copy = create::insert(tx, (workspace, agent_seq), &fields, source.columns.clone())?;
    // Ids of rows that others create in the copy come after those that are copied.
    tx.conn.prepare_cached(HIDE)?.execute(named_params! {
        ":seq": copy.seq, ":last_row": source.last_row, ":now": tx.now,
    })?;
    Ok((name, copy))
}

const PUBLISH: &str = "UPDATE bot_tables SET deleted_at = NULL, name = :name WHERE seq = :seq";

/// Shows a whole copy.
fn publish(tx: &WriteTx<'_>, agent_seq: i64, (seq, name): (i64, String)) -> Result<Table> {
    if table::find_if_any(tx.conn, agent_seq, &name)?.is_some() {
        return Err(table::name_conflict(&name));
    }
    create::BOUND.require(tx, agent_seq)?;
    tx.conn
        .prepare_cached(PUBLISH)?
        .execute(named_params! {":seq": seq, ":name": name})?;
    table::find(tx.conn, agent_seq, &name)
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
        let (source_id, copy) = (source.id.clone(), copy.clone());
        let step = call.app().run_write_tx(call, move |tx, _| {
            let source = table::find(tx.conn, agent_seq, &source_id)?;
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
