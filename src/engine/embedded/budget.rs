//! How long code may run: asked by the engine every few thousand instructions.

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::kernel::clock::Stopwatch;

/// The time of the turn that runs.
pub(super) struct Budget {
    watch: Stopwatch,
    began: Cell<Duration>,
    allowed: Cell<Duration>,
    interrupted: Cell<bool>,
    stopping: Arc<AtomicBool>,
}

impl Budget {
    /// A budget whose code also ends when `stopping` is set.
    pub(super) fn new(stopping: Arc<AtomicBool>) -> Self {
        Self {
            watch: Stopwatch::start(),
            began: Cell::default(),
            allowed: Cell::default(),
            interrupted: Cell::default(),
            stopping,
        }
    }

    /// Time since the isolate was made.
    pub(super) fn now(&self) -> Duration {
        self.watch.elapsed()
    }

    /// Begins a turn that may take this long.
    pub(super) fn begin(&self, allowed: Duration) {
        self.began.set(self.now());
        self.allowed.set(allowed);
        self.interrupted.set(false);
    }

    /// How long the turn has taken.
    pub(super) fn spent(&self) -> Duration {
        self.now().saturating_sub(self.began.get())
    }

    /// Whether the code must end now.
    pub(super) fn is_over(&self) -> bool {
        let over = self.stopping.load(Ordering::Relaxed) || self.spent() > self.allowed.get();
        if over {
            self.interrupted.set(true);
        }
        over
    }

    /// Whether the turn was ended by force.
    pub(super) fn was_interrupted(&self) -> bool {
        self.interrupted.get()
    }
}
