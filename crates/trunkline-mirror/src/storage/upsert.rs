//! One record becomes one row: looked up, compared, inserted or updated, with the lists inside it.
//!
//! The one rule: a copy that says it is older than the row never overwrites it. The statements are prepared once for a
//! change, and a stream that was full of new records last time is inserted into before it is looked at.

use rusqlite::{CachedStatement, Error};

use super::{
    history::History,
    layout::{Layout, Source, Special},
    lists::Lists,
    steady, vanish,
    work::{Failure, Work},
};
use crate::{
    extract::{Extracted, List, Value, keys},
    text,
};

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Inserted,
    Updated,
    Unchanged,
    Rejected,
}

/// Writes records of one table.
pub(super) struct Upsert<'c> {
    layout: &'c Layout,
    select: CachedStatement<'c>,
    insert: Write<'c>,
    update: Write<'c>,
    history: Option<History>,
    lists: Lists<'c>,
    key: String,
    /// When the last record changed, where it says so.
    changed_at: String,
    /// Whether the last update changed nothing but the record's wording.
    restated: bool,
}

/// A statement that writes a row, and which of its parameters are NULL now: most stay so from one row to the next.
struct Write<'c> {
    statement: CachedStatement<'c>,
    nulls: Vec<bool>,
}

struct Held {
    rowid: i64,
    hash: i64,
    deleted_at: Option<String>,
    older: bool,
    /// It changed when the given record did, as far as one can tell.
    same_age: bool,
    parent: Option<String>,
}

/// Values of the columns that storage keeps itself: `?first` and `?second` of the layout's statements.
struct Own(Option<i64>, Option<i64>);

impl<'c> Upsert<'c> {
    pub(super) fn new(work: &Work<'c>, layout: &'c Layout) -> Result<Self, Error> {
        Ok(Self {
            layout,
            select: work.connection.prepare_cached(&layout.select)?,
            insert: Write::new(work.connection.prepare_cached(&layout.insert)?, layout),
            update: Write::new(work.connection.prepare_cached(&layout.update)?, layout),
            history: work.state.history.then(|| History::of_row(layout)),
            lists: Lists::new(work, layout)?,
            key: String::new(),
            changed_at: String::new(),
            restated: false,
        })
    }

    /// The key of the last record that was not rejected.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Writes one record; `parent` is the id of the record that it hangs on, where that is known from outside.
    pub(super) fn write(
        &mut self,
        work: &mut Work<'c>,
        record: &[u8],
        parent: Option<&str>,
    ) -> Result<Outcome, Failure> {
        let outcome = self.try_write(work, record, parent)?;
        let stream = self.layout.table.name;
        match outcome {
            Ok(outcome) => {
                let tally = work.tally(stream);
                match outcome {
                    Outcome::Inserted => tally.inserted += 1,
                    Outcome::Updated => {
                        tally.updated += 1;
                        tally.restated += u64::from(self.restated);
                    }
                    Outcome::Unchanged => tally.unchanged += 1,
                    Outcome::Rejected => {}
                }
                if outcome == Outcome::Inserted || (outcome == Outcome::Updated && !self.restated) {
                    work.touch(stream, &self.key);
                    self.note(work, outcome == Outcome::Inserted);
                }
                Ok(outcome)
            }
            Err(reason) => {
                work.reject(stream, &reason, record)?;
                Ok(Outcome::Rejected)
            }
        }
    }

    /// The inner error says why the record cannot become a row.
    fn try_write(
        &mut self,
        work: &mut Work<'c>,
        record: &[u8],
        parent: Option<&str>,
    ) -> Result<Result<Outcome, String>, Failure> {
        let layout = self.layout;
        let Ok(mut record) = std::str::from_utf8(record) else {
            return Ok(Err("it is not UTF-8".to_owned()));
        };
        let rewritten;
        if !layout.privacy.is_empty() {
            let salt = work.state.workspace.as_deref().unwrap_or_default();
            let Some(changed) = layout.privacy.apply(record, salt) else {
                return Ok(Err("it is not JSON".to_owned()));
            };
            rewritten = changed;
            record = &rewritten;
        }
        let mut extracted = match layout.plan.extract(record) {
            Ok(extracted) => extracted,
            Err(error) => return Ok(Err(error.to_string())),
        };
        if let (Some(place), Some(parent)) = (layout.parent, parent) {
            extracted.values[place] = Value::Owned(parent.to_owned());
        }
        if let Some(missing) = layout
            .key
            .iter()
            .find(|place| is_empty(&extracted.values[**place]))
        {
            return Ok(Err(format!("it has no {}", layout.table.columns[*missing].name)));
        }
        self.read_key(&extracted);
        self.changed_at.clear();
        if let Some(changed_at) = layout.updated.and_then(|place| extracted.values[place].as_str()) {
            self.changed_at.push_str(changed_at);
        }
        let hash = steady::hash(record);
        let expects_new = work
            .state
            .expects_new
            .get(layout.table.name)
            .copied()
            .unwrap_or(true);
        if expects_new {
            let lists = self.lists.read(&extracted);
            let own = self.own(work, &extracted, &lists)?;
            if self.insert(work, &extracted, record, hash, &own)? {
                self.after(work, &extracted, &lists, None, true)?;
                return Ok(Ok(Outcome::Inserted));
            }
        }
        let Some(held) = self.find(&extracted)? else {
            let lists = self.lists.read(&extracted);
            let own = self.own(work, &extracted, &lists)?;
            self.insert(work, &extracted, record, hash, &own)?;
            work.state.expects_new.insert(layout.table.name, true);
            self.after(work, &extracted, &lists, None, true)?;
            return Ok(Ok(Outcome::Inserted));
        };
        work.state.expects_new.insert(layout.table.name, false);
        let moved = layout
            .parent
            .is_some_and(|place| held.parent.as_deref() != extracted.values[place].as_str());
        if (held.hash == hash && held.deleted_at.is_none() && !moved) || (held.hash != hash && held.older) {
            return Ok(Ok(Outcome::Unchanged));
        }
        self.restated = held.same_age
            && held.deleted_at.is_none()
            && !moved
            && self.is_said(work, &extracted, held.rowid)?;
        let lists = self.lists.read(&extracted);
        let own = self.own(work, &extracted, &lists)?;
        self.update
            .bind(layout, &extracted, &work.now, hash, record, &own)?;
        self.update
            .statement
            .raw_bind_parameter(layout.columns.len() + 6, held.rowid)?;
        self.update.statement.raw_execute()?;
        self.after(work, &extracted, &lists, held.deleted_at.as_deref(), false)?;
        Ok(Ok(Outcome::Updated))
    }

    /// Takes note of the record that changed; while a table is filled, a few of them will do.
    fn note(&self, work: &mut Work<'_>, inserted: bool) {
        let name = self.layout.table.name;
        let fills = inserted && work.state.expects_new.get(name).copied().unwrap_or(true);
        let newest = work.newest(name);
        if !(fills && newest.is_full()) {
            newest.note(&self.changed_at, &self.key);
        }
    }

    /// Whether every column of the row says already what the record says.
    fn is_said(&self, work: &Work<'_>, extracted: &Extracted<'_>, rowid: i64) -> Result<bool, Error> {
        let layout = self.layout;
        let mut same = work.connection.prepare_cached(&layout.same)?;
        for (column, place) in layout.columns.iter().zip(1..) {
            match column.source {
                Source::Value(at) => same.raw_bind_parameter(place, &extracted.values[at])?,
                Source::TextOf(at) => {
                    same.raw_bind_parameter(place, extracted.values[at].as_str().map(text::from_html))?;
                }
            }
        }
        same.raw_bind_parameter(layout.columns.len() + 1, rowid)?;
        Ok(same.raw_query().next()?.is_some())
    }

    fn read_key(&mut self, extracted: &Extracted<'_>) {
        self.key.clear();
        for (at, place) in self.layout.key.iter().enumerate() {
            if at > 0 {
                self.key.push('\u{1f}');
            }
            self.key
                .push_str(extracted.values[*place].as_str().unwrap_or_default());
        }
    }

    fn insert(
        &mut self,
        work: &Work<'_>,
        extracted: &Extracted<'_>,
        record: &str,
        hash: i64,
        own: &Own,
    ) -> Result<bool, Error> {
        self.insert
            .bind(self.layout, extracted, &work.now, hash, record, own)?;
        Ok(self.insert.statement.raw_execute()? == 1)
    }

    fn find(&mut self, extracted: &Extracted<'_>) -> Result<Option<Held>, Error> {
        for (at, place) in self.layout.key.iter().enumerate() {
            self.select
                .raw_bind_parameter(at + 1, &extracted.values[*place])?;
        }
        let given = self
            .layout
            .updated
            .and_then(|place| extracted.values[place].as_str());
        let mut rows = self.select.raw_query();
        let Some(row) = rows.next()? else { return Ok(None) };
        let updated = row.get_ref(3)?.as_str_or_null().ok().flatten();
        Ok(Some(Held {
            rowid: row.get(0)?,
            hash: row.get(1)?,
            deleted_at: row.get(2)?,
            same_age: given == updated,
            older: matches!((given, updated), (Some(given), Some(updated)) if given < updated),
            parent: row.get(4)?,
        }))
    }

    fn own(
        &self,
        work: &Work<'c>,
        extracted: &Extracted<'_>,
        lists: &[Option<List<'_>>],
    ) -> Result<Own, Failure> {
        Ok(match self.layout.special {
            Special::None => Own(None, None),
            Special::Contacts => {
                let (set, clear) = self.lists.needs(work, lists, &self.key)?;
                Own(Some(set), Some(clear))
            }
            // The first message is counted, and is no part.
            Special::Conversations(place) => Own(
                extracted.values[place]
                    .as_integer()
                    .map(|count| (count - 1).max(0)),
                None,
            ),
        })
    }

    /// What hangs on a row that was written: `revived` is the time of its deletion until now.
    fn after(
        &mut self,
        work: &mut Work<'c>,
        extracted: &Extracted<'_>,
        lists: &[Option<List<'_>>],
        revived: Option<&str>,
        is_new: bool,
    ) -> Result<(), Failure> {
        if let Some(deleted_at) = revived {
            vanish::revive(work, self.layout, &self.key, deleted_at)?;
        }
        if let Some(custom) = self
            .layout
            .custom
            .and_then(|place| extracted.values[place].as_str())
        {
            remember_attributes(work, self.layout.table.name, custom)?;
        }
        if let Some(history) = &self.history {
            let values: Vec<&dyn rusqlite::ToSql> = std::iter::once(&work.now as &dyn rusqlite::ToSql)
                .chain(
                    self.layout
                        .key
                        .iter()
                        .map(|place| &extracted.values[*place] as &dyn rusqlite::ToSql),
                )
                .collect();
            history.follow(work.connection, &values)?;
        }
        self.lists.apply(work, lists, &self.key, is_new)
    }
}

fn is_empty(value: &Value<'_>) -> bool {
    value.as_str().is_none_or(str::is_empty)
}

impl<'c> Write<'c> {
    fn new(statement: CachedStatement<'c>, layout: &Layout) -> Self {
        Self {
            statement,
            nulls: vec![true; layout.columns.len()],
        }
    }

    fn bind(
        &mut self,
        layout: &Layout,
        extracted: &Extracted<'_>,
        now: &str,
        hash: i64,
        record: &str,
        own: &Own,
    ) -> Result<(), Error> {
        let statement = &mut self.statement;
        for ((column, null), place) in layout.columns.iter().zip(&mut self.nulls).zip(1..) {
            let (Source::Value(at) | Source::TextOf(at)) = column.source;
            let value = &extracted.values[at];
            if std::mem::replace(null, *value == Value::Null) && *null {
                continue;
            }
            match column.source {
                Source::Value(_) => statement.raw_bind_parameter(place, value)?,
                Source::TextOf(_) => {
                    statement.raw_bind_parameter(place, value.as_str().map(text::from_html))?;
                }
            }
        }
        let count = layout.columns.len();
        statement.raw_bind_parameter(count + 1, now)?;
        statement.raw_bind_parameter(count + 2, hash)?;
        statement.raw_bind_parameter(count + 3, record)?;
        if layout.special != Special::None {
            statement.raw_bind_parameter(count + 4, own.0)?;
            if statement.parameter_count() > count + 4 {
                statement.raw_bind_parameter(count + 5, own.1)?;
            }
        }
        Ok(())
    }
}

fn remember_attributes(work: &mut Work<'_>, stream: &'static str, custom: &str) -> Result<(), Failure> {
    let known = work.state.attributes.entry(stream).or_default();
    let mut new = Vec::new();
    keys(custom, |name| {
        if !known.contains(name) {
            new.push(name.to_owned());
        }
    });
    for name in new {
        work.connection
            .prepare_cached(
                "INSERT INTO _trunkline_attributes (stream, name, first_seen_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            )?
            .execute([stream, name.as_str(), &work.now])?;
        work.state.attributes.entry(stream).or_default().insert(name);
        work.state.stale_views.insert(stream);
    }
    Ok(())
}
