//! `fetch`: a request of the code, sent by the one HTTP client that this server has.

use std::time::Duration;

use url::Url;

use crate::domain::outbound::{Outbound, OutboundRequest};

/// How many redirects are followed.
const REDIRECTS: usize = 20;

/// A request of the code.
pub(super) struct Fetch {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) redirect: Redirect,
    pub(super) timeout: Duration,
    pub(super) max_response: usize,
}

/// What is done about a redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Redirect {
    Follow,
    Error,
    Manual,
}

/// An answer.
pub(super) struct Fetched {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) url: String,
    pub(super) redirected: bool,
}

/// Sends a request and reads the answer.
///
/// # Errors
/// A text for whoever wrote the code.
pub(super) async fn exchange(outbound: Outbound, mut fetch: Fetch) -> Result<Fetched, String> {
    for followed in 0..=REDIRECTS {
        let request = OutboundRequest {
            method: method(&fetch.method)?,
            url: fetch.url.clone(),
            headers: fetch.headers.clone(),
            body: fetch.body.clone(),
            timeout: fetch.timeout,
            max_response: fetch.max_response,
        };
        let sent = outbound.send_of_program(request).await;
        let answer = sent.map_err(|error| error.to_string())?;
        if answer.truncated {
            let most = fetch.max_response;
            return Err(format!("the answer is longer than {most} bytes"));
        }
        let location = answer.header("location").map(str::to_owned);
        let redirect = matches!(answer.status, 301 | 302 | 303 | 307 | 308);
        match (location, fetch.redirect) {
            (Some(location), Redirect::Follow) if redirect => {
                fetch.follow(answer.status, &location)?;
            }
            (Some(_), Redirect::Error) if redirect => {
                return Err("the answer is a redirect".to_owned());
            }
            _ => {
                return Ok(Fetched {
                    status: answer.status,
                    headers: answer.headers,
                    body: answer.body,
                    url: fetch.url,
                    redirected: followed > 0,
                });
            }
        }
    }
    Err(format!("more than {REDIRECTS} redirects"))
}

impl Fetch {
    /// Makes it the request that follows a redirect, as the Fetch standard says.
    fn follow(&mut self, status: u16, location: &str) -> Result<(), String> {
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

fn method(name: &str) -> Result<&'static str, String> {
    const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    let known = METHODS.iter().find(|known| **known == name);
    known
        .copied()
        .ok_or_else(|| format!("the method {name:?} cannot be sent"))
}
