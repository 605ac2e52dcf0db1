//! The beginning of a sign-in: the address that the browser is sent to, and what must be remembered until it comes back.
//!
//! The one rule: `state` and verifier come from the caller's random source, 256 bits each, and are secrets until they are
//! used: whoever knows them can finish somebody else's sign-in.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::CryptoRng;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{Endpoints, OAuthError, endpoints};

/// Proof that who exchanges a code is who asked for it (RFC 7636), by SHA-256.
#[derive(Clone, Debug)]
pub struct Pkce {
    /// What is sent with the code; a secret until then.
    pub verifier: SecretString,
    /// What the authorize URL carries.
    pub challenge: String,
}

impl Pkce {
    /// A new pair from `random`.
    pub fn new(random: &mut impl CryptoRng) -> Self {
        Self::of(secret(random))
    }

    /// The pair of a verifier that was made before.
    #[must_use]
    pub fn of(verifier: SecretString) -> Self {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose_secret().as_bytes()));
        Self { verifier, challenge }
    }
}

/// A sign-in that was begun: where to go, and what to keep until the browser is back.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Where the browser goes.
    pub url: Url,
    /// What must come back with the code, once.
    pub state: SecretString,
    /// What is sent with the code, when the server takes PKCE.
    pub verifier: Option<SecretString>,
}

impl Endpoints {
    /// Begins a sign-in of the app `client_id` that leads back to `redirect_uri`, or to the first one that the app
    /// registered.
    ///
    /// # Errors
    /// When `redirect_uri` is neither `https` nor of this machine.
    pub fn begin(
        &self,
        client_id: &str,
        redirect_uri: Option<&Url>,
        random: &mut impl CryptoRng,
    ) -> Result<Begun, OAuthError> {
        let state = secret(random);
        let pkce = self.takes_pkce.then(|| Pkce::new(random));
        let url = self.authorize_url(client_id, &state, redirect_uri, pkce.as_ref())?;
        Ok(Begun {
            url,
            state,
            verifier: pkce.map(|pkce| pkce.verifier),
        })
    }

    /// The address that the browser is sent to; the challenge is put on only where the server takes one.
    ///
    /// # Errors
    /// When an address cannot be used.
    pub fn authorize_url(
        &self,
        client_id: &str,
        state: &SecretString,
        redirect_uri: Option<&Url>,
        pkce: Option<&Pkce>,
    ) -> Result<Url, OAuthError> {
        self.check()?;
        if let Some(redirect_uri) = redirect_uri {
            endpoints::check("redirect URL", redirect_uri)?;
        }
        let mut url = self.authorize.clone();
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("client_id", client_id);
            query.append_pair("state", state.expose_secret());
            if let Some(redirect_uri) = redirect_uri {
                query.append_pair("redirect_uri", redirect_uri.as_str());
            }
            if self.response_type {
                query.append_pair("response_type", "code");
            }
            if let Some(pkce) = pkce.filter(|_| self.takes_pkce) {
                query.append_pair("code_challenge", &pkce.challenge);
                query.append_pair("code_challenge_method", "S256");
            }
        }
        Ok(url)
    }
}

/// 256 bits as text that needs no escaping in an address.
fn secret(random: &mut impl CryptoRng) -> SecretString {
    let mut bytes = [0; 32];
    random.fill_bytes(&mut bytes);
    SecretString::from(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha20Rng;

    use super::*;
    use crate::Region;

    fn random() -> ChaCha20Rng {
        ChaCha20Rng::seed_from_u64(7)
    }

    fn pairs(url: &Url) -> Vec<(String, String)> {
        url.query_pairs().into_owned().collect()
    }

    #[test]
    fn the_challenge_is_the_one_of_the_standard() {
        // RFC 7636, appendix B.
        let pkce = Pkce::of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into());
        assert_eq!(pkce.challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        let made = Pkce::new(&mut random());
        assert_eq!(
            (made.verifier.expose_secret().len(), made.challenge.len()),
            (43, 43)
        );
        assert!(!format!("{made:?}").contains(made.verifier.expose_secret()));
    }

    #[test]
    fn the_authorize_url_has_what_the_server_takes_and_no_more() {
        let back: Url = "https://me.example.org/auth/intercom/callback?a=b&c=d"
            .parse()
            .unwrap();
        for (response_type, takes_pkce, with_redirect, names) in [
            (false, false, false, vec!["client_id", "state"]),
            (false, false, true, vec!["client_id", "state", "redirect_uri"]),
            (true, false, false, vec!["client_id", "state", "response_type"]),
            (
                true,
                true,
                true,
                vec![
                    "client_id",
                    "state",
                    "redirect_uri",
                    "response_type",
                    "code_challenge",
                    "code_challenge_method",
                ],
            ),
        ] {
            let endpoints = Endpoints::in_region(Region::Eu)
                .with_response_type(response_type)
                .with_pkce(takes_pkce);
            let begun = endpoints
                .begin("id&x=1", with_redirect.then_some(&back), &mut random())
                .unwrap();
            let found = pairs(&begun.url);
            let found_names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(found_names, names);
            assert_eq!(found[0].1, "id&x=1");
            assert_eq!(found[1].1, begun.state.expose_secret());
            assert_eq!(begun.verifier.is_some(), takes_pkce);
            if with_redirect {
                assert_eq!(found[2].1, back.as_str());
            }
        }
    }

    #[test]
    fn a_query_that_the_authorize_url_has_already_stays() {
        let endpoints = Endpoints::in_region(Region::Us)
            .with_authorize("https://sign.example.org/go?tenant=7")
            .unwrap();
        let begun = endpoints.begin("id", None, &mut random()).unwrap();
        assert!(
            begun
                .url
                .as_str()
                .starts_with("https://sign.example.org/go?tenant=7&client_id=id&state=")
        );
    }

    #[test]
    fn every_sign_in_has_a_state_of_its_own_and_leads_back_only_safely() {
        let endpoints = Endpoints::in_region(Region::Us);
        let mut random = random();
        let first = endpoints.begin("id", None, &mut random).unwrap();
        let second = endpoints.begin("id", None, &mut random).unwrap();
        assert_ne!(first.state.expose_secret(), second.state.expose_secret());
        for bad in [
            "http://me.example.org/callback",
            "https://me.example.org/#x",
            "data:text/html,x",
        ] {
            let error = endpoints
                .begin("id", Some(&bad.parse().unwrap()), &mut random)
                .unwrap_err();
            assert_eq!(error.code(), "TL0122", "{bad}");
        }
    }
}
