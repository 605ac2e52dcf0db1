//! Addresses that are never called unless a flow says so: those where clouds hand out credentials.
//!
//! The one rule: a name is judged by the addresses that it stands for at the moment of the call, so that no name leads there.
//! Behind a proxy of the environment the proxy looks names up; only addresses written as numbers are judged then.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// How a refusal is known again among the causes of an error.
pub(super) const REFUSED: &str = "stands for a link-local address";

/// Link-local addresses, and the metadata addresses of clouds outside of those.
fn is_blocked(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_link_local()
                || address == Ipv4Addr::new(100, 100, 100, 200)
                || address.is_unspecified()
        }
        IpAddr::V6(address) => {
            // An address of the old kind within one of the new, written either way.
            let inner = address.to_ipv4_mapped().or_else(|| {
                let [.., a, b] = address.segments();
                let is_translated = address.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0];
                is_translated.then(|| Ipv4Addr::from((u32::from(a) << 16) | u32::from(b)))
            });
            inner.is_some_and(|inner| is_blocked(inner.into()))
                || address.is_unicast_link_local()
                || address == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)
                || address.is_unspecified()
        }
    }
}

/// Whether the host is written as a number that is blocked, or is a name that only leads there.
pub(super) fn is_blocked_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_blocked(address.into()),
        Some(Host::Ipv6(address)) => is_blocked(address.into()),
        Some(Host::Domain(name)) => name
            .trim_end_matches('.')
            .eq_ignore_ascii_case("metadata.google.internal"),
        None => false,
    }
}

#[derive(Debug)]
struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {REFUSED}", self.0)
    }
}

impl std::error::Error for Refused {}

/// Looks names up, and leaves out what is blocked.
#[derive(Debug)]
pub(super) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> = found
                .iter()
                .copied()
                .filter(|address| !is_blocked(address.ip()))
                .collect();
            if allowed.is_empty() && !found.is_empty() {
                return Err(Refused(name.as_str().to_owned()).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_credentials_are_blocked_however_they_are_written() {
        for (address, expected) in [
            ("http://169.254.169.254/latest/meta-data", true),
            ("http://2852039166/", true),
            ("http://0xa9fea9fe/", true),
            ("http://169.254.0.1:8080", true),
            ("http://[fe80::1]/", true),
            ("http://[::ffff:169.254.169.254]/", true),
            ("http://[64:ff9b::a9fe:a9fe]/", true),
            ("http://[fd00:ec2::254]/", true),
            ("http://100.100.100.200/", true),
            ("http://0.0.0.0/", true),
            ("http://metadata.google.internal./", true),
            ("http://127.0.0.1:3000/", false),
            ("http://10.1.2.3/", false),
            ("http://[::1]/", false),
            ("https://example.com/", false),
        ] {
            let url = Url::parse(address).unwrap();
            assert_eq!(is_blocked_host(&url), expected, "{address}");
        }
    }
}
