//! Background workers of the server: deliveries, scheduled work, cleanup and flushes.

use std::{collections::BTreeSet, panic::AssertUnwindSafe, pin::Pin, time::Duration};

use futures_util::FutureExt;
use tokio::{sync::watch, task::JoinSet};
use tracing::{error, warn};

use crate::{
    domain::{
        App,
        bots::{deliveries, manage, tables, uploaded_files},
        end_users,
        lifecycle::{clock_rewind, workspace_deletion},
        platform_integrations,
        retrieval::folders,
        tenancy::{billing, usage},
        webchat::signal_webhook,
        webhooks,
    },
    kernel::{clock::with_timeout, panic_text},
};

/// Pause before a worker that panicked starts again, in real time.
const RESTART_PAUSE: Duration = Duration::from_secs(1);

/// Maximum time that all workers together may take to stop. Dispatchers use it to finish running attempts; unfinished
/// work continues after the next start.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Completes when the server stops.
type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The running workers, each with a name for the log.
pub(super) struct Workers {
    stopping: watch::Receiver<bool>,
    /// Each task supervises one worker and returns its name.
    tasks: JoinSet<&'static str>,
    /// The names of the workers that have not stopped.
    running: BTreeSet<&'static str>,
}

impl Workers {
    /// Starts all workers. They stop when `stopping` becomes true.
    pub(super) fn start(app: &App, stopping: &watch::Receiver<bool>) -> Self {
        let mut all = Self::new(stopping.clone());
        all.add_stoppable("deliveries", app, deliveries::run);
        all.add_stoppable("webhooks", app, webhooks::dispatch::run);
        all.add_stoppable("programs", app, |app, stop| app.engine().clone().run(stop));
        all.add("end users", app, end_users::background::run);
        all.add("bots", app, manage::maintenance::run);
        all.add("files", app, uploaded_files::run);
        all.add("tables", app, tables::run);
        all.add("folders", app, folders::run);
        all.add("billing", app, billing::run);
        all.add("deleted workspaces", app, workspace_deletion::run);
        all.add("the clock", app, clock_rewind::run);
        all.add("usage", app, usage::run);
        all.add("webhooks of the chat", app, signal_webhook::run);
        all.add("uninstall notifications", app, platform_integrations::run);
        all
    }

    fn new(stopping: watch::Receiver<bool>) -> Self {
        Self {
            stopping,
            tasks: JoinSet::new(),
            running: BTreeSet::new(),
        }
    }

    /// Starts a worker that finishes its running attempts before it stops.
    fn add_stoppable<F>(
        &mut self,
        name: &'static str,
        app: &App,
        run: impl Fn(App, Stop) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let (app, stopping) = (app.clone(), self.stopping.clone());
        self.supervise(name, move || {
            run(app.clone(), Box::pin(wait_for_stop(stopping.clone())))
        });
    }

    /// Starts a worker that can be cancelled at any await: each transaction leaves the remaining work in the database.
    fn add<F>(
        &mut self,
        name: &'static str,
        app: &App,
        run: impl Fn(App) -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let (app, stopping) = (app.clone(), self.stopping.clone());
        self.supervise(name, move || {
            run_until(wait_for_stop(stopping.clone()), run(app.clone()))
        });
    }

    fn supervise<F>(&mut self, name: &'static str, start: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.running.insert(name);
        let supervised = supervise(name, start, self.stopping.clone());
        self.tasks.spawn(supervised.map(move |()| name));
    }

    /// Waits until all workers have stopped, or aborts them after [`STOP_TIMEOUT`].
    pub(super) async fn join(mut self) {
        let all_stopped = async {
            while let Some(stopped) = self.tasks.join_next().await {
                if let Ok(name) = stopped {
                    self.running.remove(name);
                }
            }
        };
        // Workers that have not stopped by then are still in `running`.
        let _ = with_timeout(STOP_TIMEOUT, all_stopped).await;
        for name in self.running {
            warn!(
                name,
                "a worker did not stop in time; the server stops without it"
            );
        }
    }
}

/// Completes when the server stops.
pub(super) async fn wait_for_stop(mut stopping: watch::Receiver<bool>) {
    // An error means that the server was dropped, which is also a stop.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// Runs a worker until the server stops. Starts it again if it panics.
async fn supervise<F>(name: &'static str, start: impl Fn() -> F, stopping: watch::Receiver<bool>)
where
    F: Future<Output = ()>,
{
    loop {
        // Unwind safety: the worker is dropped, and starts again from the database.
        let ended = AssertUnwindSafe(async { start().await })
            .catch_unwind()
            .await;
        let Err(panic) = ended else {
            let is_stopping = *stopping.borrow() || stopping.has_changed().is_err();
            if !is_stopping {
                error!(name, "a worker ended before the server stopped");
            }
            return;
        };
        let text = panic_text(&*panic).unwrap_or("no message").to_owned();
        error!(name, panic = text, "a worker panicked");
        let stop = wait_for_stop(stopping.clone());
        if with_timeout(RESTART_PAUSE, stop).await.is_ok() {
            return;
        }
    }
}

/// Runs `work` until `stopped` completes.
async fn run_until(stopped: impl Future<Output = ()>, work: impl Future<Output = ()>) {
    tokio::select! {
        biased;
        () = stopped => {}
        () = work => {}
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{
            Arc, Mutex, PoisonError,
            atomic::{AtomicBool, AtomicU32, Ordering},
        },
    };

    use tokio::sync::Notify;
    use tracing::subscriber::DefaultGuard;

    use super::*;
    use crate::kernel::clock::Stopwatch;

    /// The log of a test.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Log {
        /// Collects the log of this thread while the guard lives.
        fn collect(&self) -> DefaultGuard {
            let log = self.clone();
            let subscriber = tracing_subscriber::fmt()
                .with_ansi(false)
                .with_writer(move || log.clone());
            tracing::subscriber::set_default(subscriber.finish())
        }

        fn text(&self) -> String {
            let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            String::from_utf8_lossy(&bytes).into_owned()
        }
    }

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn work_that_never_looks_up_ends_with_the_server() {
        let (stop, stopping) = watch::channel(false);
        let ended = Arc::new(AtomicBool::new(false));
        let mut all = Workers::new(stopping.clone());
        all.supervise("busy", move || {
            run_until(wait_for_stop(stopping.clone()), async {
                loop {
                    tokio::task::yield_now().await;
                }
            })
        });
        let noted = ended.clone();
        all.supervise("panics", || async { panic!("on purpose") });
        all.supervise("good", move || {
            let noted = noted.clone();
            async move { noted.store(true, Ordering::Relaxed) }
        });
        stop.send_replace(true);
        all.join().await;
        assert!(ended.load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn a_worker_that_panics_is_named_and_started_again() {
        let log = Log::default();
        let _collecting = log.collect();
        let (stop, stopping) = watch::channel(false);
        let mut all = Workers::new(stopping.clone());
        let (starts, restarted) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let (counted, noted) = (starts.clone(), restarted.clone());
        all.supervise("unlucky", move || {
            let (counted, noted) = (counted.clone(), noted.clone());
            let stopping = stopping.clone();
            async move {
                if counted.fetch_add(1, Ordering::Relaxed) == 0 {
                    panic!("on purpose");
                }
                noted.notify_one();
                wait_for_stop(stopping).await;
            }
        });
        let watch = Stopwatch::start();
        restarted.notified().await;
        assert!(watch.elapsed() >= RESTART_PAUSE);
        stop.send_replace(true);
        all.join().await;
        assert_eq!(starts.load(Ordering::Relaxed), 2);
        let text = log.text();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("ERROR"), "{text}");
        assert!(text.contains("name=\"unlucky\""), "{text}");
        assert!(text.contains("on purpose"), "{text}");
    }

    #[tokio::test]
    async fn a_worker_that_ends_before_the_stop_is_named() {
        let log = Log::default();
        let _collecting = log.collect();
        let (stop, stopping) = watch::channel(false);
        let mut all = Workers::new(stopping.clone());
        all.supervise("short", || async {});
        all.supervise("long", move || wait_for_stop(stopping.clone()));
        tokio::task::yield_now().await;
        stop.send_replace(true);
        all.join().await;
        let text = log.text();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("name=\"short\""), "{text}");
    }
}
