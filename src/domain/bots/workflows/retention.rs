//! Retention of workflows and tasks that have ended.

use std::time::Duration;

use rusqlite::{Connection, named_params};

use crate::{
    domain::tenancy::app::App,
    kernel::{Result, Timestamp},
};

/// Maximum number of workflows, and of tasks, that one transaction of the retention deletes. Each may have many events.
const ROWS_PER_TRANSACTION: i64 = 50;

const PRUNE: &[&str] = &[
    "DELETE FROM workflows WHERE seq IN (
        SELECT seq FROM workflows
        WHERE status IN ('failed', 'completed', 'timedout', 'cancelled') AND updated_at < :before LIMIT :limit)",
    "DELETE FROM tasks WHERE seq IN (
        SELECT seq FROM tasks
        WHERE status IN ('failed', 'completed', 'timeout', 'cancelled') AND updated_at < :before LIMIT :limit)",
];

const HAS_OLD: &str = "
    SELECT EXISTS (
        SELECT 1 FROM workflows
        WHERE status IN ('failed', 'completed', 'timedout', 'cancelled') AND updated_at < :before)
     OR EXISTS (
        SELECT 1 FROM tasks
        WHERE status IN ('failed', 'completed', 'timeout', 'cancelled') AND updated_at < :before)";

/// Deletes workflows and tasks that ended before the retention period, with their events and states.
///
/// # Errors
/// Errors of the store.
pub(in crate::domain) async fn prune(app: &App) -> Result<()> {
    let days = app.bot_settings().workflow_days;
    if days == 0 {
        return Ok(());
    }
    let kept = Duration::from_secs(days.saturating_mul(24 * 3600));
    let kept = i64::try_from(kept.as_micros()).unwrap_or(i64::MAX);
    let before = Timestamp::from_micros(app.clock().now().as_micros().saturating_sub(kept));
    let has_old = |conn: &Connection| {
        let mut statement = conn.prepare_cached(HAS_OLD)?;
        Ok(statement.query_row(named_params! {":before": before}, |row| row.get(0))?)
    };
    while app.store().read(has_old)? {
        let removed = app.store().write(move |conn| {
            for sql in PRUNE {
                conn.prepare_cached(sql)?
                    .execute(named_params! {":before": before, ":limit": ROWS_PER_TRANSACTION})?;
            }
            Ok(())
        });
        removed.await?;
    }
    Ok(())
}
