//! The dispatcher: one task that learns what is to be delivered, attempts it with bounded concurrency,
//! and writes down in batches what came of it. It also has what is due happen, and writes down what
//! programs say.
//!
//! What is being delivered only this task knows: a database has one server. So a delivery costs one
//! write for its row and one that removes it, and a crash loses nothing.

use rusqlite::{Connection, Row, named_params};
use std::time::Duration;
use tokio::{sync::mpsc, task::JoinSet};
use tracing::{error, warn};

use super::{
    attempt::{self, Outcome},
    lanes::{Key, Lanes, Left, Next},
    lines,
    record::{self, Notes},
};
use crate::{
    domain::{bots::schedules, tenancy::app::App},
    engine::LogLine,
    kernel::{
        Result, Timestamp,
        clock::{Stopwatch, pause, within},
    },
};

/// How many deliveries are read at once.
const CHUNK: usize = 1_000;
/// How many lines of programs are written down at once.
const LINES: usize = 1_000;
/// How long attempts may still take when the server stops.
const GRACE: Duration = Duration::from_secs(2);
/// How long the dispatcher waits after the database refused it.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the dispatcher looks at what there is, whatever it is told: a sign that was lost costs so much
/// time, and no delivery.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Delivers what is due until `stop` ends.
pub async fn run(app: App, stop: impl Future<Output = ()>) {
    let Some(mut lines) = app.runtime().take_lines() else {
        error!("someone else takes the lines of programs");
        return;
    };
    let mut dispatcher = Dispatcher::new(app);
    tokio::pin!(stop);
    loop {
        dispatcher.step();
        dispatcher.settle(&lines);
        let wake = dispatcher.next_wake();
        let room = LINES - dispatcher.notes.lines.len();
        tokio::select! {
            () = &mut stop => break,
            Some(done) = dispatcher.tasks.join_next() => match done {
                Ok(done) => dispatcher.take(done),
                Err(error) => {
                    error!(%error, "a task of the dispatcher panicked: it begins anew");
                    dispatcher = dispatcher.anew();
                }
            },
            _ = lines.recv_many(&mut dispatcher.notes.lines, room), if room > 0 => {}
            () = dispatcher.app.deliveries().rung() => {}
            () = dispatcher.app.clock().sleep_until(wake) => {}
            () = pause(LOOK_AGAIN) => {}
        }
    }
    dispatcher.finish(lines).await;
}

/// What a task of the dispatcher came to.
enum Done {
    Attempted(Box<Outcome>),
    Looked(Result<Looked>),
    /// What was left of a receiver.
    CaughtUp(Left, Result<Vec<Found>>),
    Fired(Result<()>),
    /// With the notes, if they could not be written down.
    Recorded(std::result::Result<Vec<(Key, Next)>, Notes>),
    Paused,
}

/// What there is to do.
struct Looked {
    found: Vec<Found>,
    /// When the next is due of what is to happen at a time.
    next_due: Option<Timestamp>,
}

/// A delivery that was found.
struct Found {
    seq: i64,
    key: Key,
    due_at: Timestamp,
}

struct Dispatcher {
    app: App,
    lanes: Lanes,
    notes: Notes,
    tasks: JoinSet<Done>,
    /// There may be deliveries that are not known here.
    hungry: bool,
    looking: bool,
    /// Since it last looked by itself.
    looked: Stopwatch,
    /// The last look was for what was left of a receiver.
    caught_up: bool,
    recording: bool,
    paused: bool,
    firing: bool,
    /// When the next is due of what is to happen at a time.
    next_due: Option<Timestamp>,
    /// How far the clock has gone back for the lanes.
    gone_back: Duration,
    /// The hints that were last seen.
    hints: u64,
    /// The last delivery that is known here.
    last: i64,
}

impl Dispatcher {
    fn new(app: App) -> Self {
        Self {
            lanes: Lanes::new(app.delivery_settings()),
            notes: Notes::default(),
            tasks: JoinSet::new(),
            hungry: true,
            looking: false,
            looked: Stopwatch::start(),
            caught_up: false,
            recording: false,
            paused: false,
            firing: false,
            next_due: None,
            gone_back: app.clock().gone_back(),
            hints: 0,
            last: 0,
            app,
        }
    }

    /// A dispatcher that begins with what is in the database, as after a restart, in a moment. What is under
    /// way is given up, and attempted again.
    fn anew(self) -> Self {
        let lines = self.notes.lines;
        let mut anew = Self::new(self.app);
        anew.notes.lines = lines;
        anew.pause();
        anew
    }

    /// Starts whatever can be started now.
    fn step(&mut self) {
        let hints = self.app.deliveries().hints();
        if hints != self.hints {
            self.hints = hints;
            self.hungry = true;
        }
        if self.looked.elapsed() >= LOOK_AGAIN {
            self.looked = Stopwatch::start();
            self.hungry = true;
        }
        self.follow_clock();
        if self.paused {
            return;
        }
        let now = self.app.clock().now();
        if !self.firing && self.next_due.is_some_and(|due| due <= now) {
            self.firing = true;
            self.next_due = None;
            let app = self.app.clone();
            self.tasks
                .spawn(async move { Done::Fired(schedules::fire(&app).await) });
        }
        for receiver in self.app.haste().take() {
            self.lanes.hasten(receiver, now);
        }
        self.lanes.wake(now);
        while let Some((key, seq)) = self.lanes.next() {
            let app = self.app.clone();
            self.tasks.spawn(async move {
                Done::Attempted(Box::new(attempt::attempt(&app, key, seq).await))
            });
        }
        if !self.recording && !self.notes.is_empty() {
            self.recording = true;
            let mut notes = std::mem::take(&mut self.notes);
            let app = self.app.clone();
            self.tasks.spawn(async move {
                lines::complete(&app, &mut notes.lines).await;
                Done::Recorded(record::record(&app, notes).await)
            });
        }
        if !self.looking {
            self.look();
        }
    }

    fn follow_clock(&mut self) {
        let gone_back = self.app.clock().gone_back();
        if gone_back > self.gone_back {
            self.lanes.go_back(gone_back.saturating_sub(self.gone_back));
            self.gone_back = gone_back;
        }
    }

    /// Looks for what is new and for what was left of a receiver, in turns.
    fn look(&mut self) {
        let (app, last) = (self.app.clone(), self.last);
        self.caught_up = !self.caught_up || !self.hungry;
        if self.caught_up
            && let Some(left) = self.lanes.take_left()
        {
            self.looking = true;
            self.tasks.spawn(async move {
                let found = app.store().scan(move |conn| look_at(conn, left, last));
                Done::CaughtUp(left, found.await)
            });
        } else if self.hungry {
            self.hungry = false;
            self.looking = true;
            self.tasks.spawn(async move {
                let found = app.store().scan(move |conn| look(conn, last));
                Done::Looked(found.await)
            });
        }
    }

    fn take(&mut self, done: Done) {
        let now = self.app.clock().now();
        match done {
            Done::Attempted(outcome) => self.notes.outcomes.push(*outcome),
            Done::Looked(Ok(looked)) => {
                self.looking = false;
                self.next_due = looked.next_due;
                self.hungry |= looked.found.len() == CHUNK;
                for found in looked.found {
                    self.last = found.seq;
                    self.lanes.push(found.key, found.seq, found.due_at, now);
                }
            }
            Done::Looked(Err(error)) => {
                warn!(%error, "deliveries wait");
                self.looking = false;
                self.hungry = true;
                self.pause();
            }
            Done::CaughtUp(left, Ok(found)) => {
                self.looking = false;
                let last = found.last().filter(|_| found.len() == CHUNK);
                let from = last.map(|last| last.seq + 1);
                for found in found {
                    self.lanes.push(found.key, found.seq, found.due_at, now);
                }
                if let Some(from) = from {
                    self.lanes.put_back(Left { from, ..left });
                }
            }
            Done::CaughtUp(left, Err(error)) => {
                warn!(%error, "deliveries wait");
                self.looking = false;
                self.lanes.put_back(left);
                self.pause();
            }
            Done::Fired(fired) => {
                self.firing = false;
                self.hungry = true;
                if let Err(error) = fired {
                    warn!(?error, "what is due waits");
                    self.pause();
                }
            }
            Done::Recorded(Ok(next)) => {
                self.recording = false;
                for (key, next) in next {
                    self.lanes.done(key, next, now);
                }
            }
            Done::Recorded(Err(mut notes)) => {
                self.recording = false;
                notes.outcomes.append(&mut self.notes.outcomes);
                notes.lines.append(&mut self.notes.lines);
                // What is said meanwhile waits with the engine, and is dropped there if it is much.
                notes.lines.truncate(LINES);
                self.notes = notes;
                self.pause();
            }
            Done::Paused => self.paused = false,
        }
    }

    fn pause(&mut self) {
        if self.paused {
            return;
        }
        self.paused = true;
        // In real time, as the database fails: the clock may stand still.
        self.tasks.spawn(async {
            pause(PAUSE).await;
            Done::Paused
        });
    }

    /// Tells whoever waits that nothing is left to do now.
    fn settle(&self, lines: &mpsc::Receiver<LogLine>) {
        let idle = self.tasks.is_empty() && self.notes.is_empty() && lines.is_empty();
        if idle && !self.hungry && self.lanes.is_idle() {
            self.app.deliveries().settle(self.hints);
        }
    }

    /// When there is something to do by the clock alone.
    fn next_wake(&self) -> Timestamp {
        let fire = self.next_due.filter(|_| !self.firing);
        let due = self.lanes.next_due().into_iter().chain(fire).min();
        due.filter(|_| !self.paused)
            .unwrap_or(Timestamp::from_micros(i64::MAX))
    }

    /// Lets attempts end for a moment and writes down what they came to. The rest goes on at the next
    /// start.
    async fn finish(mut self, mut lines: mpsc::Receiver<LogLine>) {
        let drained = within(GRACE, async {
            while let Some(done) = self.tasks.join_next().await {
                match done {
                    Ok(Done::Attempted(outcome)) => self.notes.outcomes.push(*outcome),
                    Ok(Done::Recorded(Err(notes))) => self.notes.outcomes.extend(notes.outcomes),
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
        lines::complete(&self.app, &mut self.notes.lines).await;
        if !self.notes.is_empty() && record::record(&self.app, self.notes).await.is_err() {
            warn!("deliveries that could not be written down are made again at the next start");
        }
    }
}

#[expect(clippy::cast_possible_wrap, reason = "it is small")]
const LIMIT: i64 = CHUNK as i64;

const LOOK: &str = "
    SELECT seq, agent_seq, coalesce(installation_seq, 0) AS installation_seq, lane, due_at
    FROM bot_deliveries WHERE seq > :after ORDER BY seq LIMIT :limit";

fn look(conn: &Connection, after: i64) -> Result<Looked> {
    let mut statement = conn.prepare_cached(LOOK)?;
    let rows = statement.query_map(named_params! {":after": after, ":limit": LIMIT}, found)?;
    Ok(Looked {
        found: rows.collect::<rusqlite::Result<_>>()?,
        next_due: schedules::next_due(conn)?,
    })
}

/// In the order of their rows, whatever other indexes there are.
const LOOK_AT: &str = "
    SELECT seq, agent_seq, coalesce(installation_seq, 0) AS installation_seq, lane, due_at
    FROM bot_deliveries
    WHERE seq BETWEEN :from AND :last
      AND +agent_seq = :agent_seq AND coalesce(installation_seq, 0) = :installation_seq
    ORDER BY seq LIMIT :limit";

/// What was left of a receiver, up to the last delivery that is known.
fn look_at(conn: &Connection, left: Left, last: i64) -> Result<Vec<Found>> {
    let (agent_seq, installation_seq) = left.receiver;
    let mut statement = conn.prepare_cached(LOOK_AT)?;
    let parameters = named_params! {
        ":from": left.from,
        ":last": last,
        ":agent_seq": agent_seq,
        ":installation_seq": installation_seq,
        ":limit": LIMIT,
    };
    let rows = statement.query_map(parameters, found)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn found(row: &Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found {
        seq: row.get("seq")?,
        key: Key {
            receiver: (row.get("agent_seq")?, row.get("installation_seq")?),
            lane: row.get("lane")?,
        },
        due_at: row.get("due_at")?,
    })
}
