//! Repairs schedules after the clock goes back: delays count from the present time again. Absolute dates from
//! callers stay.

use rusqlite::{Connection, named_params};

use super::fire::{find_bot, reschedule};
use crate::{
    domain::{
        bots::plugins,
        tenancy::{app::App, write_tx::WriteTx},
    },
    kernel::{Result, Timestamp},
};

/// Rows that were written at a time that the clock has not reached again.
const WRITTEN_IN_FUTURE: &str = "
    SELECT seq, agent_seq, delay, recurring FROM bot_schedules
    WHERE delay IS NOT NULL AND due_at - delay > :now LIMIT :limit";

struct RepairRow {
    seq: i64,
    agent_seq: i64,
    delay: i64,
    recurring: Option<String>,
}

fn list_repair_rows(conn: &Connection, now: Timestamp, limit: i64) -> Result<Vec<RepairRow>> {
    let mut statement = conn.prepare_cached(WRITTEN_IN_FUTURE)?;
    let rows = statement.query_map(named_params! {":now": now, ":limit": limit}, |row| {
        Ok(RepairRow {
            seq: row.get("seq")?,
            agent_seq: row.get("agent_seq")?,
            delay: row.get("delay")?,
            recurring: row.get("recurring")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// True if a row needs a repair.
pub(in crate::domain) fn needs_repair(conn: &Connection, now: Timestamp) -> Result<bool> {
    Ok(!list_repair_rows(conn, now, 1)?.is_empty())
}

/// Repairs up to `limit` rows, and returns their number.
pub(in crate::domain) fn repair(tx: &WriteTx<'_>, app: &App, limit: i64) -> Result<usize> {
    let stray = list_repair_rows(tx.conn, tx.now, limit)?;
    for row in &stray {
        let next = match &row.recurring {
            Some(name) => next_occurrence(tx, app, row.agent_seq, name)?,
            None => {
                let due_at = tx.now.as_micros().saturating_add(row.delay);
                Some(Timestamp::from_micros(due_at))
            }
        };
        reschedule(tx, row.seq, next)?;
    }
    Ok(stray.len())
}

fn next_occurrence(
    tx: &WriteTx<'_>,
    app: &App,
    agent_seq: i64,
    name: &str,
) -> Result<Option<Timestamp>> {
    let Some((id, _)) = find_bot(tx.conn, agent_seq)? else {
        return Ok(None);
    };
    let declared = plugins::load_bot_definition(app, tx.conn, (&id, agent_seq))?;
    let event = declared.recurring_events.get(name);
    Ok(event.and_then(|event| event.next_occurrence_after(tx.now)))
}
