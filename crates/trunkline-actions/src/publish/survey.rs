//! What a dry run found: counts, field by field, and what carrying it out takes.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{PlannedRow, Progress};
use crate::{Change, Workspace};

/// What would become of one field, over all rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FieldCounts {
    /// Rows in which it gets its first value.
    pub create: u64,
    /// Rows in which it gets another value.
    pub change: u64,
    /// Rows in which it stays.
    pub keep: u64,
}

/// What a dry run found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Survey {
    /// Rows, by what would become of them.
    #[serde(flatten)]
    pub rows: Progress,
    /// What would become of each field.
    pub fields: BTreeMap<String, FieldCounts>,
    /// Writes, by operation.
    pub writes: BTreeMap<String, u64>,
    /// How many calls carrying it out takes.
    pub calls: u64,
    /// How long those take at the workspace's limit, in seconds; none while the limit is not known.
    pub seconds: Option<f64>,
}

impl Survey {
    /// Counts a row in.
    pub fn add(&mut self, row: &PlannedRow) {
        self.calls += u64::from(row.calls);
        for write in &row.writes {
            *self.writes.entry(write.operation.clone()).or_default() += 1;
            for field in &write.fields {
                let counts = self.fields.entry(field.field.clone()).or_default();
                *match field.change {
                    Change::Create => &mut counts.create,
                    Change::Change => &mut counts.change,
                    Change::Keep => &mut counts.keep,
                } += 1;
            }
        }
    }

    /// Says how the rows stand in the end, and how long the calls take in `workspace`.
    pub fn close(&mut self, rows: Progress, workspace: &Workspace) {
        self.rows = rows;
        self.seconds = workspace.seconds(u32::try_from(self.calls).unwrap_or(u32::MAX));
    }
}
