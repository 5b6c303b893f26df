//! An answer that is read as it comes.

use reqwest::Response;

use super::client::{Outbound, OutboundError, OutboundRequest, failed, headers};
use crate::kernel::clock::within;

/// An answer whose body is still on its way.
#[derive(Debug)]
pub struct OutboundStream {
    /// Its status.
    pub status: u16,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
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
        let (patience, max_response) = (request.timeout, request.max_response);
        let answer = within(patience, self.begin(request))
            .await
            .unwrap_or(Err(OutboundError::Timeout(patience)))?;
        Ok(OutboundStream::of(answer, patience, max_response))
    }

    /// Sends a request of a program that this server runs, as [`Self::open`] does.
    ///
    /// # Errors
    /// [`OutboundError`]
    pub(crate) async fn open_of_program(
        &self,
        request: OutboundRequest,
    ) -> Result<OutboundStream, OutboundError> {
        let (patience, max_response) = (request.timeout, request.max_response);
        let answer = within(patience, self.begin_of_program(request))
            .await
            .unwrap_or(Err(OutboundError::Timeout(patience)))?;
        Ok(OutboundStream::of(answer, patience, max_response))
    }
}

impl OutboundStream {
    fn of(answer: Response, patience: std::time::Duration, left: usize) -> Self {
        Self {
            status: answer.status().as_u16(),
            headers: headers(&answer),
            answer,
            patience,
            left,
        }
    }

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
