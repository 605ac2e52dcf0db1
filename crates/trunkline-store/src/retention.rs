//! How long things are kept, where somebody said so while the process ran.
//!
//! The one rule: only what was said stands here; what is usual, and what a process was started with, its owner knows.

use std::collections::BTreeMap;

use crate::{Store, StoreError, database::Statement, journal::check_word};

impl Store {
    /// For how many seconds things are kept, by the words for them.
    pub async fn retention(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        let rows = self
            .read(Statement::new("SELECT what, seconds FROM retention"))
            .await?;
        rows.into_iter()
            .map(|mut row| Ok((row.text()?, row.int()?.unsigned_abs())))
            .collect()
    }

    /// Says for how many seconds something is kept, all of it or nothing; none takes back what was said.
    ///
    /// # Errors
    /// TL0510 for a word that cannot be kept.
    pub async fn set_retention(&self, changes: &[(&str, Option<u32>)]) -> Result<(), StoreError> {
        let mut statements = Vec::with_capacity(changes.len());
        for (what, seconds) in changes {
            check_word("what is kept", what)?;
            statements.push(match seconds {
                Some(seconds) => Statement::new(
                    "INSERT INTO retention (what, seconds) VALUES ($1, $2) ON CONFLICT (what) DO UPDATE SET seconds = excluded.seconds",
                )
                .bind(*what)
                .bind(i64::from(*seconds)),
                None => Statement::new("DELETE FROM retention WHERE what = $1").bind(*what),
            });
        }
        if statements.is_empty() {
            return Ok(());
        }
        self.write(statements).await.map(drop)
    }
}
