//! Waits of workflows: the times at which the bot is notified of them, and their timeouts. The deliveries' dispatcher fires
//! them. Also their repairs after the clock goes back.

use std::time::Duration;

use rusqlite::{Connection, named_params};

use super::{IS_LIVE, UpdateKind, WorkflowStatus, rounds, rows, updates};
use crate::{
    domain::{
        shared::sql::write_each_in_savepoint,
        tenancy::{app::App, rewind::Repair, write_tx::WriteTx},
    },
    kernel::{Result, Timestamp},
};

/// Repairs rounds that wait longer than the longest pause, and timeouts that a default set at a time that the clock has
/// not reached again. A timeout that the caller named stays.
pub(in crate::domain) const REPAIRS: &[Repair] = &[
    Repair {
        table: "workflows",
        key: "seq",
        find_sql: "SELECT seq FROM workflows WHERE round_at > :horizon",
        set_sql: "round_at = :now",
        max_wait: |app| app.bot_settings().max_workflow_pause(),
        due_column: Some("round_at"),
    },
    Repair {
        table: "workflows",
        key: "seq",
        find_sql: "SELECT seq FROM workflows
               WHERE status IN ('pending', 'in_progress', 'listening', 'paused')
                 AND timeout_delay IS NOT NULL AND timeout_at - timeout_delay > :now",
        set_sql: "timeout_at = :now + timeout_delay",
        max_wait: |_| Duration::ZERO,
        due_column: None,
    },
];

/// Delay of a round that failed to start. It keeps a failing row from blocking later ones.
const FAILURE_DELAY: Duration = Duration::from_secs(60);

const NEXT_ROUND: &str = "SELECT min(round_at) FROM workflows WHERE round_at IS NOT NULL";

/// Returns the earliest time at which a round starts or a workflow times out.
pub(in crate::domain) fn next_due(conn: &Connection) -> Result<Option<Timestamp>> {
    let next_timeout = format!("SELECT min(timeout_at) FROM workflows WHERE {IS_LIVE}");
    let mut earliest: Option<Timestamp> = None;
    for sql in [NEXT_ROUND, &next_timeout] {
        let found: Option<Timestamp> = conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        earliest = earliest.into_iter().chain(found).min();
    }
    Ok(earliest)
}

const DUE_ROUNDS: &str = "
    SELECT seq FROM workflows WHERE round_at <= :now ORDER BY round_at LIMIT :limit";

const POSTPONE: &str = "UPDATE workflows SET round_at = :due_at WHERE seq = :seq";

const END_WITHOUT_NOTICE: &str = "
    UPDATE workflows SET status = 'timedout', update_type = NULL, round_at = NULL, delivery_seq = NULL,
        updated_at = :now
    WHERE seq = :seq";

/// Ends one batch of workflows whose time has run out, and starts one batch of rounds.
pub(in crate::domain) fn fire_due(tx: &WriteTx<'_>, app: &App, limit: i64) -> Result<()> {
    let due_timeouts = format!(
        "SELECT seq FROM workflows WHERE {IS_LIVE} AND timeout_at <= :now ORDER BY timeout_at LIMIT :limit"
    );
    let due = list_due(tx, &due_timeouts, limit)?;
    let ended = write_each_in_savepoint(tx.conn, &due, |seq| time_out(tx, *seq))?;
    for (seq, _) in due.iter().zip(ended).filter(|(_, ended)| ended.is_none()) {
        tx.conn
            .prepare_cached(END_WITHOUT_NOTICE)?
            .execute(named_params! {":seq": seq, ":now": tx.now})?;
    }
    let due = list_due(tx, DUE_ROUNDS, limit)?;
    let started = write_each_in_savepoint(tx.conn, &due, |seq| start_due_round(tx, app, *seq))?;
    for (seq, _) in due
        .iter()
        .zip(started)
        .filter(|(_, started)| started.is_none())
    {
        let due_at = tx.now.plus(FAILURE_DELAY);
        tx.conn
            .prepare_cached(POSTPONE)?
            .execute(named_params! {":seq": seq, ":due_at": due_at})?;
    }
    Ok(())
}

fn list_due(tx: &WriteTx<'_>, sql: &str, limit: i64) -> Result<Vec<i64>> {
    let mut statement = tx.conn.prepare_cached(sql)?;
    let parameters = named_params! {":now": tx.now, ":limit": limit};
    let rows = statement.query_map(parameters, |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn time_out(tx: &WriteTx<'_>, seq: i64) -> Result<()> {
    let Some(mut workflow) = rows::find_at_row(tx.conn, seq)? else {
        return Ok(());
    };
    workflow.set_status(WorkflowStatus::TimedOut, tx.now);
    rows::save(tx.conn, &workflow)?;
    updates::publish(tx, &workflow, UpdateKind::TimedOut)?;
    Ok(())
}

fn start_due_round(tx: &WriteTx<'_>, app: &App, seq: i64) -> Result<()> {
    let Some(mut workflow) = rows::find_at_row(tx.conn, seq)? else {
        return Ok(());
    };
    let update = workflow.round.update.unwrap_or(UpdateKind::Continued);
    rounds::start(tx, app, &mut workflow, update)?;
    rows::save(tx.conn, &workflow)
}
