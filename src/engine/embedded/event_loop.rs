//! The event loop of an isolate: waits for events, and runs the code that they concern.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use rquickjs::{
    CatchResultExt, CaughtError, Context, Ctx, Function, Object, Persistent, Runtime, TypedArray,
};

use super::{
    budget::Budget,
    errors::{to_call_error, to_exception, to_load_error},
    fetch::FetchResponse,
    host,
    isolate::Shared,
    isolate_state::{IsolateEvent, IsolateState},
    modules,
};
use crate::engine::{EngineError, Exception, Program, Request};

/// Maximum time that pending jobs run after an interrupted turn, before the isolate is given up.
const GRACE: Duration = Duration::from_millis(50);

/// Time without an event after which garbage is collected and memory is measured.
const IDLE_DELAY: Duration = Duration::from_millis(500);

/// Share of its memory that a program may keep between calls, in percent, before it is reloaded.
const MAX_KEPT_PERCENT: usize = 80;

/// An isolate on its thread. Its functions are dropped before the runtime that they belong to.
pub(super) struct EventLoop {
    entry: EntryPoints,
    context: Context,
    runtime: Runtime,
    state: Rc<IsolateState>,
    shared: Arc<Shared>,
}

/// The functions that `start.js` returns.
struct EntryPoints {
    call: Persistent<Function<'static>>,
    fire: Persistent<Function<'static>>,
    deliver: Persistent<Function<'static>>,
    rejections: Persistent<Function<'static>>,
    rejection_tracker: RejectionTracker,
}

/// The function that is called for rejected promises. The runtime holds it too, and must not be the last owner of it.
#[derive(Clone, Default)]
struct RejectionTracker(Rc<RefCell<Option<Persistent<Function<'static>>>>>);

impl RejectionTracker {
    fn install(&self, runtime: &Runtime) {
        let tracker = Rc::clone(&self.0);
        runtime.set_host_promise_rejection_tracker(Some(Box::new(
            move |ctx, promise, reason, handled| {
                let callback = tracker
                    .borrow()
                    .clone()
                    .map(|callback| callback.restore(&ctx));
                if let Some(Ok(callback)) = callback {
                    // Fails only without memory or time, which is reported elsewhere.
                    let _ = callback.call::<_, ()>((promise, reason, handled));
                }
            },
        )));
    }
}

impl Drop for EntryPoints {
    fn drop(&mut self) {
        self.rejection_tracker.0.take();
    }
}

/// The reason why the isolate must end.
struct FatalError(EngineError);

impl EventLoop {
    /// Creates the isolate and loads the code.
    ///
    /// # Errors
    /// A [`EngineError`] if the code cannot be loaded.
    pub(super) fn load(
        program: &Program,
        bundle: Vec<u8>,
        state: Rc<IsolateState>,
        shared: Arc<Shared>,
    ) -> Result<Self, EngineError> {
        let no_engine = |error: rquickjs::Error| EngineError::Stopped(error.to_string());
        let limits = program.limits;
        let runtime = Runtime::new().map_err(no_engine)?;
        runtime.set_memory_limit(limits.memory);
        runtime.set_max_stack_size(limits.stack);
        let budget = Rc::clone(&state.budget);
        runtime.set_interrupt_handler(Some(Box::new(move || budget.is_over())));
        let context = Context::full(&runtime).map_err(no_engine)?;
        let tracker = RejectionTracker::default();
        tracker.install(&runtime);
        state.budget.begin(limits.cpu);
        let entry = context
            .with(|ctx| set_up_isolate(&ctx, (program, bundle), &state, &tracker))
            .map_err(|exception| to_load_error(&state, exception))?;
        let event_loop = Self {
            entry,
            context,
            runtime,
            state,
            shared,
        };
        event_loop.run_pending_jobs();
        if event_loop.state.budget.was_interrupted() {
            return Err(EngineError::CpuTime(limits.cpu));
        }
        event_loop.log_rejections();
        event_loop.measure_memory();
        event_loop.state.loaded.set(true);
        Ok(event_loop)
    }

    /// Runs until the isolate is stopped or given up.
    pub(super) fn run(self, events: &Receiver<IsolateEvent>) {
        let mut measured = true;
        let failure = loop {
            let wait = match (self.state.time_until_next(), measured) {
                (Some(wait), true) => Some(wait),
                (Some(wait), false) => Some(wait.min(IDLE_DELAY)),
                (None, true) => None,
                (None, false) => Some(IDLE_DELAY),
            };
            let event = match wait {
                Some(wait) => match events.recv_timeout(wait) {
                    Ok(event) => Some(event),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => Some(IsolateEvent::Stop),
                },
                None => Some(events.recv().unwrap_or(IsolateEvent::Stop)),
            };
            let quiet = event.is_none();
            match self.handle_event(event) {
                Ok(true) => {}
                Ok(false) => break EngineError::Stopped("the program is dropped".to_owned()),
                Err(FatalError(failure)) => break failure,
            }
            if self.shared.retiring.load(Ordering::Relaxed) && self.state.is_idle() {
                break EngineError::Stopped("the program is dropped".to_owned());
            }
            if quiet
                && !measured
                && self
                    .state
                    .time_until_next()
                    .is_none_or(|wait| !wait.is_zero())
            {
                self.measure_memory();
            }
            measured = quiet;
        };
        self.shared.ended.store(true, Ordering::Release);
        self.state.fail_all(&failure);
    }

    /// Handles an event, the timers that are due, and the calls whose time is up. Returns false if the isolate must
    /// end.
    fn handle_event(&self, event: Option<IsolateEvent>) -> Result<bool, FatalError> {
        match event {
            Some(IsolateEvent::Call { request, reply }) => {
                let bot = request.headers.get("x-bot-id").cloned();
                let call = self.state.open_call(bot, reply);
                self.start_call(call, &request)?;
            }
            Some(IsolateEvent::Fetched { operation, result }) => {
                if let Some(call) = self.state.finish_operation(operation) {
                    self.deliver_response(call, operation, result)?;
                }
            }
            Some(IsolateEvent::Stop) => return Ok(false),
            None => {}
        }
        while let Some(timer) = self.state.due_timer() {
            if let Some(call) = self.state.finish_operation(timer) {
                let fire = self.entry.fire.clone();
                self.run_turn(call, |ctx| fire.restore(ctx)?.call((timer,)))?;
            }
        }
        while let Some(call) = self.state.overdue_call() {
            let limit = self.state.limits.wall;
            self.state
                .reply_to_call(call, Err(EngineError::TimedOut(limit)));
            self.state.close_call(call);
        }
        Ok(true)
    }

    fn start_call(&self, call: u64, request: &Request) -> Result<(), FatalError> {
        let text = serde_json::to_string(request).unwrap_or_default();
        let entry = self.entry.call.clone();
        self.run_turn(Some(call), |ctx| entry.restore(ctx)?.call((call, text)))
    }

    fn deliver_response(
        &self,
        call: Option<u64>,
        operation: u64,
        result: Result<FetchResponse, String>,
    ) -> Result<(), FatalError> {
        let entry = self.entry.deliver.clone();
        self.run_turn(call, |ctx| {
            let deliver = entry.restore(ctx)?;
            match result {
                Err(text) => deliver.call((operation, text)),
                Ok(fetched) => {
                    let head = serde_json::json!({
                        "status": fetched.status,
                        "headers": fetched.headers,
                        "url": fetched.url,
                        "redirected": fetched.redirected,
                    });
                    // Copied, so that it counts against the program's memory.
                    let body = TypedArray::<u8>::new_copy(ctx.clone(), fetched.body)?;
                    drop(fetched.reservation);
                    deliver.call((operation, (), head.to_string(), body))
                }
            }
        })
    }

    /// Runs code until nothing is left to run, and counts the time for one call.
    fn run_turn(
        &self,
        call: Option<u64>,
        enter: impl for<'js> FnOnce(&Ctx<'js>) -> rquickjs::Result<()>,
    ) -> Result<(), FatalError> {
        let state = &*self.state;
        let limit = state.limits.cpu;
        // Requests and responses in flight are a part of the program's memory.
        let memory = state.limits.memory - state.in_flight.bytes().min(state.limits.memory);
        self.runtime.set_memory_limit(memory);
        let used = call.and_then(|id| Some(state.calls.borrow().get(&id)?.time_used));
        state.current.set(call);
        state
            .budget
            .begin(limit.saturating_sub(used.unwrap_or_default()));
        let exception = self.context.with(|ctx| {
            enter(&ctx)
                .catch(&ctx)
                .map_err(|error| to_exception(&error))
        });
        self.run_pending_jobs();
        let interrupted = state.budget.was_interrupted();
        let mut dead = false;
        if let Some(id) = call {
            if let Some(call) = state.calls.borrow_mut().get_mut(&id) {
                call.time_used += state.budget.spent();
            }
            if interrupted {
                // Set before the reply, so that no further call arrives.
                self.shared.retiring.store(true, Ordering::Relaxed);
                state.reply_to_call(id, Err(EngineError::CpuTime(limit)));
                state.close_call(id);
            } else if let Err(exception) = exception {
                state.reply_to_call(id, Err(to_call_error(exception, state.limits.memory)));
            }
        } else if let Err(exception) = exception {
            state.log_uncaught(&exception);
        }
        if interrupted {
            // The interrupted code may have left an inconsistent state, so the program is reloaded.
            self.shared.retiring.store(true, Ordering::Relaxed);
            state.budget.begin(GRACE);
            self.run_pending_jobs();
            dead = state.budget.was_interrupted();
        } else {
            self.log_rejections();
        }
        state.current.set(None);
        if let Some(id) = call {
            state.close_call_if_done(id);
        }
        if dead {
            return Err(FatalError(EngineError::Stopped(
                "the code of another call did not end".to_owned(),
            )));
        }
        Ok(())
    }

    /// Runs the pending jobs of promises.
    fn run_pending_jobs(&self) {
        while !self.state.budget.is_over() {
            match self.runtime.execute_pending_job() {
                Ok(true) => {}
                Ok(false) => return,
                // No code can catch an exception of a job; a rejection stays with its promise.
                Err(job) => {
                    let exception = job.0.with(|ctx| {
                        to_exception(&CaughtError::from_error(&ctx, rquickjs::Error::Exception))
                    });
                    if !self.state.budget.was_interrupted() {
                        self.state.log_uncaught(&exception);
                    }
                }
            }
        }
    }

    /// Logs the promises that were rejected in this turn and have no handler.
    fn log_rejections(&self) {
        let entry = self.entry.rejections.clone();
        let flushed = self.context.with(|ctx| {
            entry
                .restore(&ctx)?
                .call::<_, ()>(())
                .catch(&ctx)
                .map_err(|_| rquickjs::Error::Unknown)
        });
        if flushed.is_err() {
            self.shared.retiring.store(true, Ordering::Relaxed);
        }
    }

    /// Collects garbage and measures the memory that is left in use.
    fn measure_memory(&self) {
        self.runtime.run_gc();
        let usage = self.runtime.memory_usage();
        let bytes = usize::try_from(usage.malloc_size).unwrap_or(0);
        self.shared.memory.store(bytes, Ordering::Relaxed);
        if bytes > self.state.limits.memory / 100 * MAX_KEPT_PERCENT {
            self.shared.retiring.store(true, Ordering::Relaxed);
        }
    }
}

/// Sets up an isolate and loads the code.
fn set_up_isolate(
    ctx: &Ctx<'_>,
    (program, bundle): (&Program, Vec<u8>),
    state: &Rc<IsolateState>,
    tracker: &RejectionTracker,
) -> Result<EntryPoints, Exception> {
    let started = || -> rquickjs::Result<EntryPoints> {
        let host = host::create_host(ctx, state)?;
        let env = Object::new(ctx.clone())?;
        for (name, value) in &program.env {
            env.set(name.as_str(), value.expose())?;
        }
        let set_up: Function<'_> = ctx.eval_with_options(
            modules::START_SCRIPT,
            modules::eval_options("node:internal"),
        )?;
        let entry: Object<'_> = set_up.call((host, env))?;
        let function = |name: &str| -> rquickjs::Result<Persistent<Function<'static>>> {
            Ok(Persistent::save(ctx, entry.get::<_, Function<'_>>(name)?))
        };
        let entry_points = EntryPoints {
            call: function("call")?,
            fire: function("fire")?,
            deliver: function("deliver")?,
            rejections: function("rejections")?,
            rejection_tracker: tracker.clone(),
        };
        *tracker.0.borrow_mut() = Some(function("rejected")?);
        let load: Function<'_> = entry.get("load")?;
        let bundle = modules::compile_bundle(ctx, bundle)?;
        load.call::<_, ()>((bundle,))?;
        Ok(entry_points)
    };
    started().catch(ctx).map_err(|error| to_exception(&error))
}

/// Creates the budget of an isolate.
pub(super) fn new_budget(shared: &Shared) -> Rc<Budget> {
    Rc::new(Budget::new(Arc::clone(&shared.stopping)))
}
