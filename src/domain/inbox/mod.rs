//! The test inbox: it stores what it is sent, so that webhooks can be looked at without a receiver
//! of one's own. Where Ada's page points to Svix Play.
//!
//! What is sent is checked with the secrets of the endpoints whose address is this inbox.

mod check;
pub(in crate::domain) mod feature;
mod rows;

use serde::{Deserialize, Serialize};

pub(in crate::domain) use self::rows::erase_end_user;
pub use self::rows::{
    Inbox, Incoming, Received, Summary, answer_with, check_name, clear, list, receive, show,
};

/// Settings of the test inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Whether there is an inbox. It takes requests from anyone, so by default only in profile
    /// `dev`.
    pub enabled: Option<bool>,
    /// How many inboxes there can be; beyond that the one unused for longest is removed.
    pub max_inboxes: u32,
    /// How many requests an inbox keeps; beyond that the oldest is removed.
    pub max_requests: u32,
    /// How much is kept of a request's body, in bytes.
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
    /// Whether there is an inbox in this profile.
    #[must_use]
    pub fn is_on(&self, development: bool) -> bool {
        self.enabled.unwrap_or(development)
    }
}

/// What the signature check of a request found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether the signature is good; none if there is nothing to check it with.
    pub verified: Option<bool>,
    /// What was found, for people.
    pub reason: String,
}
