//! Looking after the system's clock: others set it, and nobody tells.

use std::time::Duration;

use tokio::sync::watch::Receiver;

use super::{Clock, Mode, Moment, State, for_a_while, shown};
use crate::kernel::Timestamp;

/// How often the two times are compared.
const EVERY: Duration = Duration::from_secs(1);
/// How far they must be apart to be a jump: what slows or hastens the system's clock to bring it to the right
/// time does not come to that.
const JUMP: Duration = Duration::from_secs(1);
/// How long it may take to read both.
const AT_ONCE: Duration = Duration::from_millis(50);

/// How a clock went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It was told to.
    Told,
    /// The system's clock was set back.
    System(Back),
}

/// How the system's clock went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Back {
    /// The time that it would show now.
    pub was: Timestamp,
    /// How far it went.
    pub by: Duration,
}

/// Looks after a clock. One for each is enough: it also wakes those who wait for a date when the system's
/// clock has jumped.
pub struct Watch {
    clock: Clock,
    state: Receiver<State>,
    last: State,
    now: Timestamp,
    steady: Moment,
}

impl Watch {
    pub(super) fn new(clock: &Clock) -> Self {
        let state = clock.state.subscribe();
        let last = *state.borrow();
        let (now, steady) = both(&last);
        Self {
            clock: clock.clone(),
            state,
            last,
            now,
            steady,
        }
    }

    /// Waits until the clock has gone back since this was made or last returned.
    pub async fn next(&mut self) -> Turn {
        loop {
            if let Some(turn) = self.look() {
                return turn;
            }
            for_a_while(&mut self.state, self.last.mode, EVERY).await;
        }
    }

    fn look(&mut self) -> Option<Turn> {
        let state = *self.state.borrow_and_update();
        let (now, steady) = both(&state);
        let last = std::mem::replace(&mut self.last, state);
        let expected = self.now.plus(steady.since(self.steady));
        (self.now, self.steady) = (now, steady);
        if state.rewinds != last.rewinds {
            return Some(Turn::Told);
        }
        if state.mode != last.mode || matches!(state.mode, Mode::Frozen { .. }) {
            return None;
        }
        let by = expected.since(now);
        if by < JUMP && now.since(expected) < JUMP {
            return None;
        }
        // Those who wait for a date look again, also if the clock went forward.
        self.clock.state.send_modify(|state| state.back += by);
        (by >= JUMP).then_some(Turn::System(Back { was: expected, by }))
    }
}

/// Both times at once.
fn both(state: &State) -> (Timestamp, Moment) {
    loop {
        let before = state.steady();
        let now = shown(state.mode);
        let after = state.steady();
        if after.since(before) < AT_ONCE {
            return (now, after);
        }
    }
}
