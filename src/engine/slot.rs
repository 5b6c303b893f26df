//! The slot of one program: its current runner, its counters, and the backoff after failures.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::{Mutex as AsyncMutex, Semaphore};

use super::{
    EngineError, EngineKind, Limits, Program, Request, Settings, WarmProgram, embedded::Isolate,
    node::Child, program::CallEnd, source_positions::SourcePositions,
};
use crate::kernel::MonotonicTime;

/// Maximum backoff of a program that fails to start.
const MAX_BACKOFF: Duration = Duration::from_secs(60);

/// The isolate or the child process that runs a program.
pub(super) enum Runner {
    Embedded(Isolate),
    Node(Child),
}

impl Runner {
    pub(super) const fn kind(&self) -> EngineKind {
        match self {
            Self::Embedded(_) => EngineKind::Embedded,
            Self::Node(_) => EngineKind::Node,
        }
    }

    /// Calls `handler`. Returns `None` if the runner did not take the call.
    pub(super) async fn call(&self, request: &Request) -> Option<CallEnd> {
        match self {
            Self::Embedded(isolate) => isolate.call(request.clone()).await,
            Self::Node(child) => Some(child.call(request).await.into()),
        }
    }

    fn takes_calls(&self) -> bool {
        match self {
            Self::Embedded(isolate) => isolate.takes_calls(),
            Self::Node(child) => child.end_error().is_none(),
        }
    }

    /// Returns how the runner ended, if that counts as a crash. An end because of a limit does not.
    fn crash(&self) -> Option<EngineError> {
        match self {
            Self::Embedded(_) => None,
            Self::Node(child) => child
                .end_error()
                .filter(|failure| matches!(failure, EngineError::Stopped(_))),
        }
    }

    fn memory(&self) -> u64 {
        match self {
            Self::Embedded(isolate) => isolate.memory(),
            Self::Node(child) => child.memory(),
        }
    }

    /// Ends the runner, and waits for its end if this is the last reference.
    pub(super) async fn stop(runner: Arc<Self>) {
        if let Some(Self::Embedded(isolate)) = Arc::into_inner(runner) {
            isolate.stop().await;
        }
    }
}

/// The slot of one program.
pub(super) struct Slot {
    pub(super) id: String,
    pub(super) version: String,
    pub(super) limits: Limits,
    pub(super) permits: Semaphore,
    /// Held while the program is loaded, so that it is loaded only once; never held during a call.
    pub(super) loading: AsyncMutex<()>,
    /// True if the embedded engine lacks a feature that the program uses.
    pub(super) needs_node: AtomicBool,
    pub(super) sources: Arc<SourcePositions>,
    state: Mutex<State>,
    last_used: AtomicU64,
    calls: AtomicU64,
    running: AtomicUsize,
}

#[derive(Default)]
struct State {
    runner: Option<Arc<Runner>>,
    failures: u32,
    backoff: Option<(MonotonicTime, EngineError)>,
}

impl Slot {
    pub(super) fn new(program: &Program, settings: &Settings, now: MonotonicTime) -> Self {
        let limits = program.limits;
        Self {
            id: program.id.clone(),
            version: program.version.clone(),
            limits,
            permits: Semaphore::new(limits.concurrency),
            sources: Arc::new(SourcePositions::new(
                program.code.clone(),
                settings.source_map_bytes,
            )),
            loading: AsyncMutex::new(()),
            needs_node: AtomicBool::new(false),
            state: Mutex::default(),
            last_used: AtomicU64::new(now.as_micros()),
            calls: AtomicU64::new(0),
            running: AtomicUsize::new(0),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the current runner, if it takes calls.
    ///
    /// # Errors
    /// `Backoff` if the program must not be started yet.
    pub(super) fn current_runner(
        &self,
        now: MonotonicTime,
    ) -> Result<Option<Arc<Runner>>, EngineError> {
        let mut state = self.state();
        if let Some(runner) = &state.runner {
            if runner.takes_calls() {
                return Ok(Some(Arc::clone(runner)));
            }
            if let Some(failure) = runner.crash() {
                state.failures += 1;
                // The first crash may be chance, so the program is restarted at once.
                if state.failures > 1 {
                    let wait = backoff(state.failures - 1);
                    state.backoff = Some((now.plus(wait), failure));
                }
            }
            state.runner = None;
        }
        if let Some((until, failure)) = &state.backoff {
            let retry_in = until.since(now);
            if !retry_in.is_zero() {
                let last = Box::new(failure.clone());
                return Err(EngineError::Backoff { last, retry_in });
            }
        }
        state.backoff = None;
        Ok(None)
    }

    /// Stores a loaded runner.
    pub(super) fn set_runner(&self, runner: Runner) -> Arc<Runner> {
        let runner = Arc::new(runner);
        self.state().runner = Some(Arc::clone(&runner));
        runner
    }

    /// Removes the runner.
    pub(super) fn take_runner(&self) -> Option<Arc<Runner>> {
        self.state().runner.take()
    }

    /// Removes the runner if it is an isolate.
    pub(super) fn take_isolate(&self) -> Option<Arc<Runner>> {
        let is_isolate = |runner: &mut Arc<Runner>| runner.kind() == EngineKind::Embedded;
        self.state().runner.take_if(is_isolate)
    }

    /// Records a failed load and starts the backoff.
    pub(super) fn record_failure(&self, failure: &EngineError, now: MonotonicTime) {
        let mut state = self.state();
        state.failures += 1;
        let wait = backoff(state.failures);
        state.backoff = Some((now.plus(wait), failure.clone()));
    }

    /// Counts the start of a call. Dropping the result ends the call.
    pub(super) fn start_call(self: &Arc<Self>) -> RunningCall {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.running.fetch_add(1, Ordering::Relaxed);
        RunningCall(Arc::clone(self))
    }

    /// Records a successful call, which resets the number of failures.
    pub(super) fn record_success(&self) {
        self.state().failures = 0;
    }

    pub(super) fn touch(&self, now: MonotonicTime) {
        self.last_used.store(now.as_micros(), Ordering::Relaxed);
    }

    pub(super) fn last_used(&self) -> MonotonicTime {
        MonotonicTime::from_micros(self.last_used.load(Ordering::Relaxed))
    }

    pub(super) fn is_running(&self) -> bool {
        self.running.load(Ordering::Relaxed) > 0
    }

    /// Returns the state for the metrics, if the program is loaded.
    pub(super) fn to_warm_program(&self) -> Option<WarmProgram> {
        let state = self.state();
        let runner = state
            .runner
            .as_ref()
            .filter(|runner| runner.takes_calls())?;
        Some(WarmProgram {
            program: self.id.clone(),
            version: self.version.clone(),
            engine: runner.kind(),
            memory: runner.memory(),
            calls: self.calls.load(Ordering::Relaxed),
            running: self.running.load(Ordering::Relaxed),
            pid: match &**runner {
                Runner::Node(child) => Some(child.pid()),
                Runner::Embedded(_) => None,
            },
        })
    }
}

/// Returns the backoff after this number of failures: 1, 2, 4 … 60 seconds.
fn backoff(failures: u32) -> Duration {
    let seconds = 1_u64 << failures.saturating_sub(1).min(6);
    Duration::from_secs(seconds).min(MAX_BACKOFF)
}

/// A call in progress.
pub(super) struct RunningCall(Arc<Slot>);

impl Drop for RunningCall {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}
