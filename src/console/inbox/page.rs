//! The HTML pages of the test inbox.

use askama::Template;
use serde_json::Value;

use crate::domain::inbox::{Inbox, InboxSummary};

/// The statuses that the form offers.
const STATUSES: [(u16, &str); 7] = [
    (200, "OK"),
    (204, "No Content"),
    (302, "Found"),
    (400, "Bad Request"),
    (410, "Gone"),
    (429, "Too Many Requests"),
    (500, "Internal Server Error"),
];

/// The list of inboxes.
#[derive(Template)]
#[template(path = "inbox/list.html")]
pub(super) struct ListPage<'a> {
    pub(super) inboxes: &'a [InboxSummary],
}

/// One inbox with its requests.
#[derive(Template)]
#[template(path = "inbox/inbox.html")]
pub(super) struct InboxPage<'a> {
    pub(super) inbox: &'a Inbox,
}

impl InboxPage<'_> {
    /// Returns the statuses to choose from. The current one is among them.
    fn statuses(&self) -> impl Iterator<Item = (u16, &'static str)> {
        let current = self.inbox.status;
        let is_listed = STATUSES.iter().any(|(status, _)| *status == current);
        let unlisted = (!is_listed).then_some((current, ""));
        unlisted.into_iter().chain(STATUSES)
    }
}

/// Returns a body as text. JSON is indented.
fn format_body(bytes: &[u8]) -> String {
    let parsed: Result<Value, _> = serde_json::from_slice(bytes);
    parsed
        .ok()
        .and_then(|value| serde_json::to_string_pretty(&value).ok())
        .unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned())
}
