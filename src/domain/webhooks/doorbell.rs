//! Wakes the dispatcher after changes and reports when it is idle. Signals are only hints: the work itself is in
//! the database.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Notify, watch};

use super::Metrics;

/// Signals between a dispatcher and the code that wakes it.
#[derive(Default)]
pub struct Doorbell {
    notify: Notify,
    /// Number of wake-ups so far.
    wake_count: AtomicU64,
    /// Version of the endpoints: number of changes so far.
    endpoints_version: AtomicU64,
    /// Number of wake-ups that the dispatcher had seen when it was last idle.
    idle_wake_count: watch::Sender<u64>,
    metrics: Metrics,
}

impl Doorbell {
    /// Wakes the dispatcher: there may be something to deliver.
    pub fn wake(&self) {
        self.wake_count.fetch_add(1, Ordering::SeqCst);
        self.notify.notify_one();
    }

    /// Invalidates the endpoint data that the dispatcher caches, and wakes it.
    pub(super) fn invalidate_endpoints(&self) {
        self.endpoints_version.fetch_add(1, Ordering::SeqCst);
        self.wake();
    }

    /// Makes the dispatcher drop its leased deliveries, after the commit of a change that erased messages.
    pub fn invalidate_leases(&self) {
        // Released deliveries are leased again only if their messages still exist.
        self.invalidate_endpoints();
    }

    /// Waits until the dispatcher has attempted and recorded everything that is due now. For tests and for code
    /// that moves the clock. Without a running dispatcher it never returns.
    pub async fn wait_idle(&self) {
        let mut settled = self.idle_wake_count.subscribe();
        let hint = self.wake_count.fetch_add(1, Ordering::SeqCst) + 1;
        self.notify.notify_one();
        // The sender lives as long as `self`.
        let _ = settled.wait_for(|seen| *seen >= hint).await;
    }

    /// Returns the metrics of webhooks.
    #[must_use]
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub(super) async fn notified(&self) {
        self.notify.notified().await;
    }

    pub(super) fn wake_count(&self) -> u64 {
        self.wake_count.load(Ordering::SeqCst)
    }

    pub(super) fn endpoints_version(&self) -> u64 {
        self.endpoints_version.load(Ordering::SeqCst)
    }

    pub(super) fn report_idle(&self, seen: u64) {
        self.idle_wake_count.send_if_modified(|known| {
            let new = *known != seen;
            *known = seen;
            new
        });
    }
}
