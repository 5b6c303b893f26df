//! The registry of open connections. It bounds their number and closes those that wait too long.

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

use super::connection::{Connection, Ending, Millis, TimeLimits};
use crate::kernel::clock::{Stopwatch, sleep_real_time, with_timeout};

/// Number of connections with the longest wait that one scan finds.
const SCAN_SIZE: usize = 64;

/// Minimum time, in milliseconds, that a client must have stalled before its request may be dropped in favor of
/// another client.
const MIN_STALL: u64 = 1_000;

/// Interval between attempts to find a connection to close.
const RETRY_INTERVAL: Duration = Duration::from_millis(200);

/// All open connections.
pub(super) struct Registry {
    started: Stopwatch,
    open: Mutex<OpenConnections>,
    gauge: Gauge,
    /// True while a new connection waits for a slot.
    is_slot_wanted: AtomicBool,
    slot_freed: Notify,
}

#[derive(Default)]
struct OpenConnections {
    last: u64,
    all: HashMap<u64, Arc<Connection>>,
    /// The connections with the longest wait at the last scan, the longest last.
    longest_waiting: Vec<(Millis, Arc<Connection>)>,
}

impl Registry {
    pub(super) fn new(gauge: Gauge) -> Self {
        Self {
            started: Stopwatch::start(),
            open: Mutex::default(),
            gauge,
            is_slot_wanted: AtomicBool::new(false),
            slot_freed: Notify::new(),
        }
    }

    /// Returns the time since the server began to listen.
    pub(super) fn now(&self) -> Millis {
        let passed = self.started.elapsed().as_millis();
        // 0 means no moment.
        u64::try_from(passed).unwrap_or(u64::MAX).max(1)
    }

    fn open(&self) -> MutexGuard<'_, OpenConnections> {
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
            self.notify_slot();
        }
    }

    pub(super) fn count(&self) -> usize {
        self.open().all.len()
    }

    /// Records that a connection has become idle.
    pub(super) fn notify_idle(&self) {
        if self.is_slot_wanted.load(Relaxed) {
            self.notify_slot();
        }
    }

    fn notify_slot(&self) {
        self.slot_freed.notify_one();
    }

    /// Requests the end of all connections.
    pub(super) fn end_all(&self, ending: Ending) {
        for connection in self.open().all.values() {
            connection.end(ending);
        }
    }

    /// Waits until fewer than `max` connections are open. Closes the connection that has been idle longest for it; if
    /// all are busy, the one whose client has stalled longest.
    pub(super) async fn free_slot(&self, max: usize) {
        self.is_slot_wanted.store(true, Relaxed);
        let mut closes = false;
        let mut count = self.count();
        while count >= max {
            closes = closes || self.close_longest();
            let waited = with_timeout(RETRY_INTERVAL, self.slot_freed.notified()).await;
            let now = self.count();
            // Wait for the connection that was asked to end before asking another one.
            closes = closes && waited.is_ok() && now == count;
            count = now;
        }
        self.is_slot_wanted.store(false, Relaxed);
    }

    /// Closes the connection that has waited longest. False if none can be closed.
    pub(super) fn close_longest(&self) -> bool {
        let now = self.now();
        let mut open = self.open();
        loop {
            while let Some((since, connection)) = open.longest_waiting.pop() {
                if waiting_since(&connection, now) == Some(since) {
                    connection.end_for_another();
                    return true;
                }
            }
            open.find_longest_waiting(now);
            if open.longest_waiting.is_empty() {
                return false;
            }
        }
    }

    /// Closes connections that exceed a time limit, until the future is dropped.
    pub(super) async fn reap(&self, limits: TimeLimits) {
        let shortest = limits.header.min(limits.keep_alive);
        let every = Duration::from_millis((shortest / 4).clamp(50, 1_000));
        loop {
            sleep_real_time(every).await;
            let now = self.now();
            for connection in self.open().all.values() {
                let ending = connection.overdue_ending(now, &limits);
                if ending != Ending::None {
                    connection.end(ending);
                }
            }
        }
    }
}

impl OpenConnections {
    /// Finds the connections that have waited longest. Finding [`SCAN_SIZE`] at once avoids a scan of all connections for
    /// each one that is closed.
    fn find_longest_waiting(&mut self, now: Millis) {
        let idle = self.all.values().filter_map(|connection| {
            let since = connection.idle_since()?;
            (!connection.is_ending()).then(|| (since, connection.clone()))
        });
        let mut found: Vec<_> = idle.collect();
        if found.is_empty() {
            let stalled = self.all.values().filter_map(|connection| {
                let since = waiting_since(connection, now)?;
                Some((since, connection.clone()))
            });
            found = stalled.collect();
        }
        // Connections with the same time are sorted by age.
        found.sort_unstable_by_key(|(since, connection)| (*since, connection.id));
        found.truncate(SCAN_SIZE);
        found.reverse();
        self.longest_waiting = found;
    }
}

/// Returns the time since which a connection waits for its client, if it may be closed for another one.
fn waiting_since(connection: &Connection, now: Millis) -> Option<Millis> {
    if connection.is_ending() {
        return None;
    }
    let stalled = connection.stalled_since();
    connection
        .idle_since()
        .or_else(|| stalled.filter(|since| now.saturating_sub(*since) >= MIN_STALL))
}
