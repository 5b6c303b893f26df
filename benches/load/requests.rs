//! What a phase asks: one request after the other, each made as it is sent.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Makes the request with a number.
type Make = dyn Fn(u64, &mut Vec<u8>) + Send + Sync;

/// A series of requests, which all connections draw from. Clones share it: no number comes twice.
#[derive(Clone)]
pub struct Requests(Arc<Series>);

struct Series {
    next: AtomicU64,
    make: Box<Make>,
}

impl Requests {
    /// Requests that `make` appends to a buffer, given their numbers from 0 on.
    pub fn new(make: impl Fn(u64, &mut Vec<u8>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Series {
            next: AtomicU64::new(0),
            make: Box::new(make),
        }))
    }

    /// These whole requests, again and again.
    pub fn cycle(requests: Vec<Vec<u8>>) -> Self {
        Self::new(move |number, buffer| {
            let at = number as usize % requests.len();
            buffer.extend_from_slice(&requests[at]);
        })
    }

    /// The next request, in place of what the buffer has.
    pub fn next(&self, buffer: &mut Vec<u8>) {
        buffer.clear();
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        (self.0.make)(number, buffer);
    }
}

/// A whole request. `authorization` is the line of the header that carries the key.
pub fn request(method: &str, path: &str, authorization: &str, body: Option<&str>) -> Vec<u8> {
    let mut request = Vec::new();
    write_request(&mut request, method, path, authorization, body);
    request
}

/// Appends such a request.
pub fn write_request(
    buffer: &mut Vec<u8>,
    method: &str,
    path: &str,
    authorization: &str,
    body: Option<&str>,
) {
    let head = format_args!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{authorization}\r\n");
    let written = match body {
        None => write!(buffer, "{head}\r\n"),
        Some(body) => write!(
            buffer,
            "{head}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ),
    };
    written.expect("a vector takes whatever is written");
}
