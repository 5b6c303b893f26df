//! Streamed response bodies: server-sent events and newline-delimited JSON. All streams of this server are written by
//! these functions, so that all are ASCII (`kernel::ascii`). `net::outbound::EventStream` reads such streams.
//!
//! poem's `web::sse` does not serve: it omits the line `event: message`, writes no comments with a text, and does not
//! escape.

use crate::kernel::ascii_json;

/// Media type of server-sent events.
pub const MEDIA_TYPE: &str = "text/event-stream";

/// Formats a server-sent event with JSON, or another text of one line, as its data.
#[must_use]
pub fn format_sse_event(name: &str, data: &str) -> String {
    format!("event: {name}\ndata: {}\n\n", ascii_json(data))
}

/// Formats a comment, which clients ignore, for a stream of server-sent events.
#[must_use]
pub fn format_sse_comment(text: &str) -> String {
    format!(": {text}\n\n")
}

/// Formats JSON as one line of a newline-delimited stream.
#[must_use]
pub fn format_json_line(json: &str) -> String {
    format!("{}\n", ascii_json(json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_written_as_clients_expect_them() {
        assert_eq!(
            format_sse_event("message", r#"{"text":"é"}"#),
            "event: message\ndata: {\"text\":\"\\u00e9\"}\n\n"
        );
        assert_eq!(
            format_sse_event("message", "ping"),
            "event: message\ndata: ping\n\n"
        );
        assert_eq!(format_sse_comment("listening"), ": listening\n\n");
        assert_eq!(format_json_line(r#"{"a":"é"}"#), "{\"a\":\"\\u00e9\"}\n");
    }
}
