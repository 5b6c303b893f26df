//! Decompresses request bodies (`Content-Encoding`) up to a size limit.
//!
//! Decompression stops at the limit, and its output counts in the memory of all bodies. So a small body that expands
//! costs no more than a large body.

use std::{
    io::{self, Read},
    sync::Arc,
};

use brotli_decompressor::Decompressor;
use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use poem::{
    Body,
    http::{HeaderMap, header},
};

use super::body_memory::{MemoryShare, read_bytes};
use crate::kernel::{Error, Kind, Result};

/// Maximum number of nested codings of a body.
const MAX_CODINGS: usize = 3;

/// Number of bytes that are decompressed before they are counted.
const CHUNK: usize = 16 * 1024;

/// A compression format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
}

impl Coding {
    fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Deflate),
            "br" => Some(Self::Brotli),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
        }
    }
}

/// Reads a body of at most `limit` bytes, both compressed and decompressed. `share` counts its memory.
///
/// # Errors
/// Errors of [`read_bytes`]; `UnsupportedMedia` for an unknown coding; `Invalid` if the bytes are not in the declared
/// coding; `TooLarge` if the decompressed body exceeds `limit`.
pub async fn read_inflated(
    headers: &HeaderMap,
    share: Option<Arc<MemoryShare>>,
    body: Body,
    limit: usize,
) -> Result<Bytes> {
    let codings = parse_codings(headers)?;
    let bytes = read_bytes(body, limit).await?;
    if codings.is_empty() || bytes.is_empty() {
        return Ok(bytes);
    }
    // On a blocking thread: a few bytes can expand to the limit, and other requests must not wait.
    let inflating = tokio::task::spawn_blocking(move || {
        let mut bytes = bytes;
        for coding in codings.into_iter().rev() {
            bytes = inflate(coding, &bytes, limit, share.as_deref())?.into();
        }
        Ok(bytes)
    });
    let inflated = inflating.await;
    inflated.map_err(|error| Error::internal("inflating a body panicked", error))?
}

/// Returns the codings in the order in which they were applied.
fn parse_codings(headers: &HeaderMap) -> Result<Vec<Coding>> {
    let values = headers.get_all(header::CONTENT_ENCODING).iter();
    let names = values
        .flat_map(|value| value.to_str().unwrap_or("not ASCII").split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"));
    let mut codings = Vec::new();
    for name in names {
        if codings.len() == MAX_CODINGS {
            let text = format!("Content-Encoding must name at most {MAX_CODINGS} codings");
            return Err(Error::new(Kind::UnsupportedMedia, text));
        }
        codings.push(Coding::parse(name).ok_or_else(|| {
            let name = crate::kernel::schema::truncate_text(name, 60);
            let text = format!("Content-Encoding must be gzip, deflate or br, not {name}");
            Error::new(Kind::UnsupportedMedia, text)
        })?);
    }
    Ok(codings)
}

fn inflate(
    coding: Coding,
    bytes: &[u8],
    limit: usize,
    share: Option<&MemoryShare>,
) -> Result<Vec<u8>> {
    let mut reader: Box<dyn Read> = match coding {
        Coding::Gzip => Box::new(MultiGzDecoder::new(bytes)),
        Coding::Deflate if is_zlib(bytes) => Box::new(ZlibDecoder::new(bytes)),
        // wire: RFC 9110 means zlib, and some senders leave its header out
        Coding::Deflate => Box::new(DeflateDecoder::new(bytes)),
        Coding::Brotli if has_large_window(bytes) => return Err(decode_error(coding, None)),
        Coding::Brotli => Box::new(Decompressor::new(bytes, 4096)),
    };
    let (mut whole, mut chunk) = (Vec::new(), [0; CHUNK]);
    loop {
        let read = match reader.read(&mut chunk) {
            Ok(0) => return Ok(whole),
            Ok(read) => read,
            Err(error) => return Err(decode_error(coding, Some(&error))),
        };
        if whole.len() + read > limit {
            let text =
                format!("The request body is too large: inflated it has more than {limit} bytes");
            return Err(Error::new(Kind::TooLarge, text));
        }
        if let Some(share) = share {
            share.count_extra(read)?;
        }
        whole.extend_from_slice(&chunk[..read]);
    }
}

/// True if the bytes begin with a zlib header (RFC 1950 §2.2).
fn is_zlib(bytes: &[u8]) -> bool {
    let [first, second, ..] = *bytes else {
        return false;
    };
    first & 0x0f == 8 && u16::from_be_bytes([first, second]).is_multiple_of(31)
}

/// True for brotli with a large window (up to 1 GiB), which RFC 7932 §9.1 does not allow and the decoder would
/// allocate.
fn has_large_window(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| first & 0x7f == 0x11)
}

fn decode_error(coding: Coding, error: Option<&io::Error>) -> Error {
    let why = error.map_or_else(String::new, |error| format!(": {error}"));
    Error::invalid(format!(
        "The body cannot be decoded as {}, its Content-Encoding{why}",
        coding.name()
    ))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{
        Compression,
        write::{DeflateEncoder, GzEncoder, ZlibEncoder},
    };
    use poem::http::HeaderValue;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    async fn read(encoding: &'static str, bytes: Vec<u8>, limit: usize) -> Result<Bytes> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        read_inflated(&headers, None, Body::from(bytes), limit).await
    }

    #[tokio::test]
    async fn each_coding_is_undone() {
        let text = b"hello hello hello".as_slice();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(text).expect("memory");
        let zlib = zlib.finish().expect("memory");
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(text).expect("memory");
        let raw = raw.finish().expect("memory");
        for (encoding, bytes) in [
            ("gzip", gzip(text)),
            ("X-GZIP", [gzip(b"hello hello"), gzip(b" hello")].concat()),
            ("deflate", zlib.clone()),
            ("deflate", raw),
            ("deflate, gzip", gzip(&zlib)),
            ("identity", text.to_vec()),
        ] {
            assert_eq!(read(encoding, bytes, 100).await.expect(encoding), text);
        }
        let br = [0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03];
        assert_eq!(read("br", br.to_vec(), 9).await.expect("brotli"), "hello");
    }

    #[tokio::test]
    async fn inflating_ends_at_the_cap() {
        let bomb = gzip(&vec![0; 10_000_000]);
        assert!(bomb.len() < 20_000);
        let error = read("gzip", bomb, 20_000).await.expect_err("too large");
        assert_eq!(error.kind(), Kind::TooLarge);
        assert!(error.message().contains("20000"), "{}", error.message());
    }

    #[tokio::test]
    async fn what_is_not_coded_is_refused() {
        for (encoding, bytes, kind) in [
            ("gzip", b"hello".to_vec(), Kind::Invalid),
            ("gzip", gzip(b"hello")[..12].to_vec(), Kind::Invalid),
            ("deflate", vec![0xff; 9], Kind::Invalid),
            ("br", vec![0x11, 0x1e, 0, 0], Kind::Invalid),
            ("br", vec![0xff; 9], Kind::Invalid),
            ("zstd", b"hello".to_vec(), Kind::UnsupportedMedia),
            ("gzip,gzip,gzip,gzip", Vec::new(), Kind::UnsupportedMedia),
        ] {
            let refused = read(encoding, bytes, 100).await.expect_err(encoding);
            assert_eq!(refused.kind(), kind, "{encoding}");
        }
    }
}
