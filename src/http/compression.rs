//! gzip compression of responses.

use std::io::{self, Write as _};

use bytes::Bytes;
use flate2::write::GzEncoder;
use poem::{
    Body, Request, Response,
    http::{HeaderValue, header},
};

/// Minimum size of a compressed response, in bytes: for smaller ones, the gzip header costs more than it saves.
const MIN_SIZE: usize = 1024;

/// Maximum size of a response that is compressed on the thread of the request, in bytes. Larger ones take
/// milliseconds.
const MAX_INLINE_SIZE: usize = 64 * 1024;

/// True if the client of a request accepts gzip. Textual responses of 1 KiB and more are compressed; streams are not.
#[derive(Debug, Clone, Copy)]
pub struct Compression {
    accepts_gzip: bool,
}

impl Compression {
    /// Reads `Accept-Encoding` of a request.
    pub fn from_request(request: &Request) -> Self {
        let accepted = request.header(header::ACCEPT_ENCODING);
        Self {
            accepts_gzip: accepted.is_some_and(accepts_gzip),
        }
    }

    /// Compresses the response if the client accepts it and it is worthwhile.
    ///
    /// # Errors
    /// Errors of reading the response body, and of a compression that panicked.
    pub async fn apply(self, mut response: Response) -> poem::Result<Response> {
        if !self.accepts_gzip
            || !is_text(&response)
            || response.headers().contains_key(header::CONTENT_ENCODING)
        {
            return Ok(response);
        }
        let bytes = response.take_body().into_bytes().await?;
        if bytes.len() < MIN_SIZE {
            response.set_body(Body::from_bytes(bytes));
            return Ok(response);
        }
        let compressed = if bytes.len() <= MAX_INLINE_SIZE {
            gzip(&bytes)
        } else {
            tokio::task::spawn_blocking(move || gzip(&bytes))
                .await
                .unwrap_or_else(|panicked| Err(io::Error::other(panicked)))
        }
        .map_err(poem::error::InternalServerError)?;
        response.set_body(Body::from_vec(compressed));
        let headers = response.headers_mut();
        headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        headers.remove(header::CONTENT_LENGTH);
        Ok(response)
    }
}

fn gzip(bytes: &Bytes) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(
        Vec::with_capacity(bytes.len() / 4),
        flate2::Compression::default(),
    );
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn accepts_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = weight
            .trim()
            .strip_prefix("q=")
            .is_some_and(|weight| weight.parse() == Ok(0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

fn is_text(response: &Response) -> bool {
    let Some(content_type) = response.content_type() else {
        return false;
    };
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    matches!(
        essence,
        "application/json"
            | "application/yaml"
            | "application/problem+json"
            | "text/css"
            | "text/html"
            | "text/javascript"
            | "text/plain"
            | "image/svg+xml"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_must_be_accepted() {
        assert!(accepts_gzip("gzip"));
        assert!(accepts_gzip("br;q=1.0, GZIP;q=0.8"));
        assert!(!accepts_gzip("br, deflate"));
        assert!(!accepts_gzip("gzip;q=0"));
    }
}
