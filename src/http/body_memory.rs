//! A limit on the memory that the bodies of all requests use together.
//!
//! The first [`UNCOUNTED_BYTES`] bytes of each body are not counted, so that large uploads do not block small requests. The
//! rest of a body counts until its request is answered.

use std::{
    error::Error as StdError,
    fmt, io,
    pin::Pin,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use poem::{Body, Request};

use crate::{
    domain::tenancy::admission::Admission,
    kernel::{Error, Kind},
};

/// Number of bytes of each body that are not counted.
const UNCOUNTED_BYTES: usize = 16 * 1024;

/// Retry delay for a body that did not fit.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The memory for the bodies of all requests. Clones share it.
#[derive(Debug, Clone)]
pub struct BodyMemory(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limit: usize,
    used: AtomicUsize,
}

/// The memory that the body of one request uses. Released on drop.
#[derive(Debug)]
pub struct MemoryShare {
    memory: BodyMemory,
    read: AtomicUsize,
    /// The admission of the request from before its body was read.
    admission: OnceLock<Arc<Admission>>,
}

impl BodyMemory {
    /// Creates a memory limit of this many bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(Shared {
            limit,
            used: AtomicUsize::new(0),
        }))
    }

    /// Counts the window of a body that is read piece by piece, until the share is dropped.
    ///
    /// # Errors
    /// `Unavailable` if it exceeds the limit.
    pub(super) fn reserve_window(&self, bytes: usize) -> Result<MemoryShare, Error> {
        let share = MemoryShare {
            memory: self.clone(),
            read: AtomicUsize::new(0),
            admission: OnceLock::new(),
        };
        share.count_extra(bytes)?;
        Ok(share)
    }

    /// Counts the body of a request while it is read. Returns `None` for a request without a body.
    #[must_use]
    pub fn count_body(&self, request: &mut Request) -> Option<Arc<MemoryShare>> {
        let body = request.take_body();
        if body.is_empty() {
            return None;
        }
        let share = Arc::new(MemoryShare {
            memory: self.clone(),
            read: AtomicUsize::new(0),
            admission: OnceLock::new(),
        });
        // A weak reference: the memory is released when the request is answered, even if something still holds the
        // request.
        request.set_data(Arc::downgrade(&share));
        request.set_body(BoxBody::new(CountedBody {
            inner: body.into(),
            share: share.clone(),
        }));
        Some(share)
    }
}

fn counted_bytes(read: usize) -> usize {
    read.saturating_sub(UNCOUNTED_BYTES)
}

impl MemoryShare {
    /// Counts bytes that were read. Fails if they exceed the limit.
    fn add(&self, bytes: usize) -> Result<(), MemoryLimitReached> {
        let shared = &self.memory.0;
        let before = self.read.fetch_add(bytes, Ordering::Relaxed);
        let more = counted_bytes(before + bytes) - counted_bytes(before);
        let used = shared.used.fetch_add(more, Ordering::Relaxed) + more;
        match more == 0 || used <= shared.limit {
            true => Ok(()),
            false => Err(MemoryLimitReached(shared.limit)),
        }
    }
}

impl MemoryShare {
    /// Counts bytes that were produced from the body, such as by decompression or by parsing.
    ///
    /// # Errors
    /// `TooLarge` if this body alone exceeds the limit, `Unavailable` if all bodies together do.
    pub(super) fn count_extra(&self, bytes: usize) -> Result<(), Error> {
        let limit = self.memory.0.limit;
        let added = self.add(bytes);
        if counted_bytes(self.read.load(Ordering::Relaxed)) > limit {
            let text = format!(
                "The request body takes more than {limit} bytes of memory (server.body_memory_bytes)"
            );
            return Err(Error::new(Kind::TooLarge, text));
        }
        added.map_err(MemoryLimitReached::into_error)
    }
}

impl Drop for MemoryShare {
    fn drop(&mut self) {
        let taken = counted_bytes(*self.read.get_mut());
        self.memory.0.used.fetch_sub(taken, Ordering::Relaxed);
    }
}

/// The bodies of all requests together exceed the limit, in bytes.
#[derive(Debug, Clone, Copy)]
struct MemoryLimitReached(usize);

impl fmt::Display for MemoryLimitReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = self.0;
        write!(
            f,
            "Too many large bodies arrive at once: together they may have {limit} bytes \
             (server.body_memory_bytes)"
        )
    }
}

impl StdError for MemoryLimitReached {}

impl MemoryLimitReached {
    fn into_error(self) -> Error {
        let retry_after = RETRY_AFTER;
        Error::new(Kind::Unavailable { retry_after }, self.to_string())
    }
}

/// Returns the error of a body that exceeded the memory limit, if that is the reason why it could not be read.
pub(super) fn memory_limit_error(error: &io::Error) -> Option<Error> {
    let no_room: &MemoryLimitReached = error.get_ref()?.downcast_ref()?;
    Some(no_room.into_error())
}

struct CountedBody {
    inner: BoxBody<Bytes, io::Error>,
    share: Arc<MemoryShare>,
}

impl HttpBody for CountedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        let length = match &frame {
            Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len),
            _ => 0,
        };
        Poll::Ready(match self.share.add(length) {
            Ok(()) => frame,
            Err(no_room) => Some(Err(io::Error::other(no_room))),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Records the admission of a request, if it has one. `recheck` checks it again after the body is read.
pub fn record_admission<'a>(request: &Request, admission: impl Into<Option<&'a Arc<Admission>>>) {
    if let (Some(share), Some(admission)) = (memory_share(request), admission.into()) {
        // The first admission is the extractor's, to which later ones belong.
        let _ = share.admission.set(admission.clone());
    }
}

/// Checks that a request whose body was read is still admitted.
///
/// # Errors
/// The error that a new request would get, or errors of the store.
pub(super) fn recheck_admission(request: &Request) -> Result<(), Error> {
    let share = memory_share(request);
    match share.as_ref().and_then(|share| share.admission.get()) {
        Some(admission) => admission.recheck(),
        None => Ok(()),
    }
}

/// Counts the window of a request whose body is read piece by piece, until the share is dropped.
///
/// # Errors
/// `Unavailable` if the windows and bodies of all requests exceed the memory limit.
pub fn reserve_window(request: &Request, bytes: usize) -> Result<MemoryShare, Error> {
    let state = super::request_state::body_memory(request);
    let memory = state.ok_or_else(|| Error::internal("a request has a state", "it has none"))?;
    memory.reserve_window(bytes)
}

/// Returns the memory share of a request's body.
#[must_use]
pub fn memory_share(request: &Request) -> Option<Arc<MemoryShare>> {
    request.data::<Weak<MemoryShare>>()?.upgrade()
}

/// Reads a body of at most `limit` bytes. A body with a larger announced size is rejected unread.
///
/// # Errors
/// `TooLarge`; `Unavailable` if the memory limit is reached; `Invalid` if the body ends too early.
pub async fn read_bytes(body: Body, limit: usize) -> Result<Bytes, Error> {
    let body: BoxBody<Bytes, io::Error> = body.into();
    let min_length = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if min_length > limit {
        return Err(super::errors::too_large());
    }
    let read = Body::from(body).into_bytes_limit(limit).await;
    read.map_err(|error| super::errors::body_error(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(bytes: usize) -> Request {
        Request::builder().body(vec![b'x'; bytes])
    }

    async fn read(request: &mut Request) -> Result<usize, Error> {
        let read = read_bytes(request.take_body(), usize::MAX).await;
        read.map(|bytes| bytes.len())
    }

    #[tokio::test]
    async fn small_bodies_pass_while_large_ones_wait() {
        let memory = BodyMemory::new(100_000);
        let mut large = request(UNCOUNTED_BYTES + 100_000);
        let share = memory.count_body(&mut large);
        assert_eq!(
            read(&mut large).await.expect("room"),
            UNCOUNTED_BYTES + 100_000
        );

        let mut second = request(UNCOUNTED_BYTES + 1);
        let _share = memory.count_body(&mut second);
        let error = read(&mut second).await.expect_err("no room");
        assert!(matches!(error.kind(), Kind::Unavailable { .. }));
        assert!(
            error
                .message()
                .contains("100000 bytes (server.body_memory_bytes)")
        );

        let mut small = request(UNCOUNTED_BYTES);
        let _share = memory.count_body(&mut small);
        assert_eq!(read(&mut small).await.expect("room"), UNCOUNTED_BYTES);

        drop(share);
        drop(_share);
        let mut third = request(UNCOUNTED_BYTES + 99_999);
        let _share = memory.count_body(&mut third);
        assert_eq!(
            read(&mut third).await.expect("room"),
            UNCOUNTED_BYTES + 99_999
        );
    }

    #[tokio::test]
    async fn a_body_that_announces_too_much_is_not_read() {
        let error = read_bytes(Body::from("four"), 3)
            .await
            .expect_err("a refusal");
        assert_eq!(error.kind(), Kind::TooLarge);
    }
}
