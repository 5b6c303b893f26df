//! The pool of script workers: assigns scripts to workers, starts workers, and replaces those that end.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::{
    ScriptError, bounds,
    frame::{self, ScriptRequestRef, ScriptResult},
    process::{Outcome, WorkerProcess},
    worker::FRAME_OVERHEAD,
};
use crate::{
    engine::Settings,
    kernel::{clock::with_timeout, critical_thread},
};

/// Maximum time that a script waits for a worker.
const WORKER_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum number of workers that are tried for a script, if each has just ended by itself.
const MAX_ATTEMPTS: usize = 3;

/// Runs scripts. Clones share the workers.
#[derive(Clone)]
pub struct Scripts(Arc<Pool>);

struct Pool {
    settings: Settings,
    /// One permit for each worker that may run.
    workers: Arc<Semaphore>,
    /// One permit for each script that may run or wait.
    queue: Arc<Semaphore>,
    /// The idle workers, the most recently used last.
    idle_workers: Mutex<Vec<mpsc::Sender<Job>>>,
    source_limits: Mutex<SourceLimits>,
}

/// The limits of each script source: only a number of its scripts run at once. The others wait for that limit and do
/// not occupy a worker.
#[derive(Default)]
struct SourceLimits {
    hasher: RandomState,
    by_source: HashMap<u64, Weak<SourceLimit>>,
}

struct SourceLimit {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// A script for a worker.
struct Job {
    frame: Arc<Vec<u8>>,
    reply: oneshot::Sender<Outcome>,
    /// The worker's own queue, which returns to the idle workers after the script.
    worker: mpsc::Sender<Job>,
    permits: Permits,
}

/// The permits that a script holds until its worker is idle again.
type Permits = [OwnedSemaphorePermit; 4];

impl Scripts {
    /// Creates a pool without workers: the first script starts one.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self(Arc::new(Pool {
            settings: settings.clone(),
            workers: Arc::new(Semaphore::new(settings.script_workers.max(1))),
            queue: Arc::new(Semaphore::new(settings.script_queue.max(1))),
            idle_workers: Mutex::default(),
            source_limits: Mutex::default(),
        }))
    }

    /// Checks that a source compiles.
    ///
    /// # Errors
    /// Any [`ScriptError`].
    pub async fn check(&self, source: &str) -> Result<(), ScriptError> {
        critical_thread::assert_not_critical("a script");
        self.run_request(source, None).await.map(drop)
    }

    /// Runs a script on an object, which the script sees as `.`, and returns the value of its last expression.
    ///
    /// # Errors
    /// Any [`ScriptError`].
    pub async fn run(&self, source: &str, object: &Value) -> Result<Value, ScriptError> {
        critical_thread::assert_not_critical("a script");
        self.run_request(source, Some(object)).await
    }

    async fn run_request(&self, source: &str, object: Option<&Value>) -> ScriptResult {
        bounds::check(source)?;
        let lane = self.0.find_or_create_limit(source);
        let mut permits = self.0.acquire_permits(&lane).await?;
        // The frame is built only now, so that a waiting script takes no memory for it.
        let max_bytes = self.0.settings.script_input_bytes;
        let frame = frame::encode(
            &ScriptRequestRef { source, object },
            max_bytes + FRAME_OVERHEAD,
        );
        let frame = Arc::new(frame.map_err(|_| ScriptError::Input(max_bytes))?);
        for _ in 0..MAX_ATTEMPTS {
            match self.0.exchange(permits, &frame).await? {
                Outcome::Answered(answer) => return answer,
                Outcome::Broken(error) => return Err(error),
                Outcome::Retired => permits = self.0.acquire_permits(&lane).await?,
            }
        }
        let text = "its workers ended repeatedly";
        Err(ScriptError::Unavailable(text.to_owned()))
    }

    /// Returns the number of idle workers.
    #[must_use]
    pub fn idle_count(&self) -> usize {
        self.0
            .lock_idle()
            .iter()
            .filter(|one| !one.is_closed())
            .count()
    }
}

impl Pool {
    fn lock_idle(&self) -> MutexGuard<'_, Vec<mpsc::Sender<Job>>> {
        self.idle_workers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the limits of a source.
    fn find_or_create_limit(&self, source: &str) -> Arc<SourceLimit> {
        let mut lanes = self
            .source_limits
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let key = lanes.hasher.hash_one(source);
        if let Some(known) = lanes.by_source.get(&key).and_then(Weak::upgrade) {
            return known;
        }
        lanes.by_source.retain(|_, lane| lane.strong_count() > 0);
        let settings = &self.settings;
        let lane = Arc::new(SourceLimit {
            running: Arc::new(Semaphore::new(settings.script_workers.max(2) - 1)),
            waiting: Arc::new(Semaphore::new(settings.script_queue.div_ceil(4).max(1))),
        });
        lanes.by_source.insert(key, Arc::downgrade(&lane));
        lane
    }

    /// Waits for the permits to run a script.
    async fn acquire_permits(&self, lane: &SourceLimit) -> Result<Permits, ScriptError> {
        let busy = || ScriptError::Busy(self.settings.script_queue);
        let source_wait = Arc::clone(&lane.waiting).try_acquire_owned();
        let queued = Arc::clone(&self.queue).try_acquire_owned();
        let (source_wait, queued) = (
            source_wait.map_err(|_| busy())?,
            queued.map_err(|_| busy())?,
        );
        let permits = with_timeout(WORKER_TIMEOUT, async {
            let source_run = Arc::clone(&lane.running).acquire_owned().await;
            let worker = Arc::clone(&self.workers).acquire_owned().await;
            source_run.and_then(|source_run| worker.map(|worker| (source_run, worker)))
        });
        let (source_run, worker) = permits.await.map_err(|_| busy())?.map_err(|_| busy())?;
        Ok([source_wait, queued, source_run, worker])
    }

    /// Sends a script to a worker and waits for the outcome. The script runs to its end even if the caller stops
    /// waiting.
    async fn exchange(
        self: &Arc<Self>,
        permits: Permits,
        frame: &Arc<Vec<u8>>,
    ) -> Result<Outcome, ScriptError> {
        let (reply, answer) = oneshot::channel();
        let worker = match self.take_idle() {
            Some(worker) => worker,
            None => self.start_worker().await?,
        };
        let job = Job {
            frame: Arc::clone(frame),
            reply,
            worker: worker.clone(),
            permits,
        };
        // A worker that has ended drops the job.
        let _ = worker.try_send(job);
        Ok(answer.await.unwrap_or(Outcome::Retired))
    }

    /// Takes the most recently used idle worker, so that the other ones can end when they are idle for long enough.
    fn take_idle(&self) -> Option<mpsc::Sender<Job>> {
        let mut idle = self.lock_idle();
        idle.retain(|worker| !worker.is_closed());
        idle.pop()
    }

    /// Starts a worker.
    async fn start_worker(self: &Arc<Self>) -> Result<mpsc::Sender<Job>, ScriptError> {
        let process = WorkerProcess::start(&self.settings).await?;
        let (worker, jobs) = mpsc::channel(1);
        tokio::spawn(run_jobs(process, jobs, Arc::downgrade(self)));
        Ok(worker)
    }
}

/// Runs the jobs of a worker, until the worker ends or the pool is gone.
async fn run_jobs(mut process: WorkerProcess, mut jobs: mpsc::Receiver<Job>, pool: Weak<Pool>) {
    loop {
        let job = tokio::select! {
            job = jobs.recv() => job,
            () = process.wait_for_end() => return,
        };
        let Some(job) = job else { return };
        let exchange = process.exchange(&job.frame).await;
        let is_reusable = matches!(exchange, Outcome::Answered(_));
        let Job {
            reply,
            worker,
            permits,
            ..
        } = job;
        if let Some(pool) = pool.upgrade().filter(|_| is_reusable) {
            pool.lock_idle().push(worker);
        }
        // The permits are released before the reply, so that the next script finds this worker.
        drop(permits);
        // Fails only if the caller no longer waits.
        let _ = reply.send(exchange);
        if !is_reusable {
            return;
        }
    }
}
