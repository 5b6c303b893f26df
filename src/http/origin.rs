//! The address of this server as its callers know it: the one place that it is taken from wherever
//! a URL of this server is written.
//!
//! `server.public_url` says it. Without that setting it is what the request says: its `Host`, and
//! with `server.trust_forwarded` first what a proxy says of the request that it passes on.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use poem::{Request, http::header};
use serde::{Deserialize, Serialize};
use url::{Position, Url};

use super::{hosts::AllowedHosts, mounted};
use crate::kernel::Result;

/// The origin of a request that names no host that could be shown.
const UNKNOWN_HOST: &str = "127.0.0.1:4600";

/// The headers by which a request is known that a proxy has passed on.
const FORWARDED: [&str; 4] = [
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "forwarded",
];

/// The address of a server: scheme, host and port, such as `https://parlance.example.com`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicUrl(String);

/// A text that is no [`PublicUrl`].
#[derive(Debug, thiserror::Error)]
#[error("must be http:// or https:// with a host and nothing after it")]
pub struct NoPublicUrl;

impl TryFrom<String> for PublicUrl {
    type Error = NoPublicUrl;

    fn try_from(text: String) -> Result<Self, NoPublicUrl> {
        let url = Url::parse(&text).map_err(|_| NoPublicUrl)?;
        let is_origin = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && &url[Position::BeforePath..] == "/";
        if is_origin {
            Ok(Self(url[..Position::BeforePath].to_owned()))
        } else {
            Err(NoPublicUrl)
        }
    }
}

impl From<PublicUrl> for String {
    fn from(url: PublicUrl) -> Self {
        url.0
    }
}

impl PublicUrl {
    /// Its host, with the port if it has one.
    pub(super) fn authority(&self) -> Option<&str> {
        self.0.split_once("://").map(|(_, authority)| authority)
    }

    /// True if it begins with `https`.
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

/// How the address of this server is found.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    public_url: Option<Arc<str>>,
    trust_forwarded: bool,
    /// The hosts that the server answers to; none for a layer on trial, which is asked without one.
    hosts: Option<Arc<AllowedHosts>>,
}

impl Origins {
    /// That of the settings.
    #[must_use]
    pub fn new(public_url: Option<&PublicUrl>, trust_forwarded: bool) -> Self {
        Self {
            public_url: public_url.map(|url| url.0.as_str().into()),
            trust_forwarded,
            hosts: None,
        }
    }

    /// The same of a server that answers to these hosts alone.
    #[must_use]
    pub fn with_hosts(mut self, hosts: AllowedHosts) -> Self {
        self.hosts = Some(Arc::new(hosts));
        self
    }

    /// Asserts that a request is for this server.
    ///
    /// # Errors
    /// `Misdirected` or `Invalid`.
    pub(super) fn check_host(&self, request: &Request) -> Result<()> {
        let Some(hosts) = &self.hosts else {
            return Ok(());
        };
        hosts.check(request, self.forwarded(request, "x-forwarded-host"))
    }

    /// The value that the proxy gives which is nearest to the caller.
    fn forwarded<'a>(&self, request: &'a Request, name: &str) -> Option<&'a str> {
        let value = request.header(name).filter(|_| self.trust_forwarded)?;
        value.split(',').next().map(str::trim)
    }
}

/// The address of this server, without a slash at its end: `http://127.0.0.1:4600`.
#[must_use]
pub fn origin(request: &Request) -> String {
    let origins = mounted::origins(request);
    if let Some(url) = origins.and_then(|origins| origins.public_url.as_ref()) {
        return url.as_ref().to_owned();
    }
    let scheme = match forwarded(request, "x-forwarded-proto") {
        Some("https") => "https",
        _ => "http",
    };
    let host = host(request).unwrap_or(UNKNOWN_HOST);
    format!("{scheme}://{host}")
}

/// The host, and the port if it has one, that the caller asked: `example.localhost:4600`.
#[must_use]
pub fn host(request: &Request) -> Option<&str> {
    forwarded(request, "x-forwarded-host")
        .or_else(|| request.header(header::HOST))
        // HTTP/2 has it here.
        .or_else(|| Some(request.original_uri().authority()?.as_str()))
        .filter(|host| {
            // It is shown in pages, so it must be nothing but a host.
            host.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte))
        })
}

/// The address of the caller; of the proxy's caller if a trusted proxy has passed the request on. None if
/// a proxy has that is not trusted, or does not say whose request it is.
#[must_use]
pub fn peer(request: &Request) -> Option<IpAddr> {
    let trusted = mounted::origins(request).is_some_and(|origins| origins.trust_forwarded);
    caller(request, trusted, connected(request))
}

/// The address that a request is counted for: that of its caller, or, where nobody that is believed says
/// whose it is, that of its connection.
#[must_use]
pub fn counted_peer(request: &Request, origins: &Origins) -> Option<IpAddr> {
    let connected = connected(request);
    caller(request, origins.trust_forwarded, connected).or(connected)
}

fn connected(request: &Request) -> Option<IpAddr> {
    let connected = request.remote_addr().as_socket_addr();
    connected.map(SocketAddr::ip)
}

/// The caller of a request whose connection is from this address.
fn caller(request: &Request, trusted: bool, connected: Option<IpAddr>) -> Option<IpAddr> {
    let passed_on = FORWARDED.iter().any(|name| request.header(name).is_some());
    if !passed_on {
        return connected;
    }
    // The last one is what the nearest proxy has added.
    let chain = request.header("x-forwarded-for").filter(|_| trusted)?;
    chain.rsplit(',').next()?.trim().parse().ok()
}

/// The value of a header that a trusted proxy sets.
fn forwarded<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    mounted::origins(request)?.forwarded(request, name)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::http::{Limits, Metrics, Mounted};

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

    fn asked(origins: &Origins, headers: &[(&str, &str)]) -> String {
        let builder = headers
            .iter()
            .fold(Request::builder(), |builder, (name, value)| {
                builder.header(*name, *value)
            });
        let mut request = builder.finish();
        request.set_data(mounted_with(origins));
        origin(&request)
    }

    fn mounted_with(origins: &Origins) -> Mounted {
        let limits = Limits {
            body_memory: usize::MAX,
            body: 0,
            time: Duration::ZERO,
        };
        Mounted::new(None, origins.clone(), limits, Metrics::new(|_| {}))
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
            request.set_data(mounted_with(&Origins::new(None, trusted)));
            let here = "127.0.0.1".parse().ok();
            caller(&request, trusted, here).map(|peer| peer.to_string())
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
        let own = Origins::default();
        assert_eq!(asked(&own, &passed_on), "http://10.0.0.7:4600");
        assert_eq!(asked(&own, &[]), "http://127.0.0.1:4600");
        assert_eq!(
            asked(&own, &[("host", "<script>")]),
            "http://127.0.0.1:4600"
        );
        let behind = Origins::new(None, true);
        assert_eq!(asked(&behind, &passed_on), "https://parlance.example.com");
        assert_eq!(asked(&behind, &passed_on[..1]), "http://10.0.0.7:4600");
        let url = PublicUrl("https://chat.example.com".to_owned());
        let public = Origins::new(Some(&url), true);
        assert_eq!(asked(&public, &passed_on), "https://chat.example.com");
    }
}
