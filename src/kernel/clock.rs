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

/// A clock that all its clones share.
#[derive(Clone)]
pub struct Clock {
    mode: Arc<watch::Sender<Mode>>,
    /// Serialises freeze, advance and resume, which read the time and then set the mode.
    change: Arc<Mutex<()>>,
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
            mode: Arc::new(watch::Sender::new(mode)),
            change: Arc::default(),
        }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match *self.mode.borrow() {
            Mode::Running { offset } => Timestamp::from_micros(system_micros() + offset),
            Mode::Frozen { at } => at,
        }
    }

    /// Whether the clock stands still.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        matches!(*self.mode.borrow(), Mode::Frozen { .. })
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
        let mode = to(self.now());
        self.mode.send_replace(mode);
    }

    /// Waits until the clock has moved on by `duration`. On a frozen clock that is when it is
    /// advanced far enough.
    pub async fn sleep(&self, duration: Duration) {
        self.sleep_until(self.now().plus(duration)).await;
    }

    /// Waits until the clock shows `deadline` or a later time.
    pub async fn sleep_until(&self, deadline: Timestamp) {
        let mut changes = self.mode.subscribe();
        loop {
            let frozen = matches!(*changes.borrow_and_update(), Mode::Frozen { .. });
            let left = deadline.since(self.now());
            if left.is_zero() {
                return;
            }
            if frozen {
                // The sender lives in `self`, so this only ends when the mode changes.
                let _ = changes.changed().await;
            } else {
                tokio::select! {
                    () = tokio::time::sleep(left) => {}
                    _ = changes.changed() => {}
                }
            }
        }
    }
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
