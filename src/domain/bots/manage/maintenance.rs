//! Background maintenance: purges deleted bots and removes old log lines. Also prunes data of all tenants
//! that has a retention period: audit records, counts of calls and turns of Cohere chats.

use std::time::Duration;

use rusqlite::{Connection, named_params};
use tracing::warn;

use super::delete;
use crate::{
    domain::{
        bots::workflows,
        retrieval::chat,
        tenancy::{app::App, audit, usage},
    },
    kernel::{Error, MonotonicTime, Result, Timestamp},
};

/// Interval between two runs, on the product's clock.
const RUN_INTERVAL: Duration = Duration::from_secs(30);
/// Interval between two prunings of the data of all tenants.
const PRUNE_INTERVAL: Duration = Duration::from_secs(3600);
/// Maximum number of log lines that one transaction removes.
const ROWS_PER_TRANSACTION: i64 = 500;

/// Runs the maintenance in a loop until the future is dropped. Each step is one transaction.
pub async fn run(app: App) {
    let mut forgot_at: Option<MonotonicTime> = None;
    loop {
        let now = app.clock().monotonic_now();
        let forgets = forgot_at.is_none_or(|at| now.since(at) >= PRUNE_INTERVAL);
        let done = async {
            run_once(&app).await?;
            if forgets {
                prune_tenant_data(&app).await?;
                forgot_at = Some(now);
            }
            Ok::<_, Error>(())
        };
        if let Err(error) = done.await {
            warn!(%error, "the maintenance of bots failed; it is retried");
        }
        tokio::select! {
            () = app.bot_worker_wake_up().notified() => {}
            () = app.clock().sleep(RUN_INTERVAL) => {}
        }
    }
}

/// Runs the maintenance once.
///
/// # Errors
/// Errors of the store.
pub async fn run_once(app: &App) -> Result<()> {
    delete::purge_deleted(app).await?;
    prune_logs(app).await
}

/// Prunes audit records, counts of calls, workflows, tasks and chat turns that are past their retention.
async fn prune_tenant_data(app: &App) -> Result<()> {
    audit::prune(app).await?;
    usage::prune(app).await?;
    workflows::prune(app).await?;
    chat::prune_turns(app).await
}

const HAS_OLD_LOGS: &str = "
    SELECT EXISTS (SELECT 1 FROM bot_logs WHERE at < :before)
        OR EXISTS (SELECT 1 FROM integration_logs WHERE at < :before)
        OR EXISTS (SELECT 1 FROM action_runs WHERE at < :before)";

const DELETE_OLD_LOGS: &[&str] = &[
    "DELETE FROM bot_logs WHERE seq IN (
        SELECT seq FROM bot_logs WHERE at < :before LIMIT :limit)",
    "DELETE FROM integration_logs WHERE seq IN (
        SELECT seq FROM integration_logs WHERE at < :before LIMIT :limit)",
    "DELETE FROM action_runs WHERE seq IN (
        SELECT seq FROM action_runs WHERE at < :before LIMIT :limit)",
];

/// Removes log lines that are past their retention.
///
/// # Errors
/// Errors of the store.
async fn prune_logs(app: &App) -> Result<()> {
    let kept = Duration::from_secs(app.bot_settings().log_days.saturating_mul(24 * 3600));
    let kept = i64::try_from(kept.as_micros()).unwrap_or(i64::MAX);
    let before = Timestamp::from_micros(app.clock().now().as_micros().saturating_sub(kept));
    let is_old = |conn: &Connection| {
        let mut statement = conn.prepare_cached(HAS_OLD_LOGS)?;
        Ok(statement.query_row(named_params! {":before": before}, |row| row.get(0))?)
    };
    while app.store().read(is_old)? {
        let removed = app.store().write(move |conn| {
            for sql in DELETE_OLD_LOGS {
                conn.prepare_cached(sql)?
                    .execute(named_params! {":before": before, ":limit": ROWS_PER_TRANSACTION})?;
            }
            Ok(())
        });
        removed.await?;
    }
    Ok(())
}
