//! The health of writes, taken from the last write.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::kernel::clock::Stopwatch;

/// The health of writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// The last write that changed something was committed.
    Ok,
    /// The last write failed for a reason that affects all writes. Reads may still work.
    WritesFailing {
        /// Real time since the first failure.
        failing_for: Duration,
        /// The reason, for an operator.
        message: &'static str,
    },
}

/// The shared state of [`Health`].
#[derive(Debug, Default)]
pub(super) struct HealthState(Mutex<Option<Failure>>);

#[derive(Debug, Clone, Copy)]
struct Failure {
    since: Stopwatch,
    message: &'static str,
}

impl HealthState {
    pub(super) fn get(&self) -> Health {
        self.lock()
            .map_or(Health::Ok, |failing| Health::WritesFailing {
                failing_for: failing.since.elapsed(),
                message: failing.message,
            })
    }

    pub(super) fn record_failure(&self, message: &'static str) {
        let mut state = self.lock();
        match &mut *state {
            Some(failing) => failing.message = message,
            None => {
                tracing::error!(reason = message, "writing fails");
                *state = Some(Failure {
                    since: Stopwatch::start(),
                    message,
                });
            }
        }
    }

    pub(super) fn record_success(&self) {
        if self.lock().take().is_some() {
            tracing::info!("writing works again");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Failure>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
