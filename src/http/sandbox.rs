//! Confines responses of tenants' code (webhooks and tunnels). They have this server's origin, and must not act as
//! its pages or affect the whole origin.

use poem::{
    Response,
    http::{HeaderMap, HeaderValue, header},
};

/// The session cookie of this server's pages.
pub const PAGES_COOKIE: &str = "parlance_pages";

/// The sandbox policy gives pages of such a response an opaque origin: no storage, no cookies, no access to this
/// server's responses. Forms, scripts and popups are allowed for authorization flows at providers; popups are not
/// sandboxed.
const SANDBOX_POLICY: &str = "sandbox allow-downloads allow-forms allow-modals allow-popups \
                      allow-popups-to-escape-sandbox allow-scripts";

/// Headers that affect the whole origin, or the connection, which belongs to this server.
const FORBIDDEN_HEADERS: [&str; 28] = [
    "accept-ch",
    "activate-storage-access",
    "alt-svc",
    "clear-site-data",
    "critical-ch",
    "expect-ct",
    "nel",
    "origin-agent-cluster",
    "public-key-pins",
    "report-to",
    "secure-session-registration",
    "sec-session-registration",
    "service-worker-allowed",
    "set-login",
    "strict-transport-security",
    "use-as-dictionary",
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-lighttpd-send-file",
    "x-sendfile",
];

/// Prefix of headers that a proxy before this server obeys: they name its files and addresses.
const PROXY_HEADER_PREFIX: &str = "x-accel-";

/// Confines a response of a tenant's code that is served below this path. Its cookies are sent only to that path.
pub fn confine_response(response: &mut Response, path: &str) {
    let headers = response.headers_mut();
    for name in FORBIDDEN_HEADERS {
        headers.remove(name);
    }
    let of_proxies: Vec<_> = headers
        .keys()
        .filter(|name| name.as_str().starts_with(PROXY_HEADER_PREFIX))
        .cloned()
        .collect();
    for name in of_proxies {
        headers.remove(name);
    }
    confine_cookies(headers, path);
    let nosniff = HeaderValue::from_static("nosniff");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    // Browsers enforce every policy; of several sandbox directives the last one applies.
    let policy = HeaderValue::from_static(SANDBOX_POLICY);
    headers.append(header::CONTENT_SECURITY_POLICY, policy);
}

fn confine_cookies(headers: &mut HeaderMap, path: &str) {
    let cookies = headers.get_all(header::SET_COOKIE).iter();
    let confined: Vec<HeaderValue> = cookies
        .filter_map(|cookie| confine_cookie(cookie.as_bytes(), path))
        .collect();
    headers.remove(header::SET_COOKIE);
    for cookie in confined {
        headers.append(header::SET_COOKIE, cookie);
    }
}

/// Restricts a cookie to this path. `None` if it has the name of one of our cookies, or no name: browsers send a
/// nameless cookie as a bare value, which could look like another cookie.
fn confine_cookie(cookie: &[u8], path: &str) -> Option<HeaderValue> {
    let mut parts = cookie.split(|byte| *byte == b';');
    let pair = parts.next()?.trim_ascii();
    let at = pair.iter().position(|byte| *byte == b'=')?;
    let name = pair[..at].trim_ascii();
    if name.is_empty() || name.eq_ignore_ascii_case(PAGES_COOKIE.as_bytes()) {
        return None;
    }
    let mut confined = pair.to_vec();
    for attribute in parts.map(<[u8]>::trim_ascii) {
        let name = attribute.split(|byte| *byte == b'=').next();
        let name = name.unwrap_or_default().trim_ascii();
        let is_wider = [&b"path"[..], b"domain"]
            .iter()
            .any(|wider| name.eq_ignore_ascii_case(wider));
        if !is_wider {
            confined.extend_from_slice(b"; ");
            confined.extend_from_slice(attribute);
        }
    }
    confined.extend_from_slice(b"; Path=");
    confined.extend_from_slice(path.as_bytes());
    HeaderValue::from_bytes(&confined).ok()
}

/// Removes this server's cookies from the value of a `Cookie` header. `None` if none are left.
#[must_use]
pub fn strip_own_cookies(cookies: &str) -> Option<String> {
    let is_own = |pair: &str| {
        let name = pair.split('=').next().unwrap_or_default().trim();
        name.eq_ignore_ascii_case(PAGES_COOKIE)
    };
    let others = cookies.split(';').filter(|pair| !is_own(pair));
    let others: Vec<&str> = others
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
        .collect();
    (!others.is_empty()).then(|| others.join("; "))
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderName;

    use super::*;

    fn answer(headers: &[(&str, &str)]) -> Response {
        let mut response = Response::default();
        for (name, value) in headers {
            let name = HeaderName::try_from(*name).expect("a name");
            let value = HeaderValue::try_from(*value).expect("a value");
            response.headers_mut().append(name, value);
        }
        confine_response(&mut response, "/webhook/1");
        response
    }

    fn cookie(cookie: &str) -> Option<String> {
        let response = answer(&[("set-cookie", cookie)]);
        response.header(header::SET_COOKIE).map(str::to_owned)
    }

    #[test]
    fn cookies_come_back_to_their_webhook_alone() {
        for (set, confined) in [
            ("a=b", "a=b; Path=/webhook/1"),
            (
                "a=b; Path=/; HttpOnly; Domain=example.com; Max-Age=5",
                "a=b; HttpOnly; Max-Age=5; Path=/webhook/1",
            ),
            (
                "a=b;PATH=/platform;domain = x;secure",
                "a=b; secure; Path=/webhook/1",
            ),
            ("a=", "a=; Path=/webhook/1"),
            ("a=b=c; path", "a=b=c; Path=/webhook/1"),
        ] {
            assert_eq!(cookie(set).as_deref(), Some(confined), "{set}");
        }
        for set in [
            "parlance_pages=x; Path=/platform",
            " parlance_pages =x",
            "Parlance_Pages=x",
            "=parlance_pages=x",
            "parlance_pages",
            "",
        ] {
            assert_eq!(cookie(set), None, "{set}");
        }
    }

    #[test]
    fn nothing_speaks_for_the_whole_origin() {
        let own: Vec<(&str, &str)> = FORBIDDEN_HEADERS.iter().map(|name| (*name, "x")).collect();
        let response = answer(&own);
        let names: Vec<&str> = response.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["x-content-type-options", "content-security-policy"]);
        let response = answer(&[
            (
                "content-security-policy",
                "sandbox allow-same-origin allow-scripts",
            ),
            ("x-own", "1"),
            ("location", "https://provider.example"),
        ]);
        let policies = response.headers().get_all(header::CONTENT_SECURITY_POLICY);
        let last = policies.iter().next_back().expect("a policy");
        assert_eq!(last, SANDBOX_POLICY);
        assert!(!SANDBOX_POLICY.contains("same-origin"));
        assert_eq!(response.header("x-own"), Some("1"));
        assert_eq!(
            response.header("location"),
            Some("https://provider.example")
        );
    }

    #[test]
    fn the_code_of_tenants_sees_no_cookie_of_ours() {
        for (sent, left) in [
            ("a=b; parlance_pages=x.y; c=d", Some("a=b; c=d")),
            ("parlance_pages=x", None),
            ("a=b", Some("a=b")),
            ("", None),
        ] {
            assert_eq!(strip_own_cookies(sent).as_deref(), left, "{sent}");
        }
    }

    #[test]
    fn what_a_proxy_obeys_and_what_weakens_the_page_is_left_out() {
        let response = answer(&[
            ("x-accel-redirect", "/secret"),
            ("X-Accel-Buffering", "no"),
            ("x-sendfile", "/etc/passwd"),
            ("secure-session-registration", "(ES256);path=\"/\""),
            ("x-content-type-options", "sniff"),
            ("x-own", "kept"),
        ]);
        let names: Vec<&str> = response.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(
            names,
            ["x-own", "x-content-type-options", "content-security-policy"]
        );
        assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    }
}
