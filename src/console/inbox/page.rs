//! The HTML pages of the test inbox. All data of received requests is escaped.

use serde_json::Value;

use crate::{
    domain::inbox::{Inbox, InboxSummary, StoredRequest},
    http::page::{asset_text, escape_html, fill_template},
};

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

/// Renders the list of inboxes.
pub(super) fn render_list(inboxes: &[InboxSummary]) -> String {
    let rows: String = inboxes
        .iter()
        .map(|inbox| {
            format!(
                "      <li><a href=\"/inbox/{name}\">{name}</a> <span class=\"label\">{count} \
                 kept, last used {used}</span></li>\n",
                name = escape_html(&inbox.name),
                count = inbox.requests,
                used = inbox.used_at.to_rfc3339_millis(),
            )
        })
        .collect();
    let rows = if rows.is_empty() {
        "      <li class=\"label\">None has been used yet.</li>\n".to_owned()
    } else {
        rows
    };
    fill_template(&asset_text("inboxes.html"), &[("rows", &rows)])
}

/// Renders one inbox.
pub(super) fn render_inbox(inbox: &Inbox) -> String {
    let requests: String = inbox.requests.iter().map(render_request).collect();
    let requests = if requests.is_empty() {
        "    <p class=\"empty\">Nothing has arrived yet. Use this page’s address as the address of a \
         webhook, and load it again.</p>\n"
            .to_owned()
    } else {
        requests
    };
    fill_template(
        &asset_text("inbox.html"),
        &[
            ("name", &escape_html(&inbox.name)),
            ("count", &inbox.requests.len().to_string()),
            ("status", &inbox.status.to_string()),
            ("options", &render_options(inbox.status)),
            ("requests", &requests),
        ],
    )
}

fn render_options(current: u16) -> String {
    let current_option = STATUSES.iter().all(|(status, _)| *status != current);
    let current_option = current_option.then_some((current, "")).into_iter();
    current_option
        .chain(STATUSES)
        .map(|(status, title)| {
            let selected = if status == current { " selected" } else { "" };
            format!("<option value=\"{status}\"{selected}>{status} {title}</option>")
        })
        .collect()
}

fn render_request(request: &StoredRequest) -> String {
    let (class, word) = match request.verdict.verified {
        Some(true) => ("good", "Signature verified"),
        Some(false) => ("bad", "Signature not verified"),
        None => ("unknown", "Signature not checked"),
    };
    let headers: String = request
        .headers
        .iter()
        .map(|(name, value)| {
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
                escape_html(name),
                escape_html(value)
            )
        })
        .collect();
    let more = if request.truncated {
        " (the beginning of it)"
    } else {
        ""
    };
    fill_template(
        &asset_text("inbox-request.html"),
        &[
            ("class", class),
            ("word", word),
            ("reason", &escape_html(&request.verdict.reason)),
            ("method", &escape_html(&request.method)),
            ("path", &escape_html(&request.path)),
            ("received_at", &request.received_at.to_rfc3339_millis()),
            ("status", &request.status.to_string()),
            ("headers", &headers),
            ("more", more),
            ("body", &escape_html(&format_body(&request.body))),
        ],
    )
}

/// Returns a body as text. JSON is indented.
fn format_body(bytes: &[u8]) -> String {
    let parsed: Result<Value, _> = serde_json::from_slice(bytes);
    parsed
        .ok()
        .and_then(|value| serde_json::to_string_pretty(&value).ok())
        .unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned())
}
