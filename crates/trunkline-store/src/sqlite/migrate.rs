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
const STEPS: [&str; 1] = [include_str!("migrations/0001.sql")];

pub(super) fn up(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let fail = |error| cannot_open(path, error);
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(fail)?;
    let found: i64 = transaction
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(fail)?;
    let application: i32 = transaction
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .map_err(fail)?;
    let tables: i64 = transaction
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(fail)?;
    if application != APPLICATION && (found != 0 || tables > 0) {
        return Err(StoreError::CannotOpen {
            place: path.display().to_string(),
            reason: "it is a database of something else".to_owned(),
        });
    }
    let known = STEPS.len() as i64;
    if found > known {
        return Err(StoreError::TooNew {
            place: path.display().to_string(),
            found,
            known,
        });
    }
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
