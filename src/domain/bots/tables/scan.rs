//! Reads the rows of a table in the order of their ids, within limits.

use std::time::Duration;

use rusqlite::{Connection, named_params};

use super::{
    filter::invalid_filter,
    rows::{RowPage, StoredRow},
    table::Table,
};
use crate::{
    domain::App,
    kernel::{Result, clock::Stopwatch},
};

/// Limits of the rows that one call reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScanLimits {
    rows: u64,
    millis: u64,
}

impl ScanLimits {
    pub(super) fn of(app: &App) -> Self {
        let settings = app.table_settings();
        Self {
            rows: settings.max_scanned_rows,
            millis: settings.max_scan_ms,
        }
    }
}

const FROM_FIRST: &str = "
    SELECT seq, data, created_at, updated_at FROM bot_table_rows
    WHERE seq > :table_seq << 31 AND seq < (:table_seq + 1) << 31 ORDER BY seq";
const FROM_LAST: &str = "
    SELECT seq, data, created_at, updated_at FROM bot_table_rows
    WHERE seq > :table_seq << 31 AND seq < (:table_seq + 1) << 31 ORDER BY seq DESC";

/// Calls `visit` with each row of a table until it returns false.
///
/// # Errors
/// `Invalid` if there are more rows than the limits allow to read; errors of `visit` and of the store.
pub(super) fn for_each_row(
    conn: &Connection,
    table: &Table,
    is_descending: bool,
    limits: &ScanLimits,
    mut visit: impl FnMut(StoredRow) -> Result<bool>,
) -> Result<()> {
    let sql = if is_descending { FROM_LAST } else { FROM_FIRST };
    let mut statement = conn.prepare_cached(sql)?;
    let mut found = statement.query(named_params! {":table_seq": table.seq})?;
    let watch = Stopwatch::start();
    let mut read = 0;
    while let Some(row) = found.next()? {
        read += 1;
        if read > limits.rows {
            let text = format!(
                "needs more than {} rows to be read (tables.max_scanned_rows); rows are found directly by \"id\" and by \
                 the key column",
                limits.rows
            );
            return Err(invalid_filter(text));
        }
        if watch.elapsed() > Duration::from_millis(limits.millis) {
            let text = format!(
                "needs more than {} ms of reading rows (tables.max_scan_ms); rows are found directly by \"id\" and by \
                 the key column",
                limits.millis
            );
            return Err(invalid_filter(text));
        }
        if !visit(StoredRow::from_row(table, row)?)? {
            break;
        }
    }
    Ok(())
}

const PAGE_FROM_FIRST: &str = "
    SELECT seq, data, created_at, updated_at FROM bot_table_rows
    WHERE seq > :table_seq << 31 AND seq < (:table_seq + 1) << 31
    ORDER BY seq LIMIT :limit OFFSET :offset";
const PAGE_FROM_LAST: &str = "
    SELECT seq, data, created_at, updated_at FROM bot_table_rows
    WHERE seq > :table_seq << 31 AND seq < (:table_seq + 1) << 31
    ORDER BY seq DESC LIMIT :limit OFFSET :offset";

/// Reads a page of all rows. SQLite skips the rows before it faster than they could be read.
pub(super) fn read_page(
    conn: &Connection,
    table: &Table,
    is_descending: bool,
    (offset, limit): (u64, usize),
) -> Result<Vec<StoredRow>> {
    let sql = if is_descending {
        PAGE_FROM_LAST
    } else {
        PAGE_FROM_FIRST
    };
    let mut statement = conn.prepare_cached(sql)?;
    let mut found = statement.query(named_params! {
        ":table_seq": table.seq,
        ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
        ":offset": i64::try_from(offset).unwrap_or(i64::MAX),
    })?;
    let mut page = RowPage::default();
    while let Some(row) = found.next()? {
        page.push(StoredRow::from_row(table, row)?)?;
    }
    Ok(page.rows)
}
