//! Cross-origin calls from pages on this machine.
//!
//! The Swagger UI may be open at `127.0.0.1` and call `{handle}.localhost`, which is another origin
//! for a browser. Only pages from this machine are let in. Their calls may carry credentials where the
//! vendor's clients set that, which is where no cookie is looked at; nowhere else, so that no page can
//! read what a session of another shows.

use poem::{
    Request, Response,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
};

/// What pages may read of an answer beside its body.
const EXPOSED: &str = "link, retry-after, x-ratelimit-limit, x-ratelimit-remaining, \
                       x-ratelimit-reset, x-request-id";

/// The origin of a page on this machine.
#[derive(Debug, Clone)]
pub struct LocalPage {
    origin: HeaderValue,
    credentials: bool,
}

impl LocalPage {
    /// The page that sends a request, if it is on this machine, which may do so with credentials or
    /// not.
    #[must_use]
    pub fn of(request: &Request, credentials: bool) -> Option<Self> {
        let origin = request.headers().get(header::ORIGIN)?;
        is_local(origin.to_str().ok()?).then(|| Self {
            origin: origin.clone(),
            credentials,
        })
    }

    /// The answer to a browser that asks what the page may do, if that is what it asks.
    #[must_use]
    pub fn preflight(&self, request: &Request) -> Option<Response> {
        let method = header::ACCESS_CONTROL_REQUEST_METHOD;
        if request.method() != Method::OPTIONS || !request.headers().contains_key(method) {
            return None;
        }
        let mut response = Response::builder().status(StatusCode::NO_CONTENT).finish();
        let headers = response.headers_mut();
        self.allow(headers);
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE"),
        );
        if let Some(asked) = request
            .headers()
            .get(header::ACCESS_CONTROL_REQUEST_HEADERS)
        {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
        }
        Some(response)
    }

    /// Lets the page read an answer.
    pub fn allow(&self, headers: &mut HeaderMap) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, self.origin.clone());
        if self.credentials {
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
        }
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(EXPOSED),
        );
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
}

/// Whether a page of another machine sends a request: any browser says which page it is, and nothing else
/// does.
#[must_use]
pub fn is_of_foreign_page(request: &Request) -> bool {
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
