//! What happens to bots by itself: what deleted ones had is removed, and old log lines go. What of all
//! tenants is kept for a time goes here too: audit records, counts of calls, turns of conversations.

use std::time::Duration;

use rusqlite::{Connection, named_params};
use tracing::warn;

use super::delete;
use crate::{
    domain::{audit, chat, context::Domain, usage},
    kernel::{Error, Moment, Result, Timestamp},
};

/// How often to look for what is due, on the product's clock.
const EVERY: Duration = Duration::from_secs(30);
/// How often what of all tenants is too old is removed.
const FORGET_EVERY: Duration = Duration::from_secs(3600);
/// How many log lines are removed in one transaction.
const CHUNK: i64 = 500;

/// Does what is due, again and again, for as long as it is polled: each step is a transaction of its own.
pub async fn work(domain: Domain) {
    let mut forgot_at: Option<Moment> = None;
    loop {
        let now = domain.clock().steady();
        let forgets = forgot_at.is_none_or(|at| now.since(at) >= FORGET_EVERY);
        let done = async {
            once(&domain).await?;
            if forgets {
                forget(&domain).await?;
                forgot_at = Some(now);
            }
            Ok::<_, Error>(())
        };
        if let Err(error) = done.await {
            warn!(%error, "what is due of bots waits");
        }
        tokio::select! {
            () = domain.bot_work().notified() => {}
            () = domain.clock().sleep(EVERY) => {}
        }
    }
}

/// Does what is due now.
///
/// # Errors
/// Those of the store.
pub async fn once(domain: &Domain) -> Result<()> {
    delete::remove(domain).await?;
    sweep(domain).await
}

/// Removes what of all tenants is older than it is kept.
async fn forget(domain: &Domain) -> Result<()> {
    audit::prune(domain).await?;
    usage::prune(domain).await?;
    chat::prune(domain).await
}

const IS_OLD: &str = "
    SELECT EXISTS (SELECT 1 FROM bot_logs WHERE at < :before)
        OR EXISTS (SELECT 1 FROM integration_logs WHERE at < :before)";

const REMOVE_OLD: &[&str] = &[
    "DELETE FROM bot_logs WHERE seq IN (
        SELECT seq FROM bot_logs WHERE at < :before LIMIT :limit)",
    "DELETE FROM integration_logs WHERE seq IN (
        SELECT seq FROM integration_logs WHERE at < :before LIMIT :limit)",
];

/// Removes the log lines that are too old.
///
/// # Errors
/// Those of the store.
async fn sweep(domain: &Domain) -> Result<()> {
    let kept = Duration::from_secs(domain.settings().bots.log_days.saturating_mul(24 * 3600));
    let kept = i64::try_from(kept.as_micros()).unwrap_or(i64::MAX);
    let before = Timestamp::from_micros(domain.clock().now().as_micros().saturating_sub(kept));
    let is_old = |conn: &Connection| {
        let mut statement = conn.prepare_cached(IS_OLD)?;
        Ok(statement.query_row(named_params! {":before": before}, |row| row.get(0))?)
    };
    while domain.store().read(is_old)? {
        let removed = domain.store().write(move |conn| {
            for sql in REMOVE_OLD {
                conn.prepare_cached(sql)?
                    .execute(named_params! {":before": before, ":limit": CHUNK})?;
            }
            Ok(())
        });
        removed.await?;
    }
    Ok(())
}
