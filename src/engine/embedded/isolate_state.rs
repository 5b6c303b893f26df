//! The state of an isolate: its calls, timers and requests in progress, and the call to which each timer or request
//! belongs.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeSet, HashMap},
    rc::Rc,
    sync::{Arc, mpsc},
    time::Duration,
};

use tokio::{runtime::Handle, sync::oneshot, task::AbortHandle};

use super::{budget::Budget, fetch::FetchResponse, in_flight::InFlight, modules};
use crate::{
    engine::{
        EngineError, Exception, Level, Limits, Request, Response, log::LogSink, program::CallEnd,
    },
    kernel::Clock,
    net::outbound::Outbound,
};

/// Maximum number of timers and requests in progress.
const MAX_OPERATIONS: usize = 4096;

/// Maximum number of missing features that are recorded, and maximum length of each name, in bytes.
const MISSING_LIMITS: (usize, usize) = (32, 256);

/// Maximum number of log lines of a call.
const MAX_LOG_LINES: u32 = 2000;

/// The sender for the end of a call.
pub(super) type Reply = oneshot::Sender<CallEnd>;

/// An event that wakes an isolate.
pub(super) enum IsolateEvent {
    /// A new call.
    Call { request: Request, reply: Reply },
    /// The response to a request of the code, or its error.
    Fetched {
        operation: u64,
        result: Result<FetchResponse, String>,
    },
    /// The isolate must end.
    Stop,
}

/// The state that the event loop and the host functions share.
pub(super) struct IsolateState {
    pub(super) program: Arc<str>,
    pub(super) limits: Limits,
    pub(super) budget: Rc<Budget>,
    pub(super) clock: Clock,
    pub(super) outbound: Outbound,
    pub(super) tokio: Handle,
    pub(super) events: mpsc::Sender<IsolateEvent>,
    pub(super) sink: LogSink,
    pub(super) in_flight: Arc<InFlight>,
    /// Features that the code used while it was loaded and that the engine lacks.
    pub(super) missing: RefCell<BTreeSet<String>>,
    /// True once the code is loaded.
    pub(super) loaded: Cell<bool>,
    /// The call that the current turn belongs to; `None` while the code is loaded.
    pub(super) current: Cell<Option<u64>>,
    pub(super) calls: RefCell<HashMap<u64, Call>>,
    operations: RefCell<HashMap<u64, Operation>>,
    /// Timers and requests that ended with their call, and of which the code does not know it yet.
    cancelled: RefCell<Vec<u64>>,
    last_id: Cell<u64>,
}

/// A call in progress.
pub(super) struct Call {
    /// `None` once the call has its reply. Its timers and requests may continue until its time is up.
    reply: Option<Reply>,
    bot: Option<Arc<str>>,
    deadline: Duration,
    pub(super) time_used: Duration,
    lines: u32,
    /// The last feature that the call used and the engine lacks.
    missing: Option<String>,
}

struct Operation {
    call: Option<u64>,
    kind: OperationKind,
}

enum OperationKind {
    Timer(Duration),
    /// A timer that is cancelled once its call has its reply and nothing else runs.
    Timeout(Duration),
    Request(AbortHandle),
}

impl IsolateState {
    pub(super) fn new(
        program: Arc<str>,
        limits: Limits,
        budget: Rc<Budget>,
        services: super::IsolateServices,
        events: mpsc::Sender<IsolateEvent>,
    ) -> Self {
        Self {
            program,
            limits,
            budget,
            clock: services.clock,
            outbound: services.outbound,
            tokio: services.tokio,
            events,
            sink: services.sink,
            in_flight: InFlight::new(limits.memory, limits.max_fetches),
            missing: RefCell::default(),
            loaded: Cell::default(),
            current: Cell::default(),
            calls: RefCell::default(),
            operations: RefCell::default(),
            cancelled: RefCell::default(),
            last_id: Cell::default(),
        }
    }

    fn next_id(&self) -> u64 {
        self.last_id.set(self.last_id.get() + 1);
        self.last_id.get()
    }

    /// Records a feature that the code uses and the engine lacks.
    pub(super) fn record_missing(&self, mut what: String) {
        let (max_count, max_length) = MISSING_LIMITS;
        if what.len() > max_length {
            what.truncate(what.floor_char_boundary(max_length));
            what.shrink_to_fit();
        }
        if self.loaded.get() {
            let mut calls = self.calls.borrow_mut();
            if let Some(call) = self.current.get().and_then(|id| calls.get_mut(&id)) {
                call.missing = Some(what);
            }
        } else if self.missing.borrow().len() < max_count {
            self.missing.borrow_mut().insert(what);
        }
    }

    /// Registers a call.
    pub(super) fn open_call(&self, bot: Option<String>, reply: Reply) -> u64 {
        let id = self.next_id();
        let call = Call {
            reply: Some(reply),
            bot: bot.map(Arc::from),
            deadline: self.budget.now() + self.limits.wall,
            time_used: Duration::ZERO,
            lines: 0,
            missing: None,
        };
        self.calls.borrow_mut().insert(id, call);
        id
    }

    /// Replies to a call, if it has no reply yet.
    pub(super) fn reply_to_call(&self, id: u64, outcome: Result<Response, EngineError>) {
        if let Some(call) = self.calls.borrow_mut().get_mut(&id) {
            call.send_reply(outcome);
        }
    }

    /// Removes a call and cancels its timers and requests.
    pub(super) fn close_call(&self, id: u64) {
        self.calls.borrow_mut().remove(&id);
        let its = |_: &u64, operation: &mut Operation| operation.call == Some(id);
        for (operation, ended) in self.operations.borrow_mut().extract_if(its) {
            ended.abort();
            self.cancelled.borrow_mut().push(operation);
        }
    }

    /// Returns the timers and requests that ended with their call since the last turn.
    pub(super) fn take_cancelled(&self) -> Vec<u64> {
        self.cancelled.take()
    }

    /// Closes a call that has its reply and no timers or requests left, except timeouts.
    pub(super) fn close_call_if_done(&self, id: u64) {
        let has_reply = self
            .calls
            .borrow()
            .get(&id)
            .is_some_and(|call| call.reply.is_none());
        let is_work = |operation: &Operation| {
            operation.call == Some(id) && !matches!(operation.kind, OperationKind::Timeout(_))
        };
        let has_work = self.operations.borrow().values().any(is_work);
        if has_reply && !has_work {
            self.close_call(id);
        }
    }

    /// True if no call waits for its reply.
    pub(super) fn is_idle(&self) -> bool {
        self.calls
            .borrow()
            .values()
            .all(|call| call.reply.is_none())
    }

    /// Fails all calls, and cancels all timers and requests.
    pub(super) fn fail_all(&self, failure: &EngineError) {
        for (_, mut call) in self.calls.borrow_mut().drain() {
            call.send_reply(Err(failure.clone()));
        }
        for (_, operation) in self.operations.borrow_mut().drain() {
            operation.abort();
        }
    }

    /// Checks that the turn may start a timer or a request: its call is not over, and the limit is not reached.
    fn check_can_start(&self) -> Result<(), &'static str> {
        let has_ended = |id: u64| !self.calls.borrow().contains_key(&id);
        if self.current.get().is_some_and(has_ended) {
            return Err("the call that this belongs to has ended");
        }
        if self.operations.borrow().len() >= MAX_OPERATIONS {
            return Err("too many timers and requests are running");
        }
        Ok(())
    }

    /// Starts a timer. A call that has its reply does not wait for a timeout.
    pub(super) fn start_timer(
        &self,
        after: Duration,
        is_timeout: bool,
    ) -> Result<u64, &'static str> {
        self.check_can_start()?;
        let id = self.next_id();
        let due = self.budget.now() + after;
        let kind = match is_timeout {
            true => OperationKind::Timeout(due),
            false => OperationKind::Timer(due),
        };
        self.add_operation(id, kind);
        Ok(id)
    }

    /// Starts a request.
    pub(super) fn start_request(
        &self,
        exchange: impl Future<Output = Result<FetchResponse, String>> + Send + 'static,
    ) -> Result<u64, &'static str> {
        self.check_can_start()?;
        let operation = self.next_id();
        let events = self.events.clone();
        let task = self.tokio.spawn(async move {
            let result = exchange.await;
            // Fails only if the isolate has ended.
            let _ = events.send(IsolateEvent::Fetched { operation, result });
        });
        self.add_operation(operation, OperationKind::Request(task.abort_handle()));
        Ok(operation)
    }

    fn add_operation(&self, id: u64, kind: OperationKind) {
        let call = self.current.get();
        self.operations
            .borrow_mut()
            .insert(id, Operation { call, kind });
    }

    /// Cancels a timer or a request.
    pub(super) fn cancel_operation(&self, id: u64) {
        if let Some(operation) = self.operations.borrow_mut().remove(&id) {
            operation.abort();
        }
    }

    /// Removes a finished timer or request. Returns the call that it belongs to, or `None` if it was cancelled.
    pub(super) fn finish_operation(&self, id: u64) -> Option<Option<u64>> {
        let operation = self.operations.borrow_mut().remove(&id)?;
        Some(operation.call)
    }

    /// Returns the first timer, if it is due.
    pub(super) fn due_timer(&self) -> Option<u64> {
        let (due, id) = self.first_timer()?;
        (due <= self.budget.now()).then_some(id)
    }

    fn first_timer(&self) -> Option<(Duration, u64)> {
        let operations = self.operations.borrow();
        let timers = operations.iter().filter_map(|(id, operation)| {
            let (OperationKind::Timer(due) | OperationKind::Timeout(due)) = operation.kind else {
                return None;
            };
            Some((due, *id))
        });
        timers.min()
    }

    /// Returns a call whose time is up.
    pub(super) fn overdue_call(&self) -> Option<u64> {
        let now = self.budget.now();
        let calls = self.calls.borrow();
        let mut overdue = calls.iter().filter(|(_, call)| call.deadline <= now);
        overdue.next().map(|(id, _)| *id)
    }

    /// Returns the time until the next timer is due or the time of a call is up; `None` if there is neither.
    pub(super) fn time_until_next(&self) -> Option<Duration> {
        let calls = self.calls.borrow();
        let ends = calls.values().map(|call| call.deadline);
        let due = self.first_timer().map(|(due, _)| due);
        let next = ends.chain(due).min()?;
        Some(next.saturating_sub(self.budget.now()))
    }

    /// Writes a log line of the current turn.
    pub(super) fn log(&self, level: Level, text: &str) {
        let Some(bot) = self.count_line() else { return };
        match level {
            Level::Error => {
                let text = modules::unwrap_positions(text);
                self.sink.write(&self.program, bot, level, &text);
            }
            _ => self.sink.write(&self.program, bot, level, text),
        }
    }

    /// Logs an exception of the current turn that no code caught.
    pub(super) fn log_uncaught(&self, exception: &Exception) {
        if let Some(bot) = self.count_line() {
            self.sink.write_uncaught(&self.program, bot, exception);
        }
    }

    /// Counts a log line of the current turn and returns its bot. Returns `None` if the call may write no more lines.
    fn count_line(&self) -> Option<Option<Arc<str>>> {
        let Some(id) = self.current.get() else {
            return Some(None);
        };
        let mut calls = self.calls.borrow_mut();
        let call = calls.get_mut(&id)?;
        call.lines += 1;
        if call.lines == MAX_LOG_LINES {
            let text = format!(
                "further log lines of this call are dropped: a call can log {MAX_LOG_LINES}"
            );
            let bot = call.bot.clone();
            self.sink.write(&self.program, bot, Level::Warn, &text);
        }
        (call.lines < MAX_LOG_LINES).then(|| call.bot.clone())
    }
}

impl Call {
    fn send_reply(&mut self, outcome: Result<Response, EngineError>) {
        if let Some(reply) = self.reply.take() {
            let missing = self.missing.take();
            // Fails only if the caller no longer waits.
            let _ = reply.send(CallEnd { outcome, missing });
        }
    }
}

impl Operation {
    fn abort(&self) {
        if let OperationKind::Request(task) = &self.kind {
            task.abort();
        }
    }
}
