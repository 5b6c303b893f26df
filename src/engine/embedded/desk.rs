//! What an isolate has under way: calls, timers and requests, and to which call each belongs.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeSet, HashMap},
    rc::Rc,
    sync::{Arc, mpsc},
    time::Duration,
};

use tokio::{runtime::Handle, sync::oneshot, task::AbortHandle};

use super::{budget::Budget, fetch::Fetched, flight::Flight, isolate::Shared, modules};
use crate::{
    engine::{Exception, Failure, Level, Limits, Request, Response, log::Sink},
    kernel::Clock,
    net::outbound::Outbound,
};

/// The most timers and requests under way.
const OPERATIONS: usize = 4096;

/// The most names of what is missing that are kept, and how long each may be, in bytes.
const MISSING: (usize, usize) = (32, 256);

/// The most lines that a call may write.
const LINES: u32 = 2000;

/// Where the result of a call goes.
pub(super) type Reply = oneshot::Sender<Result<Response, Failure>>;

/// What wakes an isolate.
pub(super) enum Event {
    /// A call.
    Call { request: Request, reply: Reply },
    /// A request of the code was answered.
    Fetched {
        operation: u64,
        result: Result<Fetched, String>,
    },
    /// The isolate is to end.
    Stop,
}

/// The state that the loop and the host functions share.
pub(super) struct Desk {
    pub(super) program: Arc<str>,
    pub(super) limits: Limits,
    pub(super) budget: Rc<Budget>,
    pub(super) clock: Clock,
    pub(super) outbound: Outbound,
    pub(super) tokio: Handle,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) sink: Sink,
    pub(super) shared: Arc<Shared>,
    pub(super) flight: Arc<Flight>,
    /// What the code asked for while it was loaded, and the engine does not have.
    pub(super) missing: RefCell<BTreeSet<String>>,
    /// Whether the code is loaded.
    pub(super) loaded: Cell<bool>,
    /// The call that the turn belongs to; none while the code is loaded.
    pub(super) current: Cell<Option<u64>>,
    pub(super) calls: RefCell<HashMap<u64, Call>>,
    operations: RefCell<HashMap<u64, Operation>>,
    last: Cell<u64>,
}

/// A call under way.
pub(super) struct Call {
    /// None once it is answered; what it left running may go on until it ends.
    reply: Option<Reply>,
    bot: Option<Arc<str>>,
    ends: Duration,
    pub(super) used: Duration,
    lines: u32,
}

struct Operation {
    call: Option<u64>,
    kind: Kind,
}

enum Kind {
    Timer(Duration),
    Request(AbortHandle),
}

impl Desk {
    pub(super) fn new(
        program: Arc<str>,
        limits: Limits,
        budget: Rc<Budget>,
        surroundings: super::Surroundings,
        events: mpsc::Sender<Event>,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            program,
            limits,
            budget,
            clock: surroundings.clock,
            outbound: surroundings.outbound,
            tokio: surroundings.tokio,
            events,
            sink: surroundings.sink,
            shared,
            flight: Flight::new(limits.memory, limits.fetches),
            missing: RefCell::default(),
            loaded: Cell::default(),
            current: Cell::default(),
            calls: RefCell::default(),
            operations: RefCell::default(),
            last: Cell::default(),
        }
    }

    fn next_id(&self) -> u64 {
        self.last.set(self.last.get() + 1);
        self.last.get()
    }

    /// Notes that the engine does not have what the code asks for.
    pub(super) fn lacks(&self, mut what: String) {
        let (most, longest) = MISSING;
        if what.len() > longest {
            what.truncate(what.floor_char_boundary(longest));
            what.shrink_to_fit();
        }
        if self.loaded.get() {
            self.shared.note_missing(what);
        } else if self.missing.borrow().len() < most {
            self.missing.borrow_mut().insert(what);
        }
    }

    /// Takes a call on.
    pub(super) fn open(&self, bot: Option<String>, reply: Reply) -> u64 {
        let id = self.next_id();
        let call = Call {
            reply: Some(reply),
            bot: bot.map(Arc::from),
            ends: self.budget.now() + self.limits.wall,
            used: Duration::ZERO,
            lines: 0,
        };
        self.calls.borrow_mut().insert(id, call);
        id
    }

    /// Answers a call, if it is not answered yet.
    pub(super) fn answer(&self, id: u64, result: Result<Response, Failure>) {
        let reply = self
            .calls
            .borrow_mut()
            .get_mut(&id)
            .and_then(|call| call.reply.take());
        if let Some(reply) = reply {
            // Whoever asked may be gone.
            let _ = reply.send(result);
        }
    }

    /// Forgets a call and ends what it started.
    pub(super) fn close(&self, id: u64) {
        self.calls.borrow_mut().remove(&id);
        self.operations.borrow_mut().retain(|_, operation| {
            let its = operation.call == Some(id);
            if its {
                operation.end();
            }
            !its
        });
    }

    /// Forgets a call that is answered and has nothing under way.
    pub(super) fn close_if_done(&self, id: u64) {
        let answered = self
            .calls
            .borrow()
            .get(&id)
            .is_some_and(|call| call.reply.is_none());
        let operations = self.operations.borrow();
        if answered
            && !operations
                .values()
                .any(|operation| operation.call == Some(id))
        {
            self.calls.borrow_mut().remove(&id);
        }
    }

    /// Whether no call waits for its answer.
    pub(super) fn is_quiet(&self) -> bool {
        self.calls
            .borrow()
            .values()
            .all(|call| call.reply.is_none())
    }

    /// Answers every call with a failure and ends everything.
    pub(super) fn give_up(&self, failure: &Failure) {
        for (_, call) in self.calls.borrow_mut().drain() {
            if let Some(reply) = call.reply {
                // Whoever asked may be gone.
                let _ = reply.send(Err(failure.clone()));
            }
        }
        for (_, operation) in self.operations.borrow_mut().drain() {
            operation.end();
        }
    }

    /// Whether the turn may start something: its call is not over, and not too much is under way.
    fn has_room(&self) -> Result<(), &'static str> {
        let over = |id: u64| !self.calls.borrow().contains_key(&id);
        if self.current.get().is_some_and(over) {
            return Err("the call that this belongs to is over");
        }
        if self.operations.borrow().len() >= OPERATIONS {
            return Err("too many timers and requests are under way");
        }
        Ok(())
    }

    /// Starts a timer.
    pub(super) fn start_timer(&self, after: Duration) -> Result<u64, &'static str> {
        self.has_room()?;
        let id = self.next_id();
        let kind = Kind::Timer(self.budget.now() + after);
        self.add(id, kind);
        Ok(id)
    }

    /// Starts a request.
    pub(super) fn start_request(
        &self,
        exchange: impl Future<Output = Result<Fetched, String>> + Send + 'static,
    ) -> Result<u64, &'static str> {
        self.has_room()?;
        let operation = self.next_id();
        let events = self.events.clone();
        let task = self.tokio.spawn(async move {
            let result = exchange.await;
            // The isolate may have ended.
            let _ = events.send(Event::Fetched { operation, result });
        });
        self.add(operation, Kind::Request(task.abort_handle()));
        Ok(operation)
    }

    fn add(&self, id: u64, kind: Kind) {
        let call = self.current.get();
        self.operations
            .borrow_mut()
            .insert(id, Operation { call, kind });
    }

    /// Ends a timer or a request.
    pub(super) fn cancel(&self, id: u64) {
        if let Some(operation) = self.operations.borrow_mut().remove(&id) {
            operation.end();
        }
    }

    /// Takes a finished operation off: the call that it belongs to, if it was not cancelled.
    pub(super) fn finish(&self, id: u64) -> Option<Option<u64>> {
        let operation = self.operations.borrow_mut().remove(&id)?;
        Some(operation.call)
    }

    /// The timer that is due first, if it is due.
    pub(super) fn due_timer(&self) -> Option<u64> {
        let (due, id) = self.first_timer()?;
        (due <= self.budget.now()).then_some(id)
    }

    fn first_timer(&self) -> Option<(Duration, u64)> {
        let operations = self.operations.borrow();
        let timers = operations.iter().filter_map(|(id, operation)| {
            let Kind::Timer(due) = operation.kind else {
                return None;
            };
            Some((due, *id))
        });
        timers.min()
    }

    /// A call whose time is up.
    pub(super) fn overdue_call(&self) -> Option<u64> {
        let now = self.budget.now();
        let calls = self.calls.borrow();
        let mut overdue = calls.iter().filter(|(_, call)| call.ends <= now);
        overdue.next().map(|(id, _)| *id)
    }

    /// How long nothing is to be done unless something happens.
    pub(super) fn wait(&self) -> Option<Duration> {
        let calls = self.calls.borrow();
        let ends = calls.values().map(|call| call.ends);
        let due = self.first_timer().map(|(due, _)| due);
        let next = ends.chain(due).min()?;
        Some(next.saturating_sub(self.budget.now()))
    }

    /// Writes a log line of the turn that runs.
    pub(super) fn log(&self, level: Level, text: &str) {
        let Some(bot) = self.next_line() else { return };
        match level {
            Level::Error => {
                let text = modules::unwrapped_places(text);
                self.sink.write(&self.program, bot, level, &text);
            }
            _ => self.sink.write(&self.program, bot, level, text),
        }
    }

    /// Writes what was thrown in the turn that runs and nobody caught.
    pub(super) fn log_uncaught(&self, thrown: &Exception) {
        if let Some(bot) = self.next_line() {
            self.sink.write_uncaught(&self.program, bot, thrown);
        }
    }

    /// The bot of the next line of the turn that runs; none if it may write no more.
    fn next_line(&self) -> Option<Option<Arc<str>>> {
        let Some(id) = self.current.get() else {
            return Some(None);
        };
        let mut calls = self.calls.borrow_mut();
        let call = calls.get_mut(&id)?;
        call.lines += 1;
        if call.lines == LINES {
            let text = format!("further lines of this call are left out after {LINES}");
            let bot = call.bot.clone();
            self.sink.write(&self.program, bot, Level::Warn, &text);
        }
        (call.lines < LINES).then(|| call.bot.clone())
    }
}

impl Operation {
    fn end(&self) {
        if let Kind::Request(task) = &self.kind {
            task.abort();
        }
    }
}
