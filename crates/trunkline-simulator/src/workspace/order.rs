//! Rows in the order of their last change.

use std::collections::BTreeSet;

/// `(updated_at, row)`, oldest change first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    rows: BTreeSet<(i64, u32)>,
}

impl Order {
    pub(crate) fn insert(&mut self, updated_at: i64, row: u32) {
        self.rows.insert((updated_at, row));
    }

    pub(crate) fn remove(&mut self, updated_at: i64, row: u32) {
        self.rows.remove(&(updated_at, row));
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Rows after `(updated_at, row)`, oldest first.
    pub(crate) fn after(&self, updated_at: i64, row: Option<u32>) -> impl Iterator<Item = (i64, u32)> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let start = match row {
            Some(row) => Excluded((updated_at, row)),
            None => Included((updated_at, 0)),
        };
        self.rows.range((start, Unbounded)).copied()
    }

    /// Rows before `(updated_at, row)`, newest first.
    pub(crate) fn before(&self, updated_at: i64, row: Option<u32>) -> impl Iterator<Item = (i64, u32)> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let end = match row {
            Some(row) => Excluded((updated_at, row)),
            None => Included((updated_at, u32::MAX)),
        };
        self.rows.range((Unbounded, end)).rev().copied()
    }
}
