//! The only HTTP client: every request that leaves the server goes through it.
//!
//! Redirects are not followed, proxy variables are ignored, time and size are capped. Which
//! addresses may be called is checked where the name is resolved for the connection, so that what
//! is checked is what is dialled.

mod address;
mod buffers;
mod client;
mod guard;
mod stream;
mod syntax;

use serde::{Deserialize, Serialize};

pub use self::{
    address::Network,
    buffers::Buffered,
    client::{Outbound, OutboundError, OutboundRequest, OutboundResponse},
    stream::OutboundStream,
    syntax::web_address,
};

/// Settings of outgoing requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Networks that may be called although they are not public, also over plain http. Profile
    /// `dev` allows private networks and this machine without a list.
    pub allow: Vec<Network>,
    /// The longest that any exchange may take, in seconds; most take a shorter limit of their own.
    pub timeout_seconds: u64,
    /// The most that is read of any answer, in bytes.
    pub max_response_bytes: usize,
    /// The most of all answers that are being read, in bytes, without the first 64 KiB of each.
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
