//! The background worker of tables: runs jobs, and deletes the rows of deleted tables.

use std::time::Duration;

use tracing::warn;

use super::{job_runs, purge};
use crate::{domain::App, kernel::Error};

/// Interval between checks without a notification, on the product's clock.
const RUN_INTERVAL: Duration = Duration::from_secs(30);

/// Runs the worker in a loop until the future is dropped. Each step is one transaction, and continues after a restart.
pub async fn run(app: App) {
    loop {
        let done = async {
            purge::purge_deleted(&app).await?;
            job_runs::run_open(&app).await?;
            Ok::<_, Error>(())
        };
        if let Err(error) = done.await {
            warn!(%error, "the work on tables failed; it is retried");
        }
        tokio::select! {
            () = app.table_worker_wake_up().notified() => {}
            () = app.clock().sleep(RUN_INTERVAL) => {}
        }
    }
}
