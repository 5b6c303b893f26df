//! Messages between the server and a worker: a length of four bytes, then as many bytes of JSON.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};
use vrl::value::Value as VrlValue;

use super::ScriptError;

/// The first frame of a worker.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hello {
    /// Version of the program: another version may use another protocol.
    pub(super) worker: String,
}

impl Hello {
    pub(super) fn new() -> Self {
        Self {
            worker: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// A request, as the server writes it.
#[derive(Serialize)]
pub(super) struct ScriptRequestRef<'a> {
    pub(super) source: &'a str,
    /// `None` to only check the source.
    pub(super) object: Option<&'a Value>,
}

/// A request, as the worker reads it.
#[derive(Deserialize)]
pub(super) struct ScriptRequest {
    pub(super) source: String,
    pub(super) object: Option<VrlValue>,
}

/// The response of the worker.
pub(super) type ScriptResult = Result<Value, ScriptError>;

/// Serializes a value as a frame.
///
/// # Errors
/// The length of the value, if it is longer than `max_bytes`.
pub(super) fn encode(value: &impl Serialize, max_bytes: usize) -> Result<Vec<u8>, usize> {
    let mut bytes = vec![0; 4];
    // Fails only for maps with keys that are not strings, which no message has.
    if serde_json::to_writer(&mut bytes, value).is_err() {
        return Err(0);
    }
    let length = bytes.len() - 4;
    let head = u32::try_from(length).map_err(|_| length)?;
    if length > max_bytes {
        return Err(length);
    }
    bytes[..4].copy_from_slice(&head.to_be_bytes());
    Ok(bytes)
}

/// Reads a frame. Returns `None` at the end of the input.
///
/// # Errors
/// Errors of the reader, and an error for an invalid frame.
pub(super) fn read<T: DeserializeOwned>(
    reader: &mut impl Read,
    max_bytes: usize,
) -> io::Result<Option<T>> {
    let mut head = [0; 4];
    match reader.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let mut body = vec![0; parse_length(head, max_bytes)?];
    reader.read_exact(&mut body)?;
    Ok(Some(serde_json::from_slice(&body)?))
}

/// Writes a frame that [`encode`] returned.
pub(super) fn write(writer: &mut impl Write, frame: &[u8]) -> io::Result<()> {
    writer.write_all(frame)?;
    writer.flush()
}

/// Reads a frame like [`read`], without blocking the thread.
///
/// # Errors
/// Errors of the reader, also at its end, and an error for an invalid frame.
pub(super) async fn read_async<T: DeserializeOwned>(
    reader: &mut (impl AsyncRead + Unpin),
    max_bytes: usize,
) -> io::Result<T> {
    Ok(serde_json::from_slice(
        &read_bytes(reader, max_bytes).await?,
    )?)
}

/// Reads the content of a frame.
///
/// # Errors
/// Errors of the reader, also at its end, and `InvalidData` for a length over `max_bytes`.
pub(super) async fn read_bytes(
    reader: &mut (impl AsyncRead + Unpin),
    max_bytes: usize,
) -> io::Result<Vec<u8>> {
    let mut head = [0; 4];
    reader.read_exact(&mut head).await?;
    let mut body = vec![0; parse_length(head, max_bytes)?];
    reader.read_exact(&mut body).await?;
    Ok(body)
}

fn parse_length(head: [u8; 4], max_bytes: usize) -> io::Result<usize> {
    let length = usize::try_from(u32::from_be_bytes(head)).unwrap_or(usize::MAX);
    if length > max_bytes {
        let text = format!("a frame has {length} bytes, and at most {max_bytes} are allowed");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    Ok(length)
}
