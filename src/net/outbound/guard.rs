//! The rule for addresses that may be called. The resolver of the HTTP client applies it.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::network::{Network, SpecialUse, classify_address};

/// Error for an address that this server does not call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AddressRefused {
    host: String,
    address: IpAddr,
    /// `None` for a public address that would be called over plain http.
    special_use: Option<SpecialUse>,
}

impl fmt::Display for AddressRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, address, .. } = self;
        let subject = if *host == address.to_string() {
            host.clone()
        } else {
            format!("{host} ({address})")
        };
        match self.special_use {
            Some(special) => write!(
                f,
                "{subject} is {special}, which this server calls only if the setting \
                 outbound.allow lists it"
            ),
            None => write!(
                f,
                "{subject} must be called over https, or be listed in the setting outbound.allow"
            ),
        }
    }
}

impl std::error::Error for AddressRefused {}

/// The address rule for one scheme.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    allow: Arc<[Network]>,
    development: bool,
    plain_http: bool,
}

impl Guard {
    pub(super) fn new(allow: &[Network], development: bool, plain: bool) -> Self {
        Self {
            allow: allow.into(),
            development,
            plain_http: plain,
        }
    }

    /// Checks that `host` may be called at this address.
    pub(super) fn check_address(&self, host: &str, address: IpAddr) -> Result<(), AddressRefused> {
        if self.allow.iter().any(|network| network.contains(address)) {
            return Ok(());
        }
        let special = classify_address(address);
        let fits = match special {
            None => self.development || !self.plain_http,
            Some(SpecialUse::Loopback | SpecialUse::Private) => self.development,
            Some(SpecialUse::Reserved) => false,
        };
        if fits {
            return Ok(());
        }
        Err(AddressRefused {
            host: host.to_owned(),
            address,
            special_use: special,
        })
    }

    /// Resolves a host and returns the addresses that may be called.
    ///
    /// # Errors
    /// [`AddressRefused`] if the host has addresses but none may be called, or the error of the name lookup.
    pub(super) async fn resolve_host(
        &self,
        host: &str,
    ) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let mut refused = None;
        let mut fitting = Vec::new();
        for address in tokio::net::lookup_host((host, 0)).await? {
            match self.check_address(host, address.ip()) {
                Ok(()) => fitting.push(address),
                Err(error) => refused = Some(error),
            }
        }
        match refused {
            Some(error) if fitting.is_empty() => Err(error.into()),
            None if fitting.is_empty() => {
                Err(io::Error::other(format!("{host} has no address")).into())
            }
            _ => Ok(fitting),
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let addresses = Self::resolve_host(&guard, name.as_str()).await?;
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(guard: &Guard, address: &str) -> bool {
        let address = address.parse().expect("an address");
        guard.check_address("host.example", address).is_ok()
    }

    #[test]
    fn production_calls_only_public_addresses_over_https_and_what_is_listed() {
        let allow = ["10.1.0.0/16".parse().expect("a network")];
        let tls = Guard::new(&allow, false, false);
        assert!(fits(&tls, "8.8.8.8"));
        assert!(fits(&tls, "10.1.2.3"));
        for refused in [
            "127.0.0.1",
            "::1",
            "10.2.0.1",
            "169.254.169.254",
            "::ffff:10.2.0.1",
        ] {
            assert!(!fits(&tls, refused), "{refused}");
        }
        let plain = Guard::new(&allow, false, true);
        assert!(!fits(&plain, "8.8.8.8"));
        assert!(fits(&plain, "10.1.2.3"));
    }

    #[test]
    fn development_calls_this_machine_and_private_networks_too() {
        for plain in [false, true] {
            let guard = Guard::new(&[], true, plain);
            for fitting in ["127.0.0.1", "::1", "192.168.1.1", "fd00::1", "8.8.8.8"] {
                assert!(fits(&guard, fitting), "{fitting}");
            }
            assert!(
                !fits(&guard, "169.254.169.254"),
                "where clouds keep credentials"
            );
        }
    }

    #[test]
    fn the_text_names_host_address_and_setting() {
        let guard = Guard::new(&[], false, false);
        let refused = guard.check_address("db.internal", "10.0.0.5".parse().expect("an address"));
        assert_eq!(
            refused.map_err(|error| error.to_string()),
            Err(
                "db.internal (10.0.0.5) is a private network, which this server calls only if the \
                 setting outbound.allow lists it"
                    .to_owned()
            )
        );
    }

    #[tokio::test]
    async fn a_name_is_refused_by_what_it_resolves_to() {
        let guard = Guard::new(&[], false, false);
        let error = Guard::resolve_host(&guard, "localhost")
            .await
            .expect_err("refused");
        assert!(error.downcast_ref::<AddressRefused>().is_some(), "{error}");
        let open = Guard::new(&[], true, true);
        assert!(Guard::resolve_host(&open, "localhost").await.is_ok());
    }
}
