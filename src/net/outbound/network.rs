//! IP networks, and the classification of addresses that are not public.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
    sync::LazyLock,
};

use serde::{Deserialize, Serialize};

/// An IP network: `10.0.0.0/8`, `fd00::/8`, or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// True if the network contains the address. An IPv4-mapped IPv6 address counts as its IPv4 address.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        match (self.address, unmap_ipv4(address)) {
            (IpAddr::V4(network), IpAddr::V4(address)) => self.contains_v4(network, address),
            (IpAddr::V6(network), IpAddr::V6(address)) => self.contains_v6(network, address),
            _ => false,
        }
    }

    fn contains_v4(self, network: Ipv4Addr, address: Ipv4Addr) -> bool {
        let differing = network.to_bits() ^ address.to_bits();
        differing.leading_zeros() >= u32::from(self.prefix)
    }

    fn contains_v6(self, network: Ipv6Addr, address: Ipv6Addr) -> bool {
        let differing = network.to_bits() ^ address.to_bits();
        differing.leading_zeros() >= u32::from(self.prefix)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// Error for a text that is not a network.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0:?} is not a network such as 10.0.0.0/8, fd00::/8 or 192.0.2.7")]
pub struct InvalidNetwork(String);

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let wrong = || InvalidNetwork(text.to_owned());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let address_bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.parse().map_err(|_| wrong())?,
            None => address_bits,
        };
        if prefix > address_bits {
            return Err(wrong());
        }
        Ok(Self { address, prefix })
    }
}

impl TryFrom<String> for Network {
    type Error = InvalidNetwork;

    fn try_from(text: String) -> Result<Self, InvalidNetwork> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

/// Returns the IPv4 address of an IPv4-mapped IPv6 address, and any other address unchanged.
pub(super) fn unmap_ipv4(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), IpAddr::V4),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Returns the special use of an address, or `None` if the address is public.
pub(super) fn classify_address(address: IpAddr) -> Option<SpecialUse> {
    static NETWORKS: LazyLock<Vec<(Network, SpecialUse)>> = LazyLock::new(|| {
        let parsed = SPECIAL_NETWORKS.iter().map(|(network, special)| {
            let network = network.parse().expect("the networks below are well-formed");
            (network, *special)
        });
        parsed.collect()
    });
    let address = unmap_ipv4(address);
    let found = NETWORKS
        .iter()
        .find(|(network, _)| network.contains(address));
    found.map(|(_, special)| *special)
}

/// The reason why an address is not public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SpecialUse {
    /// A loopback address.
    Loopback,
    /// A private network (RFC 1918), or a unique local IPv6 address.
    Private,
    /// Any other address that is not a public host.
    Reserved,
}

impl fmt::Display for SpecialUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Loopback => "this machine",
            Self::Private => "a private network",
            Self::Reserved => "not a public address",
        })
    }
}

/// Networks that are not globally reachable by IANA's special-purpose registries (webhooks.md §7.5), IPv6 networks
/// that embed IPv4 addresses, and multicast. The first network that contains an address counts. IANA gives out global
/// unicast addresses only from `2000::/3`, so the list refuses all other IPv6 addresses, also those that are assigned
/// later.
const SPECIAL_NETWORKS: &[(&str, SpecialUse)] = &[
    ("127.0.0.0/8", SpecialUse::Loopback),
    ("10.0.0.0/8", SpecialUse::Private),
    ("172.16.0.0/12", SpecialUse::Private),
    ("192.168.0.0/16", SpecialUse::Private),
    ("0.0.0.0/8", SpecialUse::Reserved),
    ("100.64.0.0/10", SpecialUse::Reserved),
    ("169.254.0.0/16", SpecialUse::Reserved),
    ("192.0.0.0/24", SpecialUse::Reserved),
    ("192.0.2.0/24", SpecialUse::Reserved),
    ("192.88.99.0/24", SpecialUse::Reserved),
    ("198.18.0.0/15", SpecialUse::Reserved),
    ("198.51.100.0/24", SpecialUse::Reserved),
    ("203.0.113.0/24", SpecialUse::Reserved),
    ("224.0.0.0/4", SpecialUse::Reserved),
    ("240.0.0.0/4", SpecialUse::Reserved),
    ("::1", SpecialUse::Loopback),
    ("fc00::/7", SpecialUse::Private),
    ("::/3", SpecialUse::Reserved),
    ("4000::/2", SpecialUse::Reserved),
    ("8000::/1", SpecialUse::Reserved),
    ("2001::/23", SpecialUse::Reserved),
    ("2001:db8::/32", SpecialUse::Reserved),
    ("2002::/16", SpecialUse::Reserved),
    ("3fff::/20", SpecialUse::Reserved),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn special(text: &str) -> Option<SpecialUse> {
        classify_address(text.parse().expect("an address"))
    }

    #[test]
    fn networks_contain_their_addresses() {
        let network: Network = "10.1.0.0/16".parse().expect("a network");
        assert!(network.contains("10.1.255.255".parse().expect("an address")));
        assert!(network.contains("::ffff:10.1.2.3".parse().expect("an address")));
        assert!(!network.contains("10.2.0.0".parse().expect("an address")));
        assert!(!network.contains("::1".parse().expect("an address")));
        let all: Network = "0.0.0.0/0".parse().expect("a network");
        assert!(all.contains("8.8.8.8".parse().expect("an address")));
        let one: Network = "::1".parse().expect("a network");
        assert_eq!(one.to_string(), "::1/128");
        for wrong in ["10.0.0.0/33", "10.0.0/8", "x", "::/129", "10.0.0.0/"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_range_is_known_and_every_entry_parses() {
        for (network, _) in SPECIAL_NETWORKS {
            assert!(network.parse::<Network>().is_ok(), "{network}");
        }
        for blocked in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "100::1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "5f00::1",
            "::ffff:0:7f00:1",
            "::ffff:0:808:808",
            "2001:2::1",
            "2001:10::1",
            "2001:1f:ffff::1",
            "100:0:0:1::1",
            "1fff::1",
            "4000::1",
            "fe00::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.1.1",
        ] {
            assert!(special(blocked).is_some(), "{blocked}");
        }
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00::1",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2620:4f:8000::1",
            "3ffe::1",
            "192.31.196.1",
            "::ffff:8.8.8.8",
        ] {
            assert_eq!(special(public), None, "{public}");
        }
    }

    /// Blocks that the registries list as globally reachable and that are refused all the same: blocks for protocols,
    /// without web servers, and blocks that lead to any IPv4 address.
    const REFUSED_ALL_THE_SAME: [&str; 10] = [
        "192.0.0.9/32",
        "192.0.0.10/32",
        "64:ff9b::/96",
        "2001:1::1/128",
        "2001:1::2/128",
        "2001:1::3/128",
        "2001:3::/32",
        "2001:4:112::/48",
        "2001:20::/28",
        "2001:30::/28",
    ];

    /// Returns the blocks of the registries, as IANA publishes them, each with its "globally reachable" flag.
    fn registered() -> Vec<(String, bool)> {
        let mut blocks = Vec::new();
        for registry in [
            include_str!("../../../tests/iana/iana-ipv4-special-registry-1.csv"),
            include_str!("../../../tests/iana/iana-ipv6-special-registry-1.csv"),
        ] {
            for row in csv::Reader::from_reader(registry.as_bytes()).records() {
                let row = row.expect("a row");
                let without_notes = |field: &str| {
                    field
                        .split('[')
                        .next()
                        .unwrap_or_default()
                        .trim()
                        .to_owned()
                };
                let reachable = without_notes(&row[8]) == "True";
                let list = without_notes(&row[0]);
                blocks.extend(
                    list.split(',')
                        .map(|block| (block.trim().to_owned(), reachable)),
                );
            }
        }
        blocks
    }

    /// Returns the first, the middle and the last address of a network.
    fn some_of(network: Network) -> [IpAddr; 3] {
        let span = |bits: u32| {
            1_u128
                .checked_shl(bits - u32::from(network.prefix))
                .map_or(u128::MAX, |size| size - 1)
        };
        match network.address {
            IpAddr::V4(first) => {
                let span = u32::try_from(span(32)).unwrap_or(u32::MAX);
                [0, span / 2, span].map(|more| Ipv4Addr::from_bits(first.to_bits() + more).into())
            }
            IpAddr::V6(first) => {
                let span = span(128);
                [0, span / 2, span].map(|more| Ipv6Addr::from_bits(first.to_bits() + more).into())
            }
        }
    }

    #[test]
    fn no_block_of_the_registries_is_dialled_that_is_not_globally_reachable() {
        let blocks = registered();
        assert_eq!(blocks.len(), 51, "the registries were read whole");
        for (block, reachable) in blocks {
            let network: Network = block.parse().expect("a network");
            let refused = !reachable || REFUSED_ALL_THE_SAME.contains(&block.as_str());
            // These addresses are IPv4-mapped, so their IPv4 address is looked up.
            if block == "::ffff:0:0/96" {
                continue;
            }
            for address in some_of(network) {
                assert_eq!(
                    classify_address(address).is_some(),
                    refused,
                    "{address} of {block}"
                );
            }
        }
    }
}
