//! The only HTTP client: it sends every request that leaves this server.
//!
//! It follows no redirects, ignores proxy variables, and limits time and size. The resolver of the client checks the
//! addresses of a host, so the address that is checked is the address that is dialled.

mod buffer_limit;
mod client;
mod event_stream;
mod guard;
mod network;
mod stream;
mod url_syntax;

use serde::{Deserialize, Serialize};

pub use self::{
    buffer_limit::BufferReservation,
    client::{Outbound, OutboundError, OutboundRequest, OutboundResponse},
    event_stream::{EventStream, EventStreamError},
    network::Network,
    stream::OutboundStream,
    url_syntax::parse_web_url,
};

/// Settings of outgoing requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Networks that may be called although they are not public, also over plain http. Profile
    /// `dev` allows private networks and this machine without a list.
    pub allow: Vec<Network>,
    /// Maximum time of an exchange, in seconds. Most requests set a shorter timeout.
    pub timeout_seconds: u64,
    /// Maximum number of bytes that are read of a response.
    pub max_response_bytes: usize,
    /// Maximum number of bytes of all responses that are being read, without the first 64 KiB of each.
    pub max_buffered_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            timeout_seconds: 60,
            max_response_bytes: 10 * 1024 * 1024,
            max_buffered_bytes: 256 * 1024 * 1024,
        }
    }
}
