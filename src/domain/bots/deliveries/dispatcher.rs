//! The dispatcher of deliveries: it polls the delivery queue, runs attempts with bounded concurrency, and records
//! their outcomes in batches. It also fires due schedules and stores the log lines of programs. Its event loop is
//! `webhooks::dispatch_loop`.
//!
//! Only this task knows the running deliveries, because a database has one server. So a delivery costs one
//! insert and one delete, and a crash loses nothing.

use rusqlite::{Connection, Row, named_params};
use std::time::Duration;
use tokio::task::JoinError;
use tracing::{error, warn};

use super::{
    attempt::{self, AttemptOutcome},
    log_lines,
    queue::{Backlog, DeliveryQueue, LaneKey, NextStep},
    record::{self, RecordBatch},
};
use crate::{
    domain::{
        bots::schedules,
        tenancy::app::App,
        webhooks::{
            Doorbell,
            dispatch_loop::{self, DispatchPolicy, LoopState},
        },
    },
    engine::LogLines,
    kernel::{Result, Timestamp},
};

/// Maximum number of deliveries that one poll reads.
const MAX_POLLED: usize = 1_000;
/// Maximum number of log lines that one transaction stores.
const MAX_LINES: usize = 1_000;

/// Delivers due deliveries until `stop` completes.
pub async fn run(app: App, stop: impl Future<Output = ()>) {
    let Some(lines) = app.engine().take_log_lines() else {
        error!("another task already receives the log lines of programs");
        return;
    };
    let dispatcher = Dispatcher::new(app.clone(), lines);
    dispatch_loop::run(&app, dispatcher, stop).await;
}

/// Result of a task of the dispatcher.
enum TaskResult {
    Attempted(Box<AttemptOutcome>),
    Polled(Result<PollResult>),
    /// Deliveries from a receiver's backlog.
    BacklogPolled(Backlog, Result<Vec<PendingDelivery>>),
    Fired(Result<()>),
    /// On failure the batch comes back, to be recorded again.
    Recorded(std::result::Result<Vec<(LaneKey, NextStep)>, RecordBatch>),
}

/// Result of a poll.
struct PollResult {
    found: Vec<PendingDelivery>,
    /// Due time of the next schedule.
    next_due: Option<Timestamp>,
}

/// A pending delivery that a poll found.
struct PendingDelivery {
    seq: i64,
    key: LaneKey,
    due_at: Timestamp,
}

struct Dispatcher {
    app: App,
    queue: DeliveryQueue,
    notes: RecordBatch,
    /// Log lines that programs write.
    lines: LogLines,
    /// True if the last poll read a backlog.
    polled_backlog: bool,
    recording: bool,
    firing: bool,
    /// Due time of the next schedule.
    next_due: Option<Timestamp>,
    /// Total time that the clock has gone back, as applied to the queue.
    clock_setback: Duration,
    /// Row of the newest delivery that was polled.
    last_seq: i64,
}

impl Dispatcher {
    fn new(app: App, lines: LogLines) -> Self {
        Self {
            queue: DeliveryQueue::new(app.delivery_settings()),
            notes: RecordBatch::default(),
            lines,
            polled_backlog: false,
            recording: false,
            firing: false,
            next_due: None,
            clock_setback: app.clock().total_system_rewind(),
            last_seq: 0,
            app,
        }
    }

    fn apply_clock_setback(&mut self) {
        let gone_back = self.app.clock().total_system_rewind();
        if gone_back > self.clock_setback {
            self.queue
                .shift_due_times(gone_back.saturating_sub(self.clock_setback));
            self.clock_setback = gone_back;
        }
    }

    /// Polls for new deliveries and for backlogs, alternately.
    fn start_poll(&mut self, state: &mut LoopState<TaskResult>) {
        let (app, last) = (self.app.clone(), self.last_seq);
        self.polled_backlog = !self.polled_backlog || !state.needs_poll;
        if self.polled_backlog
            && let Some(left) = self.queue.take_backlog()
        {
            state.polling = true;
            state.spawn(async move {
                let found = app.store().scan(move |conn| poll_backlog(conn, left, last));
                TaskResult::BacklogPolled(left, found.await)
            });
        } else if state.needs_poll {
            state.needs_poll = false;
            state.polling = true;
            state.spawn(async move {
                let found = app.store().scan(move |conn| poll(conn, last));
                TaskResult::Polled(found.await)
            });
        }
    }
}

impl DispatchPolicy for Dispatcher {
    type TaskResult = TaskResult;

    fn doorbell(app: &App) -> &Doorbell {
        app.delivery_doorbell()
    }

    fn start_tasks(&mut self, state: &mut LoopState<TaskResult>) {
        self.apply_clock_setback();
        if state.paused {
            return;
        }
        let now = self.app.clock().now();
        if !self.firing && self.next_due.is_some_and(|due| due <= now) {
            self.firing = true;
            self.next_due = None;
            let app = self.app.clone();
            state.spawn(async move { TaskResult::Fired(schedules::fire_due(&app).await) });
        }
        for receiver in self.app.retry_requests().take_all() {
            self.queue.retry_now(receiver, now);
        }
        self.queue.wake_due(now);
        while let Some((key, seq)) = self.queue.start_next() {
            let app = self.app.clone();
            state.spawn(async move {
                TaskResult::Attempted(Box::new(attempt::run_attempt(&app, key, seq).await))
            });
        }
        if !self.recording && !self.notes.is_empty() {
            self.recording = true;
            let mut notes = std::mem::take(&mut self.notes);
            let app = self.app.clone();
            state.spawn(async move {
                log_lines::complete_lines(&app, &mut notes.lines).await;
                TaskResult::Recorded(record::record_batch(&app, notes).await)
            });
        }
        if !state.polling {
            self.start_poll(state);
        }
    }

    fn handle_result(&mut self, result: TaskResult, state: &mut LoopState<TaskResult>) {
        let now = self.app.clock().now();
        match result {
            TaskResult::Attempted(outcome) => self.notes.outcomes.push(*outcome),
            TaskResult::Polled(Ok(polled)) => {
                state.polling = false;
                self.next_due = polled.next_due;
                state.needs_poll |= polled.found.len() == MAX_POLLED;
                for found in polled.found {
                    self.last_seq = found.seq;
                    self.queue.push(found.key, found.seq, found.due_at, now);
                }
            }
            TaskResult::Polled(Err(error)) => {
                warn!(%error, "the delivery queue cannot be read; it is retried");
                state.polling = false;
                state.needs_poll = true;
                state.pause();
            }
            TaskResult::BacklogPolled(left, Ok(found)) => {
                state.polling = false;
                let last = found.last().filter(|_| found.len() == MAX_POLLED);
                let from = last.map(|last| last.seq + 1);
                for found in found {
                    self.queue.push(found.key, found.seq, found.due_at, now);
                }
                if let Some(from) = from {
                    self.queue.restore_backlog(Backlog { from, ..left });
                }
            }
            TaskResult::BacklogPolled(left, Err(error)) => {
                warn!(%error, "the delivery queue cannot be read; it is retried");
                state.polling = false;
                self.queue.restore_backlog(left);
                state.pause();
            }
            TaskResult::Fired(fired) => {
                self.firing = false;
                state.needs_poll = true;
                if let Err(error) = fired {
                    warn!(?error, "due schedules cannot be fired; they are retried");
                    state.pause();
                }
            }
            TaskResult::Recorded(Ok(next)) => {
                self.recording = false;
                for (key, next) in next {
                    self.queue.finish_attempt(key, next, now);
                }
            }
            TaskResult::Recorded(Err(mut notes)) => {
                self.recording = false;
                notes.outcomes.append(&mut self.notes.outcomes);
                notes.lines.append(&mut self.notes.lines);
                // Further lines wait in the engine's channel, which drops lines when it is full.
                notes.lines.truncate(MAX_LINES);
                self.notes = notes;
                state.pause();
            }
        }
    }

    /// Takes log lines of programs, if there is room for them.
    async fn receive_input(&mut self) {
        match MAX_LINES - self.notes.lines.len() {
            0 => std::future::pending().await,
            room => {
                self.lines.recv_many(&mut self.notes.lines, room).await;
            }
        }
    }

    fn is_idle(&self) -> bool {
        self.notes.is_empty() && self.lines.is_empty() && self.queue.is_idle()
    }

    fn next_wake(&self, state: &LoopState<TaskResult>) -> Option<Timestamp> {
        let fire = self.next_due.filter(|_| !self.firing);
        let due = self.queue.next_due().into_iter().chain(fire).min();
        due.filter(|_| !state.paused)
    }

    /// Keeps the log lines. Running attempts are abandoned and made again.
    async fn restart(self, panic: JoinError) -> Self {
        error!(error = %panic, "a task of the dispatcher panicked; the dispatcher restarts");
        let mut anew = Self::new(self.app, self.lines);
        anew.notes.lines = self.notes.lines;
        anew
    }

    fn keep_outcomes(&mut self, result: TaskResult) {
        match result {
            TaskResult::Attempted(outcome) => self.notes.outcomes.push(*outcome),
            TaskResult::Recorded(Err(notes)) => self.notes.outcomes.extend(notes.outcomes),
            _ => {}
        }
    }

    /// Records outcomes and log lines. Unfinished deliveries are made again at the next start.
    async fn shut_down(mut self, drained: bool) {
        if !drained {
            warn!("deliveries without a response are repeated at the next start");
        }
        while let Ok(line) = self.lines.try_recv() {
            self.notes.lines.push(line);
        }
        log_lines::complete_lines(&self.app, &mut self.notes.lines).await;
        if !self.notes.is_empty() && record::record_batch(&self.app, self.notes).await.is_err() {
            warn!("deliveries without a stored outcome are repeated at the next start");
        }
    }
}

#[expect(clippy::cast_possible_wrap, reason = "it is small")]
const LIMIT: i64 = MAX_POLLED as i64;

const POLL: &str = "
    SELECT seq, agent_seq, coalesce(installation_seq, 0) AS installation_seq, lane, due_at
    FROM bot_deliveries WHERE seq > :after ORDER BY seq LIMIT :limit";

fn poll(conn: &Connection, after: i64) -> Result<PollResult> {
    let mut statement = conn.prepare_cached(POLL)?;
    let rows = statement.query_map(
        named_params! {":after": after, ":limit": LIMIT},
        delivery_from_row,
    )?;
    Ok(PollResult {
        found: rows.collect::<rusqlite::Result<_>>()?,
        next_due: schedules::next_due(conn)?,
    })
}

/// The unary `+` keeps SQLite on the primary key, so rows come in order.
const POLL_BACKLOG: &str = "
    SELECT seq, agent_seq, coalesce(installation_seq, 0) AS installation_seq, lane, due_at
    FROM bot_deliveries
    WHERE seq BETWEEN :from AND :last
      AND +agent_seq = :agent_seq AND coalesce(installation_seq, 0) = :installation_seq
    ORDER BY seq LIMIT :limit";

/// Reads a receiver's backlog, up to the newest delivery that was polled.
fn poll_backlog(conn: &Connection, left: Backlog, last: i64) -> Result<Vec<PendingDelivery>> {
    let (agent_seq, installation_seq) = left.receiver;
    let mut statement = conn.prepare_cached(POLL_BACKLOG)?;
    let parameters = named_params! {
        ":from": left.from,
        ":last": last,
        ":agent_seq": agent_seq,
        ":installation_seq": installation_seq,
        ":limit": LIMIT,
    };
    let rows = statement.query_map(parameters, delivery_from_row)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn delivery_from_row(row: &Row<'_>) -> rusqlite::Result<PendingDelivery> {
    Ok(PendingDelivery {
        seq: row.get("seq")?,
        key: LaneKey {
            receiver: (row.get("agent_seq")?, row.get("installation_seq")?),
            ordering_key: row.get("lane")?,
        },
        due_at: row.get("due_at")?,
    })
}
