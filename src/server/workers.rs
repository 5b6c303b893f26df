//! Background workers of the server: deliveries, scheduled work, cleanup and flushes.

use std::time::Duration;

use tokio::{sync::watch, task::JoinHandle};
use tracing::warn;

use crate::{
    domain::{
        App,
        bots::{deliveries, manage},
        end_users,
        lifecycle::clock_rewind,
        platform_integrations,
        retrieval::folders,
        tenancy::{billing, usage},
        webhooks,
    },
    kernel::clock::{Stopwatch, sleep_real_time, with_timeout},
};

/// Interval between flushes of the in-memory usage counters.
const FLUSH_INTERVAL: Duration = Duration::from_secs(1);

/// Maximum time between checks for due uninstall notifications.
const UNINSTALL_CHECK_INTERVAL: Duration = Duration::from_secs(30);

/// Maximum time that all workers together may take to stop. Dispatchers use it to finish running attempts; unfinished
/// work continues after the next start.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// The running workers, each with a name for the log.
pub(super) struct Workers(Vec<(&'static str, JoinHandle<()>)>);

impl Workers {
    /// Starts all workers. They stop when `stopping` becomes true.
    pub(super) fn start(app: &App, stopping: &watch::Receiver<bool>) -> Self {
        let stop = || wait_for_stop(stopping.clone());
        let app = || app.clone();
        let mut all = Self(Vec::new());
        // These workers finish their running attempts before they stop.
        all.add("deliveries", deliveries::run(app(), stop()));
        all.add("webhooks", webhooks::dispatch::run(app(), stop()));
        all.add("programs", app().engine().clone().run(stop()));
        // These workers can be cancelled at any await: each transaction leaves the remaining work in the database.
        all.add(
            "end users",
            run_until(stop(), end_users::background::run(app())),
        );
        all.add("bots", run_until(stop(), manage::maintenance::run(app())));
        all.add("folders", run_until(stop(), folders::run(app())));
        all.add("billing", run_until(stop(), billing::run(app())));
        all.add(
            "deleted workspaces",
            run_until(
                stop(),
                crate::domain::lifecycle::workspace_deletion::run(app()),
            ),
        );
        all.add("the clock", run_until(stop(), clock_rewind::run(app())));
        all.add("usage", run_until(stop(), flush_usage_periodically(app())));
        all.add(
            "farewells",
            run_until(stop(), send_uninstall_notifications(app())),
        );
        all
    }

    fn add(&mut self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        self.0.push((name, tokio::spawn(work)));
    }

    /// Waits until all workers have stopped, or aborts them after [`STOP_TIMEOUT`]. A worker that panicked has stopped.
    pub(super) async fn join(self) {
        let begun = Stopwatch::start();
        for (name, mut task) in self.0 {
            let left = STOP_TIMEOUT.saturating_sub(begun.elapsed());
            if with_timeout(left, &mut task).await.is_err() {
                warn!(name, "a worker does not end: the server stops without it");
                task.abort();
            }
        }
    }
}

/// Completes when the server stops.
pub(super) async fn wait_for_stop(mut stopping: watch::Receiver<bool>) {
    // An error means that the server was dropped, which is also a stop.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// Runs `work` until `stopped` completes.
async fn run_until(stopped: impl Future<Output = ()>, work: impl Future<Output = ()>) {
    tokio::select! {
        biased;
        () = stopped => {}
        () = work => {}
    }
}

async fn flush_usage_periodically(app: App) {
    loop {
        // Real time: a crash loses what is not flushed, regardless of the product clock.
        sleep_real_time(FLUSH_INTERVAL).await;
        if let Err(error) = usage::flush(&app).await {
            warn!(?error, "usage is not written down yet");
        }
    }
}

/// Sends the due uninstall notifications to platform integrations.
async fn send_uninstall_notifications(app: App) {
    loop {
        let wait = match platform_integrations::deliver_due(&app).await {
            Ok(Some(next)) => next.since(app.clock().now()).min(UNINSTALL_CHECK_INTERVAL),
            Ok(None) => UNINSTALL_CHECK_INTERVAL,
            Err(error) => {
                warn!(%error, "integrations are not told of uninstalled installations");
                // Real time: the product clock may be frozen.
                sleep_real_time(FLUSH_INTERVAL).await;
                continue;
            }
        };
        tokio::select! {
            () = app.uninstall_wake_up().notified() => {}
            () = app.clock().sleep(wait) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    use super::*;

    #[tokio::test]
    async fn work_that_never_looks_up_ends_with_the_server() {
        let (stop, stopping) = watch::channel(false);
        let ended = Arc::new(AtomicBool::new(false));
        let mut all = Workers(Vec::new());
        let busy = async {
            loop {
                tokio::task::yield_now().await;
            }
        };
        all.add("busy", run_until(wait_for_stop(stopping), busy));
        let noted = ended.clone();
        all.add("panics", async { panic!("on purpose") });
        all.add("good", async move { noted.store(true, Ordering::Relaxed) });
        stop.send_replace(true);
        all.join().await;
        assert!(ended.load(Ordering::Relaxed));
    }
}
