//! Detects jumps of the system's clock, for which the operating system sends no notification.

use std::time::Duration;

use tokio::sync::watch::Receiver;

use super::{Clock, Mode, MonotonicTime, State, current_time, wait_for_change};
use crate::kernel::Timestamp;

/// Interval between two comparisons of the wall-clock time with the monotonic time.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// Minimum difference between the two times that counts as a jump. The gradual correction of the system's
/// clock (slewing) stays below it.
const MIN_JUMP: Duration = Duration::from_secs(1);
/// Maximum time for a reading of both times. A slower reading is repeated.
const MAX_READ_TIME: Duration = Duration::from_millis(50);

/// The cause of a jump back of a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rewind {
    /// A call set the clock back.
    Requested,
    /// The system's clock was set back.
    System(SystemRewind),
}

/// A jump back of the system's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemRewind {
    /// The time that the clock would show now without the jump.
    pub expected: Timestamp,
    /// Size of the jump.
    pub by: Duration,
}

/// Watches a clock. One for each clock is enough: it also wakes the waits for a date when the system's clock
/// has jumped.
pub struct ClockWatch {
    clock: Clock,
    state: Receiver<State>,
    last: State,
    now: Timestamp,
    steady: MonotonicTime,
}

impl ClockWatch {
    pub(super) fn new(clock: &Clock) -> Self {
        let state = clock.state.subscribe();
        let last = *state.borrow();
        let (now, steady) = read_both_times(&last);
        Self {
            clock: clock.clone(),
            state,
            last,
            now,
            steady,
        }
    }

    /// Waits until the clock has gone back since the creation of this watch or the last return of this method.
    pub async fn next(&mut self) -> Rewind {
        loop {
            if let Some(rewind) = self.check_clock() {
                return rewind;
            }
            wait_for_change(&mut self.state, self.last.mode, CHECK_INTERVAL).await;
        }
    }

    fn check_clock(&mut self) -> Option<Rewind> {
        let state = *self.state.borrow_and_update();
        let (now, steady) = read_both_times(&state);
        let last = std::mem::replace(&mut self.last, state);
        let expected = self.now.plus(steady.since(self.steady));
        (self.now, self.steady) = (now, steady);
        if state.requested_rewinds != last.requested_rewinds {
            return Some(Rewind::Requested);
        }
        if state.mode != last.mode || matches!(state.mode, Mode::Frozen { .. }) {
            return None;
        }
        let by = expected.since(now);
        if by < MIN_JUMP && now.since(expected) < MIN_JUMP {
            return None;
        }
        // Wakes the waits for a date, also after a jump forward.
        self.clock
            .state
            .send_modify(|state| state.system_rewind += by);
        (by >= MIN_JUMP).then_some(Rewind::System(SystemRewind { expected, by }))
    }
}

/// Reads both times at nearly the same instant.
fn read_both_times(state: &State) -> (Timestamp, MonotonicTime) {
    loop {
        let before = state.monotonic_now();
        let now = current_time(state.mode);
        let after = state.monotonic_now();
        if after.since(before) < MAX_READ_TIME {
            return (now, after);
        }
    }
}
