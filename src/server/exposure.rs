//! Network exposure of a server: the hosts that it answers to, and the warnings about insecure settings at start.

use std::net::SocketAddr;

use crate::{
    config::{Config, Profile},
    http::{AllowedHost, AllowedHosts},
};

/// Returns the hosts that a server at this address answers to.
pub(super) fn allowed_hosts(config: &Config, address: SocketAddr) -> AllowedHosts {
    if allows_any_host(config) {
        return AllowedHosts::any();
    }
    let urls = [&config.server.public_url, &config.botpress.webhook_url];
    AllowedHosts::new(
        address.ip(),
        urls.into_iter().flatten(),
        &config.server.allowed_hosts,
    )
}

/// True if the settings allow any host, or if the profile is `production` and no setting names a host.
fn allows_any_host(config: &Config) -> bool {
    let server = &config.server;
    let is_unsaid = server.public_url.is_none() && server.allowed_hosts.is_empty();
    server.allowed_hosts.contains(&AllowedHost::Any)
        || (server.profile == Profile::Production && is_unsaid)
}

/// Returns the warnings to log when a server starts at this address.
pub(super) fn warnings(config: &Config, address: SocketAddr) -> Vec<String> {
    let server = &config.server;
    let is_public = !address.ip().to_canonical().is_loopback();
    let mut warnings = Vec::new();
    match server.profile {
        Profile::Dev if is_public => warnings.push(format!(
            "profile \"dev\" is for development on this machine, but other machines can reach {address}: \
             anyone can use the test inbox and the install pages without a key. Set server.profile = \
             \"production\", or listen on this machine alone: server.listen = \"127.0.0.1:{}\"",
            address.port()
        )),
        Profile::Production if is_public => match &server.public_url {
            None => warnings.push(format!(
                "keys and messages cross the network unencrypted: {address} can be reached from other \
                 machines, and this server has no TLS. Put a proxy with TLS before it, have it listen \
                 where only that proxy reaches it, and set server.public_url to the proxy's https \
                 address"
            )),
            Some(url) if !url.is_https() => warnings.push(format!(
                "keys and messages cross the network unencrypted: server.public_url is {url}. Put a \
                 proxy with TLS before this server, and set server.public_url to its https address"
            )),
            Some(_) => {}
        },
        Profile::Dev | Profile::Production => {}
    }
    if allows_any_host(config) {
        warnings.push(
            "this server answers to any host. Set server.public_url to the address that others know it \
             by, or list its names in server.allowed_hosts"
                .to_owned(),
        );
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warned(profile: Profile, listen: &str, url: Option<&str>, hosts: &[&str]) -> Vec<String> {
        let mut config = Config::default();
        config.server.profile = profile;
        let url = url.map(|url| url.to_owned().try_into().expect("a url"));
        config.server.public_url = url;
        let hosts = hosts.iter().map(|host| (*host).to_owned().try_into());
        config.server.allowed_hosts = hosts.collect::<Result<_, _>>().expect("hosts");
        warnings(&config, listen.parse().expect("an address"))
    }

    /// Returns the settings that each warning names.
    fn named(warnings: &[String]) -> Vec<Vec<&str>> {
        let settings = |warning: &String| {
            let known = [
                "server.profile",
                "server.listen",
                "server.public_url",
                "server.allowed_hosts",
            ];
            known
                .into_iter()
                .filter(|name| warning.contains(name))
                .collect()
        };
        warnings.iter().map(settings).collect()
    }

    #[test]
    fn a_server_that_others_reach_says_what_to_set() {
        let (dev, production) = (Profile::Dev, Profile::Production);
        let (here, everywhere) = ("127.0.0.1:4600", "0.0.0.0:4600");
        let none: [Vec<&str>; 0] = [];
        for listen in [here, "[::1]:4600", "[::ffff:127.0.0.1]:4600"] {
            assert_eq!(named(&warned(dev, listen, None, &[])), none, "{listen}");
        }
        let any_host = vec!["server.public_url", "server.allowed_hosts"];
        let any = warned(dev, here, None, &["*"]);
        assert_eq!(named(&any), std::slice::from_ref(&any_host));
        let reached = [vec!["server.profile", "server.listen"]];
        for listen in [
            everywhere,
            "[::]:4600",
            "192.168.1.7:4600",
            "198.51.100.7:80",
        ] {
            assert_eq!(named(&warned(dev, listen, None, &[])), reached, "{listen}");
        }
        let no_tls = vec!["server.public_url"];
        for (listen, url, hosts, expected) in [
            (here, None, &[][..], vec![any_host.clone()]),
            (here, None, &["a.example"], vec![]),
            (here, Some("http://a.example"), &[], vec![]),
            (everywhere, Some("https://a.example"), &[], vec![]),
            (
                everywhere,
                Some("http://a.example"),
                &[],
                vec![no_tls.clone()],
            ),
            (everywhere, None, &["a.example"], vec![no_tls.clone()]),
            (everywhere, None, &[], vec![no_tls, any_host]),
        ] {
            let warned = warned(production, listen, url, hosts);
            assert_eq!(named(&warned), expected, "{listen} {url:?} {hosts:?}");
        }
    }
}
