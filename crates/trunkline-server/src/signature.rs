//! Whether a notification is Intercom's: HMAC-SHA1 over its raw bytes with the app's client secret (facts 7.2).
//!
//! The one rule: signatures are compared in constant time, and an empty secret fits nothing.

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha1::Sha1;
use subtle::ConstantTimeEq as _;

/// The headers that a signature comes in: of notifications, and of calls that are no notifications.
pub(crate) const HEADERS: [&str; 2] = ["x-hub-signature", "x-body-signature"];
const DIGEST: usize = 20;

/// A secret, ready to sign with.
#[derive(Clone)]
pub(crate) struct Signer(Hmac<Sha1>);

impl Signer {
    /// None for a secret that is empty.
    pub(crate) fn new(secret: &SecretString) -> Option<Self> {
        let secret = secret.expose_secret().as_bytes();
        if secret.is_empty() {
            return None;
        }
        Hmac::new_from_slice(secret).ok().map(Self)
    }

    /// Whether the body was signed with this secret.
    pub(crate) fn fits(&self, body: &[u8], signature: &Signature) -> bool {
        let mut mac = self.0.clone();
        mac.update(body);
        mac.finalize().into_bytes().ct_eq(&signature.0[..]).into()
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

/// A signature as it came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signature([u8; DIGEST]);

impl Signature {
    /// Reads `sha1=` and 40 hexadecimal digits, or the digits alone.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = match text.split_once('=') {
            Some((kind, digits)) if kind.eq_ignore_ascii_case("sha1") => digits,
            Some(_) => return None,
            None => text,
        };
        if digits.len() != DIGEST * 2 || !digits.is_ascii() {
            return None;
        }
        let mut bytes = [0; DIGEST];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).ok()?;
            *byte = u8::from_str_radix(pair, 16)
                .ok()
                .filter(|_| !pair.starts_with('+'))?;
        }
        Some(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// HMAC-SHA1 of RFC 2202, cases 2 and 6.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let jefe = Signer::new(&"Jefe".into()).unwrap();
        let signature = Signature::read("sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79").unwrap();
        assert!(jefe.fits(b"what do ya want for nothing?", &signature));
        assert!(!jefe.fits(b"what do ya want for nothing!", &signature));
        assert!(!jefe.fits(b"", &signature));
        assert!(
            !Signer::new(&"jefe".into())
                .unwrap()
                .fits(b"what do ya want for nothing?", &signature)
        );
    }

    #[test]
    fn a_signature_that_is_wrong_in_any_one_bit_does_not_fit() {
        let jefe = Signer::new(&"Jefe".into()).unwrap();
        let body = b"what do ya want for nothing?";
        let right = Signature::read("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79").unwrap();
        assert!(jefe.fits(body, &right));
        for bit in 0..DIGEST * 8 {
            let mut wrong = right;
            wrong.0[bit / 8] ^= 1 << (bit % 8);
            assert!(!jefe.fits(body, &wrong), "bit {bit}");
        }
    }

    /// Does not compile once a signature has `==`, which would end at the first byte that differs: both traits would fit then.
    #[test]
    fn a_signature_can_be_compared_in_constant_time_only() {
        trait Compared<Kind> {
            fn is_only_one() {}
        }
        impl<T> Compared<()> for T {}
        impl<T: PartialEq> Compared<u8> for T {}
        <Signature as Compared<_>>::is_only_one();
        <Signer as Compared<_>>::is_only_one();
    }

    #[test]
    fn an_empty_secret_signs_nothing() {
        assert!(Signer::new(&"".into()).is_none());
    }

    #[test]
    fn what_is_not_forty_digits_is_no_signature() {
        let good = "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79";
        for text in [
            good.to_owned(),
            format!("sha1={good}"),
            format!("SHA1={}", good.to_uppercase()),
            format!(" sha1={good} "),
        ] {
            assert!(Signature::read(&text).is_some(), "{text}");
        }
        for text in [
            String::new(),
            "sha1=".to_owned(),
            good[1..].to_owned(),
            format!("{good}0"),
            format!("sha256={good}"),
            format!("sha1=sha1={good}"),
            good.replace('e', "g"),
            good.replace("ef", "+f"),
            "ü".repeat(20),
        ] {
            assert!(Signature::read(&text).is_none(), "{text}");
        }
    }
}
