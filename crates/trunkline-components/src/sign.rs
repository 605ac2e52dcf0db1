//! Signatures of what goes over HTTP: `t=SECONDS,v1=HEX`, the HMAC-SHA256 of `SECONDS.BODY`.
//!
//! The one rule: signatures are compared in constant time, and what was signed long ago fits no more, so that nobody can send again what
//! he overheard.

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use sha2::Sha256;

use crate::text::Env;

/// How far the clocks of sender and receiver may be apart.
const APART: SignedDuration = SignedDuration::from_mins(5);

/// Signs a request: `t=SECONDS,v1=HEX`, the HMAC-SHA256 of `SECONDS.BODY`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sign {
    /// The variable of the environment that holds the key.
    pub(crate) secret: Env,
    /// The header that holds the signature.
    #[serde(default = "header")]
    pub(crate) header: String,
}

fn header() -> String {
    "X-Trunkline-Signature".to_owned()
}

fn mac(key: &SecretString, seconds: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    // A key of any length is one.
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()).ok()?;
    mac.update(seconds.as_bytes());
    mac.update(b".");
    mac.update(body);
    Some(mac)
}

/// What a body is signed with.
pub(crate) fn signed(key: &SecretString, now: Timestamp, body: &str) -> String {
    let seconds = now.as_second().to_string();
    let digest = mac(key, &seconds, body.as_bytes()).map(|mac| mac.finalize().into_bytes());
    let hex: String = digest
        .iter()
        .flatten()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("t={seconds},v1={hex}")
}

/// Whether a body was signed so, a moment ago.
pub(crate) fn fits(signature: &str, key: &SecretString, now: Timestamp, body: &[u8]) -> bool {
    let part = |name: &str| {
        let mut parts = signature.split(',').map(str::trim);
        parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
    };
    let (Some(seconds), Some(hex)) = (part("t"), part("v1")) else {
        return false;
    };
    let is_fresh = seconds
        .parse()
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .is_some_and(|at| now.duration_since(at).abs() <= APART);
    match (mac(key, seconds, body), digest(hex)) {
        (Some(mac), Some(digest)) => is_fresh && mac.verify_slice(&digest).is_ok(),
        _ => false,
    }
}

/// Whether a body alone was signed so, at whatever time: `sha256=HEX`, the HMAC-SHA256 of the body.
pub(crate) fn fits_body(signature: &str, key: &SecretString, body: &[u8]) -> bool {
    let Some(digest) = signature.strip_prefix("sha256=").and_then(digest) else {
        return false;
    };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()) else {
        return false;
    };
    mac.update(body);
    mac.verify_slice(&digest).is_ok()
}

/// The bytes of 64 hexadecimal digits.
fn digest(hex: &str) -> Option<Vec<u8>> {
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    let digits = hex.as_bytes().chunks_exact(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_over_the_moment_and_the_body() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        // As `printf '1700000000.{"id":1}' | openssl dgst -sha256 -hmac key` says.
        assert_eq!(
            signed(&"key".into(), now, "{\"id\":1}"),
            "t=1700000000,v1=1d542af0cd7355fefa5c19021ad89d3e2afd77ebff5448db280f180e013d2651"
        );
    }

    #[test]
    fn a_body_alone_is_signed_as_others_do() {
        let key = SecretString::from("key");
        // As `printf '{"id":1}' | openssl dgst -sha256 -hmac key` says.
        let good = "sha256=c95c6a7c2c7c761e984c68cf64b4bca93f07242900aafdbb328d3bb75ab0dcb0";
        assert!(fits_body(good, &key, b"{\"id\":1}"));
        for (signature, secret, body) in [
            (good, "key", "{\"id\":2}"),
            (good, "other", "{\"id\":1}"),
            (&good[7..], "key", "{\"id\":1}"),
            (&good[..good.len() - 2], "key", "{\"id\":1}"),
            ("sha256=", "key", "{\"id\":1}"),
            ("", "key", "{\"id\":1}"),
        ] {
            assert!(
                !fits_body(signature, &secret.into(), body.as_bytes()),
                "{signature} {secret} {body}"
            );
        }
    }

    #[test]
    fn only_what_was_signed_a_moment_ago_with_this_key_fits() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let key = SecretString::from("key");
        let good = signed(&key, now, "body");
        let check = |signature: &str, body: &str, later: i64, expected: bool| {
            let at = now + SignedDuration::from_secs(later);
            assert_eq!(
                fits(signature, &key, at, body.as_bytes()),
                expected,
                "{signature} {later}"
            );
        };
        check(&good, "body", 0, true);
        check(&good, "body", 300, true);
        check(&good, "body", -300, true);
        check(&good, "body", 301, false);
        check(&good, "bodY", 0, false);
        check(&signed(&"other".into(), now, "body"), "body", 0, false);
        for bad in [
            "",
            "t=1700000000",
            "v1=00",
            "t=x,v1=00",
            &good.replace("v1=", "v1=zz"),
            &good[..good.len() - 2],
            &good.replace("t=1700000000", "t=1700000001"),
        ] {
            check(bad, "body", 0, false);
        }
    }
}
