//! The state of one connection, shared by its stream, its requests and the reaper.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed},
};

use tokio::sync::Notify;

use super::registry::Registry;

/// A time in milliseconds since the server began to listen; 0 means none.
pub(super) type Millis = u64;

/// The way in which a connection is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Ending {
    /// Not ending.
    None,
    /// After its current requests are answered.
    Graceful,
    /// Immediately.
    Abrupt,
}

/// A connection. It leaves the registry when its stream is dropped.
pub(super) struct Connection {
    pub(super) id: u64,
    pub(super) registry: Arc<Registry>,
    /// Number of requests whose answers are not complete.
    requests: AtomicU32,
    /// Time since which there is no request.
    idle_since: AtomicU64,
    /// Time since which a request head has been arriving.
    head_since: AtomicU64,
    /// Time since which the server waits for the client to send the rest of a body.
    reading_since: AtomicU64,
    /// Time since which the server waits for the client to read the answer.
    writing_since: AtomicU64,
    /// True after a request whose body was not read to its end.
    body_unread: AtomicBool,
    /// Number of bytes of the last request that were read and discarded.
    discarded_bytes: AtomicUsize,
    /// True while a body is being read and discarded.
    draining: AtomicBool,
    /// True for HTTP/2, where bytes also arrive between requests.
    multiplexed: AtomicBool,
    /// True once the connection has become a WebSocket.
    upgraded: AtomicBool,
    ending: AtomicU8,
    ended: Notify,
}

impl Connection {
    pub(super) fn new(id: u64, registry: Arc<Registry>) -> Self {
        Self {
            idle_since: AtomicU64::new(registry.now()),
            registry,
            id,
            requests: AtomicU32::new(0),
            head_since: AtomicU64::new(0),
            reading_since: AtomicU64::new(0),
            writing_since: AtomicU64::new(0),
            body_unread: AtomicBool::new(false),
            discarded_bytes: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            multiplexed: AtomicBool::new(false),
            upgraded: AtomicBool::new(false),
            ending: AtomicU8::new(Ending::None as u8),
            ended: Notify::new(),
        }
    }

    /// Requests the end of the connection. A more urgent request replaces a less urgent one.
    pub(super) fn end(&self, ending: Ending) {
        if self.ending.fetch_max(ending as u8, Relaxed) < ending as u8 {
            self.ended.notify_one();
        }
    }

    /// True once an end was requested.
    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Relaxed) != Ending::None as u8
    }

    /// Ends to make room for another connection: gracefully between two requests, so that a request that has just
    /// arrived is still answered.
    pub(super) fn end_for_another(&self) {
        let between = self.idle_since().is_some() && self.head_since.load(Relaxed) == 0;
        self.end(match between && !self.draining.load(Relaxed) {
            true => Ending::Graceful,
            false => Ending::Abrupt,
        });
    }

    /// Waits until a more urgent end than `known` is requested.
    pub(super) async fn wait_for_ending(&self, known: Ending) -> Ending {
        loop {
            let ending = match self.ending.load(Relaxed) {
                0 => Ending::None,
                1 => Ending::Graceful,
                _ => Ending::Abrupt,
            };
            if ending > known {
                return ending;
            }
            self.ended.notified().await;
        }
    }

    /// Records that bytes have arrived.
    pub(super) fn record_read(&self) {
        let between = self.requests.load(Relaxed) == 0 && !self.draining.load(Relaxed);
        if between && self.head_since.load(Relaxed) == 0 {
            self.head_since.store(self.registry.now(), Relaxed);
        }
    }

    /// Records if the client has stopped reading the answer.
    pub(super) fn record_write(&self, stalled: bool) {
        update_since(&self.writing_since, stalled, || self.registry.now());
    }

    /// Records if the server waits for the rest of a body.
    pub(super) fn set_waiting_for_body(&self, is_waiting: bool) {
        update_since(&self.reading_since, is_waiting, || self.registry.now());
    }

    /// Records the start of a request.
    pub(super) fn begin_request(&self, multiplexed: bool) {
        self.requests.fetch_add(1, Relaxed);
        self.head_since.store(0, Relaxed);
        self.multiplexed.store(multiplexed, Relaxed);
        self.body_unread.store(false, Relaxed);
        self.discarded_bytes.store(0, Relaxed);
    }

    /// Records that a request is completely answered.
    pub(super) fn end_request(&self) {
        self.idle_since.store(self.registry.now(), Relaxed);
        self.reading_since.store(0, Relaxed);
        if self.requests.fetch_sub(1, Relaxed) == 1 {
            self.registry.notify_idle();
        }
    }

    pub(super) fn upgrade(&self) {
        self.upgraded.store(true, Relaxed);
    }

    pub(super) fn set_unread(&self, unread: bool) {
        self.body_unread.store(unread, Relaxed);
    }

    pub(super) fn set_draining(&self, draining: bool) {
        self.draining.store(draining, Relaxed);
        self.idle_since.store(self.registry.now(), Relaxed);
    }

    /// Adds to the number of discarded bytes, and returns the total.
    pub(super) fn count_discarded(&self, bytes: usize) -> usize {
        self.discarded_bytes.fetch_add(bytes, Relaxed) + bytes
    }

    /// True if the client may still be sending when the connection closes: the rest of a body, or bytes that are no
    /// request.
    pub(super) fn may_be_sending(&self) -> bool {
        self.body_unread.load(Relaxed) || self.head_since.load(Relaxed) != 0
    }

    /// Returns the time since which the connection waits for a request. `None` if it has a request or an answer that
    /// the client has not read.
    pub(super) fn idle_since(&self) -> Option<Millis> {
        let busy = self.requests.load(Relaxed) > 0
            || self.writing_since.load(Relaxed) > 0
            || self.upgraded.load(Relaxed);
        (!busy).then(|| self.idle_since.load(Relaxed))
    }

    /// Returns the time since which the current request waits only for the client.
    pub(super) fn stalled_since(&self) -> Option<Millis> {
        if self.upgraded.load(Relaxed) {
            return None;
        }
        let reading = self.reading_since.load(Relaxed);
        let writing = self.writing_since.load(Relaxed);
        [reading, writing]
            .into_iter()
            .filter(|since| *since > 0)
            .max()
    }

    /// Returns the way in which the connection is to end if it exceeds a time limit.
    pub(super) fn overdue_ending(&self, now: Millis, limits: &TimeLimits) -> Ending {
        let is_over = |since: Millis, limit: u64| since > 0 && now.saturating_sub(since) > limit;
        if self.upgraded.load(Relaxed) {
            return Ending::None;
        }
        if is_over(self.writing_since.load(Relaxed), limits.keep_alive) {
            return Ending::Abrupt;
        }
        let Some(idle_since) = self.idle_since() else {
            return Ending::None;
        };
        let head = self.head_since.load(Relaxed);
        let multiplexed = self.multiplexed.load(Relaxed);
        if !multiplexed && is_over(head, limits.header) {
            Ending::Abrupt
        } else if is_over(idle_since, limits.keep_alive) && !self.draining.load(Relaxed) {
            Ending::Graceful
        } else {
            Ending::None
        }
    }
}

/// Time limits, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeLimits {
    /// Maximum time from the first byte of a request head to its end.
    pub(super) header: u64,
    /// Maximum time without a request, and without the client reading any of the answer.
    pub(super) keep_alive: u64,
}

fn update_since(moment: &AtomicU64, is_active: bool, now: impl FnOnce() -> Millis) {
    let was_active = moment.load(Relaxed) > 0;
    if is_active && !was_active {
        moment.store(now(), Relaxed);
    } else if was_active && !is_active {
        moment.store(0, Relaxed);
    }
}
