//! CORS for pages on this machine.
//!
//! Swagger UI may be open at `127.0.0.1` and call `{handle}.localhost`, which is another origin for a browser. Only
//! pages of this machine are allowed. Requests with credentials are allowed only where the vendor's clients send them
//! and no cookie is read; elsewhere a page could read data of another page's session.

use poem::{
    Request, Response,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
};

/// The response headers that pages may read.
const EXPOSED_HEADERS: &str = "link, retry-after, x-ratelimit-limit, x-ratelimit-remaining, \
                       x-ratelimit-reset, x-request-id";

/// The origin of a page on this machine.
#[derive(Debug, Clone)]
pub struct LocalPage {
    origin: HeaderValue,
    credentials: bool,
}

impl LocalPage {
    /// Returns the page that sent a request, if it is on this machine. `credentials`: True if it may send
    /// credentials.
    #[must_use]
    pub fn from_request(request: &Request, credentials: bool) -> Option<Self> {
        let origin = request.headers().get(header::ORIGIN)?;
        is_local(origin.to_str().ok()?).then(|| Self {
            origin: origin.clone(),
            credentials,
        })
    }

    /// Returns the response to a CORS preflight, if the request is one.
    #[must_use]
    pub fn preflight(&self, request: &Request) -> Option<Response> {
        let method = header::ACCESS_CONTROL_REQUEST_METHOD;
        if request.method() != Method::OPTIONS || !request.headers().contains_key(method) {
            return None;
        }
        let mut response = Response::builder().status(StatusCode::NO_CONTENT).finish();
        let headers = response.headers_mut();
        self.add_headers(headers);
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE"),
        );
        if let Some(requested_headers) = request
            .headers()
            .get(header::ACCESS_CONTROL_REQUEST_HEADERS)
        {
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                requested_headers.clone(),
            );
        }
        Some(response)
    }

    /// Adds the CORS headers, so that the page may read a response.
    pub fn add_headers(&self, headers: &mut HeaderMap) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, self.origin.clone());
        if self.credentials {
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
        }
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(EXPOSED_HEADERS),
        );
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
}

/// True if a page of another machine sent the request. Browsers always send the origin of the page, and other clients
/// send none.
#[must_use]
pub fn is_from_foreign_page(request: &Request) -> bool {
    let origin = request.headers().get(header::ORIGIN);
    origin.is_some_and(|origin| !origin.to_str().is_ok_and(is_local))
}

fn is_local(origin: &str) -> bool {
    let Some((_, host)) = origin.split_once("://") else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]") || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_local() {
        for origin in [
            "http://localhost",
            "http://localhost:4600",
            "http://127.0.0.1:4600",
            "http://[::1]:4600",
            "http://example.localhost:4600",
        ] {
            assert!(is_local(origin), "{origin}");
        }
        for origin in [
            "null",
            "https://example.com",
            "http://localhost.example.com",
            "http://notlocalhost:4600",
            "http://127.0.0.1.example.com:80",
        ] {
            assert!(!is_local(origin), "{origin}");
        }
    }
}
