//! What a mirror holds: its streams with counts, its tables and views with their columns.

use rusqlite::Error;
use serde::Serialize;
use utoipa::ToSchema;

use super::{BrowseError, Reader};
use crate::tables::{self, Kind, Table};

/// A stream of a mirror.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StreamShape {
    /// Its name.
    pub name: &'static str,
    /// What its records are.
    pub summary: &'static str,
    /// Records that exist.
    pub rows: u64,
    /// Records that are kept as deleted.
    pub deleted: u64,
    /// When a run last got ahead in it.
    pub read_at: Option<String>,
}

/// A table or view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TableShape {
    /// Its name.
    pub name: String,
    /// Whether it is made of other tables.
    pub is_view: bool,
    /// What it holds.
    pub summary: String,
    /// Its columns, in order.
    pub columns: Vec<ColumnShape>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ColumnShape {
    /// Its name.
    pub name: String,
    /// What it holds: text, integer, real, boolean, time or json; empty where nobody says.
    pub kind: String,
    /// What it means.
    pub summary: String,
    /// Whether rows can be sorted by it without looking at all of them.
    pub is_indexed: bool,
    /// Whether its values are long: HTML, JSON, whole records.
    pub is_large: bool,
}

impl Reader {
    /// The workspace's name, its time zone, and when a run last heard of it.
    ///
    /// # Errors
    /// When the mirror cannot be read.
    pub fn workspace(&self) -> Result<Option<(String, String, String)>, BrowseError> {
        let sql = "SELECT name, time_zone, seen_at FROM _trunkline_workspace";
        let row = self.objects(sql, &[])?.into_iter().next();
        Ok(row.map(|row| {
            let text = |name| super::reader::text(&row, name).unwrap_or_default();
            (text("name"), text("time_zone"), text("seen_at"))
        }))
    }

    /// Every stream that the mirror has a table for.
    ///
    /// # Errors
    /// When the mirror cannot be read, or it takes too long.
    pub fn streams(&self) -> Result<Vec<StreamShape>, BrowseError> {
        let held = self.held_tables()?;
        tables::all()
            .filter(|table| held.iter().any(|name| name == table.name))
            .map(|table| self.stream(table).map_err(|error| self.failed(error)))
            .collect()
    }

    fn stream(&self, table: &'static Table) -> Result<StreamShape, Error> {
        // One small index answers how many there are; the deleted ones have an index of their own.
        let sql = format!(
            "SELECT (SELECT count(*) FROM {0}), (SELECT count(*) FROM {0} WHERE _deleted_at IS NOT NULL), \
             (SELECT saved_at FROM _trunkline_checkpoints WHERE stream = '{0}')",
            table.name
        );
        self.connection.query_row(&sql, [], |row| {
            let number = |at| Ok::<_, Error>(u64::try_from(row.get::<_, i64>(at)?).unwrap_or(0));
            let (all, deleted) = (number(0)?, number(1)?);
            Ok(StreamShape {
                name: table.name,
                summary: table.summary,
                rows: all.saturating_sub(deleted),
                deleted,
                read_at: row.get(2)?,
            })
        })
    }

    /// Conversations of which the API no longer gives everything, and the first of them.
    ///
    /// # Errors
    /// When the mirror cannot be read.
    pub fn truncated(&self, limit: u32) -> Result<(u64, Vec<String>), BrowseError> {
        let count = "SELECT count(*) AS n FROM conversations WHERE _truncated = 1 AND _deleted_at IS NULL";
        let counted = self.objects(count, &[])?;
        let number = counted
            .first()
            .and_then(|row| row.get("n")?.as_u64())
            .unwrap_or(0);
        let first = format!(
            "SELECT id FROM conversations WHERE _truncated = 1 AND _deleted_at IS NULL ORDER BY id DESC LIMIT {limit}"
        );
        let ids = self.objects(&first, &[])?;
        Ok((
            number,
            ids.iter()
                .filter_map(|row| super::reader::text(row, "id"))
                .collect(),
        ))
    }

    /// Every table and view that somebody may ask questions of, streams and models first.
    ///
    /// # Errors
    /// When the mirror cannot be read.
    pub fn shapes(&self) -> Result<Vec<TableShape>, BrowseError> {
        let sql = "SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' \
                   ORDER BY substr(name, 1, 1) = '_', type = 'table', name";
        let mut shapes = Vec::new();
        for row in self.objects(sql, &[])? {
            let name = super::reader::text(&row, "name").unwrap_or_default();
            let is_view = row.get("type").is_some_and(|kind| kind == "view");
            let columns = self.columns_of(&name)?;
            let summary = tables::table(&name).map_or_else(String::new, |table| table.summary.to_owned());
            shapes.push(TableShape {
                name,
                is_view,
                summary,
                columns,
            });
        }
        Ok(shapes)
    }

    pub(super) fn held_tables(&self) -> Result<Vec<String>, BrowseError> {
        let rows = self.objects("SELECT name FROM sqlite_schema WHERE type = 'table'", &[])?;
        Ok(rows
            .iter()
            .filter_map(|row| super::reader::text(row, "name"))
            .collect())
    }

    /// Whether there is a table or view of this name.
    pub(super) fn holds(&self, name: &str) -> Result<bool, BrowseError> {
        Ok(!self
            .objects("SELECT 1 FROM sqlite_schema WHERE name = ?1", &[name])?
            .is_empty())
    }

    /// The columns that a table or view has in this file.
    ///
    /// # Errors
    /// When the mirror cannot be read.
    pub fn columns_of(&self, name: &str) -> Result<Vec<ColumnShape>, BrowseError> {
        let told = tables::schema(name.trim_end_matches("_history"));
        let table = tables::table(name);
        let indexed = self.indexed(name)?;
        let rows = self.objects("SELECT name, type FROM pragma_table_xinfo(?1)", &[name])?;
        Ok(rows
            .iter()
            .map(|row| {
                let name = super::reader::text(row, "name").unwrap_or_default();
                let told = told
                    .as_ref()
                    .and_then(|told| told.columns.iter().find(|column| column.name == name));
                let declared = super::reader::text(row, "type").unwrap_or_default();
                let kind = told.map_or_else(|| declared.to_lowercase(), |told| told.kind.to_owned());
                let is_html = |name: &str| {
                    let column = table.and_then(|table| table.column(name.trim_end_matches("_text")));
                    column.is_some_and(|column| column.kind == Kind::Html)
                };
                ColumnShape {
                    is_indexed: indexed.contains(&name),
                    is_large: kind == "json" || is_html(&name),
                    summary: told.map_or_else(String::new, |told| told.summary.clone()),
                    kind,
                    name,
                }
            })
            .collect())
    }

    /// The columns that stand first in an index over all rows.
    fn indexed(&self, table: &str) -> Result<Vec<String>, BrowseError> {
        let sql = "SELECT info.name AS name FROM pragma_index_list(?1) AS list, pragma_index_info(list.name) AS info \
                   WHERE list.partial = 0 AND info.seqno = 0 AND info.name IS NOT NULL";
        let rows = self.objects(sql, &[table])?;
        Ok(rows
            .iter()
            .filter_map(|row| super::reader::text(row, "name"))
            .collect())
    }
}
