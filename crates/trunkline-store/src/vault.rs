//! Secrets at rest: sealed with XChaCha20-Poly1305 under a key that never enters the database.
//!
//! The one rule: a secret leaves this file only as a [`SecretString`], and what is stored is bound to its place, so a sealed
//! value that is moved to another row does not open. Read `vault/key.rs` for where keys come from.

mod key;

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{Entropy, StoreError};
use key::Key;
pub use key::KeySource;

/// The format of a sealed value: this byte, the key's mark, the nonce, and what the cipher made.
const FORMAT: u8 = 1;
const MARK: usize = 8;
const NONCE: usize = 24;

/// How a change of keys went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Secrets that were sealed anew.
    pub secrets: usize,
}

/// The keys of a store, the current one first.
#[derive(Debug)]
pub(crate) struct Vault {
    keys: Vec<Key>,
    source: String,
}

impl Vault {
    /// Reads the keys; a key file that is not there is made when the store is a new one.
    pub(crate) fn open(source: &KeySource, entropy: &Entropy, is_new: bool) -> Result<Self, StoreError> {
        Ok(Self {
            keys: key::read(source, entropy, is_new)?,
            source: source.to_string(),
        })
    }

    /// Seals a secret for its place.
    pub(crate) fn seal(
        &self,
        owner: &str,
        name: &str,
        secret: &SecretString,
        entropy: &Entropy,
    ) -> Result<Vec<u8>, StoreError> {
        let key = self.current()?;
        let nonce: [u8; NONCE] = entropy.bytes();
        let place = place(owner, name);
        let made = cipher(key)
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: secret.expose_secret().as_bytes(),
                    aad: place.as_bytes(),
                },
            )
            .map_err(|_| StoreError::Damaged {
                what: "a secret that is too long to seal".to_owned(),
            })?;
        let mut sealed = Vec::with_capacity(1 + MARK + NONCE + made.len());
        sealed.push(FORMAT);
        sealed.extend_from_slice(key.mark());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&made);
        Ok(sealed)
    }

    /// Opens what was sealed for this place.
    pub(crate) fn unseal(&self, owner: &str, name: &str, sealed: &[u8]) -> Result<SecretString, StoreError> {
        let damaged = || StoreError::Damaged {
            what: format!("the secret `{name}` of {owner} was changed or belongs elsewhere"),
        };
        let (&format, rest) = sealed.split_first().ok_or_else(damaged)?;
        if format != FORMAT || rest.len() < MARK + NONCE {
            return Err(damaged());
        }
        let (mark, rest) = rest.split_at(MARK);
        let (nonce, made) = rest.split_at(NONCE);
        let key = self
            .keys
            .iter()
            .find(|key| key.mark() == mark)
            .ok_or_else(|| self.wrong_key())?;
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| damaged())?;
        let place = place(owner, name);
        let plain = cipher(key)
            .decrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: made,
                    aad: place.as_bytes(),
                },
            )
            .map_err(|_| damaged())?;
        let text = String::from_utf8(plain).map_err(|_| damaged())?;
        Ok(SecretString::from(text))
    }

    /// Whether a sealed value was made with the current key.
    pub(crate) fn is_current(&self, sealed: &[u8]) -> bool {
        self.keys
            .first()
            .is_some_and(|key| sealed.get(1..=MARK) == Some(key.mark().as_slice()))
    }

    pub(crate) fn wrong_key(&self) -> StoreError {
        StoreError::WrongKey {
            source_of_key: self.source.clone(),
        }
    }

    fn current(&self) -> Result<&Key, StoreError> {
        self.keys.first().ok_or_else(|| self.wrong_key())
    }
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.bytes().into())
}

fn place(owner: &str, name: &str) -> String {
    format!("{owner}\n{name}")
}

/// Puts a new key before those of the file; the old ones stay until [`forget_old_keys`].
pub(crate) fn add_key(source: &KeySource, entropy: &Entropy) -> Result<(), StoreError> {
    key::add(source, entropy)
}

/// Leaves only the current key in the file.
pub(crate) fn forget_old_keys(source: &KeySource) -> Result<(), StoreError> {
    key::keep_current(source)
}
