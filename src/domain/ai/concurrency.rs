//! A limit on the concurrent requests to the model server.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::kernel::{Error, Kind, Result};

/// Time after which a client may try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The slots for requests to the model server.
pub(super) struct ModelSlots(Arc<Semaphore>);

/// A slot; dropping it releases it.
pub(super) type ModelSlot = OwnedSemaphorePermit;

impl ModelSlots {
    pub(super) fn new(limit: usize) -> Self {
        Self(Arc::new(Semaphore::new(limit)))
    }

    /// Takes a slot.
    ///
    /// # Errors
    /// `RateLimited` if all are taken.
    pub(super) fn take(&self) -> Result<ModelSlot> {
        let slot = self.0.clone().try_acquire_owned();
        slot.map_err(|_| {
            let kind = Kind::RateLimited {
                retry_after: RETRY_AFTER,
            };
            Error::new(kind, "The model server is busy (ai.concurrency)")
        })
    }
}
