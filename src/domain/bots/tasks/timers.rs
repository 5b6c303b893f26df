//! Timeouts of tasks. The deliveries' dispatcher fires them.

use std::time::Duration;

use rusqlite::{Connection, named_params};

use super::{IS_LIVE, TaskStatus, activities, rows};
use crate::{
    domain::{
        shared::sql::write_each_in_savepoint,
        tenancy::{app::App, rewind::Repair, write_tx::WriteTx},
    },
    kernel::{Result, Timestamp},
};

/// Repairs timeouts that a default set at a time that the clock has not reached again. A timeout that the caller named
/// stays.
pub(in crate::domain) const REPAIRS: &[Repair] = &[Repair {
    table: "tasks",
    key: "seq",
    find_sql: "SELECT seq FROM tasks
           WHERE status IN ('pending', 'in_progress', 'blocked', 'paused')
             AND timeout_delay IS NOT NULL AND timeout_at - timeout_delay > :now",
    set_sql: "timeout_at = :now + timeout_delay",
    max_wait: |_| Duration::ZERO,
    due_column: None,
}];

/// Returns the time at which the next task times out.
pub(in crate::domain) fn next_timeout(conn: &Connection) -> Result<Option<Timestamp>> {
    let sql = format!("SELECT min(timeout_at) FROM tasks WHERE {IS_LIVE}");
    let mut statement = conn.prepare_cached(&sql)?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

const END_UNRECORDED: &str =
    "UPDATE tasks SET status = 'timeout', updated_at = :now WHERE seq = :seq";

/// Ends one batch of tasks whose time has run out.
pub(in crate::domain) fn time_out_due(app: &App, tx: &WriteTx<'_>, limit: i64) -> Result<()> {
    let sql = format!(
        "SELECT seq FROM tasks WHERE {IS_LIVE} AND timeout_at <= :now ORDER BY timeout_at LIMIT :limit"
    );
    let mut statement = tx.conn.prepare_cached(&sql)?;
    let parameters = named_params! {":now": tx.now, ":limit": limit};
    let due = statement.query_map(parameters, |row| row.get(0))?;
    let due: Vec<i64> = due.collect::<rusqlite::Result<_>>()?;
    let max_activities = app.settings().bounds.task_activities;
    let ended = write_each_in_savepoint(tx.conn, &due, |seq| {
        if let Some(mut task) = rows::find_at_row(tx.conn, *seq)? {
            activities::set_status(tx, &mut task, TaskStatus::Timeout, max_activities)?;
            rows::save(tx.conn, &task)?;
        }
        Ok(())
    })?;
    for (seq, _) in due.iter().zip(ended).filter(|(_, ended)| ended.is_none()) {
        tx.conn
            .prepare_cached(END_UNRECORDED)?
            .execute(named_params! {":seq": seq, ":now": tx.now})?;
    }
    Ok(())
}
