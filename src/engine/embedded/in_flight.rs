//! Bytes of a program in flight: its open requests and their responses. The engine's own memory limit does not
//! include them, because the code does not have them yet, or no longer.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The counter of a program's bytes in flight, with its limits.
pub(super) struct InFlight {
    bytes: AtomicUsize,
    /// Maximum number of bytes: half of the program's memory, because the code needs as much again to receive them.
    max_bytes: usize,
    open_requests: Arc<Semaphore>,
}

/// A reservation of bytes in flight. Dropping it releases them.
pub(super) struct Reservation {
    in_flight: Arc<InFlight>,
    bytes: usize,
}

impl InFlight {
    /// Creates the counter for a program with this memory and this maximum number of open requests.
    pub(super) fn new(memory: usize, requests: usize) -> Arc<Self> {
        Arc::new(Self {
            bytes: AtomicUsize::new(0),
            max_bytes: memory / 2,
            open_requests: Arc::new(Semaphore::new(requests.max(1))),
        })
    }

    /// Returns the number of bytes in flight.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Reserves bytes.
    ///
    /// # Errors
    /// A text that names the limit, if there is no room.
    pub(super) fn reserve(self: &Arc<Self>, bytes: usize) -> Result<Reservation, String> {
        let mut reservation = Reservation {
            in_flight: Arc::clone(self),
            bytes: 0,
        };
        reservation.grow(bytes)?;
        Ok(reservation)
    }

    /// Waits until one more request may be open.
    pub(super) async fn acquire_permit(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed.
        Arc::clone(&self.open_requests).acquire_owned().await.ok()
    }
}

impl Reservation {
    /// Reserves more bytes.
    ///
    /// # Errors
    /// The same error as [`InFlight::reserve`].
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), String> {
        let flight = &self.in_flight;
        let fits = |now: usize| {
            now.checked_add(bytes)
                .filter(|sum| *sum <= flight.max_bytes)
        };
        let grown = flight
            .bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
        grown.map_err(|_| {
            let max_bytes = flight.max_bytes;
            format!(
                "the running requests and their responses have more than {max_bytes} bytes, half of \
                 runtime.memory_bytes"
            )
        })?;
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.in_flight
            .bytes
            .fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_held_until_they_are_dropped() {
        let flight = InFlight::new(200, 1);
        let mut reservation = flight.reserve(60).expect("there is room");
        let error = flight.reserve(41).err().expect("there is none");
        assert!(error.contains("more than 100 bytes"), "{error}");
        reservation.grow(40).expect("there is room");
        assert!(reservation.grow(1).is_err() && reservation.grow(usize::MAX).is_err());
        assert_eq!(flight.bytes(), 100);
        drop(reservation);
        assert_eq!(flight.bytes(), 0);
    }
}
