//! What a server does beside answering: deliveries, what is due at a time, and what is written down later.

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
    kernel::clock::{Stopwatch, pause, within},
};

/// How often what is counted in memory is written down.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// How often it is looked whether an integration is to be told something, without a hint.
const FAREWELLS_EVERY: Duration = Duration::from_secs(30);

/// How long all of them together may take to end when the server stops. Dispatchers let attempts end for a
/// moment; whatever has not ended by then is done at the next start.
const END_WITHIN: Duration = Duration::from_secs(10);

/// The tasks of a server, each with a name for the log.
pub(super) struct Workers(Vec<(&'static str, JoinHandle<()>)>);

impl Workers {
    /// Starts them; they end once `stopping` says so.
    pub(super) fn start(app: &App, stopping: &watch::Receiver<bool>) -> Self {
        let stop = || stopped(stopping.clone());
        let app = || app.clone();
        let mut all = Self(Vec::new());
        // What is under way ends in a moment of its own.
        all.add("deliveries", deliveries::run(app(), stop()));
        all.add("webhooks", webhooks::dispatch::run(app(), stop()));
        all.add("programs", app().runtime().clone().work(stop()));
        // What is under way is given up between two transactions: each leaves behind what is still to do.
        all.add(
            "end users",
            until(stop(), end_users::background::work(app())),
        );
        all.add("bots", until(stop(), manage::background::work(app())));
        all.add("folders", until(stop(), folders::follow(app())));
        all.add("billing", until(stop(), billing::work(app())));
        all.add(
            "deleted workspaces",
            until(
                stop(),
                crate::domain::lifecycle::workspace_deletion::work(app()),
            ),
        );
        all.add("the clock", until(stop(), clock_rewind::run(app())));
        all.add("usage", until(stop(), flush(app())));
        all.add("farewells", until(stop(), say_farewell(app())));
        all
    }

    fn add(&mut self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        self.0.push((name, tokio::spawn(work)));
    }

    /// Waits until all have ended, or for so long as they have. One that panicked has ended.
    pub(super) async fn ended(self) {
        let begun = Stopwatch::start();
        for (name, mut task) in self.0 {
            let left = END_WITHIN.saturating_sub(begun.elapsed());
            if within(left, &mut task).await.is_err() {
                warn!(name, "a worker does not end: the server stops without it");
                task.abort();
            }
        }
    }
}

/// Ends when the server stops.
pub(super) async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error means that the server is gone, which is the end as well.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// Does this until the server stops.
async fn until(stopped: impl Future<Output = ()>, work: impl Future<Output = ()>) {
    tokio::select! {
        biased;
        () = stopped => {}
        () = work => {}
    }
}

async fn flush(app: App) {
    loop {
        // In real time: what is lost with the process does not depend on the clock.
        pause(FLUSH_EVERY).await;
        if let Err(error) = usage::flush(&app).await {
            warn!(?error, "usage is not written down yet");
        }
    }
}

/// Tells integrations of uninstalled installations, when they are due.
async fn say_farewell(app: App) {
    loop {
        let wait = match platform_integrations::deliver_due(&app).await {
            Ok(Some(next)) => next.since(app.clock().now()).min(FAREWELLS_EVERY),
            Ok(None) => FAREWELLS_EVERY,
            Err(error) => {
                warn!(%error, "integrations are not told of uninstalled installations");
                // In real time: the clock may stand still.
                pause(FLUSH_EVERY).await;
                continue;
            }
        };
        tokio::select! {
            () = app.farewells().notified() => {}
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
        all.add("busy", until(stopped(stopping), busy));
        let noted = ended.clone();
        all.add("panics", async { panic!("on purpose") });
        all.add("good", async move { noted.store(true, Ordering::Relaxed) });
        stop.send_replace(true);
        all.ended().await;
        assert!(ended.load(Ordering::Relaxed));
    }
}
