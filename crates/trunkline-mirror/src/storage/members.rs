//! Sets that hang on a parent: memberships and nested records, replaced when the whole set is known.
//!
//! The one rule: a set that may be cut only adds. A set that comes in pages takes away at its last page.

use std::collections::HashSet;

use rusqlite::{CachedStatement, Error, ToSql};

use super::{
    history::History,
    layout::{Layout, quote},
    upsert::{Outcome, Upsert},
    work::{Failure, Work},
};
use crate::{
    extract::{Extracted, List, Value},
    tables,
};

/// How much of a set the items are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// All of it.
    Whole,
    /// Some of it; the rest is unknown.
    Cut,
    /// A page of all of it.
    Part {
        /// It starts here.
        first: bool,
        /// It ends here.
        last: bool,
    },
}

impl Page {
    /// Whether the whole set is known after this.
    pub(super) fn ends(self) -> bool {
        matches!(self, Self::Whole | Self::Part { last: true, .. })
    }
}

/// Writes the memberships of one table.
pub(super) struct MemberSet<'c> {
    layout: &'c Layout,
    held: CachedStatement<'c>,
    insert: CachedStatement<'c>,
    remove: CachedStatement<'c>,
    fixed: Option<(usize, &'static str)>,
    history: Option<History>,
}

impl<'c> MemberSet<'c> {
    /// `fixed` is a column with one value for all items of the list, and the set is only those with that value.
    pub(super) fn new(
        work: &Work<'c>,
        layout: &'c Layout,
        fixed: Option<(&'static str, &'static str)>,
    ) -> Result<Self, Error> {
        let (name, parent, child) = (layout.table.name, layout.table.key[0], layout.table.key[1]);
        let only = fixed.map_or(String::new(), |(column, _)| format!(" AND {column} = ?2"));
        Ok(Self {
            layout,
            held: work.connection.prepare_cached(&format!(
                "SELECT {child} FROM {name} WHERE {parent} = ?1 AND _deleted_at IS NULL{only}"
            ))?,
            insert: work.connection.prepare_cached(&layout.insert)?,
            remove: work.connection.prepare_cached(&format!(
                "UPDATE {name} SET _deleted_at = ?1 WHERE {parent} = ?2 AND {child} = ?3 AND _deleted_at IS NULL"
            ))?,
            fixed: fixed.and_then(|(column, value)| Some((layout.table.position(column)?, value))),
            history: work.state.history.then(|| History::of(layout, &format!("{parent} = ?2"))),
        })
    }

    /// Applies items of the parent's set.
    pub(super) fn replace<T: AsRef<[u8]>>(
        &mut self,
        work: &mut Work<'_>,
        parent: &str,
        items: &[T],
        page: Page,
    ) -> Result<(), Failure> {
        let layout = self.layout;
        let stream = layout.table.name;
        let mut seen = Seen::new(work, layout, parent, page)?;
        let mut held = if page == Page::Whole {
            self.held(parent)?
        } else {
            HashSet::new()
        };
        let extras = layout.columns.len() > 2;
        let mut changed = false;
        for item in items {
            let item = item.as_ref();
            let Some(mut extracted) = read_member(layout, item) else {
                work.reject(stream, "it has no id", item)?;
                continue;
            };
            if let Some((place, value)) = self.fixed {
                extracted.values[place] = Value::Text(value);
            }
            let id = extracted.values[layout.key[1]].as_str().unwrap_or_default();
            let was_held = held.remove(id);
            seen.add(id)?;
            if was_held && !extras {
                work.tally(stream).unchanged += 1;
                continue;
            }
            for (at, _) in layout.columns.iter().enumerate() {
                if at == layout.key[0] {
                    self.insert.raw_bind_parameter(at + 1, parent)?;
                } else {
                    self.insert.raw_bind_parameter(at + 1, &extracted.values[at])?;
                }
            }
            self.insert
                .raw_bind_parameter(layout.columns.len() + 1, work.now.as_str())?;
            let wrote = self.insert.raw_execute()? > 0;
            changed |= wrote;
            let tally = work.tally(stream);
            match (wrote, was_held) {
                (true, false) => tally.inserted += 1,
                (true, true) => tally.updated += 1,
                (false, _) => tally.unchanged += 1,
            }
        }
        if page == Page::Whole {
            for id in held {
                let removed = self.remove.execute([work.now.as_str(), parent, &id])? as u64;
                work.tally(stream).deleted += removed;
                changed |= removed > 0;
            }
        }
        let removed = seen.finish(work)?;
        work.tally(stream).deleted += removed;
        if let Some(history) = self.history.as_ref().filter(|_| changed || removed > 0) {
            history.follow(work.connection, &[&work.now, &parent])?;
        }
        Ok(())
    }

    fn held(&mut self, parent: &str) -> Result<HashSet<String>, Error> {
        self.held.raw_bind_parameter(1, parent)?;
        if let Some((_, value)) = self.fixed {
            self.held.raw_bind_parameter(2, value)?;
        }
        let mut held = HashSet::new();
        let mut rows = self.held.raw_query();
        while let Some(row) = rows.next()? {
            held.insert(row.get(0)?);
        }
        Ok(held)
    }
}

/// A member is an object with an id, or the id itself.
fn read_member<'a>(layout: &Layout, item: &'a [u8]) -> Option<Extracted<'a>> {
    let item = std::str::from_utf8(item).ok()?.trim();
    let extracted = if item.starts_with('{') {
        layout.plan.extract(item).ok()?
    } else {
        let id = if item.starts_with('"') {
            Value::Owned(serde_json::from_str(item).ok()?)
        } else {
            Value::Text(item)
                .as_str()?
                .bytes()
                .all(|byte| byte.is_ascii_digit())
                .then_some(Value::Text(item))?
        };
        let mut values = vec![Value::Null; layout.table.columns.len()];
        values[layout.key[1]] = id;
        Extracted {
            values,
            lists: Vec::new(),
        }
    };
    let has_id = extracted.values[layout.key[1]]
        .as_str()
        .is_some_and(|id| !id.is_empty());
    has_id.then_some(extracted)
}

/// Which items the pages of a set named; kept in the file, because the set may be large and the reading interrupted.
struct Seen<'c> {
    insert: Option<CachedStatement<'c>>,
    layout: &'c Layout,
    scope: String,
    parent: String,
    last: bool,
}

impl<'c> Seen<'c> {
    fn new(work: &Work<'c>, layout: &'c Layout, parent: &str, page: Page) -> Result<Self, Error> {
        let mut scope = String::new();
        let (insert, last) = match page {
            Page::Part { first, last } => {
                scope = format!("{}\u{1f}{parent}", layout.table.name);
                if first {
                    forget(work, &scope)?;
                }
                let sql = "INSERT INTO _trunkline_seen (stream, id) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
                (Some(work.connection.prepare_cached(sql)?), last)
            }
            Page::Whole | Page::Cut => (None, false),
        };
        let parent = if last { parent.to_owned() } else { String::new() };
        Ok(Self {
            insert,
            layout,
            scope,
            parent,
            last,
        })
    }

    fn add(&mut self, id: &str) -> Result<(), Error> {
        if let Some(insert) = &mut self.insert {
            insert.execute([self.scope.as_str(), id])?;
        }
        Ok(())
    }

    /// Takes away what no page named, if this was the last one.
    fn finish(self, work: &Work<'_>) -> Result<u64, Error> {
        if !self.last {
            return Ok(0);
        }
        let table = self.layout.table;
        let (name, parent) = (table.name, table.parent_column());
        let child = if table.is_members() {
            table.key[1].to_owned()
        } else {
            self.layout.key_expression()
        };
        let removed = work
            .connection
            .prepare_cached(&format!(
                "UPDATE {name} SET _deleted_at = ?1 WHERE {parent} = ?2 AND _deleted_at IS NULL \
                 AND {child} NOT IN (SELECT id FROM _trunkline_seen WHERE stream = ?3)"
            ))?
            .execute([&work.now, &self.parent, &self.scope])?;
        forget(work, &self.scope)?;
        Ok(removed as u64)
    }
}

/// Forgets what was seen in `scope`.
pub(super) fn forget(work: &Work<'_>, scope: &str) -> Result<(), Error> {
    work.connection
        .prepare_cached("DELETE FROM _trunkline_seen WHERE stream = ?1")?
        .execute([scope])?;
    Ok(())
}

/// Applies nested records of one parent.
pub(super) fn replace_nested<'c, T: AsRef<[u8]>>(
    work: &mut Work<'c>,
    layout: &'c Layout,
    parent: &str,
    records: &[T],
    page: Page,
) -> Result<(), Failure> {
    let mut upsert = Upsert::new(work, layout)?;
    replace_with(work, &mut upsert, layout, parent, records, page)
}

/// The same with statements that are prepared already.
pub(super) fn replace_with<'c, T: AsRef<[u8]>>(
    work: &mut Work<'c>,
    upsert: &mut Upsert<'c>,
    layout: &'c Layout,
    parent: &str,
    records: &[T],
    page: Page,
) -> Result<(), Failure> {
    let mut seen = Seen::new(work, layout, parent, page)?;
    let mut named = HashSet::new();
    for record in records {
        if upsert.write(work, record.as_ref(), Some(parent))? != Outcome::Rejected {
            seen.add(upsert.key())?;
            if page == Page::Whole {
                named.insert(upsert.key().to_owned());
            }
        }
    }
    let mut removed = seen.finish(work)?;
    if page == Page::Whole {
        removed += keep(work, layout, parent, |id| named.contains(id))?;
    }
    if removed > 0 {
        work.tally(layout.table.name).deleted += removed;
        follow(work, layout, parent)?;
    }
    Ok(())
}

pub(super) fn follow(work: &Work<'_>, layout: &Layout, parent: &str) -> Result<(), Error> {
    if work.state.history {
        let scope = format!("{} = ?2", quote(layout.table.parent_column()));
        History::of(layout, &scope).follow(work.connection, &[&work.now as &dyn ToSql, &parent])?;
    }
    Ok(())
}

/// Marks the parent's nested rows that `stays` does not name.
fn keep(work: &Work<'_>, layout: &Layout, parent: &str, stays: impl Fn(&str) -> bool) -> Result<u64, Error> {
    let (name, column, key) = (
        layout.table.name,
        layout.table.parent_column(),
        layout.key_expression(),
    );
    let mut select = work.connection.prepare_cached(&format!(
        "SELECT rowid, {key} FROM {name} WHERE {column} = ?1 AND _deleted_at IS NULL"
    ))?;
    let mut gone = Vec::new();
    let mut rows = select.query([parent])?;
    while let Some(row) = rows.next()? {
        if !stays(row.get_ref(1)?.as_str().unwrap_or_default()) {
            gone.push(row.get::<_, i64>(0)?);
        }
    }
    if !gone.is_empty() {
        let sql = format!("UPDATE {name} SET _deleted_at = ?1 WHERE rowid = ?2");
        let mut remove = work.connection.prepare_cached(&sql)?;
        for rowid in &gone {
            remove.execute(rusqlite::params![work.now, rowid])?;
        }
    }
    Ok(gone.len() as u64)
}

fn named_ids<'a>(layout: &Layout, list: &List<'a>) -> HashSet<String> {
    list.items
        .iter()
        .filter_map(|item| layout.plan.extract(item).ok())
        .filter_map(|extracted| extracted.values[layout.key[0]].as_str().map(str::to_owned))
        .collect()
}

/// Whether a record names nested records that are not held as its own, or has more than it names. One that is held
/// under another parent has moved, as a merge moves notes, and is gone once that parent is.
pub(super) fn lacks_named(
    work: &Work<'_>,
    layout: &Layout,
    parent: &str,
    list: &List<'_>,
) -> Result<bool, Error> {
    let (name, column) = (layout.table.name, layout.table.parent_column());
    let sql = format!(
        "SELECT 1 FROM {name} WHERE {} AND {column} = ?2 AND _deleted_at IS NULL",
        layout.key_condition(1)
    );
    let mut find = work.connection.prepare_cached(&sql)?;
    for id in named_ids(layout, list) {
        if !find.exists([id.as_str(), parent])? {
            return Ok(true);
        }
    }
    if list.complete {
        return Ok(false);
    }
    let sql = format!("SELECT count(*) FROM {name} WHERE {column} = ?1 AND _deleted_at IS NULL");
    let held: i64 = work
        .connection
        .prepare_cached(&sql)?
        .query_row([parent], |row| row.get(0))?;
    Ok(list
        .total
        .is_none_or(|total| u64::try_from(held).ok() != Some(total)))
}

/// Marks the nested rows that a whole list no longer names.
pub(super) fn keep_named(
    work: &mut Work<'_>,
    layout: &Layout,
    parent: &str,
    list: &List<'_>,
) -> Result<(), Failure> {
    let named = named_ids(layout, list);
    let removed = keep(work, layout, parent, |id| named.contains(id))?;
    if removed > 0 {
        work.tally(layout.table.name).deleted += removed;
        follow(work, layout, parent)?;
    }
    Ok(())
}

/// The parent's need for this list is met.
pub(super) fn clear_need(work: &Work<'_>, layout: &Layout, parent: &str) -> Result<(), Error> {
    for table in tables::all() {
        let lists = table.lists.iter().filter(|list| list.stream == layout.table.name);
        let need = lists.fold(0, |need, list| need | list.need);
        if need != 0 {
            let name = table.name;
            work.connection
                .prepare_cached(&format!(
                    "UPDATE {name} SET _needs = _needs & ~?2 WHERE id = ?1 AND _needs & ?2 <> 0"
                ))?
                .execute(rusqlite::params![parent, need])?;
        }
    }
    Ok(())
}
