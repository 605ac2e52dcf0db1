//! Keys of deliveries: what is kept of them, which lane they lead to, and for how long repeats are known.
//!
//! The one rule: a key comes out of somebody's data, so no key is refused; what cannot be kept as it is, is kept as a hash.

use std::borrow::Cow;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::{Store, StoreError, database::Statement, digest, forgetting::LOT, journal::may_be};

impl Store {
    /// Forgets the dedupe keys of what was delivered before a moment; returns how many. Keys of what waits, or lies among the dead
    /// letters, stay.
    pub async fn forget_dedupe_keys(&self, before: Timestamp) -> Result<u64, StoreError> {
        let old = Statement::new(
            "DELETE FROM delivery_keys WHERE (flow, destination, dedupe_key) IN (SELECT flow, destination, dedupe_key \
             FROM delivery_keys WHERE done_at < $1 ORDER BY done_at LIMIT $2) AND done_at < $1",
        )
        .bind(before)
        .bind(LOT);
        self.forget_in_lots(&old).await
    }
}

/// A key as it is kept: as it is, or its hash when it is too long or holds what a database refuses.
pub(crate) fn kept_word(key: &str) -> Cow<'_, str> {
    if may_be(key) {
        Cow::Borrowed(key)
    } else {
        Cow::Owned(format!("sha256:{}", digest::of(key)))
    }
}

/// The slot of a key: the same everywhere and for ever.
pub(super) fn slot(key: &str, slots: u16) -> i64 {
    let hash = Sha256::digest(key.as_bytes());
    let number = hash
        .iter()
        .take(8)
        .fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    i64::try_from(number % u64::from(slots.max(1))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_never_change() {
        let slots: Vec<_> = ["", "1", "contact-7", "ü"].map(|key| slot(key, 16)).into();
        assert_eq!(slots, [4, 1, 13, 4]);
        assert_eq!(slot("anything", 1), 0);
        assert_eq!(slot("anything", 0), 0);
    }

    #[test]
    fn a_key_that_no_database_takes_is_kept_as_a_hash() {
        assert_eq!(kept_word("a b"), "a b");
        for key in ["", "a\0b", &"x".repeat(256)] {
            let kept = kept_word(key);
            assert!(kept.starts_with("sha256:") && may_be(&kept), "{kept}");
        }
        assert_ne!(kept_word("\0"), kept_word("\n"));
    }
}
