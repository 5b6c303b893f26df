//! The address of this server as its callers know it. All code that writes a URL of this server takes the address
//! from here.
//!
//! The setting `server.public_url` decides. Without it, the request does: its `Host`, or with
//! `server.trust_forwarded` first the headers of a proxy.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use poem::{Request, http::header};
use serde::{Deserialize, Serialize};
use url::{Position, Url};

use super::{hosts::AllowedHosts, request_state};
use crate::kernel::Result;

/// The fallback host for a request whose host is missing or not safe to show.
const FALLBACK_HOST: &str = "127.0.0.1:4600";

/// The headers that show that a proxy forwarded a request.
const FORWARDED_HEADERS: [&str; 4] = [
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "forwarded",
];

/// The public address of a server: scheme, host and port, such as `https://parlance.example.com`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicUrl(String);

/// A text that is no valid [`PublicUrl`].
#[derive(Debug, thiserror::Error)]
#[error("must be http:// or https:// with a host and nothing after it")]
pub struct InvalidPublicUrl;

impl TryFrom<String> for PublicUrl {
    type Error = InvalidPublicUrl;

    fn try_from(text: String) -> Result<Self, InvalidPublicUrl> {
        let url = Url::parse(&text).map_err(|_| InvalidPublicUrl)?;
        let is_origin = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && &url[Position::BeforePath..] == "/";
        if is_origin {
            Ok(Self(url[..Position::BeforePath].to_owned()))
        } else {
            Err(InvalidPublicUrl)
        }
    }
}

impl From<PublicUrl> for String {
    fn from(url: PublicUrl) -> Self {
        url.0
    }
}

impl PublicUrl {
    /// Returns the host, with the port if there is one.
    pub(super) fn authority(&self) -> Option<&str> {
        self.0.split_once("://").map(|(_, authority)| authority)
    }

    /// True if the scheme is `https`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The rules for finding the address of this server.
#[derive(Debug, Clone, Default)]
pub struct OriginResolver {
    public_url: Option<Arc<str>>,
    trust_forwarded: bool,
    /// The hosts that the server answers to; `None` in tests of the middleware.
    hosts: Option<Arc<AllowedHosts>>,
}

impl OriginResolver {
    /// Creates the rules from the settings.
    #[must_use]
    pub fn new(public_url: Option<&PublicUrl>, trust_forwarded: bool) -> Self {
        Self {
            public_url: public_url.map(|url| url.0.as_str().into()),
            trust_forwarded,
            hosts: None,
        }
    }

    /// Accepts only requests for these hosts.
    #[must_use]
    pub fn with_hosts(mut self, hosts: AllowedHosts) -> Self {
        self.hosts = Some(Arc::new(hosts));
        self
    }

    /// Checks that a request is for this server.
    ///
    /// # Errors
    /// `Misdirected` for another host; `Invalid` for a missing or malformed host.
    pub(super) fn check_host(&self, request: &Request) -> Result<()> {
        let Some(hosts) = &self.hosts else {
            return Ok(());
        };
        hosts.check(request, self.forwarded_header(request, "x-forwarded-host"))
    }

    /// Returns the first value of a forwarding header, from the proxy nearest to the client, if proxies are trusted.
    fn forwarded_header<'a>(&self, request: &'a Request, name: &str) -> Option<&'a str> {
        let value = request.header(name).filter(|_| self.trust_forwarded)?;
        value.split(',').next().map(str::trim)
    }
}

/// Returns the address of this server without a trailing slash: `http://127.0.0.1:4600`.
#[must_use]
pub fn origin(request: &Request) -> String {
    let origins = request_state::origins(request);
    if let Some(url) = origins.and_then(|origins| origins.public_url.as_ref()) {
        return url.as_ref().to_owned();
    }
    let scheme = match forwarded_header(request, "x-forwarded-proto") {
        Some("https") => "https",
        _ => "http",
    };
    let host = host(request).unwrap_or(FALLBACK_HOST);
    format!("{scheme}://{host}")
}

/// Returns the requested host, with the port if there is one: `example.localhost:4600`.
#[must_use]
pub fn host(request: &Request) -> Option<&str> {
    forwarded_header(request, "x-forwarded-host")
        .or_else(|| request.header(header::HOST))
        // HTTP/2 sends the host as `:authority`.
        .or_else(|| Some(request.original_uri().authority()?.as_str()))
        .filter(|host| {
            // Pages show the host, so it must contain no other characters.
            host.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte))
        })
}

/// Returns the IP address of the client, as a trusted proxy reports it or of the connection. `None` if an untrusted
/// proxy forwarded the request, or the proxy does not report the client.
#[must_use]
pub fn client_ip(request: &Request) -> Option<IpAddr> {
    let trusted = request_state::origins(request).is_some_and(|origins| origins.trust_forwarded);
    resolve_client_ip(request, trusted, connection_ip(request))
}

/// Returns the IP address for rate limiting: the client's, or the connection's if the client's is not known.
#[must_use]
pub fn rate_limit_ip(request: &Request, origins: &OriginResolver) -> Option<IpAddr> {
    let connected = connection_ip(request);
    resolve_client_ip(request, origins.trust_forwarded, connected).or(connected)
}

fn connection_ip(request: &Request) -> Option<IpAddr> {
    let connected = request.remote_addr().as_socket_addr();
    connected.map(SocketAddr::ip)
}

/// Returns the client of a request from a connection with this address.
fn resolve_client_ip(
    request: &Request,
    trusted: bool,
    connected: Option<IpAddr>,
) -> Option<IpAddr> {
    let passed_on = FORWARDED_HEADERS
        .iter()
        .any(|name| request.header(name).is_some());
    if !passed_on {
        return connected;
    }
    // The nearest proxy appends the last entry.
    let chain = request.header("x-forwarded-for").filter(|_| trusted)?;
    chain.rsplit(',').next()?.trim().parse().ok()
}

/// Returns a forwarding header that a trusted proxy set.
fn forwarded_header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request_state::origins(request)?.forwarded_header(request, name)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::http::{Limits, Metrics, RequestState};

    #[test]
    fn a_public_url_is_scheme_and_host_alone() {
        for (text, read) in [
            (
                "https://parlance.example.com",
                Some("https://parlance.example.com"),
            ),
            (
                "https://Parlance.example.com:443/",
                Some("https://parlance.example.com"),
            ),
            ("http://[::1]:4600", Some("http://[::1]:4600")),
            ("https://example.com/parlance", None),
            ("https://example.com/?a", None),
            ("https://example.com/#a", None),
            ("https://user@example.com", None),
            ("ftp://example.com", None),
            ("parlance.example.com", None),
            ("", None),
        ] {
            let url = PublicUrl::try_from(text.to_owned()).ok();
            assert_eq!(url.map(String::from).as_deref(), read, "{text}");
        }
    }

    fn asked(origins: &OriginResolver, headers: &[(&str, &str)]) -> String {
        let builder = headers
            .iter()
            .fold(Request::builder(), |builder, (name, value)| {
                builder.header(*name, *value)
            });
        let mut request = builder.finish();
        request.set_data(mounted_with(origins));
        origin(&request)
    }

    fn mounted_with(origins: &OriginResolver) -> RequestState {
        let limits = Limits {
            code_body: usize::MAX,
            body_memory: usize::MAX,
            body: 0,
            time: Duration::ZERO,
        };
        RequestState::new(None, origins.clone(), limits, Metrics::new(|_| {}))
    }

    #[test]
    fn a_callers_address_is_that_of_its_connection_or_what_a_trusted_proxy_says() {
        let peer_of = |trusted: bool, headers: &[(&str, &str)]| {
            let builder = headers
                .iter()
                .fold(Request::builder(), |builder, (name, value)| {
                    builder.header(*name, *value)
                });
            let mut request = builder.finish();
            request.set_data(mounted_with(&OriginResolver::new(None, trusted)));
            let here = "127.0.0.1".parse().ok();
            resolve_client_ip(&request, trusted, here).map(|peer| peer.to_string())
        };
        let some = |text: &str| Some(text.to_owned());
        let chain = [("x-forwarded-for", "127.0.0.1, 192.0.2.7")];
        let host = [("x-forwarded-host", "parlance.example.com")];
        for trusted in [true, false] {
            assert_eq!(peer_of(trusted, &[]), some("127.0.0.1"));
            assert_eq!(peer_of(trusted, &host), None);
        }
        assert_eq!(peer_of(true, &chain), some("192.0.2.7"));
        assert_eq!(peer_of(false, &chain), None);
        assert_eq!(peer_of(true, &[("x-forwarded-for", "unknown")]), None);
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let passed_on = [
            ("host", "10.0.0.7:4600"),
            ("x-forwarded-proto", "https, http"),
            ("x-forwarded-host", "parlance.example.com, inner"),
        ];
        let own = OriginResolver::default();
        assert_eq!(asked(&own, &passed_on), "http://10.0.0.7:4600");
        assert_eq!(asked(&own, &[]), "http://127.0.0.1:4600");
        assert_eq!(
            asked(&own, &[("host", "<script>")]),
            "http://127.0.0.1:4600"
        );
        let behind = OriginResolver::new(None, true);
        assert_eq!(asked(&behind, &passed_on), "https://parlance.example.com");
        assert_eq!(asked(&behind, &passed_on[..1]), "http://10.0.0.7:4600");
        let url = PublicUrl("https://chat.example.com".to_owned());
        let public = OriginResolver::new(Some(&url), true);
        assert_eq!(asked(&public, &passed_on), "https://chat.example.com");
    }
}
