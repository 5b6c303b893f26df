//! Settings of tunnels.

use std::{net::IpAddr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::net::outbound::Network;

/// Settings of tunnels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Whether there are tunnels. By default only in profile `dev`.
    pub enabled: Option<bool>,
    /// Networks that may open one beside this machine. The official client sends no token.
    pub allow: Vec<Network>,
    /// The most tunnels that are open at the same time.
    pub max_tunnels: usize,
    /// The most requests that wait for an answer of one tunnel.
    pub max_requests: usize,
    /// The longest that a tunnel may take to answer a request, in seconds.
    pub timeout_seconds: u64,
    /// The largest message of a client, in bytes: an answer with its headers, as JSON.
    pub message_bytes: usize,
    /// How often a client is asked whether it is still there, in seconds. One that is not heard of for
    /// three times as long is taken to be gone.
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
    /// Whether there are tunnels in this profile.
    #[must_use]
    pub fn is_on(&self, development: bool) -> bool {
        self.enabled.unwrap_or(development)
    }

    /// Whether a client with this address may open a tunnel.
    #[must_use]
    pub fn lets_in(&self, peer: IpAddr) -> bool {
        let mut allowed = self.allow.iter();
        peer.to_canonical().is_loopback() || allowed.any(|network| network.contains(peer))
    }

    /// The longest that a tunnel may take to answer a request.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }

    /// How often a client is asked whether it is still there.
    #[must_use]
    pub fn ping_every(&self) -> Duration {
        Duration::from_secs(self.ping_seconds.max(1))
    }

    /// After how long without a sign of life a client is taken to be gone.
    #[must_use]
    pub fn silence(&self) -> Duration {
        self.ping_every() * 3
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
        let lets_in = |peer: &str| settings.lets_in(peer.parse().expect("an address"));
        for peer in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.1.2.3"] {
            assert!(lets_in(peer), "{peer}");
        }
        for peer in ["10.2.0.1", "192.0.2.7", "2001:db8::1"] {
            assert!(!lets_in(peer), "{peer}");
        }
    }
}
