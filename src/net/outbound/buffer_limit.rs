//! A limit on the memory of all response bodies that are being read, so that slow servers cannot make this process
//! buffer more and more of them.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::OutboundError;

/// Bytes of each response that do not count. Most responses are shorter, so they are read even when the limit is
/// reached.
const FREE_BYTES: usize = 64 * 1024;

/// The counted bytes of all responses, with their limit.
#[derive(Debug)]
pub(super) struct BufferLimit {
    bytes: AtomicUsize,
    max_bytes: usize,
}

/// The bytes of one response. Dropping it releases them.
#[derive(Debug)]
pub struct BufferReservation {
    limit: Arc<BufferLimit>,
    read: usize,
}

impl BufferLimit {
    pub(super) fn new(max_bytes: usize) -> Arc<Self> {
        Arc::new(Self {
            bytes: AtomicUsize::new(0),
            max_bytes,
        })
    }

    /// Starts counting a response.
    pub(super) fn reserve(self: &Arc<Self>) -> BufferReservation {
        BufferReservation {
            limit: Arc::clone(self),
            read: 0,
        }
    }
}

impl BufferReservation {
    /// Counts more bytes of the response.
    ///
    /// # Errors
    /// `Full` if the bytes of all responses exceed the limit.
    pub fn grow(&mut self, bytes: usize) -> Result<(), OutboundError> {
        let read = self.read.saturating_add(bytes);
        let more = read.saturating_sub(FREE_BYTES) - self.read.saturating_sub(FREE_BYTES);
        let max_bytes = self.limit.max_bytes;
        let fits = |now: usize| now.checked_add(more).filter(|sum| *sum <= max_bytes);
        let counter = &self.limit.bytes;
        if more > 0 {
            let counted = counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
            counted.map_err(|_| OutboundError::Full(max_bytes))?;
        }
        self.read = read;
        Ok(())
    }
}

impl Drop for BufferReservation {
    fn drop(&mut self) {
        let counted = self.read.saturating_sub(FREE_BYTES);
        self.limit.bytes.fetch_sub(counted, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_answers_share_what_there_is_and_short_ones_are_always_read() {
        let buffers = BufferLimit::new(100);
        let (mut one, mut other) = (buffers.reserve(), buffers.reserve());
        one.grow(FREE_BYTES + 60).expect("there is room");
        other.grow(FREE_BYTES + 40).expect("there is room");
        assert!(matches!(one.grow(1), Err(OutboundError::Full(100))));
        buffers.reserve().grow(FREE_BYTES).expect("a short one");
        drop(other);
        one.grow(40).expect("there is room again");
        drop(one);
        assert_eq!(buffers.bytes.load(Ordering::Relaxed), 0);
    }
}
