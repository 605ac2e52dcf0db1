//! The hash that stands in the database for a word which opens something.
//!
//! The one rule: only for words of 256 unpredictable bits; a plain hash of anything that a person chose could be guessed.

use sha2::{Digest as _, Sha256};

/// SHA-256 in lower-case hexadecimal digits.
pub(crate) fn of(word: &str) -> String {
    hexadecimal(&Sha256::digest(word.as_bytes()))
}

/// Bytes in lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing into a string does not fail.
            write!(text, "{byte:02x}").ok();
            text
        })
}
