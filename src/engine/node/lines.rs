//! Reads lines from a child, up to a maximum length.

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// The result of reading a line.
pub(super) enum Line {
    /// A line, without its line feed.
    Text(String),
    /// A line over the maximum length; the child is no longer trusted.
    TooLong,
    /// The end of the output.
    End,
}

/// Reads a line of at most `cap` bytes.
pub(super) async fn read_line(reader: &mut (impl AsyncBufRead + Unpin), cap: usize) -> Line {
    let mut line = Vec::new();
    loop {
        let chunk = match reader.fill_buf().await {
            Ok(chunk) if !chunk.is_empty() => chunk,
            _ if line.is_empty() => return Line::End,
            _ => return Line::Text(String::from_utf8_lossy(&line).into_owned()),
        };
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let taken = end.unwrap_or(chunk.len());
        if line.len() + taken > cap {
            return Line::TooLong;
        }
        line.extend_from_slice(&chunk[..taken]);
        reader.consume(end.map_or(taken, |end| end + 1));
        if end.is_some() {
            return Line::Text(String::from_utf8_lossy(&line).into_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_end_and_have_a_cap() {
        let mut text: &[u8] = b"one\n\ntwo is long\nthree";
        assert!(matches!(read_line(&mut text, 5).await, Line::Text(line) if line == "one"));
        assert!(matches!(read_line(&mut text, 5).await, Line::Text(line) if line.is_empty()));
        assert!(matches!(read_line(&mut text, 5).await, Line::TooLong));
        let mut rest: &[u8] = b"three";
        assert!(matches!(read_line(&mut rest, 5).await, Line::Text(line) if line == "three"));
        assert!(matches!(read_line(&mut rest, 5).await, Line::End));
    }
}
