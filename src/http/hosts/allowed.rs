//! The entries of the setting `server.allowed_hosts`.

use std::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::host::{Host, is_subdomain};
use crate::kernel::Result;

/// An entry of the setting `server.allowed_hosts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AllowedHost {
    /// Any host: `*`.
    Any,
    /// All subdomains of a name: `*.example.com`.
    Subdomains(String),
    /// A name: `parlance.example.com`.
    Name(String),
    /// An IP address: `192.0.2.7`, `[2001:db8::1]`.
    Address(IpAddr),
}

/// A text that is no host.
#[derive(Debug, thiserror::Error)]
#[error(
    "must be a host without a port: parlance.example.com, *.example.com (names below it), 192.0.2.7, \
     [2001:db8::1], or * for any"
)]
pub struct InvalidHost;

impl AllowedHost {
    pub(super) fn from_host(host: Host<'_>) -> Self {
        match host {
            Host::Name(name) => Self::Name(name.to_ascii_lowercase()),
            Host::Address(address) => Self::Address(address),
        }
    }

    pub(super) fn allows(&self, host: Host<'_>) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            (Self::Subdomains(parent), Host::Name(name)) => is_subdomain(name, parent),
            (Self::Name(allowed), Host::Name(name)) => allowed.eq_ignore_ascii_case(name),
            (Self::Address(allowed), Host::Address(address)) => *allowed == address,
            _ => false,
        }
    }
}

impl TryFrom<String> for AllowedHost {
    type Error = InvalidHost;

    fn try_from(text: String) -> Result<Self, InvalidHost> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if let Some(parent) = text.strip_prefix("*.") {
            return match Host::parse(parent) {
                Some(Host::Name(name)) => Ok(Self::Subdomains(name.to_ascii_lowercase())),
                _ => Err(InvalidHost),
            };
        }
        let bare: Result<Ipv6Addr, _> = text.parse();
        match bare {
            Ok(address) => Ok(Self::Address(IpAddr::V6(address).to_canonical())),
            Err(_) => Host::parse(&text).map(Self::from_host).ok_or(InvalidHost),
        }
    }
}

impl From<AllowedHost> for String {
    fn from(host: AllowedHost) -> Self {
        match host {
            AllowedHost::Any => "*".to_owned(),
            AllowedHost::Subdomains(parent) => format!("*.{parent}"),
            AllowedHost::Name(name) => name,
            AllowedHost::Address(address) => Host::Address(address).to_string(),
        }
    }
}
