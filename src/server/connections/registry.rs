//! All open connections: their number is bounded, and those that wait too long are closed.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::Notify;

use super::connection::{Connection, Ending, Moment, TimeLimits};
use crate::kernel::clock::{Stopwatch, pause, within};

/// How many of the connections that have waited longest are found at once.
const FOUND: usize = 64;

/// How long a client must have been waited for before its request is given up for another client, in
/// milliseconds.
const STALLED: u64 = 1_000;

/// How often it is looked for one that can be closed, where none could be.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// All open connections.
pub(super) struct Registry {
    begun: Stopwatch,
    open: Mutex<Open>,
    gauge: Gauge,
    /// True while a new connection waits for room.
    wanted: AtomicBool,
    room: Notify,
}

#[derive(Default)]
struct Open {
    last: u64,
    all: HashMap<u64, Arc<Connection>>,
    /// Those that had waited longest when it was last looked, the longest at the end.
    longest: Vec<(Moment, Arc<Connection>)>,
}

impl Registry {
    pub(super) fn new(gauge: Gauge) -> Self {
        Self {
            begun: Stopwatch::start(),
            open: Mutex::default(),
            gauge,
            wanted: AtomicBool::new(false),
            room: Notify::new(),
        }
    }

    /// The time since the server began to listen.
    pub(super) fn now(&self) -> Moment {
        let passed = self.begun.elapsed().as_millis();
        // 0 is no moment.
        u64::try_from(passed).unwrap_or(u64::MAX).max(1)
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(self: &Arc<Self>) -> Arc<Connection> {
        let mut open = self.open();
        open.last += 1;
        let connection = Arc::new(Connection::new(open.last, self.clone()));
        open.all.insert(connection.id, connection.clone());
        self.gauge.inc();
        connection
    }

    pub(super) fn remove(&self, connection: &Connection) {
        let removed = self.open().all.remove(&connection.id);
        if removed.is_some() {
            self.gauge.dec();
            self.has_room();
        }
    }

    pub(super) fn count(&self) -> usize {
        self.open().all.len()
    }

    /// Notes that a connection waits for a request now.
    pub(super) fn has_idle(&self) {
        if self.wanted.load(Relaxed) {
            self.has_room();
        }
    }

    fn has_room(&self) {
        self.room.notify_one();
    }

    /// Asks all connections for an end.
    pub(super) fn end_all(&self, ending: Ending) {
        for connection in self.open().all.values() {
            connection.end(ending);
        }
    }

    /// Waits until fewer than `max` connections are open. The one that has waited longest for a request is
    /// closed for that; if all have one, the one whose client has been waited for longest.
    pub(super) async fn make_room(&self, max: usize) {
        self.wanted.store(true, Relaxed);
        let mut closes = false;
        let mut count = self.count();
        while count >= max {
            closes = closes || self.close_longest();
            let waited = within(LOOK_AGAIN, self.room.notified()).await;
            let now = self.count();
            // One that was asked for its end goes first, before another one is.
            closes = closes && waited.is_ok() && now == count;
            count = now;
        }
        self.wanted.store(false, Relaxed);
    }

    /// Closes the connection that has waited longest, if one can be closed.
    pub(super) fn close_longest(&self) -> bool {
        let now = self.now();
        let mut open = self.open();
        loop {
            while let Some((since, connection)) = open.longest.pop() {
                if waits_since(&connection, now) == Some(since) {
                    connection.make_way();
                    return true;
                }
            }
            open.look(now);
            if open.longest.is_empty() {
                return false;
            }
        }
    }

    /// Closes connections that wait too long, until it is dropped.
    pub(super) async fn reap(&self, limits: TimeLimits) {
        let shortest = limits.header.min(limits.keep_alive);
        let every = Duration::from_millis((shortest / 4).clamp(50, 1_000));
        loop {
            pause(every).await;
            let now = self.now();
            for connection in self.open().all.values() {
                let ending = connection.overdue(now, &limits);
                if ending != Ending::None {
                    connection.end(ending);
                }
            }
        }
    }
}

impl Open {
    /// Finds the connections that have waited longest: all connections are looked at for each
    /// [`FOUND`] that are closed, and not for each one.
    fn look(&mut self, now: Moment) {
        let idle = self.all.values().filter_map(|connection| {
            let since = connection.idle_since()?;
            (!connection.is_ending()).then(|| (since, connection.clone()))
        });
        let mut found: Vec<_> = idle.collect();
        if found.is_empty() {
            let stalled = self.all.values().filter_map(|connection| {
                let since = waits_since(connection, now)?;
                Some((since, connection.clone()))
            });
            found = stalled.collect();
        }
        // Two of one moment: the one that came first.
        found.sort_unstable_by_key(|(since, connection)| (*since, connection.id));
        found.truncate(FOUND);
        found.reverse();
        self.longest = found;
    }
}

/// Since when a connection waits for its client, so that it may be closed for another one.
fn waits_since(connection: &Connection, now: Moment) -> Option<Moment> {
    if connection.is_ending() {
        return None;
    }
    let stalled = connection.stalled_since();
    connection
        .idle_since()
        .or_else(|| stalled.filter(|since| now.saturating_sub(*since) >= STALLED))
}
