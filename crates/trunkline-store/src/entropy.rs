//! Where unpredictable bytes come from.
//!
//! The one rule: the generator is handed in when the store is opened, so that a test can repeat a run; what ships hands in
//! the system's own.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use rand::{CryptoRng, Rng as _};
use uuid::Uuid;

use crate::digest;

/// A shared source of unpredictable bytes. Clones draw from the same generator.
#[derive(Clone)]
pub struct Entropy(Arc<Mutex<dyn CryptoRng + Send>>);

impl Entropy {
    /// A source that draws from `generator`.
    #[must_use]
    pub fn new(generator: impl CryptoRng + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(generator)))
    }

    /// Fresh bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fill_bytes(&mut bytes);
        bytes
    }

    /// An id of our own: a UUIDv7, so ids sort by the time that they were made at.
    #[must_use]
    pub fn id(&self, now: Timestamp) -> String {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes())
            .into_uuid()
            .as_hyphenated()
            .encode_lower(&mut Uuid::encode_buffer())
            .to_owned()
    }

    /// A word that nobody guesses: 256 bits in lower-case hexadecimal digits.
    #[must_use]
    pub fn word(&self) -> String {
        digest::hexadecimal(&self.bytes::<32>())
    }
}

/// What no [id](Entropy::id) is less than that was made at this moment or later, and every one that was made before.
pub(crate) fn first_id_at(moment: Timestamp) -> String {
    let millis = u64::try_from(moment.as_millisecond()).unwrap_or(0);
    format!("{:08x}-{:04x}", millis >> 16, millis & 0xffff)
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy")
    }
}
