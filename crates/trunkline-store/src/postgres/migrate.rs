//! Brings a database's tables up to date, one numbered step at a time.
//!
//! The one rule: as beside SQLite, a released step is never changed, and the steps have the same numbers. Processes that start
//! at once take turns by an advisory lock.

use deadpool_postgres::{Object, Transaction};

use super::failed;
use crate::StoreError;

/// The lock's number: "TRKS".
const LOCK: i64 = 0x5452_4b53;

const STEPS: [&str; 8] = [
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
    include_str!("migrations/0006.sql"),
    include_str!("migrations/0007.sql"),
    include_str!("migrations/0008.sql"),
];

/// Waits until nobody else changes the tables, or fills them, until the transaction ends.
pub(super) async fn alone(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction
        .execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK])
        .await
        .map(drop)
        .map_err(|error| failed("wait for another process", &error))
}

pub(super) async fn up(client: &mut Object, place: &str) -> Result<(), StoreError> {
    let fail = |error| failed("bring its tables up to date", &error);
    let transaction = client.transaction().await.map_err(fail)?;
    alone(&transaction).await?;
    transaction
        .batch_execute("CREATE TABLE IF NOT EXISTS trunkline_format (version BIGINT NOT NULL)")
        .await
        .map_err(fail)?;
    let found: i64 = transaction
        .query_one("SELECT coalesce(max(version), 0) FROM trunkline_format", &[])
        .await
        .and_then(|row| row.try_get(0))
        .map_err(fail)?;
    let known = STEPS.len() as i64;
    if found > known {
        return Err(StoreError::TooNew {
            place: place.to_owned(),
            found,
            known,
        });
    }
    let taken = usize::try_from(found).unwrap_or(0);
    for step in &STEPS[taken..] {
        transaction.batch_execute(step).await.map_err(fail)?;
    }
    transaction
        .execute("DELETE FROM trunkline_format", &[])
        .await
        .map_err(fail)?;
    transaction
        .execute("INSERT INTO trunkline_format (version) VALUES ($1)", &[&known])
        .await
        .map_err(fail)?;
    transaction.commit().await.map_err(fail)
}
