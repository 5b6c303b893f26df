//! The TCP stream of a connection. It records activity, and closes so that the client can still read the last answer.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_util::{FutureExt, future::BoxFuture};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::connection::Connection;
use crate::kernel::clock::sleep_real_time;

/// Number of bytes that are discarded at once.
const CHUNK: usize = 16 * 1024;

/// Maximum number of bytes that are read from a connection before other tasks run. A client on this machine sends
/// faster than a body is read and would otherwise occupy a server thread.
const TURN_BYTES: usize = 128 * 1024;

/// Limits for draining a rejected request. A client that is still sending when the connection closes may lose the
/// answer (RFC 9112 §9.6).
#[derive(Debug, Clone, Copy)]
pub(super) struct Drain {
    pub(super) bytes: usize,
    pub(super) time: Duration,
}

/// The stream of a connection.
pub(super) struct Stream {
    inner: TcpStream,
    connection: Arc<Connection>,
    drain: Drain,
    /// Timer of the drain after the server has closed its half, if the client may still be sending.
    drain_timer: Option<BoxFuture<'static, ()>>,
    /// Number of bytes read in this turn.
    turn_bytes: usize,
}

impl Stream {
    pub(super) fn new(inner: TcpStream, connection: Arc<Connection>, drain: Drain) -> Self {
        Self {
            inner,
            connection,
            drain,
            drain_timer: None,
            turn_bytes: 0,
        }
    }

    /// Reads, unless this connection has used up its turn.
    fn poll_turn(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        if self.turn_bytes >= TURN_BYTES {
            self.turn_bytes = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let Poll::Ready(read) = Pin::new(&mut self.inner).poll_read(context, buffer) else {
            self.turn_bytes = 0;
            return Poll::Pending;
        };
        let bytes = buffer.filled().len() - before;
        self.turn_bytes += bytes;
        Poll::Ready(read.map(|()| bytes))
    }

    /// Reads and discards until the client ends or a limit is reached.
    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = &mut self.drain_timer else {
            return Poll::Ready(());
        };
        if deadline.poll_unpin(context).is_ready() {
            return Poll::Ready(());
        }
        let mut chunk = [0; CHUNK];
        loop {
            let mut read = ReadBuf::new(&mut chunk);
            let bytes = ready!(self.poll_turn(context, &mut read)).unwrap_or(0);
            if bytes == 0 || self.connection.count_discarded(bytes) > self.drain.bytes {
                return Poll::Ready(());
            }
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.connection.registry.remove(&self.connection);
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = ready!(self.poll_turn(context, buffer));
        if matches!(read, Ok(bytes) if bytes > 0) {
            self.connection.record_read();
        }
        Poll::Ready(read.map(drop))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.connection.record_write(written.is_pending());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.connection.record_write(written.is_pending());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.drain_timer.is_none() {
            ready!(Pin::new(&mut self.inner).poll_shutdown(context))?;
            if !self.connection.may_be_sending() {
                return Poll::Ready(Ok(()));
            }
            self.connection.set_draining(true);
            self.drain_timer = Some(sleep_real_time(self.drain.time).boxed());
        }
        self.poll_drain(context).map(Ok)
    }
}
