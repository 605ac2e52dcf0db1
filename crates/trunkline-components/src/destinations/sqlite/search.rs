//! A full-text index beside a table.
//!
//! The one rule: the index is of the rows that are there. It changes in the transaction of the row, and one that is missing or of other
//! columns is made of the table. `NAME_search` is the index, `NAME_search_rows` says which row of it belongs to which key.

use rusqlite::{OptionalExtension as _, Transaction};
use serde_json::Value;

use crate::sql::{
    quoted,
    shape::{self, Kind},
    table::{Change, KEY},
};

/// The index of a table, and the columns that it is of.
#[derive(Clone, Debug)]
pub(super) struct Search {
    table: String,
    columns: Vec<String>,
}

impl Search {
    pub(super) const fn new(table: String, columns: Vec<String>) -> Self {
        Self { table, columns }
    }

    fn index(&self) -> String {
        format!("{}_search", self.table)
    }

    fn rows(&self) -> String {
        format!("{}_search_rows", self.table)
    }

    fn names(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|name| quoted(name)).collect();
        names.join(", ")
    }

    /// Makes the index of what is in the table, unless it is there. The table is.
    pub(super) fn prepare(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        let columns = |table: &str| -> rusqlite::Result<Vec<String>> {
            let mut found = transaction.prepare("select name from pragma_table_info(?)")?;
            found.query_map([table], |row| row.get(0))?.collect()
        };
        let wanted = std::iter::once(KEY.to_owned()).chain(self.columns.iter().cloned());
        if columns(&self.index())?.into_iter().eq(wanted) {
            return Ok(());
        }
        let (index, rows, key) = (quoted(&self.index()), quoted(&self.rows()), quoted(KEY));
        transaction.execute_batch(&format!(
            "drop table if exists {index}; drop table if exists {rows};
             create table {rows} (id integer primary key, {key} text not null unique);
             create virtual table {index} using fts5({key} unindexed, {}, tokenize = \"unicode61 remove_diacritics 2\");",
            self.names()
        ))?;
        let there = columns(&self.table)?;
        let taken: Vec<String> = self
            .columns
            .iter()
            .map(|name| {
                if there.contains(name) {
                    format!("t.{}", quoted(name))
                } else {
                    "null".to_owned()
                }
            })
            .collect();
        let table = quoted(&self.table);
        transaction.execute_batch(&format!(
            "insert into {rows} ({key}) select {key} from {table};
             insert into {index} (rowid, {key}, {}) select r.id, t.{key}, {} from {table} t join {rows} r on r.{key} = t.{key};",
            self.names(),
            taken.join(", ")
        ))
    }

    /// Brings a row's change into the index.
    pub(super) fn apply(&self, transaction: &Transaction<'_>, change: &Change) -> rusqlite::Result<()> {
        let (index, rows, key) = (quoted(&self.index()), quoted(&self.rows()), quoted(KEY));
        let known: Option<i64> = transaction
            .prepare_cached(&format!("select id from {rows} where {key} = ?"))?
            .query_row([change.key()], |row| row.get(0))
            .optional()?;
        if let Some(known) = known {
            let delete = format!("delete from {index} where rowid = ?");
            transaction.prepare_cached(&delete)?.execute([known])?;
        }
        let Change::Put { key: own, values } = change else {
            let delete = format!("delete from {rows} where {key} = ?");
            transaction.prepare_cached(&delete)?.execute([change.key()])?;
            return Ok(());
        };
        let id = match known {
            Some(known) => known,
            None => transaction
                .prepare_cached(&format!("insert into {rows} ({key}) values (?)"))?
                .insert([own])?,
        };
        let words = self
            .columns
            .iter()
            .map(|name| shape::text(Kind::Text, values.get(name).unwrap_or(&Value::Null)));
        let mut cells: Vec<rusqlite::types::Value> = vec![id.into(), own.clone().into()];
        cells.extend(words.map(Into::into));
        let marks = vec!["?"; cells.len()].join(", ");
        let insert = format!(
            "insert into {index} (rowid, {key}, {}) values ({marks})",
            self.names()
        );
        transaction
            .prepare_cached(&insert)?
            .execute(rusqlite::params_from_iter(cells))?;
        Ok(())
    }
}
