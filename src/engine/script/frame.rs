//! Messages between server and worker: a length of four bytes, and so many bytes of JSON.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};
use vrl::value::Value as VrlValue;

use super::ScriptError;

/// The first frame of a worker.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Hello {
    /// The version of the program: another one may speak otherwise.
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
pub(super) struct Ask<'a> {
    pub(super) source: &'a str,
    /// None where the source is only to be checked.
    pub(super) object: Option<&'a Value>,
}

/// A request, as the worker reads it.
#[derive(Deserialize)]
pub(super) struct Asked {
    pub(super) source: String,
    pub(super) object: Option<VrlValue>,
}

/// The answer of the worker.
pub(super) type Answer = Result<Value, ScriptError>;

/// A value as a frame.
///
/// # Errors
/// If it is longer than `most`: the length that it has.
pub(super) fn frame(value: &impl Serialize, most: usize) -> Result<Vec<u8>, usize> {
    let mut bytes = vec![0; 4];
    // Only fails for maps whose keys are no texts, of which none is sent.
    if serde_json::to_writer(&mut bytes, value).is_err() {
        return Err(0);
    }
    let length = bytes.len() - 4;
    let head = u32::try_from(length).map_err(|_| length)?;
    if length > most {
        return Err(length);
    }
    bytes[..4].copy_from_slice(&head.to_be_bytes());
    Ok(bytes)
}

/// Reads a frame; none at the end.
///
/// # Errors
/// Those of the reader, and for what is no such frame.
pub(super) fn read<T: DeserializeOwned>(
    reader: &mut impl Read,
    most: usize,
) -> io::Result<Option<T>> {
    let mut head = [0; 4];
    match reader.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let mut body = vec![0; length(head, most)?];
    reader.read_exact(&mut body)?;
    Ok(Some(serde_json::from_slice(&body)?))
}

/// Writes a frame that [`frame`] made.
pub(super) fn write(writer: &mut impl Write, frame: &[u8]) -> io::Result<()> {
    writer.write_all(frame)?;
    writer.flush()
}

/// Reads a frame as [`read`] does, while others work.
///
/// # Errors
/// Those of the reader, its end, and for what is no such frame.
pub(super) async fn receive<T: DeserializeOwned>(
    reader: &mut (impl AsyncRead + Unpin),
    most: usize,
) -> io::Result<T> {
    Ok(serde_json::from_slice(&receive_bytes(reader, most).await?)?)
}

/// Reads what a frame holds.
///
/// # Errors
/// Those of the reader, its end, and for a length that cannot be.
pub(super) async fn receive_bytes(
    reader: &mut (impl AsyncRead + Unpin),
    most: usize,
) -> io::Result<Vec<u8>> {
    let mut head = [0; 4];
    reader.read_exact(&mut head).await?;
    let mut body = vec![0; length(head, most)?];
    reader.read_exact(&mut body).await?;
    Ok(body)
}

fn length(head: [u8; 4], most: usize) -> io::Result<usize> {
    let length = usize::try_from(u32::from_be_bytes(head)).unwrap_or(usize::MAX);
    if length > most {
        let text = format!("a frame of {length} bytes, and at most {most} are read");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    Ok(length)
}
