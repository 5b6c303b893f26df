//! The dispatcher: one task that polls the delivery queue, runs attempts with bounded concurrency, and records
//! their outcomes in batches. It also fires due schedules and stores the log lines of programs.
//!
//! Only this task knows the running deliveries, because a database has one server. So a delivery costs one
//! insert and one delete, and a crash loses nothing.

use rusqlite::{Connection, Row, named_params};
use std::time::Duration;
use tokio::{sync::mpsc, task::JoinSet};
use tracing::{error, warn};

use super::{
    attempt::{self, AttemptOutcome},
    log_lines,
    queue::{Backlog, DeliveryQueue, LaneKey, NextStep},
    record::{self, RecordBatch},
};
use crate::{
    domain::{bots::schedules, tenancy::app::App},
    engine::LogLine,
    kernel::{
        Result, Timestamp,
        clock::{Stopwatch, sleep_real_time, with_timeout},
    },
};

/// Maximum number of deliveries that one poll reads.
const MAX_POLLED: usize = 1_000;
/// Maximum number of log lines that one transaction stores.
const MAX_LINES: usize = 1_000;
/// Maximum time that running attempts get at shutdown.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(2);
/// Pause after a database error.
const ERROR_PAUSE: Duration = Duration::from_secs(1);
/// Interval between polls without a notification. A lost notification delays deliveries by at most this time.
const POLL_INTERVAL: Duration = Duration::from_secs(30);

/// Delivers due deliveries until `stop` completes.
pub async fn run(app: App, stop: impl Future<Output = ()>) {
    let Some(mut lines) = app.engine().take_log_lines() else {
        error!("someone else takes the lines of programs");
        return;
    };
    let mut dispatcher = Dispatcher::new(app);
    tokio::pin!(stop);
    loop {
        dispatcher.step();
        dispatcher.report_idle(&lines);
        let wake = dispatcher.next_wake();
        let room = MAX_LINES - dispatcher.notes.lines.len();
        tokio::select! {
            () = &mut stop => break,
            Some(done) = dispatcher.tasks.join_next() => match done {
                Ok(done) => dispatcher.handle_result(done),
                Err(error) => {
                    error!(%error, "a task of the dispatcher panicked: it begins anew");
                    dispatcher = dispatcher.restart();
                }
            },
            _ = lines.recv_many(&mut dispatcher.notes.lines, room), if room > 0 => {}
            () = dispatcher.app.delivery_doorbell().notified() => {}
            () = dispatcher.app.clock().sleep_until(wake) => {}
            () = sleep_real_time(POLL_INTERVAL) => {}
        }
    }
    dispatcher.shut_down(lines).await;
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
    Paused,
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
    tasks: JoinSet<TaskResult>,
    /// True if the database may have deliveries that were not polled yet.
    needs_poll: bool,
    polling: bool,
    /// Time since the last periodic poll.
    last_poll: Stopwatch,
    /// True if the last poll read a backlog.
    polled_backlog: bool,
    recording: bool,
    paused: bool,
    firing: bool,
    /// Due time of the next schedule.
    next_due: Option<Timestamp>,
    /// Total time that the clock has gone back, as applied to the queue.
    clock_setback: Duration,
    /// Notification counter at the last step.
    seen_notifications: u64,
    /// Row of the newest delivery that was polled.
    last_seq: i64,
}

impl Dispatcher {
    fn new(app: App) -> Self {
        Self {
            queue: DeliveryQueue::new(app.delivery_settings()),
            notes: RecordBatch::default(),
            tasks: JoinSet::new(),
            needs_poll: true,
            polling: false,
            last_poll: Stopwatch::start(),
            polled_backlog: false,
            recording: false,
            paused: false,
            firing: false,
            next_due: None,
            clock_setback: app.clock().total_system_rewind(),
            seen_notifications: 0,
            last_seq: 0,
            app,
        }
    }

    /// Returns a new dispatcher that starts from the database after a pause. Running attempts are abandoned and
    /// made again.
    fn restart(self) -> Self {
        let lines = self.notes.lines;
        let mut anew = Self::new(self.app);
        anew.notes.lines = lines;
        anew.pause();
        anew
    }

    /// Starts all tasks that can start now.
    fn step(&mut self) {
        let hints = self.app.delivery_doorbell().wake_count();
        if hints != self.seen_notifications {
            self.seen_notifications = hints;
            self.needs_poll = true;
        }
        if self.last_poll.elapsed() >= POLL_INTERVAL {
            self.last_poll = Stopwatch::start();
            self.needs_poll = true;
        }
        self.apply_clock_setback();
        if self.paused {
            return;
        }
        let now = self.app.clock().now();
        if !self.firing && self.next_due.is_some_and(|due| due <= now) {
            self.firing = true;
            self.next_due = None;
            let app = self.app.clone();
            self.tasks
                .spawn(async move { TaskResult::Fired(schedules::fire_due(&app).await) });
        }
        for receiver in self.app.retry_requests().take_all() {
            self.queue.retry_now(receiver, now);
        }
        self.queue.wake_due(now);
        while let Some((key, seq)) = self.queue.start_next() {
            let app = self.app.clone();
            self.tasks.spawn(async move {
                TaskResult::Attempted(Box::new(attempt::run_attempt(&app, key, seq).await))
            });
        }
        if !self.recording && !self.notes.is_empty() {
            self.recording = true;
            let mut notes = std::mem::take(&mut self.notes);
            let app = self.app.clone();
            self.tasks.spawn(async move {
                log_lines::complete_lines(&app, &mut notes.lines).await;
                TaskResult::Recorded(record::record_batch(&app, notes).await)
            });
        }
        if !self.polling {
            self.start_poll();
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
    fn start_poll(&mut self) {
        let (app, last) = (self.app.clone(), self.last_seq);
        self.polled_backlog = !self.polled_backlog || !self.needs_poll;
        if self.polled_backlog
            && let Some(left) = self.queue.take_backlog()
        {
            self.polling = true;
            self.tasks.spawn(async move {
                let found = app.store().scan(move |conn| poll_backlog(conn, left, last));
                TaskResult::BacklogPolled(left, found.await)
            });
        } else if self.needs_poll {
            self.needs_poll = false;
            self.polling = true;
            self.tasks.spawn(async move {
                let found = app.store().scan(move |conn| poll(conn, last));
                TaskResult::Polled(found.await)
            });
        }
    }

    fn handle_result(&mut self, done: TaskResult) {
        let now = self.app.clock().now();
        match done {
            TaskResult::Attempted(outcome) => self.notes.outcomes.push(*outcome),
            TaskResult::Polled(Ok(looked)) => {
                self.polling = false;
                self.next_due = looked.next_due;
                self.needs_poll |= looked.found.len() == MAX_POLLED;
                for found in looked.found {
                    self.last_seq = found.seq;
                    self.queue.push(found.key, found.seq, found.due_at, now);
                }
            }
            TaskResult::Polled(Err(error)) => {
                warn!(%error, "deliveries wait");
                self.polling = false;
                self.needs_poll = true;
                self.pause();
            }
            TaskResult::BacklogPolled(left, Ok(found)) => {
                self.polling = false;
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
                warn!(%error, "deliveries wait");
                self.polling = false;
                self.queue.restore_backlog(left);
                self.pause();
            }
            TaskResult::Fired(fired) => {
                self.firing = false;
                self.needs_poll = true;
                if let Err(error) = fired {
                    warn!(?error, "what is due waits");
                    self.pause();
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
                self.pause();
            }
            TaskResult::Paused => self.paused = false,
        }
    }

    fn pause(&mut self) {
        if self.paused {
            return;
        }
        self.paused = true;
        // Uses real time: the application clock may stand still.
        self.tasks.spawn(async {
            sleep_real_time(ERROR_PAUSE).await;
            TaskResult::Paused
        });
    }

    /// Notifies waiters that the dispatcher is idle.
    fn report_idle(&self, lines: &mpsc::Receiver<LogLine>) {
        let idle = self.tasks.is_empty() && self.notes.is_empty() && lines.is_empty();
        if idle && !self.needs_poll && self.queue.is_idle() {
            self.app
                .delivery_doorbell()
                .report_idle(self.seen_notifications);
        }
    }

    /// Returns the next time at which work becomes due.
    fn next_wake(&self) -> Timestamp {
        let fire = self.next_due.filter(|_| !self.firing);
        let due = self.queue.next_due().into_iter().chain(fire).min();
        due.filter(|_| !self.paused)
            .unwrap_or(Timestamp::from_micros(i64::MAX))
    }

    /// Waits briefly for running attempts and records their outcomes. Unfinished deliveries are made again at
    /// the next start.
    async fn shut_down(mut self, mut lines: mpsc::Receiver<LogLine>) {
        let drained = with_timeout(SHUTDOWN_GRACE, async {
            while let Some(done) = self.tasks.join_next().await {
                match done {
                    Ok(TaskResult::Attempted(outcome)) => self.notes.outcomes.push(*outcome),
                    Ok(TaskResult::Recorded(Err(notes))) => {
                        self.notes.outcomes.extend(notes.outcomes)
                    }
                    _ => {}
                }
            }
        });
        if drained.await.is_err() {
            warn!("deliveries that had no answer yet are made again at the next start");
        }
        self.tasks.abort_all();
        while let Ok(line) = lines.try_recv() {
            self.notes.lines.push(line);
        }
        log_lines::complete_lines(&self.app, &mut self.notes.lines).await;
        if !self.notes.is_empty() && record::record_batch(&self.app, self.notes).await.is_err() {
            warn!("deliveries that could not be written down are made again at the next start");
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
