//! A line: one connected client of a tunnel, with the requests that wait for its answers.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use super::{
    Failure, Tunnels,
    wire::{self, Request, Response, Said},
};
use crate::kernel::clock::{Stopwatch, within};

/// Why a server ends a connection: the code and the reason of the close frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Close {
    /// The code.
    pub code: u16,
    /// The reason.
    pub reason: &'static str,
}

impl Close {
    /// The id cannot be that of a tunnel.
    pub const INVALID_ID: Self = Self::new(4000, "invalid url");
    /// Others have opened the tunnel.
    pub const CONFLICT: Self = Self::new(4001, "too many clients have opened this tunnel");
    /// What the client says is not of the protocol.
    pub const INVALID_RESPONSE: Self = Self::new(4002, "invalid response payload");
    /// The client is not there any more, or does not take what it is sent.
    pub const SILENT: Self = Self::new(4005, "the client does not answer");
    /// A message of the client is larger than allowed.
    pub const TOO_LARGE: Self = Self::new(1009, "the message is larger than tunnel.message_bytes");
    /// The server stops.
    pub const STOPPING: Self = Self::new(1001, "the server stops");

    const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason }
    }
}

/// What is to be sent to a client.
#[derive(Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// A text frame.
    Frame(String),
    /// A ping: whether it is still there.
    Ping,
    /// The end.
    Close(Close),
}

/// One connected client.
#[derive(Debug)]
pub(super) struct Line {
    frames: mpsc::Sender<String>,
    waiting: Mutex<HashMap<String, oneshot::Sender<Response>>>,
    end: watch::Sender<Option<Close>>,
    max_requests: usize,
}

impl Line {
    pub(super) fn new(max_requests: usize) -> (Arc<Self>, mpsc::Receiver<String>) {
        let max_requests = max_requests.max(1);
        let (frames, taken) = mpsc::channel(max_requests);
        let line = Self {
            frames,
            waiting: Mutex::default(),
            end: watch::Sender::new(None),
            max_requests,
        };
        (Arc::new(line), taken)
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<Response>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the connection.
    pub(super) fn close(&self, close: Close) {
        self.end.send_if_modified(|end| {
            let first = end.is_none();
            end.get_or_insert(close);
            first
        });
    }

    /// Asserts that one request more may wait.
    pub(super) fn check_room(&self) -> Result<(), Failure> {
        match self.waiting().len() < self.max_requests {
            true => Ok(()),
            false => Err(Failure::Busy),
        }
    }

    /// Sends a request and waits for its answer.
    pub(super) async fn ask(&self, request: &Request) -> Result<Response, Failure> {
        let id = Uuid::new_v4().to_string();
        let (answer, answered) = oneshot::channel();
        {
            let mut waiting = self.waiting();
            if waiting.len() >= self.max_requests {
                return Err(Failure::Busy);
            }
            waiting.insert(id.clone(), answer);
        }
        // Whoever asked may give up, which drops this.
        let waits = Waits { line: self, id };
        let frame = request.frame(&waits.id);
        self.frames.try_send(frame).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Failure::Busy,
            mpsc::error::TrySendError::Closed(_) => Failure::Lost,
        })?;
        answered.await.map_err(|_| Failure::Lost)
    }
}

/// A request that waits, until this is dropped.
struct Waits<'a> {
    line: &'a Line,
    id: String,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.line.waiting().remove(&self.id);
    }
}

/// The connection of a client, from the server's side. To drop it is to disconnect.
#[derive(Debug)]
pub struct Session {
    tunnels: Tunnels,
    id: String,
    line: Arc<Line>,
    frames: mpsc::Receiver<String>,
    end: watch::Receiver<Option<Close>>,
    since_ping: Stopwatch,
}

/// The ear for what the client of a session says.
#[derive(Debug, Clone)]
pub struct Ear(Arc<Line>);

impl Session {
    pub(super) fn new(
        tunnels: Tunnels,
        id: String,
        line: Arc<Line>,
        frames: mpsc::Receiver<String>,
    ) -> Self {
        Self {
            tunnels,
            id,
            end: line.end.subscribe(),
            line,
            frames,
            since_ping: Stopwatch::start(),
        }
    }

    /// What listens to the client.
    #[must_use]
    pub fn ear(&self) -> Ear {
        Ear(self.line.clone())
    }

    /// What is to be sent next.
    pub async fn next(&mut self) -> Outgoing {
        let every = self.tunnels.settings().ping_every();
        let left = every.saturating_sub(self.since_ping.elapsed());
        let next = within(left, async {
            tokio::select! {
                biased;
                Ok(end) = self.end.wait_for(Option::is_some) => {
                    Outgoing::Close(end.unwrap_or(Close::STOPPING))
                }
                Some(frame) = self.frames.recv() => Outgoing::Frame(frame),
                // Neither ends before the session does.
                else => Outgoing::Close(Close::STOPPING),
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
    pub(super) fn line_is_idle(&self) -> bool {
        self.line.waiting().is_empty()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.tunnels.leave(&self.id, &self.line);
        // Nothing more is taken, and who waits for an answer waits in vain.
        self.frames.close();
        self.line.waiting().clear();
    }
}

impl Ear {
    /// Takes a text frame.
    ///
    /// # Errors
    /// How the connection is to end if the frame is not of the protocol.
    pub fn take(&self, frame: &str) -> Result<(), Close> {
        let said = wire::read(frame).ok_or(Close::INVALID_RESPONSE)?;
        if let Said::Response(id, response) = said
            && let Some(answer) = self.0.waiting().remove(&id)
        {
            // Whoever waited has given up.
            let _ = answer.send(response);
        }
        Ok(())
    }
}
