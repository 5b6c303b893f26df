//! CSRF protection for endpoints that authenticate by cookie or not at all. Only pages of this server may send
//! requests that change something: a browser submits forms of any site, with the cookies of the target.
//!
//! Browsers send the origin of a request, and pages cannot change it. A request with neither header comes from a
//! program.

use poem::{
    Request,
    http::{Method, header},
};
use url::Url;

use super::origin::{host, origin};
use crate::kernel::{Error, Kind, Result};

/// The header in which newer browsers report the relation of both origins.
const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Checks that no page of another site caused a request that changes something.
///
/// # Errors
/// `Forbidden` if one did.
pub fn check(request: &Request) -> Result<()> {
    let is_safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if is_safe || is_from_own_page(request) {
        return Ok(());
    }
    let text = "Only pages of this server and programs may send this request: it comes from a page of another site";
    Err(Error::new(Kind::Forbidden, text))
}

fn is_from_own_page(request: &Request) -> bool {
    let from = request.headers().get(header::ORIGIN);
    match (request.header(SEC_FETCH_SITE), from) {
        // "none" means that the user started the request in the browser itself.
        (Some(site), _) => site == "same-origin" || site == "none",
        (None, Some(from)) => from.to_str().is_ok_and(|from| is_own_origin(request, from)),
        (None, None) => true,
    }
}

/// True if an origin has the host and port of this server. The scheme may differ behind a TLS proxy that is not
/// configured here.
fn is_own_origin(request: &Request, from: &str) -> bool {
    // The opaque origin "null" is no URL.
    let Ok(from) = Url::parse(from) else {
        return false;
    };
    let requested_origin = host(request).map(|host| format!("{}://{host}", from.scheme()));
    let known = [Some(origin(request)), requested_origin];
    let mut known = known.into_iter().flatten();
    known.any(|known| Url::parse(&known).is_ok_and(|known| known.origin() == from.origin()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(method: Method, headers: &[(&str, &str)]) -> bool {
        let mut builder = Request::builder().method(method);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        check(&builder.finish()).is_ok()
    }

    #[test]
    fn only_pages_of_this_server_and_programs_change_something() {
        let own = ("host", "parlance.example.com:4600");
        for (headers, expected) in [
            (&[own][..], true),
            (&[own, ("sec-fetch-site", "same-origin")], true),
            (&[own, ("sec-fetch-site", "none")], true),
            (&[own, ("sec-fetch-site", "same-site")], false),
            (&[own, ("sec-fetch-site", "cross-site")], false),
            (&[own, ("sec-fetch-site", "")], false),
            (
                &[
                    own,
                    ("sec-fetch-site", "cross-site"),
                    ("origin", "http://parlance.example.com:4600"),
                ],
                false,
            ),
            (&[own, ("origin", "http://parlance.example.com:4600")], true),
            // A proxy terminates TLS.
            (
                &[own, ("origin", "https://parlance.example.com:4600")],
                true,
            ),
            (&[own, ("origin", "http://parlance.example.com")], false),
            (
                &[own, ("origin", "http://parlance.example.com:4601")],
                false,
            ),
            (&[own, ("origin", "https://evil.example")], false),
            (&[own, ("origin", "null")], false),
            (&[own, ("origin", "")], false),
            (&[("host", "a:80"), ("origin", "http://a")], true),
            (&[("host", "a"), ("origin", "https://a:443")], true),
        ] {
            assert_eq!(passes(Method::POST, headers), expected, "{headers:?}");
            assert!(passes(Method::GET, headers), "{headers:?}");
        }
    }

    #[test]
    fn an_origin_that_is_no_text_is_another() {
        let mut request = Request::builder().method(Method::POST).finish();
        let value = poem::http::HeaderValue::from_bytes(b"http://\xff").expect("a value");
        request.headers_mut().insert(header::ORIGIN, value);
        assert!(check(&request).is_err());
    }
}
