//! The only HTTP client: every request that leaves the server goes through it.
//!
//! Redirects are not followed, proxy variables are ignored, time and size are capped.

use std::{sync::Arc, time::Duration};

use reqwest::{
    Client, Method, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
    redirect::Policy,
};

use crate::kernel::clock::within;

/// The client. Clones share its connections.
#[derive(Clone)]
pub struct Outbound(Arc<Client>);

/// A request to somewhere else.
#[derive(Debug, Clone)]
pub struct OutboundRequest {
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// The whole address.
    pub url: String,
    /// Names and values, in this order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The longest that the whole exchange may take.
    pub timeout: Duration,
    /// The most that is read of the answer's body, in bytes; the rest is dropped.
    pub max_response: usize,
}

/// An answer from somewhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundResponse {
    /// Its status.
    pub status: u16,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body, up to the cap of the request.
    pub body: Vec<u8>,
    /// Whether there was more of it.
    pub truncated: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The address or a header cannot be.
    #[error("{0}")]
    Malformed(String),
    /// It took longer than allowed.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Connection(String),
}

impl Outbound {
    /// A client.
    ///
    /// # Panics
    /// If the TLS library cannot be set up, which is a defect of the build.
    #[must_use]
    pub fn new() -> Self {
        // Only fails if a provider was installed before, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .expect("the TLS library can be set up");
        Self(Arc::new(client))
    }

    /// Sends a request and reads the answer.
    ///
    /// # Errors
    /// [`OutboundError`]
    pub async fn send(&self, request: OutboundRequest) -> Result<OutboundResponse, OutboundError> {
        let timeout = request.timeout;
        within(timeout, self.exchange(request))
            .await
            .unwrap_or(Err(OutboundError::Timeout(timeout)))
    }

    async fn exchange(&self, request: OutboundRequest) -> Result<OutboundResponse, OutboundError> {
        let malformed = |error: &dyn std::fmt::Display| OutboundError::Malformed(error.to_string());
        let url = Url::parse(&request.url).map_err(|error| malformed(&error))?;
        let method = Method::from_bytes(request.method.as_bytes());
        let method = method.map_err(|error| malformed(&error))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let name = HeaderName::try_from(name).map_err(|error| malformed(&error))?;
            let value = HeaderValue::try_from(value).map_err(|error| malformed(&error))?;
            headers.append(name, value);
        }
        let failed = |error: reqwest::Error| OutboundError::Connection(causes(&error));
        let sent = self
            .0
            .request(method, url)
            .headers(headers)
            .body(request.body);
        let mut answer = sent.send().await.map_err(failed)?;
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), value)
            })
            .collect();
        let mut body = Vec::new();
        let mut truncated = false;
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            let room = request.max_response - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room {
                truncated = true;
                break;
            }
        }
        Ok(OutboundResponse {
            status,
            headers,
            body,
            truncated,
        })
    }
}

impl Default for Outbound {
    fn default() -> Self {
        Self::new()
    }
}

/// An error with its causes: the first alone rarely says what went wrong.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}
