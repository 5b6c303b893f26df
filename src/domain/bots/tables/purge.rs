//! Deletes rows.

use rusqlite::{Connection, named_params};
use serde_json::{Map, Value};

use super::{
    filter::Filter,
    find::{Query, Search},
    keys, rows,
    scan::{self, ScanLimits},
    table::{self, Table},
};
use crate::{
    domain::{
        App,
        bots::author::require_write,
        tenancy::{request_auth::RequestContext, write_tx::WriteTx},
    },
    kernel::{Result, Timestamp},
};

/// Number of rows that one transaction deletes.
const ROWS_PER_TRANSACTION: usize = 1_000;

/// Selection of the rows to delete.
#[derive(Debug, Clone)]
pub enum RowSelection {
    /// The rows with these ids.
    Ids(Vec<i64>),
    /// The rows that a filter selects.
    Filter(Map<String, Value>),
    /// All rows.
    All,
}

/// A row to delete: its id, and the time of its last change if it must not have changed since.
type Target = (i64, Option<Timestamp>);

/// Deletes rows of a table of the call's bot, in short transactions. Returns their number.
///
/// # Errors
/// `Forbidden` for a role below developer; `NotFound` for the table; `Invalid` for a filter that cannot be read, or
/// needs more rows or time than the settings allow; errors of the store.
pub async fn delete_rows(
    call: &RequestContext,
    table: &str,
    selection: RowSelection,
) -> Result<u64> {
    require_write(call)?;
    let agent_seq = call.agent()?.seq;
    let store = call.app().store();
    let found = store.read(|conn| table::find(conn, agent_seq, table))?;
    let targets = match selection {
        RowSelection::Ids(ids) => ids.into_iter().map(|id| (id, None)).collect(),
        RowSelection::Filter(filter) => find_targets(call.app(), found.clone(), filter).await?,
        RowSelection::All => return delete_all(call, found).await,
    };
    let mut deleted = 0;
    for part in targets.chunks(ROWS_PER_TRANSACTION) {
        let (id, part) = (found.id.clone(), part.to_vec());
        let step = call.app().run_write_tx(call, move |tx, _| {
            let table = table::find(tx.conn, agent_seq, &id)?;
            delete_targets(tx, &table, &part)
        });
        deleted += step.await?;
    }
    Ok(deleted)
}

async fn find_targets(app: &App, table: Table, filter: Map<String, Value>) -> Result<Vec<Target>> {
    let parsed = Filter::parse(&filter)?;
    let search = Search {
        query: Query {
            filter: Some(filter),
            ..Query::default()
        },
        filter: parsed,
        reads_times: true,
    };
    let limits = ScanLimits::of(app);
    let found = app.store().scan(move |conn| {
        let mut targets = Vec::new();
        scan::for_each_row(conn, &table, false, &limits, |row| {
            if search.selects(&table, &row) {
                targets.push((row.id, Some(row.updated_at)));
            }
            Ok(true)
        })?;
        Ok(targets)
    });
    found.await
}

const DELETE: &str = "DELETE FROM bot_table_rows WHERE seq = :seq";

fn delete_targets(tx: &WriteTx<'_>, table: &Table, targets: &[Target]) -> Result<u64> {
    let mut deleted = 0;
    for (id, unchanged_since) in targets {
        let Some(row) = rows::find(tx.conn, table, *id)? else {
            continue;
        };
        if unchanged_since.is_some_and(|at| at != row.updated_at) {
            continue;
        }
        keys::replace(tx.conn, table, *id, Some(&row.values), None)?;
        tx.conn
            .prepare_cached(DELETE)?
            .execute(named_params! {":seq": table.row_seq(*id)})?;
        deleted += 1;
    }
    count_down(tx.conn, table, deleted)?;
    Ok(deleted)
}

const COUNT_DOWN: &str = "UPDATE bot_tables SET row_count = row_count - :deleted WHERE seq = :seq";

fn count_down(conn: &Connection, table: &Table, deleted: u64) -> Result<()> {
    let deleted = i64::try_from(deleted).unwrap_or(i64::MAX);
    conn.prepare_cached(COUNT_DOWN)?
        .execute(named_params! {":seq": table.seq, ":deleted": deleted})?;
    Ok(())
}

const DELETE_FIRST: &str = "
    DELETE FROM bot_table_rows WHERE seq IN (
        SELECT seq FROM bot_table_rows
        WHERE seq > :table_seq << 31 AND seq <= (:table_seq << 31) + :last ORDER BY seq LIMIT :limit)";
/// Keys of the rows that the statement above deletes.
const DELETE_FIRST_KEYS: &str = "
    DELETE FROM bot_table_keys
    WHERE table_seq = :table_seq AND column_number = :column AND value IN (
        SELECT json_extract(data, :path) FROM bot_table_rows
        WHERE seq > :table_seq << 31 AND seq <= (:table_seq << 31) + :last ORDER BY seq LIMIT :limit)";

/// Deletes all rows that the table has now; not those that others create meanwhile.
async fn delete_all(call: &RequestContext, table: Table) -> Result<u64> {
    let agent_seq = call.agent()?.seq;
    let last = table.last_row;
    let mut deleted = 0;
    loop {
        let id = table.id.clone();
        let step = call.app().run_write_tx(call, move |tx, _| {
            let table = table::find(tx.conn, agent_seq, &id)?;
            delete_first(tx.conn, &table, last)
        });
        let removed = step.await?;
        if removed == 0 {
            return Ok(deleted);
        }
        deleted += removed;
    }
}

fn delete_first(conn: &Connection, table: &Table, last: i64) -> Result<u64> {
    let limit = i64::try_from(ROWS_PER_TRANSACTION).unwrap_or(i64::MAX);
    if let Some(column) = table.key {
        conn.prepare_cached(DELETE_FIRST_KEYS)?
            .execute(named_params! {
                ":table_seq": table.seq,
                ":column": column,
                ":path": format!("$.\"{column}\""),
                ":last": last,
                ":limit": limit,
            })?;
    }
    let removed = conn.prepare_cached(DELETE_FIRST)?.execute(named_params! {
        ":table_seq": table.seq, ":last": last, ":limit": limit,
    })?;
    let removed = u64::try_from(removed).unwrap_or(u64::MAX);
    count_down(conn, table, removed)?;
    Ok(removed)
}

/// Parts of deleted tables, in the order in which they are deleted.
const PURGE: [&str; 3] = [
    "DELETE FROM bot_table_rows WHERE seq IN (
        SELECT seq FROM bot_table_rows
        WHERE seq > :table_seq << 31 AND seq < (:table_seq + 1) << 31 LIMIT 1000)",
    "DELETE FROM bot_table_keys WHERE (table_seq, column_number, value) IN (
        SELECT table_seq, column_number, value FROM bot_table_keys WHERE table_seq = :table_seq LIMIT 1000)",
    "DELETE FROM bot_tables WHERE seq = :table_seq",
];
const LIST_DELETED: &str = "SELECT seq FROM bot_tables WHERE deleted_at IS NOT NULL ORDER BY seq";
const IS_DELETED: &str =
    "SELECT 1 FROM bot_tables WHERE seq = :table_seq AND deleted_at IS NOT NULL";

/// Deletes the rows of deleted tables, and then the tables.
pub(super) async fn purge_deleted(app: &App) -> Result<()> {
    let next = |conn: &Connection| {
        let mut statement = conn.prepare_cached(LIST_DELETED)?;
        let mut deleted = statement.query([])?;
        while let Some(row) = deleted.next()? {
            let seq: i64 = row.get(0)?;
            if !app.unfinished_copies().contains(seq) {
                return Ok(Some(seq));
            }
        }
        Ok(None)
    };
    while let Some(seq) = app.store().read(next)? {
        let step = app.store().write(move |conn| {
            let of_table = named_params! {":table_seq": seq};
            if !conn.prepare_cached(IS_DELETED)?.exists(of_table)? {
                return Ok(());
            }
            for sql in PURGE {
                if conn.prepare_cached(sql)?.execute(of_table)? > 0 {
                    break;
                }
            }
            Ok(())
        });
        step.await?;
    }
    Ok(())
}
