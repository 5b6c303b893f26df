//! The connection of one tunnel client, with the requests that wait for its responses.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use super::{
    TunnelError, Tunnels,
    wire::{self, ClientMessage, Request, Response},
};
use crate::kernel::clock::{Stopwatch, with_timeout};

/// The code and the reason of the close frame with which the server ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloseReason {
    /// WebSocket close code.
    pub code: u16,
    /// Reason text.
    pub reason: &'static str,
}

impl CloseReason {
    /// The id is not a valid tunnel id.
    pub const INVALID_ID: Self = Self::new(4000, "invalid url");
    /// Too many newer clients have opened the tunnel.
    pub const CONFLICT: Self = Self::new(4001, "too many clients have opened this tunnel");
    /// The client sent a message that is not part of the protocol.
    pub const INVALID_RESPONSE: Self = Self::new(4002, "invalid response payload");
    /// The client is gone, or does not read its messages.
    pub const UNRESPONSIVE: Self = Self::new(4005, "the client does not answer");
    /// A message of the client is larger than allowed.
    pub const TOO_LARGE: Self = Self::new(1009, "the message is larger than tunnel.message_bytes");
    /// The server is stopping.
    pub const STOPPING: Self = Self::new(1001, "the server stops");

    const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason }
    }
}

/// An item to send to a client.
#[derive(Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// A text frame.
    Frame(String),
    /// A ping, to check that the client is still there.
    Ping,
    /// The close frame, which ends the connection.
    Close(CloseReason),
}

/// One connected client.
#[derive(Debug)]
pub(super) struct TunnelConnection {
    frames: mpsc::Sender<String>,
    pending: Mutex<HashMap<String, oneshot::Sender<Response>>>,
    close_reason: watch::Sender<Option<CloseReason>>,
    max_requests: usize,
}

impl TunnelConnection {
    pub(super) fn new(max_requests: usize) -> (Arc<Self>, mpsc::Receiver<String>) {
        let max_requests = max_requests.max(1);
        let (frames, frame_receiver) = mpsc::channel(max_requests);
        let line = Self {
            frames,
            pending: Mutex::default(),
            close_reason: watch::Sender::new(None),
            max_requests,
        };
        (Arc::new(line), frame_receiver)
    }

    fn lock_pending(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<Response>>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the connection. Only the first reason counts.
    pub(super) fn close(&self, close: CloseReason) {
        self.close_reason.send_if_modified(|end| {
            let first = end.is_none();
            end.get_or_insert(close);
            first
        });
    }

    /// Checks that one more request may wait.
    pub(super) fn check_capacity(&self) -> Result<(), TunnelError> {
        match self.lock_pending().len() < self.max_requests {
            true => Ok(()),
            false => Err(TunnelError::Busy),
        }
    }

    /// Sends a request and waits for its response.
    pub(super) async fn send_request(&self, request: &Request) -> Result<Response, TunnelError> {
        let id = Uuid::new_v4().to_string();
        let (response_sender, response) = oneshot::channel();
        {
            let mut waiting = self.lock_pending();
            if waiting.len() >= self.max_requests {
                return Err(TunnelError::Busy);
            }
            waiting.insert(id.clone(), response_sender);
        }
        // Dropping it removes the request, also if the caller stops waiting.
        let pending = PendingRequest {
            connection: self,
            id,
        };
        let frame = request.to_frame(&pending.id);
        self.frames.try_send(frame).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => TunnelError::Busy,
            mpsc::error::TrySendError::Closed(_) => TunnelError::Lost,
        })?;
        response.await.map_err(|_| TunnelError::Lost)
    }
}

/// A pending request. Dropping it removes the request from its connection.
struct PendingRequest<'a> {
    connection: &'a TunnelConnection,
    id: String,
}

impl Drop for PendingRequest<'_> {
    fn drop(&mut self) {
        self.connection.lock_pending().remove(&self.id);
    }
}

/// The server's side of a client's connection. Dropping it disconnects the client.
#[derive(Debug)]
pub struct Session {
    tunnels: Tunnels,
    id: String,
    connection: Arc<TunnelConnection>,
    frames: mpsc::Receiver<String>,
    close_reason: watch::Receiver<Option<CloseReason>>,
    since_ping: Stopwatch,
}

/// Receives the messages of a session's client.
#[derive(Debug, Clone)]
pub struct MessageReceiver(Arc<TunnelConnection>);

impl Session {
    pub(super) fn new(
        tunnels: Tunnels,
        id: String,
        line: Arc<TunnelConnection>,
        frames: mpsc::Receiver<String>,
    ) -> Self {
        Self {
            tunnels,
            id,
            close_reason: line.close_reason.subscribe(),
            connection: line,
            frames,
            since_ping: Stopwatch::start(),
        }
    }

    /// Returns the receiver of the client's messages.
    #[must_use]
    pub fn receiver(&self) -> MessageReceiver {
        MessageReceiver(self.connection.clone())
    }

    /// Waits for the next item to send.
    pub async fn next_outgoing(&mut self) -> Outgoing {
        let every = self.tunnels.settings().ping_interval();
        let left = every.saturating_sub(self.since_ping.elapsed());
        let next = with_timeout(left, async {
            tokio::select! {
                biased;
                Ok(end) = self.close_reason.wait_for(Option::is_some) => {
                    Outgoing::Close(end.unwrap_or(CloseReason::STOPPING))
                }
                Some(frame) = self.frames.recv() => Outgoing::Frame(frame),
                // Both channels live as long as the session.
                else => Outgoing::Close(CloseReason::STOPPING),
            }
        });
        let next = next.await.unwrap_or(Outgoing::Ping);
        if next == Outgoing::Ping {
            self.since_ping = Stopwatch::start();
        }
        next
    }
}

#[cfg(test)]
impl Session {
    pub(super) fn has_no_pending(&self) -> bool {
        self.connection.lock_pending().is_empty()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.tunnels.disconnect(&self.id, &self.connection);
        // No more requests are taken, and the pending ones fail as `Lost`.
        self.frames.close();
        self.connection.lock_pending().clear();
    }
}

impl MessageReceiver {
    /// Processes a text frame of the client.
    ///
    /// # Errors
    /// The [`CloseReason`] to send if the frame is not part of the protocol.
    pub fn receive(&self, frame: &str) -> Result<(), CloseReason> {
        let message = wire::parse_message(frame).ok_or(CloseReason::INVALID_RESPONSE)?;
        if let ClientMessage::Response(id, response) = message
            && let Some(response_sender) = self.0.lock_pending().remove(&id)
        {
            // Fails only if the caller no longer waits.
            let _ = response_sender.send(response);
        }
        Ok(())
    }
}
