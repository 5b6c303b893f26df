//! Background work on end users: deletes expired sensitive metadata, purges end users without a conversation,
//! and runs bulk deletions.

use std::time::Duration;

use rusqlite::{Connection, named_params};
use tracing::warn;

use super::{AgentScope, change::record_audit, deletion, rows, sensitive};
use crate::{
    domain::{
        App,
        tenancy::{audit::Actor, write_tx::WriteTx},
    },
    kernel::{Result, Timestamp, ids::EndUserId},
};

/// Time between two runs, on the product's clock.
const RUN_INTERVAL: Duration = Duration::from_secs(30);
/// Time for which the list position of an erased end user is kept, so that cursors at it stay valid.
const POSITION_RETENTION: Duration = Duration::from_secs(7 * 24 * 3600);
/// Maximum number of end users purged in one transaction.
const PURGE_BATCH: i64 = 200;

/// Runs the background work in a loop until it is dropped.
pub async fn run(app: App) {
    loop {
        if let Err(error) = deletion::run_due(&app).await {
            warn!(%error, "bulk deletions failed; they are retried");
        }
        if let Err(error) = delete_expired(&app).await {
            warn!(%error, "expired data of end users cannot be deleted; the deletion is retried");
        }
        tokio::select! {
            () = app.end_user_worker_wake_up().notified() => {}
            () = app.clock().sleep(RUN_INTERVAL) => {}
        }
    }
}

const IS_DUE: &str = "
    SELECT EXISTS (SELECT 1 FROM end_user_sensitive WHERE erase_at <= :now)
        OR EXISTS (SELECT 1 FROM end_users WHERE purge_at <= :now)
        OR EXISTS (SELECT 1 FROM end_user_positions WHERE erased_at <= :positions)
        OR EXISTS (SELECT 1 FROM end_user_deletions
                   WHERE completed_at IS NOT NULL AND created_at <= :deletions)";

/// Deletes everything that has expired by the clock.
///
/// # Errors
/// Errors of the store.
pub async fn delete_expired(app: &App) -> Result<()> {
    let now = app.clock().now();
    let due = app.store().read(|conn| {
        let parameters = named_params! {
            ":now": now,
            ":positions": time_before(now, POSITION_RETENTION),
            ":deletions": time_before(now, deletion::RETENTION),
        };
        let mut statement = conn.prepare_cached(IS_DUE)?;
        Ok(statement.query_row(parameters, |row| row.get::<_, bool>(0))?)
    })?;
    if !due {
        return Ok(());
    }
    loop {
        let purged = app.run_write_tx_as(Actor::System, |tx| {
            sensitive::delete_expired(tx.conn, tx.now)?;
            delete_old_positions(tx.conn, time_before(tx.now, POSITION_RETENTION))?;
            deletion::delete_completed(tx.conn, time_before(tx.now, deletion::RETENTION))?;
            purge_due(tx)
        });
        if purged.await? < PURGE_BATCH {
            return Ok(());
        }
    }
}

fn time_before(now: Timestamp, duration: Duration) -> Timestamp {
    let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_sub(micros))
}

const FIND_DUE_PURGES: &str = "
    SELECT u.id, u.agent_id, a.workspace_id FROM end_users u JOIN agents a ON a.id = u.agent_id
    WHERE u.purge_at <= :now ORDER BY u.purge_at LIMIT :limit";

/// Purges a batch of the end users that are due and returns their number.
fn purge_due(tx: &WriteTx<'_>) -> Result<i64> {
    let mut statement = tx.conn.prepare_cached(FIND_DUE_PURGES)?;
    let parameters = named_params! {":now": tx.now, ":limit": PURGE_BATCH};
    let due = statement.query_map(parameters, |row| {
        let scope = AgentScope {
            workspace: row.get("workspace_id")?,
            agent: row.get("agent_id")?,
        };
        Ok((scope, row.get::<_, EndUserId>("id")?))
    })?;
    let due: Vec<_> = due.collect::<rusqlite::Result<_>>()?;
    for (scope, id) in &due {
        rows::erase(tx, &scope.agent, id)?;
        record_audit(tx, scope, "end_user.purge", id)?;
    }
    Ok(i64::try_from(due.len()).unwrap_or(PURGE_BATCH))
}

const DELETE_OLD_POSITIONS: &str = "DELETE FROM end_user_positions WHERE erased_at <= :before";

fn delete_old_positions(conn: &Connection, before: Timestamp) -> Result<()> {
    conn.prepare_cached(DELETE_OLD_POSITIONS)?
        .execute(named_params! {":before": before})?;
    Ok(())
}
