//! Brings a file's tables up to date, one numbered step at a time.
//!
//! The one rule: a step that was ever released is never changed; what comes later is a new step. A file of a newer format
//! is left as it is.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::cannot_open;
use crate::StoreError;

/// Marks a SQLite file as a store of ours ("TRKS").
const APPLICATION: i32 = 0x5452_4b53;

/// The steps, in order; a file's format is how many were taken.
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

pub(super) fn up(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let fail = |error| cannot_open(path, error);
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(fail)?;
    let found = check(&transaction, path)?;
    let known = known();
    let taken = usize::try_from(found).unwrap_or(0);
    for step in &STEPS[taken..] {
        transaction.execute_batch(step).map_err(fail)?;
    }
    transaction
        .pragma_update(None, "application_id", APPLICATION)
        .and_then(|()| transaction.pragma_update(None, "user_version", known))
        .and_then(|()| transaction.commit())
        .map_err(fail)
}

/// The format of a file that is a store, or an empty one; anything else is refused.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    let fail = |error| cannot_open(path, error);
    let number = |sql: &str| {
        connection
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .map_err(fail)
    };
    let found = number("PRAGMA user_version")?;
    let is_store = number("PRAGMA application_id")? == i64::from(APPLICATION);
    let has_tables = number("SELECT count(*) FROM sqlite_schema")? > 0;
    if !is_store && (found != 0 || has_tables) {
        return Err(StoreError::CannotOpen {
            place: path.display().to_string(),
            reason: "it is a database of something else".to_owned(),
        });
    }
    if found > known() {
        return Err(StoreError::TooNew {
            place: path.display().to_string(),
            found,
            known: known(),
        });
    }
    Ok(found)
}

const fn known() -> i64 {
    STEPS.len() as i64
}
