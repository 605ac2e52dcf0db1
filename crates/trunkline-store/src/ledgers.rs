//! Ledgers: pages that several processes write into, each change after the one before it.
//!
//! The one rule: what is written names the number of the change that was read, so that nobody writes over what he has not seen.
//! What stands on a page is the business of whoever writes it.

use jiff::Timestamp;

use crate::{Store, StoreError, database::Statement};

/// A page as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Grows with every change.
    pub fence: i64,
    /// What stands on it.
    pub page: String,
}

impl Store {
    /// The page of this name, such as `rate/abcd1234`; none when nothing was written yet.
    pub async fn ledger(&self, name: &str) -> Result<Option<Ledger>, StoreError> {
        let question = Statement::new("SELECT fence, page FROM ledgers WHERE name = $1").bind(name);
        let Some(mut row) = self.read_one(question).await? else {
            return Ok(None);
        };
        Ok(Some(Ledger {
            fence: row.int()?,
            page: row.text()?,
        }))
    }

    /// Writes a page whose last change is `seen`, 0 for one that is not there yet; false when somebody else was first.
    pub async fn write_ledger(
        &self,
        name: &str,
        seen: i64,
        page: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let written = if seen == 0 {
            Statement::new(
                "INSERT INTO ledgers (name, fence, page, written_at) VALUES ($1, 1, $2, $3) ON CONFLICT DO NOTHING",
            )
            .bind(name)
            .bind(page)
            .bind(now)
        } else {
            Statement::new(
                "UPDATE ledgers SET fence = fence + 1, page = $1, written_at = $2 WHERE name = $3 AND fence = $4",
            )
            .bind(page)
            .bind(now)
            .bind(name)
            .bind(seen)
        };
        Ok(self.write_one(written).await?.changed == 1)
    }

    /// Forgets pages that nobody wrote into since a moment; returns how many.
    pub async fn forget_ledgers(&self, before: Timestamp) -> Result<u64, StoreError> {
        let forgotten = Statement::new("DELETE FROM ledgers WHERE written_at < $1").bind(before);
        Ok(self.write_one(forgotten).await?.changed)
    }
}
