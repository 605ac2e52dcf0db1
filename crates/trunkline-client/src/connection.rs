//! One workspace and how to reach it.
//!
//! The one rule: the token is a secret from here to the `Authorization` header; it is never printed, logged or compared.

use std::fmt;

use secrecy::SecretString;
use trunkline_catalog::Version;
use url::{Host, Url};

/// Where a workspace lives (facts 1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Region {
    /// The United States.
    Us,
    /// The European Union.
    Eu,
    /// Australia.
    Au,
}

impl Region {
    /// Every region.
    pub const ALL: [Self; 3] = [Self::Us, Self::Eu, Self::Au];

    /// The address of the region's API.
    #[must_use]
    pub const fn base_url(self) -> &'static str {
        match self {
            Self::Us => "https://api.intercom.io",
            Self::Eu => "https://api.eu.intercom.io",
            Self::Au => "https://api.au.intercom.io",
        }
    }

    /// The name that people type.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Us => "us",
            Self::Eu => "eu",
            Self::Au => "au",
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A workspace's address, credential and API version.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Where the API is.
    pub base_url: Url,
    /// The access token.
    pub token: SecretString,
    /// The version that every call names.
    pub version: Version,
}

impl Connection {
    /// A connection to a workspace in a region.
    #[must_use]
    pub fn in_region(region: Region, token: SecretString, version: Version) -> Self {
        let base_url = Url::parse(region.base_url()).expect("the region addresses are well formed");
        Self {
            base_url,
            token,
            version,
        }
    }

    /// A connection to any address, such as a simulator's.
    pub fn at(base_url: &str, token: SecretString, version: Version) -> Result<Self, BuildError> {
        let bad = |reason: String| BuildError::BaseUrl {
            url: base_url.to_owned(),
            reason,
        };
        let url = Url::parse(base_url).map_err(|error| bad(error.to_string()))?;
        let connection = Self {
            base_url: url,
            token,
            version,
        };
        connection.check_url()?;
        Ok(connection)
    }

    /// The region whose address this is; none for any other address.
    #[must_use]
    pub fn region(&self) -> Option<Region> {
        Region::ALL.into_iter().find(|region| {
            Url::parse(region.base_url()).is_ok_and(|url| url.host_str() == self.base_url.host_str())
        })
    }

    pub(crate) fn check_url(&self) -> Result<(), BuildError> {
        let url = &self.base_url;
        let bad = |reason: &str| {
            let mut shown = url.clone();
            if !shown.username().is_empty() || shown.password().is_some() {
                let _ = shown.set_username("");
                let _ = shown.set_password(None);
            }
            Err(BuildError::BaseUrl {
                url: shown.to_string(),
                reason: reason.to_owned(),
            })
        };
        match url.scheme() {
            "https" | "http" => {}
            _ => return bad("only http and https are spoken"),
        }
        if url.host().is_none() {
            return bad("it names no host");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return bad("it carries a user name or password; the token is given apart");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return bad("it has a query or a fragment");
        }
        Ok(())
    }
}

/// Whether an address leads to this machine, where nobody listens in.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Why a client could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The address cannot be used.
    #[error("the base URL {url:?} cannot be used: {reason}")]
    BaseUrl {
        /// The address as given, without a password.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The token cannot stand in a header.
    #[error("the access token {reason}")]
    Token {
        /// What is wrong with it; never the token itself.
        reason: &'static str,
    },
    /// A setting is out of range.
    #[error("the client setting `{name}` is {value}; it must be {allowed}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// The HTTP client could not start, for want of root certificates for example.
    #[error("the HTTP client could not be set up: {reason}")]
    Http {
        /// What the HTTP client says.
        reason: String,
    },
}

impl BuildError {
    /// The code, with a page under `docs/errors/`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BaseUrl { .. } => "TL0118",
            Self::Token { .. } => "TL0119",
            Self::Setting { .. } => "TL0120",
            Self::Http { .. } => "TL0121",
        }
    }

    /// One line on what to do.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::BaseUrl { .. } => {
                "Give an address such as https://api.eu.intercom.io, or name a region: us, eu or au."
                    .to_owned()
            }
            Self::Token { .. } => {
                "Copy the access token from the app's page in the Developer Hub, on one line.".to_owned()
            }
            Self::Setting { name, allowed, .. } => format!("Set `{name}` to a value that is {allowed}."),
            Self::Http { .. } => {
                "Install the system's root certificates (Debian: ca-certificates) and try again.".to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_checked_before_anything_is_sent() {
        for good in [
            "https://api.intercom.io",
            "http://127.0.0.1:7071",
            "http://[::1]:1/sub",
            "http://localhost/",
        ] {
            assert!(
                Connection::at(good, "t".into(), Version::DEFAULT).is_ok(),
                "{good}"
            );
        }
        for bad in [
            "",
            "api.intercom.io",
            "ftp://x/",
            "https://",
            "https://u:hush@x/",
            "https://x/?a=1",
            "https://x/#a",
        ] {
            let error = Connection::at(bad, "t".into(), Version::DEFAULT).unwrap_err();
            assert_eq!(error.code(), "TL0118", "{bad}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }

    #[test]
    fn each_region_has_its_own_host_and_the_token_is_never_printed() {
        for (region, host) in [
            (Region::Us, "api.intercom.io"),
            (Region::Eu, "api.eu.intercom.io"),
            (Region::Au, "api.au.intercom.io"),
        ] {
            let connection = Connection::in_region(region, "hush-hush".into(), Version::DEFAULT);
            assert_eq!(connection.base_url.host_str(), Some(host));
            assert!(!format!("{connection:?}").contains("hush"));
            assert!(!is_loopback(&connection.base_url));
        }
    }
}
