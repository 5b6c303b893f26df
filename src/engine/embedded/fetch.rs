//! `fetch`: requests of the code, sent with the only HTTP client of this server. The bytes of a request and of its
//! response count against the program's memory while they are in flight.

use std::{sync::Arc, time::Duration};

use url::Url;

use super::in_flight::{InFlight, Reservation};
use crate::{
    kernel::clock::with_timeout,
    net::outbound::{Outbound, OutboundError, OutboundRequest, OutboundStream},
};

/// Maximum number of redirects that are followed.
const MAX_REDIRECTS: usize = 20;

/// A request of the code.
pub(super) struct FetchRequest {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) redirect: Redirect,
    pub(super) timeout: Duration,
    /// Maximum number of bytes of the response: a quarter of the program's memory.
    pub(super) max_response: usize,
    /// Reservation for the bytes of the request.
    #[expect(dead_code, reason = "it is dropped with the request")]
    pub(super) reservation: Reservation,
}

/// The handling of a redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Redirect {
    Follow,
    Error,
    Manual,
}

/// A response.
pub(super) struct FetchResponse {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) url: String,
    pub(super) redirected: bool,
    /// Reservation for the bytes of the response, until the code has it.
    pub(super) reservation: Reservation,
}

impl FetchRequest {
    /// Returns the number of bytes to reserve for a request: twice its size, because a redirect may send it again.
    pub(super) fn reserved_bytes(headers: usize, body: usize) -> usize {
        headers.saturating_add(body).saturating_mul(2)
    }
}

/// Sends a request and reads its response, once few enough other requests are open.
///
/// # Errors
/// A text for the developer of the code.
pub(super) async fn exchange(
    outbound: Outbound,
    flight: Arc<InFlight>,
    mut fetch: FetchRequest,
) -> Result<FetchResponse, String> {
    let _open = flight.acquire_permit().await;
    let timeout = fetch.timeout.min(outbound.timeout());
    for followed in 0..=MAX_REDIRECTS {
        let request = OutboundRequest {
            method: parse_method(&fetch.method)?,
            url: fetch.url.clone(),
            headers: fetch.headers.clone(),
            body: fetch.body.clone(),
            timeout,
            // One byte over the limit, to detect a longer response.
            max_response: response_limit(&outbound, &fetch).saturating_add(1),
        };
        let answer = with_timeout(timeout, read_response(&outbound, &flight, request)).await;
        let timeout_error = OutboundError::Timeout(timeout).to_string();
        let (answer, body, reservation) = answer.unwrap_or(Err(timeout_error))?;
        if body.len() > response_limit(&outbound, &fetch) {
            return Err(too_long_error(&outbound, &fetch));
        }
        let location = answer.headers.iter().find(|(name, _)| name == "location");
        let location = location.map(|(_, value)| value.clone());
        let redirect = matches!(answer.status, 301 | 302 | 303 | 307 | 308);
        match (location, fetch.redirect) {
            (Some(location), Redirect::Follow) if redirect => {
                fetch.follow_redirect(answer.status, &location)?;
            }
            (Some(_), Redirect::Error) if redirect => {
                return Err("the answer is a redirect".to_owned());
            }
            _ => {
                return Ok(FetchResponse {
                    status: answer.status,
                    headers: answer.headers,
                    body,
                    url: fetch.url,
                    redirected: followed > 0,
                    reservation,
                });
            }
        }
    }
    Err(format!("more than {MAX_REDIRECTS} redirects"))
}

/// Reads a response and reserves memory for its bytes.
async fn read_response(
    outbound: &Outbound,
    flight: &Arc<InFlight>,
    request: OutboundRequest,
) -> Result<(OutboundStream, Vec<u8>, Reservation), String> {
    let failed = |error: OutboundError| error.to_string();
    let mut answer = outbound
        .open_program_stream(request)
        .await
        .map_err(failed)?;
    let headers = answer.headers.iter();
    let headers = headers.map(|(name, value)| name.len() + value.len()).sum();
    let mut reservation = flight.reserve(headers)?;
    let mut buffered = outbound.reserve_buffer();
    let mut body = Vec::new();
    while let Some(chunk) = answer.next_chunk().await.map_err(failed)? {
        reservation.grow(chunk.len())?;
        buffered.grow(chunk.len()).map_err(failed)?;
        body.extend_from_slice(&chunk);
    }
    Ok((answer, body, reservation))
}

fn response_limit(outbound: &Outbound, fetch: &FetchRequest) -> usize {
    outbound.max_response().min(fetch.max_response)
}

/// Returns the error text, which names the limit that the response exceeds.
fn too_long_error(outbound: &Outbound, fetch: &FetchRequest) -> String {
    let max_bytes = response_limit(outbound, fetch);
    let name = match max_bytes < fetch.max_response {
        true => "outbound.max_response_bytes",
        false => "a quarter of runtime.memory_bytes",
    };
    format!("the answer is longer than {max_bytes} bytes ({name})")
}

impl FetchRequest {
    /// Changes the request to follow a redirect, as the Fetch standard specifies.
    fn follow_redirect(&mut self, status: u16, location: &str) -> Result<(), String> {
        let from = Url::parse(&self.url).map_err(|error| error.to_string())?;
        let to = from.join(location).map_err(|error| error.to_string())?;
        if from.origin() != to.origin() {
            self.drop_headers(&["authorization", "cookie", "proxy-authorization"]);
        }
        let post = self.method == "POST" && matches!(status, 301 | 302);
        if post || (status == 303 && !matches!(self.method.as_str(), "GET" | "HEAD")) {
            "GET".clone_into(&mut self.method);
            self.body = Vec::new();
            self.drop_headers(&["content-type", "content-length", "content-encoding"]);
        }
        self.url = to.into();
        Ok(())
    }

    fn drop_headers(&mut self, names: &[&str]) {
        self.headers.retain(|(name, _)| {
            !names
                .iter()
                .any(|dropped| name.eq_ignore_ascii_case(dropped))
        });
    }
}

fn parse_method(name: &str) -> Result<&'static str, String> {
    const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    let known = METHODS.iter().find(|known| **known == name);
    known
        .copied()
        .ok_or_else(|| format!("the method {name:?} cannot be sent"))
}
