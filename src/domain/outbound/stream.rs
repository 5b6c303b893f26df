//! An answer that is read as it comes.

use reqwest::Response;

use super::client::{Outbound, OutboundError, OutboundRequest, failed};
use crate::kernel::clock::within;

/// An answer whose body is still on its way.
#[derive(Debug)]
pub struct OutboundStream {
    /// Its status.
    pub status: u16,
    answer: Response,
    /// How long may pass until there is more of it.
    patience: std::time::Duration,
    /// How much more is read of it, in bytes.
    left: usize,
}

impl Outbound {
    /// Sends a request; the answer's body is read by who asked. The time that the request names is
    /// the longest until the answer begins, and then until there is more of it.
    ///
    /// # Errors
    /// [`OutboundError`]
    pub async fn open(&self, request: OutboundRequest) -> Result<OutboundStream, OutboundError> {
        let patience = request.timeout;
        let max_response = request.max_response;
        let answer = within(patience, self.begin(request))
            .await
            .unwrap_or(Err(OutboundError::Timeout(patience)))?;
        Ok(OutboundStream {
            status: answer.status().as_u16(),
            answer,
            patience,
            left: max_response,
        })
    }
}

impl OutboundStream {
    /// More of the body; none at its end, or once the most is read that the request allowed.
    ///
    /// # Errors
    /// `Timeout` or `Connection`.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, OutboundError> {
        let chunk = within(self.patience, self.answer.chunk())
            .await
            .map_err(|_| OutboundError::Timeout(self.patience))?;
        let chunk = chunk.map_err(|error| failed(&error))?;
        let Some(chunk) = chunk.filter(|_| self.left > 0) else {
            return Ok(None);
        };
        let taken = chunk.len().min(self.left);
        self.left -= taken;
        Ok(Some(chunk[..taken].to_vec()))
    }
}
