//! Responses whose body is read in chunks as it arrives.

use reqwest::Response;

use super::client::{Outbound, OutboundError, OutboundRequest, collect_headers, to_outbound_error};
use crate::kernel::clock::with_timeout;

/// A response whose body is still arriving.
#[derive(Debug)]
pub struct OutboundStream {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    response: Response,
    /// Maximum time until the next chunk arrives.
    chunk_timeout: std::time::Duration,
    /// Number of bytes that may still be read.
    remaining_bytes: usize,
}

impl Outbound {
    /// Sends a request and returns the response without its body, which the caller reads. The timeout of the request
    /// limits the wait for the head of the response, and then the wait for each chunk.
    ///
    /// # Errors
    /// Any [`OutboundError`] except `Full`.
    pub async fn open_stream(
        &self,
        request: OutboundRequest,
    ) -> Result<OutboundStream, OutboundError> {
        let (timeout, max_response) = (request.timeout, request.max_response);
        let answer = with_timeout(timeout, self.start_exchange(request))
            .await
            .unwrap_or(Err(OutboundError::Timeout(timeout)))?;
        Ok(OutboundStream::new(answer, timeout, max_response))
    }

    /// Sends a request of a program that this server runs, like [`Self::open_stream`]. It may also call this server's own
    /// API.
    ///
    /// # Errors
    /// Any [`OutboundError`] except `Full`.
    pub(crate) async fn open_program_stream(
        &self,
        request: OutboundRequest,
    ) -> Result<OutboundStream, OutboundError> {
        let (timeout, max_response) = (request.timeout, request.max_response);
        let answer = with_timeout(timeout, self.start_program_exchange(request))
            .await
            .unwrap_or(Err(OutboundError::Timeout(timeout)))?;
        Ok(OutboundStream::new(answer, timeout, max_response))
    }
}

impl OutboundStream {
    fn new(answer: Response, timeout: std::time::Duration, max_bytes: usize) -> Self {
        Self {
            status: answer.status().as_u16(),
            headers: collect_headers(&answer),
            response: answer,
            chunk_timeout: timeout,
            remaining_bytes: max_bytes,
        }
    }

    /// Returns the next chunk of the body, or `None` at its end or after the maximum size of the request.
    ///
    /// # Errors
    /// `Timeout` if the next chunk does not arrive in time, `Connection` if the connection fails.
    pub async fn next_chunk(&mut self) -> Result<Option<Vec<u8>>, OutboundError> {
        let chunk = with_timeout(self.chunk_timeout, self.response.chunk())
            .await
            .map_err(|_| OutboundError::Timeout(self.chunk_timeout))?;
        let chunk = chunk.map_err(|error| to_outbound_error(&error))?;
        let Some(chunk) = chunk.filter(|_| self.remaining_bytes > 0) else {
            return Ok(None);
        };
        let taken = chunk.len().min(self.remaining_bytes);
        self.remaining_bytes -= taken;
        Ok(Some(chunk[..taken].to_vec()))
    }
}
