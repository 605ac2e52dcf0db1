//! The lists inside a record: members, nested records, and names of records that are to be read elsewhere.
//!
//! The one rule: only a list that is known to be whole takes anything away.

use rusqlite::Error;

use super::{
    files,
    layout::Layout,
    members::{self, MemberSet, Page},
    upsert::Upsert,
    work::{Failure, Work},
};
use crate::{
    extract::{Extracted, List},
    tables::ListKind,
};

/// Writes the lists inside the records of one table.
pub(super) struct Lists<'c> {
    writers: Vec<Writer<'c>>,
}

struct Writer<'c> {
    need: i64,
    kind: WriterKind<'c>,
}

enum WriterKind<'c> {
    Members(Box<MemberSet<'c>>),
    Nested(Box<Upsert<'c>>, &'c Layout),
    Names(&'c Layout),
    Files(Box<Upsert<'c>>, &'c Layout),
}

impl<'c> Lists<'c> {
    pub(super) fn new(work: &Work<'c>, layout: &'c Layout) -> Result<Self, Error> {
        let mut writers = Vec::with_capacity(layout.table.lists.len());
        for list in layout.table.lists {
            let filled = work
                .layouts
                .get(list.stream)
                .expect("a list fills a table that exists");
            let kind = match list.kind {
                ListKind::Members => WriterKind::Members(Box::new(MemberSet::new(work, filled, list.fixed)?)),
                ListKind::Nested => WriterKind::Nested(Box::new(Upsert::new(work, filled)?), filled),
                ListKind::Names => WriterKind::Names(filled),
                ListKind::Files => WriterKind::Files(Box::new(Upsert::new(work, filled)?), filled),
            };
            writers.push(Writer {
                need: list.need,
                kind,
            });
        }
        Ok(Self { writers })
    }

    /// The lists that a record has.
    pub(super) fn read<'a>(&self, extracted: &Extracted<'a>) -> Vec<Option<List<'a>>> {
        extracted
            .lists
            .iter()
            .map(|text| text.and_then(List::read))
            .collect()
    }

    /// The bits of `_needs` to set and to clear.
    pub(super) fn needs(
        &self,
        work: &Work<'c>,
        lists: &[Option<List<'_>>],
        parent: &str,
    ) -> Result<(i64, i64), Failure> {
        let (mut set, mut clear) = (0, 0);
        for (writer, list) in self.writers.iter().zip(lists) {
            let Some(list) = list else { continue };
            let lacking = match writer.kind {
                WriterKind::Names(filled) => members::lacks_named(work, filled, parent, list)?,
                WriterKind::Members(_) | WriterKind::Nested(..) | WriterKind::Files(..) => !list.complete,
            };
            if lacking {
                set |= writer.need;
            } else {
                clear |= writer.need;
            }
        }
        Ok((set, clear & !set))
    }

    /// Applies the lists of a record that was written. A record that was not held before has nothing to take away.
    pub(super) fn apply(
        &mut self,
        work: &mut Work<'c>,
        lists: &[Option<List<'_>>],
        parent: &str,
        is_new: bool,
    ) -> Result<(), Failure> {
        for (writer, list) in self.writers.iter_mut().zip(lists) {
            let Some(list) = list else { continue };
            if is_new && list.items.is_empty() {
                continue;
            }
            let page = if list.complete && !is_new {
                Page::Whole
            } else {
                Page::Cut
            };
            match &mut writer.kind {
                WriterKind::Members(set) => set.replace(work, parent, &list.items, page)?,
                WriterKind::Nested(upsert, filled) => {
                    members::replace_with(work, upsert, filled, parent, &list.items, page)?;
                }
                WriterKind::Files(upsert, filled) => {
                    files::replace(work, upsert, filled, parent, &list.items, page)?;
                }
                WriterKind::Names(filled) => {
                    if page == Page::Whole {
                        members::keep_named(work, filled, parent, list)?;
                    }
                }
            }
        }
        Ok(())
    }
}
