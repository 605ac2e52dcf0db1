//! How far a batch has come: the rows from the first on that are done with, without a gap.
//!
//! The one rule: what became of a row is handed on only when all rows before it are done, so that whoever keeps it has one line
//! for each row, in their order, and can go on behind the last.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{End, RowEnd};

/// How far a batch has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Rows that are done with, from the first on.
    pub rows: u64,
    /// Rows that made something.
    pub created: u64,
    /// Rows that changed something.
    pub updated: u64,
    /// Rows that found everything as they want it.
    pub unchanged: u64,
    /// Rows that ask for nothing.
    pub skipped: u64,
    /// Rows that were not carried out.
    pub rejected: u64,
}

impl Progress {
    fn add(&mut self, end: &End) {
        self.rows += 1;
        *match end {
            End::Created => &mut self.created,
            End::Updated => &mut self.updated,
            End::Unchanged => &mut self.unchanged,
            End::Skipped => &mut self.skipped,
            End::Rejected(_) => &mut self.rejected,
        } += 1;
    }
}

/// Puts rows that end in any order back into theirs.
#[derive(Debug, Default)]
pub(super) struct Frontier {
    pub(super) progress: Progress,
    beyond: BTreeMap<u64, RowEnd>,
}

impl Frontier {
    pub(super) fn from(progress: Progress) -> Self {
        Self {
            progress,
            beyond: BTreeMap::new(),
        }
    }

    /// How many rows are done with that wait for an earlier one.
    pub(super) fn ahead(&self) -> usize {
        self.beyond.len()
    }

    /// Takes a row that is done with, and hands on those whose turn it is.
    pub(super) fn done<E>(
        &mut self,
        row: RowEnd,
        mut hand_on: impl FnMut(RowEnd) -> Result<(), E>,
    ) -> Result<(), E> {
        self.beyond.insert(row.number, row);
        while let Some(next) = self.beyond.remove(&(self.progress.rows + 1)) {
            self.progress.add(&next.end);
            hand_on(next)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u64, end: End) -> RowEnd {
        RowEnd {
            number,
            line: number,
            end,
            run: None,
            id: None,
            original: None,
            planned: None,
        }
    }

    #[test]
    fn rows_are_handed_on_in_their_order_whenever_they_end() {
        let mut frontier = Frontier::from(Progress {
            rows: 2,
            created: 2,
            ..Progress::default()
        });
        let mut told = Vec::new();
        for (number, end, ahead) in [
            (5, End::Updated, 1),
            (4, End::Unchanged, 2),
            (3, End::Created, 0),
            (6, End::Skipped, 0),
        ] {
            frontier
                .done(row(number, end), |row| {
                    told.push(row.number);
                    Ok::<_, ()>(())
                })
                .unwrap();
            assert_eq!(frontier.ahead(), ahead, "{number}");
        }
        assert_eq!(told, [3, 4, 5, 6]);
        let expected = Progress {
            rows: 6,
            created: 3,
            updated: 1,
            unchanged: 1,
            skipped: 1,
            rejected: 0,
        };
        assert_eq!(frontier.progress, expected);
    }
}
