//! The clock: the only module that reads the wall clock or waits for time to pass.
//!
//! Every other module takes the time from a [`Clock`]. A test, or the operator in profile `dev`, can
//! therefore freeze and advance it and observe expiry, quotas and schedules.
//!
//! A clock has two times. [`Clock::now`] is the wall-clock time, which the operating system may change at any
//! time; use it for everything that has a date. [`Clock::monotonic_now`] is monotonic; use it for waits, rate
//! limiters and other durations.

#![expect(
    clippy::disallowed_methods,
    reason = "this module is what those methods are disallowed in favour of"
)]

mod watch;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tokio::sync::watch as channel;

pub use self::watch::{ClockWatch, Rewind, SystemRewind};
use super::Timestamp;

/// Maximum time of a wait before it reads the system's clock again, because others may have set that clock.
const RECHECK_INTERVAL: Duration = Duration::from_secs(30);

/// A clock. Clones share its state.
#[derive(Clone)]
pub struct Clock {
    state: Arc<channel::Sender<State>>,
    /// Serialises freeze, advance and resume: they read the time and then set the mode.
    mode_lock: Arc<Mutex<()>>,
}

/// A reading of [`Clock::monotonic_now`]. Only comparable with readings of the same clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct MonotonicTime(Duration);

impl MonotonicTime {
    /// Returns the moment `micros` microseconds after the clock's start.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(Duration::from_micros(micros))
    }

    /// Microseconds since the clock's start.
    #[must_use]
    pub fn as_micros(self) -> u64 {
        u64::try_from(self.0.as_micros()).unwrap_or(u64::MAX)
    }

    /// Returns this moment moved later by `by`.
    #[must_use]
    pub const fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }

    /// Returns the time from `earlier` to this moment; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

#[derive(Debug, Clone, Copy)]
struct State {
    mode: Mode,
    /// The monotonic time when the mode was set.
    monotonic_base: MonotonicTime,
    /// Start of the current run; `None` while the clock is frozen.
    running_since: Option<Instant>,
    /// Number of times that freeze, advance or resume moved the clock back.
    requested_rewinds: u64,
    /// Total time by which the system's clock was set back.
    system_rewind: Duration,
}

impl State {
    fn monotonic_now(&self) -> MonotonicTime {
        let since = self.running_since.map(|since| since.elapsed());
        self.monotonic_base.plus(since.unwrap_or_default())
    }

    /// True if the clock has gone back since the state `since`.
    fn has_rewound_since(&self, since: &Self) -> bool {
        self.requested_rewinds != since.requested_rewinds
            || self.system_rewind != since.system_rewind
    }
}

/// Relation between the clock's time and the system's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The system's time plus `offset` microseconds.
    Running {
        offset: i64,
    },
    Frozen {
        at: Timestamp,
    },
}

impl Mode {
    fn start_of_run(self) -> Option<Instant> {
        matches!(self, Self::Running { .. }).then(Instant::now)
    }
}

impl Clock {
    /// Returns a clock that follows the system's time.
    #[must_use]
    pub fn system() -> Self {
        Self::with_mode(Mode::Running { offset: 0 })
    }

    /// Returns a clock that is frozen at `at` until it is advanced or resumed.
    #[must_use]
    pub fn frozen_at(at: Timestamp) -> Self {
        Self::with_mode(Mode::Frozen { at })
    }

    fn with_mode(mode: Mode) -> Self {
        Self {
            state: Arc::new(channel::Sender::new(State {
                mode,
                monotonic_base: MonotonicTime::default(),
                running_since: mode.start_of_run(),
                requested_rewinds: 0,
                system_rewind: Duration::ZERO,
            })),
            mode_lock: Arc::default(),
        }
    }

    /// Returns the current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        current_time(self.state.borrow().mode)
    }

    /// Returns the monotonic time since the clock's start. It never goes back, even if the system's clock does.
    ///
    /// It does not advance while the clock is frozen. A call that sets the clock to another time, later or
    /// earlier, advances it by the difference.
    #[must_use]
    pub fn monotonic_now(&self) -> MonotonicTime {
        self.state.borrow().monotonic_now()
    }

    /// Total time by which the system's clock has been set back while this clock was running. A wait for a
    /// date that was computed before must last that much longer.
    #[must_use]
    pub fn total_system_rewind(&self) -> Duration {
        self.state.borrow().system_rewind
    }

    /// True if the clock is frozen.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        matches!(self.state.borrow().mode, Mode::Frozen { .. })
    }

    /// Freezes the clock at its current time, or at `at`.
    pub fn freeze(&self, at: Option<Timestamp>) {
        self.set_mode(|now| Mode::Frozen {
            at: at.unwrap_or(now),
        });
    }

    /// Moves the clock forward. A frozen clock stays frozen; a running one continues from there.
    pub fn advance(&self, by: Duration) {
        self.set_mode(|now| {
            let at = now.plus(by);
            if self.is_frozen() {
                Mode::Frozen { at }
            } else {
                Mode::Running {
                    offset: at.as_micros().saturating_sub(system_micros()),
                }
            }
        });
    }

    /// Returns to the system's time.
    pub fn resume(&self) {
        self.set_mode(|_| Mode::Running { offset: 0 });
    }

    fn set_mode(&self, to: impl FnOnce(Timestamp) -> Mode) {
        let _one_at_a_time = self
            .mode_lock
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let before = self.now();
        let mode = to(before);
        let after = current_time(mode);
        // At least one of the two differences is zero.
        let moved = after.since(before) + before.since(after);
        self.state.send_modify(|state| {
            state.monotonic_base = state.monotonic_now().plus(moved);
            state.running_since = mode.start_of_run();
            state.mode = mode;
            if after < before {
                state.requested_rewinds += 1;
            }
        });
    }

    /// Waits until `duration` has passed. On a frozen clock, waits until it is advanced far enough.
    pub async fn sleep(&self, duration: Duration) {
        let mut state = self.state.subscribe();
        let deadline = self.monotonic_now().plus(duration);
        loop {
            let seen = *state.borrow_and_update();
            let left = deadline.since(seen.monotonic_now());
            if left.is_zero() {
                return;
            }
            wait_for_change(&mut state, seen.mode, left.min(RECHECK_INTERVAL)).await;
        }
    }

    /// Waits until the clock reaches `deadline`, or until the clock has gone back. After a jump back, a
    /// deadline that was computed before may be years away, so the caller must recompute it.
    pub async fn sleep_until(&self, deadline: Timestamp) {
        let mut state = self.state.subscribe();
        let initial = *state.borrow();
        let mut latest = self.now();
        loop {
            let seen = *state.borrow_and_update();
            let now = current_time(seen.mode);
            let left = deadline.since(now);
            if left.is_zero() || now < latest || seen.has_rewound_since(&initial) {
                return;
            }
            latest = now;
            wait_for_change(&mut state, seen.mode, left.min(RECHECK_INTERVAL)).await;
        }
    }

    /// Starts to watch for jumps back: those by request, and those of the system's clock.
    #[must_use]
    pub fn watch(&self) -> ClockWatch {
        ClockWatch::new(self)
    }
}

/// Waits until the clock is set. If it runs, waits at most `long`.
async fn wait_for_change(state: &mut channel::Receiver<State>, mode: Mode, long: Duration) {
    // The clock owns the sender, so the channel stays open.
    let changed = state.changed();
    match mode {
        Mode::Frozen { .. } => drop(changed.await),
        Mode::Running { .. } => tokio::select! {
            () = tokio::time::sleep(long) => {}
            _ = changed => {}
        },
    }
}

fn current_time(mode: Mode) -> Timestamp {
    match mode {
        Mode::Running { offset } => Timestamp::from_micros(system_micros().saturating_add(offset)),
        Mode::Frozen { at } => at,
    }
}

/// Returns the system's time, which does not follow a frozen or advanced [`Clock`]. Use it for times that
/// another machine compares with its own clock: timestamps in signatures, and dates of other servers.
#[must_use]
pub fn system_now() -> Timestamp {
    Timestamp::from_micros(system_micros())
}

fn system_micros() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
        })
}

/// Measures real time. It does not follow a frozen [`Clock`].
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts to measure.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Returns the real time since the start.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Runs `work` for at most `limit` of real time. It guards against work that hangs, so it does not follow a
/// frozen [`Clock`].
///
/// # Errors
/// [`TimedOut`] if the limit passes first.
pub async fn with_timeout<T>(
    limit: Duration,
    work: impl Future<Output = T>,
) -> Result<T, TimedOut> {
    tokio::time::timeout(limit, work)
        .await
        .map_err(|_| TimedOut)
}

/// Waits for `duration` of real time, for example for another process. It does not follow a frozen [`Clock`].
pub async fn sleep_real_time(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// The error of [`with_timeout`]: the limit passed before the work ended.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("timed out")]
pub struct TimedOut;

#[cfg(test)]
mod tests;
