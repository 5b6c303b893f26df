//! Host check: the server answers only to known hosts.
//!
//! Another site can make its own name resolve to this machine (DNS rebinding). The browser then treats this server as
//! that site's origin, and only the `Host` header reveals the difference.

mod allowed;
mod host;

use std::{borrow::Cow, net::IpAddr};

use poem::{
    Request,
    http::{HeaderValue, Version, header},
};

pub use self::allowed::AllowedHost;
use self::host::{Host, is_loopback_name};
use super::PublicUrl;
use crate::kernel::{Error, Kind, Result};

/// The hosts that a server answers to. Names and addresses of the machine itself are always included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHosts {
    /// True to allow every IP address: DNS rebinding needs a name.
    any_address: bool,
    hosts: Vec<AllowedHost>,
}

impl AllowedHosts {
    /// Allows any host.
    #[must_use]
    pub fn any() -> Self {
        Self {
            any_address: true,
            hosts: vec![AllowedHost::Any],
        }
    }

    /// Allows the address that the server listens on, the hosts of its public URLs, and the listed hosts. For a name
    /// in a URL, `chat.` and `webhook.` subdomains are included.
    #[must_use]
    pub fn new<'a>(
        listen: IpAddr,
        urls: impl IntoIterator<Item = &'a PublicUrl>,
        listed: &[AllowedHost],
    ) -> Self {
        let mut hosts = listed.to_vec();
        hosts.push(AllowedHost::Address(listen.to_canonical()));
        for host in urls.into_iter().filter_map(PublicUrl::authority) {
            let Some(host) = Host::parse_authority(host) else {
                continue;
            };
            if let Host::Name(name) = host {
                let part =
                    |part| AllowedHost::Name(format!("{part}.{}", name.to_ascii_lowercase()));
                hosts.extend(["chat", "webhook"].map(part));
            }
            hosts.push(AllowedHost::from_host(host));
        }
        Self {
            any_address: listen.is_unspecified(),
            hosts,
        }
    }

    fn allows(&self, host: Host<'_>) -> bool {
        let by_default = match host {
            Host::Name(name) => is_loopback_name(name),
            Host::Address(address) => self.any_address || address.is_loopback(),
        };
        by_default || self.hosts.iter().any(|allowed| allowed.allows(host))
    }

    /// Checks that a request is for this server. `forwarded` is the host that a trusted proxy reports.
    ///
    /// # Errors
    /// `Misdirected` for another host; `Invalid` for a missing, repeated or malformed host.
    pub(super) fn check(&self, request: &Request, forwarded: Option<&str>) -> Result<()> {
        let mut headers = request.headers().get_all(header::HOST).iter();
        let (header, second) = (headers.next(), headers.next());
        if second.is_some() {
            return Err(Error::invalid("The request has more than one Host"));
        }
        let target = request.original_uri().authority();
        // RFC 9112 §3.2. HTTP/2 has the host in `:authority`, and HTTP/1.0 does not require it.
        let is_missing = match request.version() {
            Version::HTTP_09 | Version::HTTP_10 => false,
            Version::HTTP_11 => header.is_none(),
            _ => header.is_none() && target.is_none(),
        };
        if is_missing {
            return Err(Error::invalid("The request has no Host"));
        }
        let named = header.map(HeaderValue::as_bytes);
        let named = named.map(String::from_utf8_lossy);
        let target = target.map(|target| Cow::Borrowed(target.as_str()));
        let forwarded = forwarded.map(Cow::Borrowed);
        let mut hosts = [named, target, forwarded].into_iter().flatten();
        hosts.try_for_each(|host| self.check_authority(&host))
    }

    fn check_authority(&self, authority: &str) -> Result<()> {
        let Some(host) = Host::parse_authority(authority) else {
            let text =
                "The host of the request is not valid: it must be like parlance.example.com:4600";
            return Err(Error::invalid(text));
        };
        if self.allows(host) {
            return Ok(());
        }
        let text = format!(
            "This server does not answer to the host {host}. The setting server.allowed_hosts lists the \
             hosts that it answers to: add \"{host}\" there if this is one of its names."
        );
        Err(Error::new(Kind::Misdirected, text))
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::{allowed::InvalidHost, *};

    fn allowed(hosts: &AllowedHosts, authority: &str) -> bool {
        hosts.check_authority(authority).is_ok()
    }

    fn listed(texts: &[&str]) -> Vec<AllowedHost> {
        let parsed = texts.iter().map(|text| (*text).to_owned().try_into());
        parsed.collect::<Result<_, InvalidHost>>().expect("hosts")
    }

    #[test]
    fn by_default_only_this_machine_is_meant() {
        let hosts = AllowedHosts::new(Ipv4Addr::LOCALHOST.into(), [], &[]);
        for own in [
            "localhost",
            "LOCALHOST.:80",
            "example.localhost:4600",
            "a.b.localhost",
            "127.0.0.1:4600",
            "127.9.9.9",
            "[::1]:4600",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(allowed(&hosts, own), "{own}");
        }
        for other in [
            "evil.example",
            "localhost.evil.example",
            "notlocalhost",
            "127.0.0.1.evil.example",
            "192.0.2.7",
            "0.0.0.0",
            "[2001:db8::1]",
        ] {
            assert!(!allowed(&hosts, other), "{other}");
        }
    }

    #[test]
    fn the_address_and_the_public_names_of_a_server_are_its_hosts() {
        let url = |text: &str| PublicUrl::try_from(text.to_owned()).expect("a url");
        let urls = [
            url("https://Parlance.example.com:8443"),
            url("https://192.0.2.9"),
        ];
        let hosts = AllowedHosts::new("10.0.0.7".parse().expect("an address"), &urls, &[]);
        for own in [
            "10.0.0.7:4600",
            "parlance.example.com",
            "PARLANCE.example.com:8443",
            "chat.parlance.example.com",
            "webhook.parlance.example.com",
            "192.0.2.9",
        ] {
            assert!(allowed(&hosts, own), "{own}");
        }
        for other in ["example.com", "x.parlance.example.com", "10.0.0.8"] {
            assert!(!allowed(&hosts, other), "{other}");
        }
        let everywhere = AllowedHosts::new(Ipv6Addr::UNSPECIFIED.into(), [], &[]);
        for own in ["10.0.0.8", "[2001:db8::1]:4600", "0.0.0.0"] {
            assert!(allowed(&everywhere, own), "{own}");
        }
        assert!(!allowed(&everywhere, "evil.example"));
    }

    #[test]
    fn what_is_listed_is_allowed() {
        let entries = [
            "Parlance",
            "*.corp.example",
            "192.0.2.7",
            "2001:db8::1",
            "[2001:db8::2]",
        ];
        let hosts = AllowedHosts::new(Ipv4Addr::LOCALHOST.into(), [], &listed(&entries));
        for own in [
            "parlance:4600",
            "a.corp.example",
            "a.b.CORP.example.",
            "192.0.2.7",
            "[2001:db8::1]",
            "[2001:db8::2]:80",
        ] {
            assert!(allowed(&hosts, own), "{own}");
        }
        for other in [
            "corp.example",
            "acorp.example",
            ".corp.example",
            "192.0.2.8",
        ] {
            assert!(!allowed(&hosts, other), "{other}");
        }
        let any = AllowedHosts::new(Ipv4Addr::LOCALHOST.into(), [], &listed(&["*"]));
        assert!(allowed(&any, "evil.example") && allowed(&any, "192.0.2.7"));
        for wrong in [
            "",
            "*.",
            "*x",
            "a:80",
            "http://a",
            "a/b",
            "*.127.0.0.1",
            "user@a",
        ] {
            assert!(AllowedHost::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
        let texts: Vec<String> = listed(&entries).into_iter().map(String::from).collect();
        let expected = [
            "parlance",
            "*.corp.example",
            "192.0.2.7",
            "[2001:db8::1]",
            "[2001:db8::2]",
        ];
        assert_eq!(texts, expected);
    }
}
