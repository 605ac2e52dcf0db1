//! Forgetting what was kept for its time.
//!
//! The one rule: what is forgotten goes in lots, each in a transaction of its own, so that whoever else wants to write waits for a lot
//! and not for all of it.

use crate::{Store, StoreError, database::Statement};

/// How many rows are forgotten together.
pub(crate) const LOT: i64 = 500;

impl Store {
    /// Forgets lot by lot, as one statement says, until nothing more is found; returns how much.
    pub(crate) async fn forget_in_lots(&self, lot: &Statement) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        loop {
            let changed = self.write_one(lot.clone()).await?.changed;
            forgotten += changed;
            if changed == 0 {
                return Ok(forgotten);
            }
        }
    }
}
