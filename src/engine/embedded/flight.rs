//! Bytes of a program that are on their way: its open requests and their answers. The code
//! does not have them yet, or no more, so the engine's own limit does not see them.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The bytes of a program that are on their way.
pub(super) struct Flight {
    bytes: AtomicUsize,
    /// Half of the program's memory: the code needs as much to take them.
    most: usize,
    open: Arc<Semaphore>,
}

/// Bytes that are on their way. They are so no more when this is dropped.
pub(super) struct Held {
    flight: Arc<Flight>,
    bytes: usize,
}

impl Flight {
    /// That of a program with so much memory, and so many open requests at the same time.
    pub(super) fn new(memory: usize, requests: usize) -> Arc<Self> {
        Arc::new(Self {
            bytes: AtomicUsize::new(0),
            most: memory / 2,
            open: Arc::new(Semaphore::new(requests.max(1))),
        })
    }

    /// How many there are.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Holds bytes.
    ///
    /// # Errors
    /// A text that names the limit.
    pub(super) fn hold(self: &Arc<Self>, bytes: usize) -> Result<Held, String> {
        let mut held = Held {
            flight: Arc::clone(self),
            bytes: 0,
        };
        held.grow(bytes)?;
        Ok(held)
    }

    /// Waits until one more request may be open.
    pub(super) async fn open(&self) -> Option<OwnedSemaphorePermit> {
        // It is never closed.
        Arc::clone(&self.open).acquire_owned().await.ok()
    }
}

impl Held {
    /// Holds so many bytes more.
    ///
    /// # Errors
    /// As [`Flight::hold`].
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), String> {
        let flight = &self.flight;
        let fits = |now: usize| now.checked_add(bytes).filter(|sum| *sum <= flight.most);
        let grown = flight
            .bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
        grown.map_err(|_| {
            let most = flight.most;
            format!(
                "the requests and answers on their way have more than {most} bytes, half of \
                 runtime.memory_bytes"
            )
        })?;
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.flight.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_held_until_they_are_dropped() {
        let flight = Flight::new(200, 1);
        let mut held = flight.hold(60).expect("there is room");
        let error = flight.hold(41).err().expect("there is none");
        assert!(error.contains("more than 100 bytes"), "{error}");
        held.grow(40).expect("there is room");
        assert!(held.grow(1).is_err() && held.grow(usize::MAX).is_err());
        assert_eq!(flight.bytes(), 100);
        drop(held);
        assert_eq!(flight.bytes(), 0);
    }
}
