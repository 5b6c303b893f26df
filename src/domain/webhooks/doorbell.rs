//! Wakes the dispatcher after changes and reports when it is idle. Signals are only hints: the work itself is in
//! the database.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Notify, watch};

use super::Metrics;

/// Signals between a dispatcher and the code that wakes it.
#[derive(Default)]
pub struct Doorbell {
    bell: Notify,
    /// Number of wake-ups so far.
    hints: AtomicU64,
    /// Version of the endpoints: number of changes so far.
    version: AtomicU64,
    /// Number of wake-ups that the dispatcher had seen when it was last idle.
    settled: watch::Sender<u64>,
    metrics: Metrics,
}

impl Doorbell {
    /// Wakes the dispatcher: there may be something to deliver.
    pub fn wake(&self) {
        self.hints.fetch_add(1, Ordering::SeqCst);
        self.bell.notify_one();
    }

    /// Invalidates the endpoint data that the dispatcher caches, and wakes it.
    pub(super) fn endpoints_changed(&self) {
        self.version.fetch_add(1, Ordering::SeqCst);
        self.wake();
    }

    /// Makes the dispatcher drop its leased deliveries, after the commit of a change that erased messages.
    pub fn messages_erased(&self) {
        // Released deliveries are leased again only if their messages still exist.
        self.endpoints_changed();
    }

    /// Waits until the dispatcher has attempted and recorded everything that is due now. For tests and for code
    /// that moves the clock. Without a running dispatcher it never returns.
    pub async fn settled(&self) {
        let mut settled = self.settled.subscribe();
        let hint = self.hints.fetch_add(1, Ordering::SeqCst) + 1;
        self.bell.notify_one();
        // The sender lives as long as `self`.
        let _ = settled.wait_for(|seen| *seen >= hint).await;
    }

    /// Returns the metrics of webhooks.
    #[must_use]
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub(in crate::domain) async fn rung(&self) {
        self.bell.notified().await;
    }

    pub(in crate::domain) fn hints(&self) -> u64 {
        self.hints.load(Ordering::SeqCst)
    }

    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::SeqCst)
    }

    pub(in crate::domain) fn settle(&self, seen: u64) {
        self.settled.send_if_modified(|known| {
            let new = *known != seen;
            *known = seen;
            new
        });
    }
}
