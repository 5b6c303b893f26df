//! Streamed response bodies: server-sent events and newline-delimited JSON. All streams of this server are written by
//! these functions, so that all are ASCII (`kernel::ascii`).

use crate::kernel::ascii_json;

/// Formats a server-sent event with JSON data.
#[must_use]
pub fn format_sse_event(name: &str, json: &str) -> String {
    format!("event: {name}\ndata: {}\n\n", ascii_json(json))
}

/// Formats JSON as one line of a newline-delimited stream.
#[must_use]
pub fn format_json_line(json: &str) -> String {
    format!("{}\n", ascii_json(json))
}
