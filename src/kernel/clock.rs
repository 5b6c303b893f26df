//! The product's clock: the only place that reads the wall clock or waits for time to pass.
//!
//! Every other module takes time from a [`Clock`], so that a test, or the operator in profile
//! `dev`, can freeze and advance it and see expiry, quotas and schedules follow.

#![expect(
    clippy::disallowed_methods,
    reason = "this module is what those methods are disallowed in favour of"
)]

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tokio::sync::watch;

use super::Timestamp;

/// How long a wait trusts the system's clock, which others may set meanwhile.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// A clock that all its clones share.
#[derive(Clone)]
pub struct Clock {
    state: Arc<watch::Sender<State>>,
    /// Serialises freeze, advance and resume, which read the time and then set the mode.
    change: Arc<Mutex<()>>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    mode: Mode,
    /// How often the shown time was set back.
    rewinds: u64,
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
            state: Arc::new(watch::Sender::new(State { mode, rewinds: 0 })),
            change: Arc::default(),
        }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        shown(self.state.borrow().mode)
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
        self.state.send_modify(|state| {
            state.mode = mode;
            if shown(mode) < before {
                state.rewinds += 1;
            }
        });
    }

    /// Waits until the clock has moved on by `duration`, or has gone back. On a frozen clock that is
    /// when it is advanced far enough.
    pub async fn sleep(&self, duration: Duration) {
        let mut rewinds = self.rewinds();
        let deadline = rewinds.latest.plus(duration);
        rewinds.next_or(deadline).await;
    }

    /// Waits until the clock shows `deadline` or a later time, or has gone back: then a deadline that
    /// was computed before may be years away, and the caller must look again at what there is to do.
    pub async fn sleep_until(&self, deadline: Timestamp) {
        self.rewinds().next_or(deadline).await;
    }

    /// Notices from now on that the clock goes back.
    #[must_use]
    pub fn rewinds(&self) -> Rewinds {
        let state = self.state.subscribe();
        let seen = state.borrow().rewinds;
        Rewinds {
            state,
            seen,
            latest: self.now(),
            clock: self.clone(),
        }
    }
}

fn shown(mode: Mode) -> Timestamp {
    match mode {
        Mode::Running { offset } => Timestamp::from_micros(system_micros().saturating_add(offset)),
        Mode::Frozen { at } => at,
    }
}

/// Notices that a clock goes back: because it was told to, or because the system's clock was set.
pub struct Rewinds {
    clock: Clock,
    state: watch::Receiver<State>,
    seen: u64,
    latest: Timestamp,
}

impl Rewinds {
    /// Waits until the clock has gone back since this was made or last returned.
    pub async fn next(&mut self) {
        self.next_or(Timestamp::from_micros(i64::MAX)).await;
    }

    async fn next_or(&mut self, deadline: Timestamp) {
        loop {
            let state = *self.state.borrow_and_update();
            let now = self.clock.now();
            let went_back = now < self.latest || state.rewinds != self.seen;
            (self.latest, self.seen) = (now, state.rewinds);
            let left = deadline.since(now);
            if went_back || left.is_zero() {
                return;
            }
            // The sender lives in the clock, so the changes do not end.
            let changed = self.state.changed();
            match state.mode {
                Mode::Frozen { .. } => drop(changed.await),
                Mode::Running { .. } => tokio::select! {
                    () = tokio::time::sleep(left.min(LOOK_AGAIN)) => {}
                    _ = changed => {}
                },
            }
        }
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
mod tests {
    use super::*;

    #[test]
    fn a_frozen_clock_moves_only_when_told() {
        let start = Timestamp::from_micros(5_000_000);
        let clock = Clock::frozen_at(start);
        assert_eq!(clock.now(), start);
        clock.advance(Duration::from_secs(3600));
        assert_eq!(clock.now().since(start), Duration::from_secs(3600));
        clock.freeze(Some(start));
        assert_eq!(clock.now(), start);
    }

    #[test]
    fn a_running_clock_keeps_its_advance_and_loses_it_on_resume() {
        let clock = Clock::system();
        let before = clock.now();
        clock.advance(Duration::from_secs(86_400));
        assert!(clock.now().since(before) >= Duration::from_secs(86_400));
        clock.resume();
        assert!(clock.now().since(before) < Duration::from_secs(3600));
    }

    #[tokio::test]
    async fn sleep_ends_when_the_clock_goes_back() {
        let clock = Clock::frozen_at(Timestamp::from_micros(0));
        clock.advance(Duration::from_secs(333 * 86_400));
        let mut rewinds = clock.rewinds();
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_secs(60)).await }
        });
        tokio::task::yield_now().await;
        clock.freeze(Some(Timestamp::from_micros(0)));
        clock.advance(Duration::from_secs(400 * 86_400));
        sleeper.await.expect("the sleeper wakes up");
        // It went back and is ahead again: what was written in between may still be ahead.
        rewinds.next().await;
    }

    #[test]
    fn no_advance_is_too_far() {
        let clock = Clock::system();
        clock.advance(Duration::MAX);
        std::thread::sleep(Duration::from_millis(1));
        assert_eq!(clock.now(), Timestamp::from_micros(i64::MAX));
        clock.resume();
        assert!(clock.now() < Timestamp::from_micros(i64::MAX));
    }

    #[tokio::test]
    async fn sleep_ends_when_a_frozen_clock_reaches_the_deadline() {
        let clock = Clock::frozen_at(Timestamp::from_micros(0));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_secs(60)).await }
        });
        clock.advance(Duration::from_secs(59));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(60));
        sleeper.await.expect("the sleeper wakes up");
    }
}
