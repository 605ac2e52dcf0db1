//! Where a grant is asked for, exchanged and given back.
//!
//! The one rule: `https`, unless the address is of this machine; a client secret is sent to one of these.

use url::Url;

use super::OAuthError;
use crate::{Region, connection::is_loopback};

/// The addresses of one region's sign-in, or of any other server's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Endpoints {
    /// The page where a person agrees.
    pub authorize: Url,
    /// Where a code becomes a token.
    pub access_token: Url,
    /// Where an app leaves a workspace.
    pub uninstall: Url,
    /// Whether `response_type=code` is asked for; Intercom does not ask for it.
    pub response_type: bool,
    /// Whether the server takes PKCE (S256); Intercom does not say so.
    pub takes_pkce: bool,
}

impl Endpoints {
    /// The addresses of a region. Codes of every region are exchanged at one address (facts 2.2).
    #[must_use]
    pub fn in_region(region: Region) -> Self {
        let page = match region {
            Region::Us => "https://app.intercom.com/oauth",
            Region::Eu => "https://app.eu.intercom.com/oauth",
            Region::Au => "https://app.au.intercom.com/oauth",
        };
        let well_formed = |text: &str| Url::parse(text).expect("the region addresses are well formed");
        Self {
            authorize: well_formed(page),
            access_token: well_formed("https://api.intercom.io/auth/eagle/token"),
            uninstall: well_formed(&format!("{}/auth/uninstall", region.base_url())),
            response_type: false,
            takes_pkce: false,
        }
    }

    /// The addresses under one base, as a simulator has them.
    ///
    /// # Errors
    /// When the base is no address that a secret may be sent to.
    pub fn at(base_url: &str) -> Result<Self, OAuthError> {
        if base_url.contains(['?', '#']) {
            return Err(OAuthError::Address {
                what: "base URL",
                url: String::new(),
                reason: "it has a query or a fragment".to_owned(),
            });
        }
        let base = base_url.trim_end_matches('/');
        Ok(Self {
            authorize: address("authorize URL", &format!("{base}/oauth"))?,
            access_token: address("access token URL", &format!("{base}/auth/eagle/token"))?,
            uninstall: address("uninstall URL", &format!("{base}/auth/uninstall"))?,
            response_type: false,
            takes_pkce: false,
        })
    }

    /// The addresses that go with a connection's base address: its region's, or those under it.
    ///
    /// # Errors
    /// When the base is no address that a secret may be sent to.
    pub fn beside(base_url: &Url) -> Result<Self, OAuthError> {
        let region = Region::ALL.into_iter().find(|region| {
            Url::parse(region.base_url()).is_ok_and(|known| known.host_str() == base_url.host_str())
        });
        match region {
            Some(region) => Ok(Self::in_region(region)),
            None => Self::at(base_url.as_str()),
        }
    }

    /// The same with another page where a person agrees.
    ///
    /// # Errors
    /// When a secret may not be sent there.
    pub fn with_authorize(self, url: &str) -> Result<Self, OAuthError> {
        let authorize = address("authorize URL", url)?;
        Ok(Self { authorize, ..self })
    }

    /// The same with another address where a code becomes a token.
    ///
    /// # Errors
    /// When a secret may not be sent there.
    pub fn with_access_token(self, url: &str) -> Result<Self, OAuthError> {
        let access_token = address("access token URL", url)?;
        Ok(Self { access_token, ..self })
    }

    /// The same with another address where an app leaves a workspace.
    ///
    /// # Errors
    /// When a token may not be sent there.
    pub fn with_uninstall(self, url: &str) -> Result<Self, OAuthError> {
        let uninstall = address("uninstall URL", url)?;
        Ok(Self { uninstall, ..self })
    }

    /// The same for a server that wants `response_type=code`.
    #[must_use]
    pub fn with_response_type(self, response_type: bool) -> Self {
        Self {
            response_type,
            ..self
        }
    }

    /// The same for a server that takes PKCE.
    #[must_use]
    pub fn with_pkce(self, takes_pkce: bool) -> Self {
        Self { takes_pkce, ..self }
    }

    /// Checks fields that were set one by one.
    pub(crate) fn check(&self) -> Result<(), OAuthError> {
        check("authorize URL", &self.authorize)?;
        check("access token URL", &self.access_token)?;
        check("uninstall URL", &self.uninstall)
    }
}

/// An address that a code may come back to: `https`, or this machine.
pub(crate) fn address(what: &'static str, text: &str) -> Result<Url, OAuthError> {
    let url = Url::parse(text).map_err(|error| OAuthError::Address {
        what,
        // What cannot be parsed may hold a password anywhere.
        url: String::new(),
        reason: error.to_string(),
    })?;
    check(what, &url)?;
    Ok(url)
}

pub(crate) fn check(what: &'static str, url: &Url) -> Result<(), OAuthError> {
    let bad = |reason: &str| {
        let mut shown = url.clone();
        // Neither can fail for an address that has a user name.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        shown.set_query(None);
        Err(OAuthError::Address {
            what,
            url: shown.to_string(),
            reason: reason.to_owned(),
        })
    };
    if !matches!(url.scheme(), "http" | "https") {
        return bad("only https is spoken, and http on this machine");
    }
    if url.host().is_none() {
        return bad("it names no host");
    }
    if url.scheme() == "http" && !is_loopback(url) {
        return bad("secrets would travel in the clear; http is spoken only on this machine");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return bad("it carries a user name or password");
    }
    if url.fragment().is_some() {
        return bad("it has a fragment, which is never sent");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_region_has_its_own_page_and_all_exchange_at_one_address() {
        for (region, page, uninstall) in [
            (
                Region::Us,
                "https://app.intercom.com/oauth",
                "https://api.intercom.io/auth/uninstall",
            ),
            (
                Region::Eu,
                "https://app.eu.intercom.com/oauth",
                "https://api.eu.intercom.io/auth/uninstall",
            ),
            (
                Region::Au,
                "https://app.au.intercom.com/oauth",
                "https://api.au.intercom.io/auth/uninstall",
            ),
        ] {
            let endpoints = Endpoints::in_region(region);
            assert_eq!(endpoints.authorize.as_str(), page);
            assert_eq!(
                endpoints.access_token.as_str(),
                "https://api.intercom.io/auth/eagle/token"
            );
            assert_eq!(endpoints.uninstall.as_str(), uninstall);
            assert!(!endpoints.takes_pkce && !endpoints.response_type);
            endpoints.check().unwrap();
        }
    }

    #[test]
    fn the_base_address_of_a_connection_leads_to_its_sign_in() {
        for (base, page) in [
            ("https://api.intercom.io/", "https://app.intercom.com/oauth"),
            ("https://api.au.intercom.io", "https://app.au.intercom.com/oauth"),
            ("http://127.0.0.1:7071", "http://127.0.0.1:7071/oauth"),
            (
                "https://proxy.example.org/intercom/",
                "https://proxy.example.org/intercom/oauth",
            ),
        ] {
            let endpoints = Endpoints::beside(&base.parse().unwrap()).unwrap();
            assert_eq!(endpoints.authorize.as_str(), page);
        }
        assert_eq!(Endpoints::at("https://x?tenant=1").unwrap_err().code(), "TL0122");
        let plain = Endpoints::beside(&"http://proxy.example.org/".parse().unwrap());
        assert_eq!(plain.unwrap_err().code(), "TL0122");
    }

    #[test]
    fn a_secret_is_sent_to_https_or_to_this_machine_only() {
        for good in [
            "https://sign.example.org/token?tenant=1",
            "http://127.0.0.1:7071/x",
            "http://localhost/x",
            "http://[::1]:1/x",
        ] {
            assert!(
                Endpoints::at("https://x")
                    .unwrap()
                    .with_access_token(good)
                    .is_ok(),
                "{good}"
            );
        }
        for bad in [
            "http://sign.example.org/token",
            "http://127.0.0.1.example.org/token",
            "ftp://sign.example.org/",
            "https://user:hush@sign.example.org/",
            "https://sign.example.org/#hush",
            "https://",
            "not an address with hush",
            "",
        ] {
            for error in [
                Endpoints::at("https://x")
                    .unwrap()
                    .with_access_token(bad)
                    .unwrap_err(),
                Endpoints::at("https://x")
                    .unwrap()
                    .with_authorize(bad)
                    .unwrap_err(),
                Endpoints::at("https://x")
                    .unwrap()
                    .with_uninstall(bad)
                    .unwrap_err(),
            ] {
                assert_eq!(error.code(), "TL0122", "{bad}");
                assert!(!error.to_string().contains("hush@"), "{error}");
            }
        }
    }
}
