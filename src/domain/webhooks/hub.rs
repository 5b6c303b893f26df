//! What connects changes with a dispatcher: hints only. What is to be done stands in the database.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Notify, watch};

use super::Metrics;

/// The dispatcher's bell.
#[derive(Default)]
pub struct Hub {
    bell: Notify,
    /// How often it was rung.
    hints: AtomicU64,
    /// How often an endpoint was changed.
    version: AtomicU64,
    /// The hints that the dispatcher had seen when it last had nothing to do.
    settled: watch::Sender<u64>,
    metrics: Metrics,
}

impl Hub {
    /// Tells the dispatcher that there may be something to deliver.
    pub fn wake(&self) {
        self.hints.fetch_add(1, Ordering::SeqCst);
        self.bell.notify_one();
    }

    /// Tells the dispatcher that what it knows of endpoints is old.
    pub(super) fn endpoints_changed(&self) {
        self.version.fetch_add(1, Ordering::SeqCst);
        self.wake();
    }

    /// Tells the dispatcher that messages were erased, so that it drops what it holds of them:
    /// a change that erases messages says so after its commit.
    pub fn messages_erased(&self) {
        // What is leased anew is what is still there.
        self.endpoints_changed();
    }

    /// Waits until the dispatcher has attempted, and written down, everything that is due now. For
    /// tests and for whoever moves the clock; without a dispatcher it waits for ever.
    pub async fn settled(&self) {
        let mut settled = self.settled.subscribe();
        let hint = self.hints.fetch_add(1, Ordering::SeqCst) + 1;
        self.bell.notify_one();
        // The sender lives in `self`.
        let _ = settled.wait_for(|seen| *seen >= hint).await;
    }

    /// What is measured.
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
