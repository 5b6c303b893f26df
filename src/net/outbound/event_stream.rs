//! Reads server-sent events from a response. This is the only parser of such streams; `http::event_stream` writes them.
//!
//! OpenAI's API and this server write the data of an event as one line of JSON, and some servers omit the blank line
//! after an event. So each `data` line is an event; names, ids and comments are ignored.

use std::collections::VecDeque;

use super::{client::OutboundError, stream::OutboundStream};

/// The reason why an event cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum EventStreamError {
    /// The response cannot be read on.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// A line exceeds the limit. Later events can still be read.
    #[error("a line of its answer is too long")]
    LineTooLong,
}

/// The events of a response whose body is still arriving.
#[derive(Debug)]
pub struct EventStream {
    stream: OutboundStream,
    lines: DataLines,
}

impl EventStream {
    /// Reads the events of a response. `max_line` limits the length of a line, in bytes.
    #[must_use]
    pub const fn new(stream: OutboundStream, max_line: usize) -> Self {
        Self {
            stream,
            lines: DataLines::new(max_line),
        }
    }

    /// Returns the data of the next event, or `None` at the end of the stream. Cancel-safe.
    ///
    /// # Errors
    /// [`EventStreamError`]
    pub async fn next_data(&mut self) -> Result<Option<String>, EventStreamError> {
        loop {
            if let Some(data) = self.lines.complete.pop_front() {
                return data.map(Some);
            }
            match self.stream.next_chunk().await? {
                Some(chunk) => self.lines.push(&chunk),
                None => return Ok(None),
            }
        }
    }
}

/// Splits a stream of bytes into the data of its events.
#[derive(Debug)]
struct DataLines {
    max_line: usize,
    /// The bytes of the incomplete last line.
    line: Vec<u8>,
    complete: VecDeque<Result<String, EventStreamError>>,
}

impl DataLines {
    const fn new(max_line: usize) -> Self {
        Self {
            max_line,
            line: Vec::new(),
            complete: VecDeque::new(),
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if self.line.len() > self.max_line {
                self.line.clear();
                self.complete.push_back(Err(EventStreamError::LineTooLong));
            }
            if part.ends_with(b"\n") {
                self.complete.extend(parse_line(&self.line).map(Ok));
                self.line.clear();
            }
        }
    }
}

fn parse_line(line: &[u8]) -> Option<String> {
    let line = String::from_utf8_lossy(line);
    let data = line.trim_end().strip_prefix("data:")?;
    Some(data.trim_start().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a stream that arrives in these chunks. `None`: a line was too long.
    fn read(chunks: &[&[u8]]) -> Vec<Option<String>> {
        let mut lines = DataLines::new(20);
        for chunk in chunks {
            lines.push(chunk);
        }
        lines.complete.into_iter().map(Result::ok).collect()
    }

    #[test]
    fn an_event_may_arrive_in_any_pieces() {
        let text = ": listening\n\nevent: message\ndata: {\"a\": 1}\n\nid: 5\r\ndata:[DONE]\r\n\r\ndata: cut off";
        let expected = [Some("{\"a\": 1}".to_owned()), Some("[DONE]".to_owned())];
        for size in 1..=text.len() {
            let chunks: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            assert_eq!(read(&chunks), expected, "{size}");
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_left_out() {
        let long = b"data: 0123456789abcdef\n".as_slice();
        assert_eq!(read(&[long, b"data: 1\n"]), [None, Some("1".to_owned())]);
        let halves = [&long[..21], &long[21..], b"data: 1\n"];
        assert_eq!(read(&halves), [None, Some("1".to_owned())]);
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        assert_eq!(read(&[b"data: \xff\n"]), [Some("\u{fffd}".to_owned())]);
    }
}
