//! The test inbox: stores requests, so that webhooks can be inspected without a receiver. It takes the place of
//! Svix Play, which Ada's documentation recommends.
//!
//! Signatures are verified with the secrets of the endpoints that have the inbox as their address.

pub(in crate::domain) mod feature;
mod rows;
mod verify;

use serde::{Deserialize, Serialize};

pub(in crate::domain) use self::rows::erase_end_user;
pub use self::rows::{
    Inbox, InboxRequest, InboxSummary, StoredRequest, check_name, clear, get, list, set_status,
    store_request,
};

/// Settings of the test inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// True if inboxes are enabled. They accept requests from anyone, so the default is true only in profile
    /// `dev`.
    pub enabled: Option<bool>,
    /// Maximum number of inboxes. Beyond it, the least recently used one is deleted.
    pub max_inboxes: u32,
    /// Maximum number of requests of an inbox. Beyond it, the oldest one is deleted.
    pub max_requests: u32,
    /// Maximum number of bytes of a request's body that are stored.
    pub max_body_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled: None,
            max_inboxes: 100,
            max_requests: 100,
            max_body_bytes: 262_144,
        }
    }
}

impl Settings {
    /// True if inboxes are enabled in this profile.
    #[must_use]
    pub fn is_enabled(&self, development: bool) -> bool {
        self.enabled.unwrap_or(development)
    }
}

/// The result of a signature check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// True if the signature is valid; none if no endpoint has this inbox as its address.
    pub verified: Option<bool>,
    /// Explanation for people.
    pub reason: String,
}
