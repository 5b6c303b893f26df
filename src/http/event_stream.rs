//! Answers that come event by event: server-sent events, and JSON one object a line. Every such text of
//! this server is written here, so that all are in ASCII (`kernel::ascii`).

use crate::kernel::ascii_json;

/// A server-sent event with JSON as its data.
#[must_use]
pub fn sse_event(name: &str, json: &str) -> String {
    format!("event: {name}\ndata: {}\n\n", ascii_json(json))
}

/// JSON as one line of a stream of lines.
#[must_use]
pub fn json_line(json: &str) -> String {
    format!("{}\n", ascii_json(json))
}
