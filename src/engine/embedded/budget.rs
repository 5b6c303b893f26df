//! The time budget of running code. The engine checks it every few thousand instructions.

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::kernel::clock::Stopwatch;

/// The time budget of the current turn.
pub(super) struct Budget {
    stopwatch: Stopwatch,
    began: Cell<Duration>,
    allowed: Cell<Duration>,
    interrupted: Cell<bool>,
    stopping: Arc<AtomicBool>,
}

impl Budget {
    /// Creates a budget that is also exhausted when `stopping` is set.
    pub(super) fn new(stopping: Arc<AtomicBool>) -> Self {
        Self {
            stopwatch: Stopwatch::start(),
            began: Cell::default(),
            allowed: Cell::default(),
            interrupted: Cell::default(),
            stopping,
        }
    }

    /// Returns the time since the isolate was created.
    pub(super) fn now(&self) -> Duration {
        self.stopwatch.elapsed()
    }

    /// Starts a turn with this budget.
    pub(super) fn begin(&self, allowed: Duration) {
        self.began.set(self.now());
        self.allowed.set(allowed);
        self.interrupted.set(false);
    }

    /// Returns the time that the turn has taken.
    pub(super) fn spent(&self) -> Duration {
        self.now().saturating_sub(self.began.get())
    }

    /// True if the code must end now.
    pub(super) fn is_over(&self) -> bool {
        let is_over = self.stopping.load(Ordering::Relaxed) || self.spent() > self.allowed.get();
        if is_over {
            self.interrupted.set(true);
        }
        is_over
    }

    /// True if the turn was interrupted.
    pub(super) fn was_interrupted(&self) -> bool {
        self.interrupted.get()
    }
}
