//! The state of one connection, which its stream, its requests and the reaper share.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed},
};

use tokio::sync::Notify;

use super::registry::Registry;

/// A moment, in milliseconds since the server began to listen; 0 is none.
pub(super) type Moment = u64;

/// How a connection is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Ending {
    /// Not yet.
    None,
    /// Once the requests that it has are answered.
    Graceful,
    /// At once.
    Abrupt,
}

/// A connection. Its entry in the registry goes with its stream.
pub(super) struct Connection {
    pub(super) id: u64,
    pub(super) registry: Arc<Registry>,
    /// How many of its requests are not answered whole.
    requests: AtomicU32,
    /// Since when there is no request.
    idle_since: AtomicU64,
    /// Since when the head of a request arrives.
    head_since: AtomicU64,
    /// Since when the client is waited for: for the rest of a body.
    reading_since: AtomicU64,
    /// Since when the client is waited for: to take what it is sent.
    writing_since: AtomicU64,
    /// True after a request whose body was not read to its end.
    unread: AtomicBool,
    /// How many bytes of the last request were read and dropped.
    dropped: AtomicUsize,
    /// True while they are read and dropped.
    draining: AtomicBool,
    /// True if it speaks HTTP/2, where bytes also arrive between requests.
    multiplexed: AtomicBool,
    /// True once it has become a WebSocket.
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
            unread: AtomicBool::new(false),
            dropped: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            multiplexed: AtomicBool::new(false),
            upgraded: AtomicBool::new(false),
            ending: AtomicU8::new(Ending::None as u8),
            ended: Notify::new(),
        }
    }

    /// Asks for an end; a more urgent one than was asked for before counts.
    pub(super) fn end(&self, ending: Ending) {
        if self.ending.fetch_max(ending as u8, Relaxed) < ending as u8 {
            self.ended.notify_one();
        }
    }

    /// True once an end was asked for.
    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Relaxed) != Ending::None as u8
    }

    /// Ends in favour of another connection: between two requests gracefully, so that one which has
    /// just arrived is still answered.
    pub(super) fn make_way(&self) {
        let between = self.idle_since().is_some() && self.head_since.load(Relaxed) == 0;
        self.end(match between && !self.draining.load(Relaxed) {
            true => Ending::Graceful,
            false => Ending::Abrupt,
        });
    }

    /// Waits until another end is asked for than `known`.
    pub(super) async fn ending(&self, known: Ending) -> Ending {
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

    /// Notes that bytes have arrived.
    pub(super) fn received(&self) {
        let between = self.requests.load(Relaxed) == 0 && !self.draining.load(Relaxed);
        if between && self.head_since.load(Relaxed) == 0 {
            self.head_since.store(self.registry.now(), Relaxed);
        }
    }

    /// Notes whether the client takes what it is sent.
    pub(super) fn sent(&self, stalled: bool) {
        since(&self.writing_since, stalled, || self.registry.now());
    }

    /// Notes whether the rest of a body is waited for.
    pub(super) fn waits_for_body(&self, waits: bool) {
        since(&self.reading_since, waits, || self.registry.now());
    }

    /// Notes that a request has begun.
    pub(super) fn begin_request(&self, multiplexed: bool) {
        self.requests.fetch_add(1, Relaxed);
        self.head_since.store(0, Relaxed);
        self.multiplexed.store(multiplexed, Relaxed);
        self.unread.store(false, Relaxed);
        self.dropped.store(0, Relaxed);
    }

    /// Notes that a request is answered whole.
    pub(super) fn end_request(&self) {
        self.idle_since.store(self.registry.now(), Relaxed);
        self.reading_since.store(0, Relaxed);
        if self.requests.fetch_sub(1, Relaxed) == 1 {
            self.registry.has_idle();
        }
    }

    pub(super) fn upgrade(&self) {
        self.upgraded.store(true, Relaxed);
    }

    pub(super) fn set_unread(&self, unread: bool) {
        self.unread.store(unread, Relaxed);
    }

    pub(super) fn set_draining(&self, draining: bool) {
        self.draining.store(draining, Relaxed);
        self.idle_since.store(self.registry.now(), Relaxed);
    }

    /// Notes bytes that were read and dropped, and returns how many there are.
    pub(super) fn drop_bytes(&self, bytes: usize) -> usize {
        self.dropped.fetch_add(bytes, Relaxed) + bytes
    }

    /// True if the client may still be sending something when its connection is closed: the rest of a
    /// body, or what is no request.
    pub(super) fn may_be_sending(&self) -> bool {
        self.unread.load(Relaxed) || self.head_since.load(Relaxed) != 0
    }

    /// Since when the connection has waited for a request; none if it has one, or an answer that is
    /// not taken yet.
    pub(super) fn idle_since(&self) -> Option<Moment> {
        let busy = self.requests.load(Relaxed) > 0
            || self.writing_since.load(Relaxed) > 0
            || self.upgraded.load(Relaxed);
        (!busy).then(|| self.idle_since.load(Relaxed))
    }

    /// Since when nothing can be done for its request but wait for the client.
    pub(super) fn stalled_since(&self) -> Option<Moment> {
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

    /// How the connection is to end if nothing more is expected of it now.
    pub(super) fn overdue(&self, now: Moment, limits: &TimeLimits) -> Ending {
        let is_over = |since: Moment, limit: u64| since > 0 && now.saturating_sub(since) > limit;
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

/// Limits in time, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeLimits {
    /// For the head of a request, from its first byte.
    pub(super) header: u64,
    /// For a connection without a request, and for a client that takes nothing of what it is sent.
    pub(super) keep_alive: u64,
}

fn since(moment: &AtomicU64, begins: bool, now: impl FnOnce() -> Moment) {
    let begun = moment.load(Relaxed) > 0;
    if begins && !begun {
        moment.store(now(), Relaxed);
    } else if begun && !begins {
        moment.store(0, Relaxed);
    }
}
