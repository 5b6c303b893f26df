//! The isolate, as the rest of the server sees it.

use std::{
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use tokio::{runtime::Handle, sync::oneshot};

use super::{
    event_loop::{self, EventLoop},
    isolate_state::{IsolateEvent, IsolateState},
    modules,
};
use crate::{
    engine::{EngineError, Program, Request, log::LogSink, program::CallEnd},
    kernel::{Clock, clock::with_timeout},
    net::outbound::Outbound,
};

/// Stack of the thread in addition to the stack of the code, in bytes: for functions of the engine and our own.
const EXTRA_STACK_BYTES: usize = 512 * 1024;

/// Time that a caller waits beyond the time limit of the isolate itself. It matters only if the thread hangs in a
/// function of the engine that does not check the budget.
const SLACK: Duration = Duration::from_secs(2);

/// The services that an isolate uses.
#[derive(Clone)]
pub(in crate::engine) struct IsolateServices {
    pub(in crate::engine) clock: Clock,
    pub(in crate::engine) outbound: Outbound,
    pub(in crate::engine) sink: LogSink,
    pub(in crate::engine) tokio: Handle,
}

/// A loaded program on its own thread. Dropping it ends the isolate.
pub(in crate::engine) struct Isolate {
    events: mpsc::Sender<IsolateEvent>,
    shared: Arc<Shared>,
    wall: Duration,
    thread: Option<thread::JoinHandle<()>>,
}

/// The state that the thread and the owner of an isolate share.
#[derive(Default)]
pub(super) struct Shared {
    /// True if the code must end now.
    pub(super) stopping: Arc<AtomicBool>,
    /// True if no more calls are taken; the isolate ends when its calls in progress have their replies.
    pub(super) retiring: AtomicBool,
    /// True once the thread has ended.
    pub(super) ended: AtomicBool,
    /// Memory in use, in bytes.
    pub(super) memory: AtomicUsize,
}

impl Isolate {
    /// Starts a thread and loads the program in it.
    ///
    /// # Errors
    /// A [`EngineError`] if the program cannot be loaded.
    pub(in crate::engine) async fn load(
        (program, code): (&Program, &str),
        services: IsolateServices,
    ) -> Result<Self, EngineError> {
        let (events, incoming) = mpsc::channel();
        let (loaded, ready) = oneshot::channel();
        let shared = Arc::<Shared>::default();
        // Allocated on this thread, so that the heap of the isolate's thread has no hole of its size.
        let bundle = modules::wrap_bundle(code);
        let thread = thread::Builder::new()
            .name(thread_name(&program.id))
            .stack_size(program.limits.stack + EXTRA_STACK_BYTES)
            .spawn({
                let (program, shared, events) =
                    (program.clone(), Arc::clone(&shared), events.clone());
                move || {
                    run_thread(
                        (&program, bundle),
                        shared,
                        services,
                        events,
                        &incoming,
                        loaded,
                    )
                }
            })
            .map_err(|error| EngineError::Stopped(error.to_string()))?;
        let isolate = Self {
            events,
            shared,
            wall: program.limits.wall,
            thread: Some(thread),
        };
        let timeout_error = || EngineError::CpuTime(program.limits.cpu);
        let loaded = with_timeout(program.limits.cpu + SLACK, ready).await;
        loaded
            .map_err(|_| timeout_error())?
            .map_err(|_| EngineError::Stopped("its thread ended".to_owned()))??;
        Ok(isolate)
    }

    /// Calls `handler`. Returns `None` if the isolate did not take the call, because it was about to end.
    pub(in crate::engine) async fn call(&self, request: Request) -> Option<CallEnd> {
        let (reply, answer) = oneshot::channel();
        self.events
            .send(IsolateEvent::Call { request, reply })
            .ok()?;
        match with_timeout(self.wall + SLACK, answer).await {
            // The isolate replies to every call that it takes.
            Ok(result) => result.ok(),
            Err(_) => {
                self.shared.retiring.store(true, Ordering::Relaxed);
                self.shared.stopping.store(true, Ordering::Relaxed);
                Some(Err(EngineError::TimedOut(self.wall)).into())
            }
        }
    }

    /// True if the isolate takes calls.
    pub(in crate::engine) fn takes_calls(&self) -> bool {
        !self.shared.retiring.load(Ordering::Relaxed) && !self.shared.ended.load(Ordering::Acquire)
    }

    /// Returns the memory in use at the last measurement, in bytes.
    pub(in crate::engine) fn memory(&self) -> u64 {
        self.shared.memory.load(Ordering::Relaxed) as u64
    }

    /// Ends the isolate and waits until its thread has ended.
    pub(in crate::engine) async fn stop(mut self) {
        if let Some(thread) = self.thread.take() {
            drop(self);
            // Fails only if the thread panicked, and then it has ended too.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

impl Drop for Isolate {
    fn drop(&mut self) {
        if !self.shared.retiring.load(Ordering::Relaxed) {
            self.shared.stopping.store(true, Ordering::Relaxed);
        }
        // Fails only if the thread has ended.
        let _ = self.events.send(IsolateEvent::Stop);
    }
}

/// Runs the thread of an isolate.
fn run_thread(
    (program, bundle): (&Program, Vec<u8>),
    shared: Arc<Shared>,
    services: IsolateServices,
    events: mpsc::Sender<IsolateEvent>,
    incoming: &mpsc::Receiver<IsolateEvent>,
    loaded: oneshot::Sender<Result<(), EngineError>>,
) {
    let id = Arc::from(program.id.as_str());
    let budget = event_loop::new_budget(&shared);
    let state = Rc::new(IsolateState::new(
        id,
        program.limits,
        budget,
        services,
        events,
    ));
    match EventLoop::load(program, bundle, state, Arc::clone(&shared)) {
        // If the caller no longer waits, the event to stop is already in the queue.
        Ok(event_loop) => {
            let _ = loaded.send(Ok(()));
            event_loop.run(incoming);
        }
        Err(failure) => {
            let _ = loaded.send(Err(failure));
        }
    }
    shared.ended.store(true, Ordering::Release);
}

/// Returns the name of the thread, for debugging tools: the start of the id, in the length that the system keeps.
fn thread_name(id: &str) -> String {
    id.chars()
        .filter(|letter| *letter != '\0')
        .take(15)
        .collect()
}
