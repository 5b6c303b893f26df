//! What happens to end users by itself: sensitive metadata goes after a day, end users that no
//! conversation has come of are purged, and bulk deletions are run.

use std::time::Duration;

use rusqlite::{Connection, named_params};
use tracing::warn;

use super::{Scope, change::record, deletion, rows, sensitive};
use crate::{
    domain::{
        App,
        tenancy::{audit::Actor, write_tx::Change},
    },
    kernel::{Result, Timestamp, ids::EndUserId},
};

/// How often to look for what is due, on the product's clock.
const EVERY: Duration = Duration::from_secs(30);
/// How long the position of an erased end user is kept, for pages that begin there.
const POSITION_KEPT_FOR: Duration = Duration::from_secs(7 * 24 * 3600);
/// How many end users are purged in one transaction.
const AT_ONCE: i64 = 200;

/// Does what is due, again and again, for as long as it is polled.
pub async fn work(app: App) {
    loop {
        if let Err(error) = deletion::run_due(&app).await {
            warn!(%error, "bulk deletions wait");
        }
        if let Err(error) = sweep(&app).await {
            warn!(%error, "what is due of end users waits");
        }
        tokio::select! {
            () = app.end_user_work().notified() => {}
            () = app.clock().sleep(EVERY) => {}
        }
    }
}

const IS_DUE: &str = "
    SELECT EXISTS (SELECT 1 FROM end_user_sensitive WHERE erase_at <= :now)
        OR EXISTS (SELECT 1 FROM end_users WHERE purge_at <= :now)
        OR EXISTS (SELECT 1 FROM end_user_positions WHERE erased_at <= :positions)
        OR EXISTS (SELECT 1 FROM end_user_deletions
                   WHERE completed_at IS NOT NULL AND created_at <= :deletions)";

/// Erases what is due at the time of the clock.
///
/// # Errors
/// Those of the store.
pub async fn sweep(app: &App) -> Result<()> {
    let now = app.clock().now();
    let due = app.store().read(|conn| {
        let parameters = named_params! {
            ":now": now,
            ":positions": before(now, POSITION_KEPT_FOR),
            ":deletions": before(now, deletion::KEPT_FOR),
        };
        let mut statement = conn.prepare_cached(IS_DUE)?;
        Ok(statement.query_row(parameters, |row| row.get::<_, bool>(0))?)
    })?;
    if !due {
        return Ok(());
    }
    loop {
        let purged = app.change_as(Actor::System, |change| {
            sensitive::erase_due(change.conn, change.now)?;
            forget_positions(change.conn, before(change.now, POSITION_KEPT_FOR))?;
            deletion::forget(change.conn, before(change.now, deletion::KEPT_FOR))?;
            purge(change)
        });
        if purged.await? < AT_ONCE {
            return Ok(());
        }
    }
}

fn before(now: Timestamp, duration: Duration) -> Timestamp {
    let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_sub(micros))
}

const TO_PURGE: &str = "
    SELECT u.id, u.agent_id, a.workspace_id FROM end_users u JOIN agents a ON a.id = u.agent_id
    WHERE u.purge_at <= :now ORDER BY u.purge_at LIMIT :limit";

/// Purges some of the end users that no conversation has come of; says how many.
fn purge(change: &Change<'_>) -> Result<i64> {
    let mut statement = change.conn.prepare_cached(TO_PURGE)?;
    let parameters = named_params! {":now": change.now, ":limit": AT_ONCE};
    let due = statement.query_map(parameters, |row| {
        let scope = Scope {
            workspace: row.get("workspace_id")?,
            agent: row.get("agent_id")?,
        };
        Ok((scope, row.get::<_, EndUserId>("id")?))
    })?;
    let due: Vec<_> = due.collect::<rusqlite::Result<_>>()?;
    for (scope, id) in &due {
        rows::erase(change, &scope.agent, id)?;
        record(change, scope, "end_user.purge", id)?;
    }
    Ok(i64::try_from(due.len()).unwrap_or(AT_ONCE))
}

const FORGET_POSITIONS: &str = "DELETE FROM end_user_positions WHERE erased_at <= :before";

fn forget_positions(conn: &Connection, before: Timestamp) -> Result<()> {
    conn.prepare_cached(FORGET_POSITIONS)?
        .execute(named_params! {":before": before})?;
    Ok(())
}
