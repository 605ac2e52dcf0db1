//! Looks for secrets in everything that the tests printed.
//!
//! The one rule: a secret that a test uses is listed here, and whatever prints it, on purpose or not, fails the whole run. The
//! tests themselves look at what the commands print (`holds_no_secret` in `crates/trunkline/tests/it/harness.rs`); this looks
//! at what the tests print.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::binary;

/// Where nextest keeps what the tests of the last run printed (`.config/nextest.toml`), in the folder that cargo builds into.
const PRINTED: &str = "nextest/default/junit.xml";

/// Tokens, client secrets and passwords that tests use. None is a word that a test's name or an error could have.
const SECRETS: [&str; 7] = [
    "dG9rOnRlc3Q=",
    "dG9rOmh1c2g=",
    "simulated-client-secret",
    "hush-secret",
    "acme-webhook-secret",
    "spare-client-secret",
    "trunkline-key-1:",
];

/// Fails when the tests of the last run printed a secret.
pub(crate) fn none_printed() -> Result<()> {
    let path = binary::target()?.join(PRINTED);
    let printed = fs::read_to_string(&path)
        .with_context(|| format!("{} has what the tests printed", path.display()))?;
    match found(&printed) {
        Some((line, secret)) => bail!("{PRINTED}:{line}: the secret {}… was printed", &secret[..4]),
        None => Ok(()),
    }
}

/// The first line with a secret, and which it is.
fn found(printed: &str) -> Option<(usize, &'static str)> {
    printed.lines().enumerate().find_map(|(index, line)| {
        let secret = SECRETS.into_iter().find(|secret| line.contains(secret))?;
        Some((index + 1, secret))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_wherever_it_stands() {
        let check = |printed: &str, expected| assert_eq!(found(printed), expected, "{printed}");
        check("", None);
        check("running 1 test\ntest a ... ok", None);
        check(
            "a\nAuthorization: Bearer dG9rOnRlc3Q=&#10;",
            Some((2, "dG9rOnRlc3Q=")),
        );
        check("secret=hush-secretive", Some((1, "hush-secret")));
    }
}
