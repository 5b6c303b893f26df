//! The worker of files: indexes those that wait, deletes those that have expired, and deletes the bytes and passages that
//! no file has any more.

use std::time::Duration;

use rusqlite::{Connection, named_params};
use tracing::warn;

use super::{index, passages};
use crate::{
    domain::{
        shared::blobs,
        tenancy::{app::App, audit::Actor},
    },
    kernel::{Error, Result, Timestamp},
};

/// Interval between two runs without a wake-up, on the product's clock.
const RUN_INTERVAL: Duration = Duration::from_secs(30);
/// Number of expired files that one transaction deletes.
const FILES_PER_TRANSACTION: i64 = 100;

/// Runs the worker until the future is dropped. Each step is one transaction.
pub async fn run(app: App) {
    let mut is_started = false;
    loop {
        let done = async {
            if !is_started {
                discard_incomplete(&app).await?;
                is_started = true;
            }
            run_once(&app).await
        };
        if let Err(error) = done.await {
            warn!(%error, "the maintenance of files failed; it is retried");
        }
        tokio::select! {
            () = app.file_worker_wake_up().notified() => {}
            () = app.clock().sleep(RUN_INTERVAL) => {}
        }
    }
}

/// Discards what was being written when the server ended.
async fn discard_incomplete(app: &App) -> Result<()> {
    let discarded = app.store().write(|conn| {
        blobs::doom_incomplete(conn)?;
        passages::doom_incomplete(conn)
    });
    discarded.await
}

/// Runs the work that is due once.
///
/// # Errors
/// Errors of the store.
pub async fn run_once(app: &App) -> Result<()> {
    delete_expired(app).await?;
    purge(app).await?;
    index::run_all(app).await?;
    purge(app).await
}

const HAS_EXPIRED: &str = "SELECT 1 FROM files WHERE expires_at <= :now LIMIT 1";
const DELETE_EXPIRED: &str = "
    DELETE FROM files WHERE seq IN (
        SELECT seq FROM files WHERE expires_at <= :now LIMIT :limit)";

async fn delete_expired(app: &App) -> Result<()> {
    let has_expired = |conn: &Connection, now: Timestamp| {
        let mut statement = conn.prepare_cached(HAS_EXPIRED)?;
        Ok::<_, Error>(statement.exists(named_params! {":now": now})?)
    };
    let now = app.clock().now();
    while app.store().read(|conn| has_expired(conn, now))? {
        let deleted = app.run_write_tx_as(Actor::System, move |tx| {
            tx.conn
                .prepare_cached(DELETE_EXPIRED)?
                .execute(named_params! {":now": now, ":limit": FILES_PER_TRANSACTION})?;
            Ok(())
        });
        deleted.await?;
    }
    Ok(())
}

async fn purge(app: &App) -> Result<()> {
    while app.store().read(passages::has_doomed)? {
        app.store().write(passages::purge_step).await?;
    }
    while app.store().read(blobs::has_doomed)? {
        app.store().write(blobs::purge_step).await?;
    }
    Ok(())
}
