//! Settings of tunnels.

use std::{net::IpAddr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::net::outbound::Network;

/// Settings of tunnels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// True to enable tunnels. By default they are enabled only in profile `dev`.
    pub enabled: Option<bool>,
    /// Networks whose clients may open a tunnel, in addition to this machine. The official client sends no token.
    pub allow: Vec<Network>,
    /// Maximum number of open tunnels.
    pub max_tunnels: usize,
    /// Maximum number of requests that wait for a response on one connection of a tunnel.
    pub max_requests: usize,
    /// Maximum time until a tunnel responds to a request, in seconds.
    pub timeout_seconds: u64,
    /// Maximum size of a client's message, in bytes: a response with its headers, as JSON.
    pub message_bytes: usize,
    /// Time between two pings to a client, in seconds. A client that sends nothing for three times as long counts as
    /// gone.
    pub ping_seconds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled: None,
            allow: Vec::new(),
            max_tunnels: 100,
            max_requests: 256,
            timeout_seconds: 55,
            message_bytes: 16 * 1024 * 1024,
            ping_seconds: 20,
        }
    }
}

impl Settings {
    /// True if tunnels are enabled in this profile.
    #[must_use]
    pub fn is_enabled(&self, development: bool) -> bool {
        self.enabled.unwrap_or(development)
    }

    /// True if a client with this address may open a tunnel.
    #[must_use]
    pub fn allows_peer(&self, peer: IpAddr) -> bool {
        let mut allowed = self.allow.iter();
        peer.to_canonical().is_loopback() || allowed.any(|network| network.contains(peer))
    }

    /// Returns the maximum time until a tunnel responds to a request.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }

    /// Returns the time between two pings to a client.
    #[must_use]
    pub fn ping_interval(&self) -> Duration {
        Duration::from_secs(self.ping_seconds.max(1))
    }

    /// Returns the time without a message after which a client counts as gone.
    #[must_use]
    pub fn idle_timeout(&self) -> Duration {
        self.ping_interval() * 3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_listed_networks_are_let_in() {
        let settings = Settings {
            allow: vec!["10.1.0.0/16".parse().expect("a network")],
            ..Settings::default()
        };
        let lets_in = |peer: &str| settings.allows_peer(peer.parse().expect("an address"));
        for peer in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.1.2.3"] {
            assert!(lets_in(peer), "{peer}");
        }
        for peer in ["10.2.0.1", "192.0.2.7", "2001:db8::1"] {
            assert!(!lets_in(peer), "{peer}");
        }
    }
}
