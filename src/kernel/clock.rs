//! The product's clock: the only place that reads the wall clock or waits for time to pass.
//!
//! Every other module takes time from a [`Clock`], so that a test, or the operator in profile
//! `dev`, can freeze and advance it and see expiry, quotas and schedules follow.
//!
//! A clock tells two times. [`Clock::now`] is the date, which the system may set at any time: by it things
//! happen that have a date. [`Clock::steady`] only goes forward, as time passes: waits, buckets, and whatever
//! else lasts for so long go by it.

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

pub use self::watch::{Back, Turn, Watch};
use super::Timestamp;

/// How long a wait trusts the system's clock, which others may set meanwhile.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// A clock that all its clones share.
#[derive(Clone)]
pub struct Clock {
    state: Arc<channel::Sender<State>>,
    /// Serialises freeze, advance and resume, which read the time and then set the mode.
    change: Arc<Mutex<()>>,
}

/// A reading of [`Clock::steady`]. It means something only beside others of the same clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Duration);

impl Moment {
    /// The moment so many microseconds after the clock began.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(Duration::from_micros(micros))
    }

    /// Microseconds since the clock began.
    #[must_use]
    pub fn as_micros(self) -> u64 {
        u64::try_from(self.0.as_micros()).unwrap_or(u64::MAX)
    }

    /// This moment moved later by `by`.
    #[must_use]
    pub const fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }

    /// The time from `earlier` to this moment; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

#[derive(Debug, Clone, Copy)]
struct State {
    mode: Mode,
    /// The steady time when the mode was set.
    passed: Moment,
    /// Since when it goes on; none while the clock stands still.
    since: Option<Instant>,
    /// How often the shown time was set back by whoever may set it.
    rewinds: u64,
    /// How far the system's clock was seen to go back, altogether.
    back: Duration,
}

impl State {
    fn steady(&self) -> Moment {
        let since = self.since.map(|since| since.elapsed());
        self.passed.plus(since.unwrap_or_default())
    }

    /// True if the shown time has gone back since an earlier state.
    fn went_back(&self, since: &Self) -> bool {
        self.rewinds != since.rewinds || self.back != since.back
    }
}

/// How the shown time follows from the system's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The system's time, moved by a number of microseconds.
    Running {
        offset: i64,
    },
    Frozen {
        at: Timestamp,
    },
}

impl Mode {
    fn since(self) -> Option<Instant> {
        matches!(self, Self::Running { .. }).then(Instant::now)
    }
}

impl Clock {
    /// A clock that shows the system's time.
    #[must_use]
    pub fn system() -> Self {
        Self::with(Mode::Running { offset: 0 })
    }

    /// A clock that stands still at `at` until it is advanced or resumed.
    #[must_use]
    pub fn frozen_at(at: Timestamp) -> Self {
        Self::with(Mode::Frozen { at })
    }

    fn with(mode: Mode) -> Self {
        Self {
            state: Arc::new(channel::Sender::new(State {
                mode,
                passed: Moment::default(),
                since: mode.since(),
                rewinds: 0,
                back: Duration::ZERO,
            })),
            change: Arc::default(),
        }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        shown(self.state.borrow().mode)
    }

    /// The time that has passed since the clock began. It never goes back, whatever happens to the
    /// system's clock. It stands still while the clock does; whoever sets the clock to another time, later
    /// or earlier, has as much time pass.
    #[must_use]
    pub fn steady(&self) -> Moment {
        self.state.borrow().steady()
    }

    /// How far the system's clock has gone back while this one showed it, altogether. What waits for dates
    /// that were counted from an earlier one waits so much longer.
    #[must_use]
    pub fn gone_back(&self) -> Duration {
        self.state.borrow().back
    }

    /// Whether the clock stands still.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        matches!(self.state.borrow().mode, Mode::Frozen { .. })
    }

    /// Stops the clock at the time it shows now, or at `at`.
    pub fn freeze(&self, at: Option<Timestamp>) {
        self.change(|now| Mode::Frozen {
            at: at.unwrap_or(now),
        });
    }

    /// Moves the clock forward. A frozen clock stays frozen, a running one runs on from there.
    pub fn advance(&self, by: Duration) {
        self.change(|now| {
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

    /// Goes back to the system's time.
    pub fn resume(&self) {
        self.change(|_| Mode::Running { offset: 0 });
    }

    fn change(&self, to: impl FnOnce(Timestamp) -> Mode) {
        let _one_at_a_time = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.now();
        let mode = to(before);
        let after = shown(mode);
        // One of the two is zero.
        let moved = after.since(before) + before.since(after);
        self.state.send_modify(|state| {
            state.passed = state.steady().plus(moved);
            state.since = mode.since();
            state.mode = mode;
            if after < before {
                state.rewinds += 1;
            }
        });
    }

    /// Waits until `duration` has passed. On a frozen clock that is when it is advanced far enough.
    pub async fn sleep(&self, duration: Duration) {
        let mut state = self.state.subscribe();
        let deadline = self.steady().plus(duration);
        loop {
            let seen = *state.borrow_and_update();
            let left = deadline.since(seen.steady());
            if left.is_zero() {
                return;
            }
            for_a_while(&mut state, seen.mode, left.min(LOOK_AGAIN)).await;
        }
    }

    /// Waits until the clock shows `deadline` or a later time, or has gone back: then a deadline that
    /// was computed before may be years away, and the caller must look again at what there is to do.
    pub async fn sleep_until(&self, deadline: Timestamp) {
        let mut state = self.state.subscribe();
        let begun = *state.borrow();
        let mut latest = self.now();
        loop {
            let seen = *state.borrow_and_update();
            let now = shown(seen.mode);
            let left = deadline.since(now);
            if left.is_zero() || now < latest || seen.went_back(&begun) {
                return;
            }
            latest = now;
            for_a_while(&mut state, seen.mode, left.min(LOOK_AGAIN)).await;
        }
    }

    /// Looks after the clock from now on: who has set it, and whether the system's clock jumps.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch::new(self)
    }
}

/// Waits until the clock is set, or for so long if it runs.
async fn for_a_while(state: &mut channel::Receiver<State>, mode: Mode, long: Duration) {
    // The sender lives in the clock, so the changes do not end.
    let changed = state.changed();
    match mode {
        Mode::Frozen { .. } => drop(changed.await),
        Mode::Running { .. } => tokio::select! {
            () = tokio::time::sleep(long) => {}
            _ = changed => {}
        },
    }
}

fn shown(mode: Mode) -> Timestamp {
    match mode {
        Mode::Running { offset } => Timestamp::from_micros(system_micros().saturating_add(offset)),
        Mode::Frozen { at } => at,
    }
}

/// The system's time, which does not follow a frozen or advanced [`Clock`]. It is for times that another
/// machine compares with its own clock: those that signatures cover, and dates of other servers.
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

/// Measures how long something really takes. It does not follow a frozen [`Clock`].
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts measuring now.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The real time since the start.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Gives up on `work` after `limit` of real time: a guard against work that hangs, so it does not
/// follow a frozen [`Clock`].
///
/// # Errors
/// [`TimedOut`] when the limit passes first.
pub async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, TimedOut> {
    tokio::time::timeout(limit, work)
        .await
        .map_err(|_| TimedOut)
}

/// Waits for `duration` of real time: for what runs in real time itself, such as another process.
/// It does not follow a frozen [`Clock`].
pub async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// The limit of [`within`] passed before the work ended.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("timed out")]
pub struct TimedOut;

#[cfg(test)]
mod tests;
