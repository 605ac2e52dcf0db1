//! How a declared table stands in the file: its columns in order, and the statements that write it.
//!
//! The one rule: small columns stand before large ones, so that reading `_hash` never walks through a message. Columns
//! that are generated from `record` would save room, but SQLite computes them for every insert: they cost a third of it.

use super::privacy::Privacy;
use crate::{
    extract::Plan,
    tables::{self, Kind, Table},
};

/// Every table as it stands in the file.
#[derive(Debug)]
pub(super) struct Layouts {
    list: Vec<Layout>,
}

/// One table as it stands in the file.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) table: &'static Table,
    pub(super) plan: Plan,
    pub(super) columns: Vec<StoredColumn>,
    /// Positions among the table's values.
    pub(super) key: Vec<usize>,
    pub(super) parent: Option<usize>,
    pub(super) updated: Option<usize>,
    pub(super) custom: Option<usize>,
    pub(super) special: Special,
    pub(super) privacy: Privacy,
    pub(super) select: String,
    pub(super) insert: String,
    pub(super) update: String,
    /// Finds the row of a rowid if all its columns are as given.
    pub(super) same: String,
}

/// A column that is written from a record.
#[derive(Debug)]
pub(super) struct StoredColumn {
    pub(super) name: String,
    pub(super) sql_type: &'static str,
    pub(super) source: Source,
    large: bool,
}

/// Where a stored column's value comes from: a value of the plan, as it is or as plain text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Value(usize),
    TextOf(usize),
}

/// What storage keeps beside the record's own columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Special {
    None,
    /// `_needs`.
    Contacts,
    /// `_parts_*`, with the position of the stated count.
    Conversations(usize),
}

impl Layouts {
    pub(super) fn new(mut privacy: impl FnMut(&'static Table) -> Privacy) -> Self {
        Self {
            list: tables::all()
                .map(|table| Layout::new(table, privacy(table)))
                .collect(),
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Layout> {
        self.list.iter()
    }

    pub(super) fn get(&self, stream: &str) -> Option<&Layout> {
        self.list.iter().find(|layout| layout.table.name == stream)
    }
}

impl Layout {
    pub(super) fn new(table: &'static Table, privacy: Privacy) -> Self {
        let position = |name: &str| table.position(name).expect("a table names only its own columns");
        let mut columns = Vec::new();
        for (index, column) in table.columns.iter().enumerate() {
            if privacy.excludes(column.name) {
                continue;
            }
            let sql_type = match column.kind {
                Kind::Integer | Kind::Boolean => "INTEGER",
                Kind::Real => "REAL",
                Kind::Text | Kind::Time | Kind::Json | Kind::Html => "TEXT",
            };
            let large = matches!(column.kind, Kind::Json | Kind::Html);
            let mut push = |name: String, source| {
                columns.push(StoredColumn {
                    name,
                    sql_type,
                    source,
                    large,
                });
            };
            push(column.name.to_owned(), Source::Value(index));
            if column.kind == Kind::Html {
                push(format!("{}_text", column.name), Source::TextOf(index));
            }
        }
        let special = match table.name {
            "contacts" => Special::Contacts,
            "conversations" => Special::Conversations(position("count_conversation_parts")),
            _ => Special::None,
        };
        let mut layout = Self {
            table,
            plan: Plan::of(table),
            columns,
            key: table
                .lookup
                .unwrap_or(table.key)
                .iter()
                .map(|name| position(name))
                .collect(),
            parent: match table.kind {
                tables::TableKind::Nested { parent } => Some(position(parent)),
                tables::TableKind::Members => Some(position(table.key[0])),
                tables::TableKind::Records => None,
            },
            updated: table.updated.map(position),
            custom: table.custom.filter(|name| !privacy.excludes(name)).map(position),
            special,
            privacy,
            select: String::new(),
            insert: String::new(),
            update: String::new(),
            same: String::new(),
        };
        layout.write_statements();
        layout
    }

    /// The columns by which a row is found.
    pub(super) fn key_names(&self) -> &'static [&'static str] {
        self.table.lookup.unwrap_or(self.table.key)
    }

    /// The condition that finds a row, with its parameters from `first`.
    pub(super) fn key_condition(&self, first: usize) -> String {
        let parts: Vec<String> = self
            .key_names()
            .iter()
            .enumerate()
            .map(|(at, name)| format!("{} = ?{}", quote(name), first + at))
            .collect();
        parts.join(" AND ")
    }

    /// The key as one text, in SQL.
    pub(super) fn key_expression(&self) -> String {
        self.key_names()
            .iter()
            .map(|name| quote(name))
            .collect::<Vec<_>>()
            .join(" || char(31) || ")
    }

    /// Parameters: the columns, then `_synced_at`, `_hash`, `record`, two of the special columns, then the rowid.
    fn write_statements(&mut self) {
        let count = self.columns.len();
        let (synced, hash, record, first, second, rowid) =
            (count + 1, count + 2, count + 3, count + 4, count + 5, count + 6);
        let name = self.table.name;
        let names: Vec<String> = self.columns.iter().map(|column| quote(&column.name)).collect();
        let places: Vec<String> = (1..=count).map(|place| format!("?{place}")).collect();
        let sets: Vec<String> = names
            .iter()
            .zip(&places)
            .map(|(name, place)| format!("{name} = {place}"))
            .collect();
        let (names, places, sets) = (names.join(", "), places.join(", "), sets.join(", "));
        if self.table.is_members() {
            let extras: Vec<&StoredColumn> = self
                .columns
                .iter()
                .filter(|column| !self.table.key.contains(&column.name.as_str()))
                .collect();
            let set: String = extras
                .iter()
                .map(|column| format!("{0} = excluded.{0}, ", quote(&column.name)))
                .collect();
            let differs: String = extras
                .iter()
                .map(|column| format!(" OR {name}.{0} IS NOT excluded.{0}", quote(&column.name)))
                .collect();
            self.insert = format!(
                "INSERT INTO {name} ({names}, _synced_at) VALUES ({places}, ?{synced}) ON CONFLICT DO UPDATE SET \
                 {set}_synced_at = excluded._synced_at, _deleted_at = NULL WHERE {name}._deleted_at IS NOT NULL{differs}"
            );
            return;
        }
        let (own_names, own_places, own_sets) = match self.special {
            Special::None => (String::new(), String::new(), String::new()),
            Special::Contacts => (
                ", _needs".to_owned(),
                format!(", ?{first}"),
                format!(", _needs = (_needs & ~?{second}) | ?{first}"),
            ),
            Special::Conversations(_) => (
                ", _parts_stated, _parts_held".to_owned(),
                format!(
                    ", ?{first}, (SELECT count(*) FROM conversation_parts WHERE conversation_id = ?1 AND _deleted_at IS NULL)"
                ),
                // A conversation that does not state its count is to be read again whenever it changed.
                format!(
                    ", _parts_stated = ?{first}, _parts_fetched = CASE WHEN ?{first} IS NULL THEN NULL ELSE _parts_fetched END"
                ),
            ),
        };
        let updated = self.updated.map_or("NULL".to_owned(), |at| self.stored_name(at));
        let parent = self.parent.map_or("NULL".to_owned(), |at| self.stored_name(at));
        self.select = format!(
            "SELECT rowid, _hash, _deleted_at, {updated}, {parent} FROM {name} WHERE {}",
            self.key_condition(1)
        );
        self.insert = format!(
            "INSERT INTO {name} ({names}, _synced_at, _hash, record{own_names}) \
             VALUES ({places}, ?{synced}, ?{hash}, ?{record}{own_places}) ON CONFLICT DO NOTHING"
        );
        let alike: Vec<String> = self
            .columns
            .iter()
            .zip(1..)
            .map(|(column, place)| format!("{} IS ?{place}", quote(&column.name)))
            .collect();
        self.same = format!(
            "SELECT 1 FROM {name} WHERE rowid = ?{} AND {}",
            count + 1,
            alike.join(" AND ")
        );
        self.update = format!(
            "UPDATE {name} SET {sets}, _synced_at = ?{synced}, _hash = ?{hash}, _deleted_at = NULL, \
             record = ?{record}{own_sets} WHERE rowid = ?{rowid}"
        );
    }

    fn stored_name(&self, value: usize) -> String {
        let stored = self
            .columns
            .iter()
            .find(|column| column.source == Source::Value(value));
        stored.map_or("NULL".to_owned(), |column| quote(&column.name))
    }

    /// The columns with their SQL, as a new table has them: small ones, our own, large ones, the record.
    pub(super) fn definitions(&self) -> Vec<(String, String)> {
        let define = |column: &StoredColumn| {
            let key = self.key_names().contains(&column.name.as_str());
            (
                column.name.clone(),
                format!("{}{}", column.sql_type, if key { " NOT NULL" } else { "" }),
            )
        };
        let own = |name: &str, sql: &str| (name.to_owned(), sql.to_owned());
        let mut list: Vec<_> = self
            .columns
            .iter()
            .filter(|column| !column.large)
            .map(define)
            .collect();
        list.extend(self.table.own.iter().map(|column| own(column.name, column.sql)));
        list.push(own("_synced_at", "TEXT NOT NULL"));
        if !self.table.is_members() {
            list.push(own("_hash", "INTEGER NOT NULL"));
        }
        list.push(own("_deleted_at", "TEXT"));
        list.extend(self.columns.iter().filter(|column| column.large).map(define));
        if !self.table.is_members() {
            list.push(own("record", "TEXT NOT NULL"));
        }
        list
    }
}

/// A name as SQL reads it, quoted where it has to be.
pub(super) fn quote(name: &str) -> String {
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if plain && !matches!(name, "default" | "order" | "index" | "read") {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}
