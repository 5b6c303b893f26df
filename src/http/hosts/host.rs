//! Strict parser for hosts: accepts only plain names and plain IP addresses.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// Maximum length of a name, in bytes (RFC 1035).
const NAME_MAX: usize = 253;
/// Maximum length of a label, in bytes.
const LABEL_MAX: usize = 63;

/// The host of a request or a URL, without its port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Host<'a> {
    /// A name in its original case, without a trailing dot.
    Name(&'a str),
    /// An IP address. An IPv4-mapped IPv6 address is converted to IPv4.
    Address(IpAddr),
}

impl<'a> Host<'a> {
    /// Parses the host of `name:port`, `192.0.2.7:port` or `[2001:db8::1]:port`. The port is optional.
    pub(super) fn parse_authority(text: &'a str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (_, after) = rest.split_once(']')?;
                let host = &text[..text.len() - after.len()];
                match after {
                    "" => (host, None),
                    after => (host, Some(after.strip_prefix(':')?)),
                }
            }
            None => match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        let is_port = |port: &str| {
            port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
        };
        match port {
            Some(port) if !is_port(port) => None,
            _ => Self::parse(host),
        }
    }

    /// Parses a host without a port. An IPv6 address is in brackets.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('[') {
            let address: Ipv6Addr = inner.strip_suffix(']')?.parse().ok()?;
            return Some(Self::Address(IpAddr::V6(address).to_canonical()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        // Browsers read such a name as an IPv4 address, also in forms that this parser rejects.
        let last = name.rsplit('.').next().unwrap_or_default();
        let is_figure = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
        if is_figure || last.starts_with("0x") || last.starts_with("0X") {
            let address: Ipv4Addr = name.parse().ok()?;
            return Some(Self::Address(address.into()));
        }
        is_name(name).then_some(Self::Name(name))
    }
}

/// Formats the host as the setting lists it.
impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(&name.to_ascii_lowercase()),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=LABEL_MAX).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    name.len() <= NAME_MAX && name.split('.').all(is_label)
}

/// True for `localhost` and its subdomains, which always resolve to loopback (RFC 6761).
pub(super) fn is_loopback_name(name: &str) -> bool {
    is_subdomain(name, "localhost") || name.eq_ignore_ascii_case("localhost")
}

/// True if `name` is a subdomain of `parent`.
pub(super) fn is_subdomain(name: &str, parent: &str) -> bool {
    let Some(at) = name.len().checked_sub(parent.len()).filter(|at| *at > 1) else {
        return false;
    };
    name.as_bytes()[at - 1] == b'.' && name.as_bytes()[at..].eq_ignore_ascii_case(parent.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Option<String> {
        Host::parse_authority(text).map(|host| host.to_string())
    }

    #[test]
    fn a_host_is_read_strictly() {
        for (text, read) in [
            ("localhost", "localhost"),
            ("LocalHost:4600", "localhost"),
            ("example.com.:80", "example.com"),
            ("a_b.example-c.com:0", "a_b.example-c.com"),
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.1.:4600", "127.0.0.1"),
            ("[::1]:4600", "[::1]"),
            ("[2001:DB8::1]", "[2001:db8::1]"),
            ("[::ffff:127.0.0.1]", "127.0.0.1"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("1.example", "1.example"),
        ] {
            assert_eq!(host(text).as_deref(), Some(read), "{text}");
        }
        let long = format!("{}.com", "a".repeat(64));
        let longer = format!("{}com", "abc.".repeat(64));
        for text in [
            "",
            ".",
            ":80",
            "localhost:",
            "localhost:+80",
            "localhost:65536",
            "localhost:80:80",
            "localhost:http",
            "user@localhost",
            "user:pass@localhost",
            "localhost@evil.example",
            "localhost/",
            "localhost?",
            "local host",
            " localhost",
            "localhost,evil.example",
            "a..b",
            ".localhost",
            "localhost..",
            "b\u{fc}cher.example",
            "%6c.localhost",
            "127.1",
            "0x7f.0.0.1",
            "0x7f000001",
            "2130706433",
            "127.0.0.01",
            "1.2.3.4.5",
            "::1",
            "[::1",
            "[::1]4600",
            "[::1]:",
            "[fe80::1%eth0]",
            "[fe80::1%25eth0]",
            "[127.0.0.1]",
            "[localhost]",
            "[]",
            &long,
            &longer,
        ] {
            assert_eq!(host(text), None, "{text}");
        }
    }
}
