//! An isolate as the rest of the server sees it.

use std::{
    rc::Rc,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use tokio::{runtime::Handle, sync::oneshot};

use super::{
    desk::{Desk, Event},
    modules,
    turns::{self, Turns},
};
use crate::{
    engine::{Failure, Program, Request, Response, log::Sink},
    kernel::{Clock, clock::within},
    net::outbound::Outbound,
};

/// Stack of the thread beyond what the code may use: for the engine's and our own functions.
const OWN_STACK: usize = 512 * 1024;

/// How much later than the isolate itself a call is given up here: only if the thread hangs in a
/// function of the engine that does not ask for the budget.
const SLACK: Duration = Duration::from_secs(2);

/// What an isolate works with.
#[derive(Clone)]
pub(in crate::engine) struct Surroundings {
    pub(in crate::engine) clock: Clock,
    pub(in crate::engine) outbound: Outbound,
    pub(in crate::engine) sink: Sink,
    pub(in crate::engine) tokio: Handle,
}

/// A loaded program. It ends when this is dropped.
pub(in crate::engine) struct Isolate {
    events: mpsc::Sender<Event>,
    shared: Arc<Shared>,
    wall: Duration,
    thread: Option<thread::JoinHandle<()>>,
}

/// What thread and owner share.
#[derive(Default)]
pub(super) struct Shared {
    /// The code is to end now.
    pub(super) stopping: Arc<AtomicBool>,
    /// No further calls are to come; it ends when those under way are answered.
    pub(super) retiring: AtomicBool,
    /// The thread has ended.
    pub(super) ended: AtomicBool,
    /// Memory in use, in bytes.
    pub(super) memory: AtomicUsize,
    missing: Mutex<Option<String>>,
}

impl Shared {
    pub(super) fn note_missing(&self, what: String) {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        *missing = Some(what);
    }
}

impl Isolate {
    /// Starts a thread and loads the program in it.
    ///
    /// # Errors
    /// Why it cannot be loaded.
    pub(in crate::engine) async fn load(
        (program, code): (&Program, &str),
        surroundings: Surroundings,
    ) -> Result<Self, Failure> {
        let (events, incoming) = mpsc::channel();
        let (loaded, ready) = oneshot::channel();
        let shared = Arc::<Shared>::default();
        // Made here, so that the thread's own part of the heap has no hole of its size.
        let bundle = modules::wrapped(code);
        let thread = thread::Builder::new()
            .name(thread_name(&program.id))
            .stack_size(program.limits.stack + OWN_STACK)
            .spawn({
                let (program, shared, events) =
                    (program.clone(), Arc::clone(&shared), events.clone());
                move || {
                    live(
                        (&program, bundle),
                        shared,
                        surroundings,
                        events,
                        &incoming,
                        loaded,
                    )
                }
            })
            .map_err(|error| Failure::Stopped(error.to_string()))?;
        let isolate = Self {
            events,
            shared,
            wall: program.limits.wall,
            thread: Some(thread),
        };
        let hung = || Failure::CpuTime(program.limits.cpu);
        let loaded = within(program.limits.cpu + SLACK, ready).await;
        loaded
            .map_err(|_| hung())?
            .map_err(|_| Failure::Stopped("its thread ended".to_owned()))??;
        Ok(isolate)
    }

    /// Calls `handler`. None if it did not take the call, because it was about to end.
    ///
    /// # Errors
    /// [`Failure`]
    pub(in crate::engine) async fn call(
        &self,
        request: Request,
    ) -> Option<Result<Response, Failure>> {
        let (reply, answer) = oneshot::channel();
        self.events.send(Event::Call { request, reply }).ok()?;
        match within(self.wall + SLACK, answer).await {
            // Every call that is taken is answered.
            Ok(result) => result.ok(),
            Err(_) => {
                self.shared.retiring.store(true, Ordering::Relaxed);
                self.shared.stopping.store(true, Ordering::Relaxed);
                Some(Err(Failure::TimedOut(self.wall)))
            }
        }
    }

    /// Whether calls may be sent to it.
    pub(in crate::engine) fn takes_calls(&self) -> bool {
        !self.shared.retiring.load(Ordering::Relaxed) && !self.shared.ended.load(Ordering::Acquire)
    }

    /// What a call has asked for in vain since this was last asked.
    pub(in crate::engine) fn take_missing(&self) -> Option<String> {
        let missing = self.shared.missing.lock();
        missing.unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Memory in use when it was last measured, in bytes.
    pub(in crate::engine) fn memory(&self) -> u64 {
        self.shared.memory.load(Ordering::Relaxed) as u64
    }

    /// Ends it and waits until the thread is gone.
    pub(in crate::engine) async fn end(mut self) {
        if let Some(thread) = self.thread.take() {
            drop(self);
            // Only fails if the thread panicked, which ends it as well.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

impl Drop for Isolate {
    fn drop(&mut self) {
        if !self.shared.retiring.load(Ordering::Relaxed) {
            self.shared.stopping.store(true, Ordering::Relaxed);
        }
        // Only fails if the thread has ended.
        let _ = self.events.send(Event::Stop);
    }
}

/// The thread.
fn live(
    (program, bundle): (&Program, Vec<u8>),
    shared: Arc<Shared>,
    surroundings: Surroundings,
    events: mpsc::Sender<Event>,
    incoming: &mpsc::Receiver<Event>,
    loaded: oneshot::Sender<Result<(), Failure>>,
) {
    let id = Arc::from(program.id.as_str());
    let budget = turns::budget(&shared);
    let desk = Rc::new(Desk::new(
        id,
        program.limits,
        budget,
        surroundings,
        events,
        Arc::clone(&shared),
    ));
    match Turns::load(program, bundle, desk, Arc::clone(&shared)) {
        // Whoever wanted it may be gone; then the event to stop waits already.
        Ok(turns) => {
            let _ = loaded.send(Ok(()));
            turns.run(incoming);
        }
        Err(failure) => {
            let _ = loaded.send(Err(failure));
        }
    }
    shared.ended.store(true, Ordering::Release);
}

/// What tools show of the thread: the beginning of the id, as far as the system keeps it.
fn thread_name(id: &str) -> String {
    id.chars()
        .filter(|letter| *letter != '\0')
        .take(15)
        .collect()
}
