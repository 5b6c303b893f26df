//! Deletes old audit records: those beyond the retention time, and those beyond the maximum number of a workspace.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::{
    domain::{shared::row_range::RowRange, tenancy::app::App},
    kernel::{Result, Timestamp},
};

/// Maximum number of rows that are deleted in one transaction.
const ROWS_PER_TRANSACTION: i64 = 1_000;

/// Retention of audit records and usage counters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Number of days for which audit records are kept; 0: forever.
    pub retention_days: u64,
    /// Maximum number of audit records of a workspace; the newest are kept; 0: no maximum.
    pub max_rows: u64,
    /// Number of days for which the daily usage counters are kept.
    pub usage_days: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            retention_days: 365,
            max_rows: 1_000_000,
            usage_days: 400,
        }
    }
}

/// Limits of retention.
#[derive(Clone, Copy)]
struct RetentionLimits {
    oldest: Option<Timestamp>,
    max_rows: Option<i64>,
}

impl RetentionLimits {
    fn from_settings(settings: &Settings, now: Timestamp) -> Self {
        let age = Duration::from_secs(settings.retention_days.saturating_mul(24 * 3600));
        Self {
            oldest: (!age.is_zero()).then(|| now.minus(age)),
            max_rows: i64::try_from(settings.max_rows)
                .ok()
                .filter(|rows| *rows > 0),
        }
    }

    /// Returns the last row number to delete in a range. Numbers are assigned in order and deleted from the first on,
    /// so the difference of two numbers counts the rows.
    fn find_last_to_delete(self, conn: &Connection, numbers: RowRange) -> Result<Option<i64>> {
        let beyond = match self.max_rows {
            Some(rows) => find_first_and_last(conn, numbers)?
                .filter(|(first, last)| last - first >= rows)
                .map(|(_, last)| last - rows),
            None => None,
        };
        let old = match self.oldest {
            Some(since) => find_last_old(conn, numbers, since)?,
            None => None,
        };
        Ok(beyond.max(old))
    }
}

const FIND_FIRST_AND_LAST: &str = "
    SELECT (SELECT min(seq) FROM audit_records WHERE seq > ?1 AND seq < ?2),
           (SELECT max(seq) FROM audit_records WHERE seq > ?1 AND seq < ?2)";

fn find_first_and_last(conn: &Connection, numbers: RowRange) -> Result<Option<(i64, i64)>> {
    let mut statement = conn.prepare_cached(FIND_FIRST_AND_LAST)?;
    let found = statement.query_row(params![numbers.after, numbers.before], |row| {
        let (first, last): (Option<i64>, Option<i64>) = (row.get(0)?, row.get(1)?);
        Ok(first.zip(last))
    });
    Ok(found?)
}

/// Looks only at the oldest records. Row numbers follow the order of time, unless the clock was moved.
const FIND_LAST_OLD: &str = "
    SELECT max(seq) FROM (
        SELECT seq, at FROM audit_records WHERE seq > ?1 AND seq < ?2 ORDER BY seq LIMIT ?3)
    WHERE at < ?4";

fn find_last_old(conn: &Connection, numbers: RowRange, since: Timestamp) -> Result<Option<i64>> {
    let mut statement = conn.prepare_cached(FIND_LAST_OLD)?;
    let parameters = params![numbers.after, numbers.before, ROWS_PER_TRANSACTION, since];
    Ok(statement.query_row(parameters, |row| row.get(0))?)
}

const FIND_NEXT: &str = "SELECT seq FROM audit_records WHERE seq >= ? ORDER BY seq LIMIT 1";

const DELETE: &str = "
    DELETE FROM audit_records WHERE seq IN (
        SELECT seq FROM audit_records WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3)";

/// Deletes the records that are no longer kept, in chunks, also those of deleted workspaces.
///
/// # Errors
/// Errors of the store.
pub async fn prune(app: &App) -> Result<()> {
    let limits = RetentionLimits::from_settings(&app.settings().audit, app.clock().now());
    let found = app.store().scan(move |conn| find_ranges(conn, limits));
    for range in found.await? {
        while let Some(last) = app
            .store()
            .read(|conn| limits.find_last_to_delete(conn, range))?
        {
            let removed = app.store().write(move |conn| {
                conn.prepare_cached(DELETE)?.execute(params![
                    range.after,
                    last,
                    ROWS_PER_TRANSACTION
                ])?;
                Ok(())
            });
            removed.await?;
        }
    }
    Ok(())
}

/// Returns the row ranges that contain records to delete.
fn find_ranges(conn: &Connection, limits: RetentionLimits) -> Result<Vec<RowRange>> {
    let mut statement = conn.prepare_cached(FIND_NEXT)?;
    let mut next = |from: i64| -> rusqlite::Result<Option<i64>> {
        statement
            .query_row(params![from], |row| row.get(0))
            .optional()
    };
    let (mut found, mut from) = (Vec::new(), 0);
    while let Some(seq) = next(from)? {
        let range = RowRange::containing(seq);
        if limits.find_last_to_delete(conn, range)?.is_some() {
            found.push(range);
        }
        from = range.before;
    }
    Ok(found)
}
