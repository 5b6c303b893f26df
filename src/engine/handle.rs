//! The engine: finds or loads the runner of a program, and calls it.

mod load;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::{Mutex as AsyncMutex, Notify, OnceCell, OwnedMutexGuard, mpsc};

use super::{
    EngineError, EngineKind, Exception, LogLine, Program, Request, Response, Settings, Stats,
    log::LogSink,
    node::NodeInstall,
    program::CallEnd,
    slot::{Runner, Slot},
};
use crate::{
    kernel::{Clock, clock::with_timeout, critical_thread},
    net::outbound::Outbound,
};

/// Maximum number of attempts to call a program whose runner ends before it takes the call.
const MAX_ATTEMPTS: usize = 3;

/// The receiver of the programs' log lines. Dropping it gives it back to the engine.
pub type LogLines = OwnedMutexGuard<mpsc::Receiver<LogLine>>;

/// Runs programs. Clones share them.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    settings: Settings,
    development: bool,
    clock: Clock,
    outbound: Outbound,
    sink: LogSink,
    lines: Arc<AsyncMutex<mpsc::Receiver<LogLine>>>,
    /// Slots by program id: a program has one version at a time.
    slots: Mutex<HashMap<String, Arc<Slot>>>,
    node_install: OnceCell<Result<NodeInstall, String>>,
    program_loaded: Notify,
    answered: [AtomicU64; 2],
    failed: [AtomicU64; 2],
    loaded: [AtomicU64; 2],
}

impl Engine {
    /// Creates an engine without programs. In `development`, the fallback to Node.js is allowed by default.
    #[must_use]
    pub fn new(settings: Settings, development: bool, clock: Clock, outbound: Outbound) -> Self {
        let (sink, lines) = LogSink::new(clock.clone());
        Self(Arc::new(Inner {
            settings,
            development,
            clock,
            outbound,
            sink,
            lines: Arc::new(AsyncMutex::new(lines)),
            slots: Mutex::default(),
            node_install: OnceCell::new(),
            program_loaded: Notify::new(),
            answered: Default::default(),
            failed: Default::default(),
            loaded: Default::default(),
        }))
    }

    /// Returns the settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Returns the receiver of the programs' log lines; `None` while another caller holds it. Lines that do not fit
    /// into the queue are dropped and counted.
    #[must_use]
    pub fn take_log_lines(&self) -> Option<LogLines> {
        self.0.lines.clone().try_lock_owned().ok()
    }

    /// Calls `handler` of a program. Loads the program first if necessary.
    ///
    /// # Errors
    /// Any [`EngineError`].
    pub async fn call(&self, program: &Program, request: Request) -> Result<Response, EngineError> {
        critical_thread::assert_not_critical("a program");
        let slot = self.find_or_create_slot(program).await?;
        let busy = || EngineError::Busy(program.limits.concurrency);
        let permit = with_timeout(program.limits.wall, slot.permits.acquire()).await;
        let permit = permit.map_err(|_| busy())?.map_err(|_| busy())?;
        let running = slot.start_call();
        let mut outcome = self.call_with_retries(program, &slot, request).await;
        slot.touch(self.0.clock.monotonic_now());
        drop((permit, running));
        if let Err(failure) = &mut outcome
            && let Some(Exception {
                stack: Some(stack), ..
            }) = failure.exception_mut()
        {
            *stack = slot.sources.map_positions(stack).await;
        }
        outcome
    }

    /// Replaces the positions in the bundle that the output of a program names by positions in its sources, as far as
    /// these are known in time.
    pub async fn map_positions(&self, program: &str, text: &str) -> String {
        let slot = self.lock_slots().get(program).cloned();
        match slot {
            Some(slot) => slot.sources.map_positions(text).await,
            None => text.to_owned(),
        }
    }

    async fn call_with_retries(
        &self,
        program: &Program,
        slot: &Slot,
        request: Request,
    ) -> Result<Response, EngineError> {
        for _ in 0..MAX_ATTEMPTS {
            let runner = self.get_or_load_runner(program, slot).await?;
            let Some(CallEnd { outcome, missing }) = runner.call(&request).await else {
                continue;
            };
            self.record_outcome(slot, &runner, &outcome);
            // Code may probe for a feature, so a missing one matters only if the call went wrong, whatever the code
            // made of the error.
            let is_failure = outcome
                .as_ref()
                .map_or(true, |response| response.status >= 400);
            let repeats = match missing.filter(|_| is_failure) {
                Some(missing) => self.move_to_node(program, slot, &missing).await,
                None => false,
            };
            if !repeats {
                return outcome;
            }
        }
        Err(EngineError::Stopped("it ended repeatedly".to_owned()))
    }

    fn record_outcome(
        &self,
        slot: &Slot,
        runner: &Runner,
        outcome: &Result<Response, EngineError>,
    ) {
        if outcome.is_ok() {
            slot.record_success();
        }
        let counts = if outcome.is_ok() {
            &self.0.answered
        } else {
            &self.0.failed
        };
        counts[runner.kind() as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the slot of a program. Replaces the slot of another version.
    async fn find_or_create_slot(&self, program: &Program) -> Result<Arc<Slot>, EngineError> {
        let now = self.0.clock.monotonic_now();
        let mut dropped = Vec::new();
        let slot = {
            let mut slots = self.lock_slots();
            let known = slots
                .get(&program.id)
                .filter(|slot| slot.version == program.version && slot.limits == program.limits);
            let slot = if let Some(slot) = known {
                Arc::clone(slot)
            } else {
                if !slots.contains_key(&program.id) && slots.len() >= self.0.settings.max_warm {
                    let idle = slots.values().filter(|slot| !slot.is_running());
                    let oldest = idle.min_by_key(|slot| slot.last_used());
                    let oldest = oldest.map(|slot| slot.id.clone());
                    let full = EngineError::Full(self.0.settings.max_warm);
                    dropped.extend(slots.remove(&oldest.ok_or(full)?));
                }
                let slot = Arc::new(Slot::new(program, &self.0.settings, now));
                dropped.extend(slots.insert(slot.id.clone(), Arc::clone(&slot)));
                slot
            };
            slot.touch(now);
            slot
        };
        for slot in dropped {
            if let Some(runner) = slot.take_runner() {
                Runner::stop(runner).await;
            }
        }
        Ok(slot)
    }

    fn lock_slots(&self) -> MutexGuard<'_, HashMap<String, Arc<Slot>>> {
        self.0.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the runner of a program. Loads the program if necessary.
    async fn get_or_load_runner(
        &self,
        program: &Program,
        slot: &Slot,
    ) -> Result<Arc<Runner>, EngineError> {
        if let Some(runner) = slot.current_runner(self.0.clock.monotonic_now())? {
            return Ok(runner);
        }
        let _one_at_a_time = slot.loading.lock().await;
        if let Some(runner) = slot.current_runner(self.0.clock.monotonic_now())? {
            return Ok(runner);
        }
        match self.load(program, slot).await {
            Ok(runner) => {
                self.0.loaded[runner.kind() as usize].fetch_add(1, Ordering::Relaxed);
                let runner = slot.set_runner(runner);
                self.0.program_loaded.notify_one();
                Ok(runner)
            }
            Err(failure) => {
                slot.record_failure(&failure, self.0.clock.monotonic_now());
                Err(failure)
            }
        }
    }

    /// Drops the programs that have been idle for long enough, and returns when their threads have ended.
    pub async fn drop_idle(&self) {
        let now = self.0.clock.monotonic_now();
        let idle = self.0.settings.idle_timeout();
        let idle: Vec<Arc<Slot>> = {
            let mut slots = self.lock_slots();
            let idle_slots = slots.extract_if(|_, slot| {
                !slot.is_running() && slot.last_used().plus(idle).since(now).is_zero()
            });
            idle_slots.map(|(_, slot)| slot).collect()
        };
        for slot in idle {
            if let Some(runner) = slot.take_runner() {
                Runner::stop(runner).await;
            }
        }
    }

    /// Drops all programs, at the end of the server.
    pub async fn drop_all(&self) {
        let slots: Vec<Arc<Slot>> = self.lock_slots().drain().map(|(_, slot)| slot).collect();
        for slot in slots {
            if let Some(runner) = slot.take_runner() {
                Runner::stop(runner).await;
            }
        }
    }

    /// Drops idle programs when they are due, until `stopped`; then drops all.
    pub async fn run(self, stopped: impl Future<Output = ()>) {
        tokio::pin!(stopped);
        loop {
            // A program with a running call counts as used now.
            let now = self.0.clock.monotonic_now();
            let last = |slot: &Arc<Slot>| {
                if slot.is_running() {
                    now
                } else {
                    slot.last_used()
                }
            };
            let first = self.lock_slots().values().map(last).min();
            let due = first.map(|first| first.plus(self.0.settings.idle_timeout()));
            let wait = async {
                match due {
                    Some(due) => self.0.clock.sleep(due.since(now)).await,
                    None => self.0.program_loaded.notified().await,
                }
            };
            tokio::select! {
                () = &mut stopped => break,
                () = wait => {}
            }
            self.drop_idle().await;
        }
        self.drop_all().await;
    }

    /// Returns the state and the counters of the engine.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let counts = |counts: &[AtomicU64; 2]| {
            [EngineKind::Embedded, EngineKind::Node]
                .map(|kind| counts[kind as usize].load(Ordering::Relaxed))
        };
        let mut warm: Vec<_> = self
            .lock_slots()
            .values()
            .filter_map(|slot| slot.to_warm_program())
            .collect();
        warm.sort_by(|one, other| one.program.cmp(&other.program));
        Stats {
            warm,
            answered: counts(&self.0.answered),
            failed: counts(&self.0.failed),
            loaded: counts(&self.0.loaded),
            dropped_lines: self.0.sink.dropped_lines(),
        }
    }
}
