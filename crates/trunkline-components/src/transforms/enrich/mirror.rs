//! Answers from a mirror's SQLite file, or any other.
//!
//! The one rule: the file is opened to be read and nothing else, and no text of a flow becomes part of a statement but as a quoted name
//! of a table or column that is there.

use std::path::PathBuf;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, types::ValueRef};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use trunkline_flow::{ComponentError, document::Jq, nearest};

use super::Answer;
use crate::Site;

/// The mirror, where to look in it, and for what.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// The SQLite file. Relative paths begin at the flow's file.
    file: String,
    /// The table or view.
    table: String,
    /// The column that tells its rows apart; it should have an index.
    #[serde(default = "id")]
    column: String,
    /// An expression over the record for the value to look for.
    pub(super) key: Jq,
    /// The columns that make the answer. Without any, it is the record as Intercom gave it, where the table keeps that, or all columns.
    #[serde(default)]
    columns: Vec<String>,
}

fn id() -> String {
    "id".to_owned()
}

/// How long it waits for whoever writes.
const BUSY: std::time::Duration = std::time::Duration::from_secs(5);
/// Where a mirror keeps the record as it was received, and since when it is no longer there.
const RECORD: &str = "record";
const DELETED: &str = "_deleted_at";

#[derive(Debug)]
pub(super) struct Mirror {
    settings: Settings,
    path: PathBuf,
    open: Option<(Connection, String)>,
}

impl Mirror {
    pub(super) fn new(settings: Settings, site: &Site) -> Self {
        let path = site.path(&settings.file);
        Self {
            settings,
            path,
            open: None,
        }
    }

    /// Looks for all.
    pub(super) fn find(&mut self, questions: Vec<(String, Value)>) -> Vec<(String, Answer)> {
        if questions.is_empty() {
            return Vec::new();
        }
        let opened = match self.open.take() {
            Some(open) => Ok(open),
            None => self.open(),
        };
        let (connection, statement) = match opened {
            Ok(open) => open,
            Err(error) => {
                let answer = |(name, _)| (name, Err(error.clone()));
                return questions.into_iter().map(answer).collect();
            }
        };
        let answers = questions
            .into_iter()
            .map(|(name, key)| {
                let key = match key {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                let found = connection
                    .prepare_cached(&statement)
                    .and_then(|mut statement| statement.query_row([key], row).optional())
                    .map_err(|error| self.failed(&error.to_string()));
                (name, found)
            })
            .collect();
        self.open = Some((connection, statement));
        answers
    }

    /// Opens the file and makes the statement, of names that are there.
    fn open(&self) -> Result<(Connection, String), ComponentError> {
        let failed = |error: rusqlite::Error| self.failed(&error.to_string());
        if !self.path.is_file() {
            return Err(self.failed("there is no such file"));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags).map_err(failed)?;
        connection.busy_timeout(BUSY).map_err(failed)?;
        let tables = names(
            &connection,
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')",
            [],
        )
        .map_err(failed)?;
        let table = self.known("table", &self.settings.table, &tables)?;
        let columns =
            names(&connection, "SELECT name FROM pragma_table_info(?1)", [&table]).map_err(failed)?;
        let column = self.known("column", &self.settings.column, &columns)?;
        let mut wanted = Vec::new();
        for name in &self.settings.columns {
            wanted.push(self.known("column", name, &columns)?);
        }
        if wanted.is_empty() {
            wanted = if columns.iter().any(|name| name == RECORD) {
                vec![RECORD.to_owned()]
            } else {
                columns.clone()
            };
        }
        let wanted: Vec<String> = wanted.iter().map(|name| quoted(name)).collect();
        // Ids may be numbers in tables that are no mirror's.
        let mut statement = format!(
            "SELECT {} FROM {} WHERE {} = ?1",
            wanted.join(", "),
            quoted(&table),
            quoted(&column),
        );
        if columns.iter().any(|name| name == DELETED) {
            statement.push_str(&format!(" AND {} IS NULL", quoted(DELETED)));
        }
        statement.push_str(" LIMIT 1");
        Ok((connection, statement))
    }

    fn known(&self, what: &str, name: &str, known: &[String]) -> Result<String, ComponentError> {
        if known.iter().any(|known| known == name) {
            return Ok(name.to_owned());
        }
        let near = nearest::of(name, known.iter().map(String::as_str));
        let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        Err(self.failed(&format!("there is no {what} {name}{near}")))
    }

    fn failed(&self, why: &str) -> ComponentError {
        ComponentError::stop(
            "TL0855",
            format!("{} cannot be looked in: {why}", self.path.display()),
            "Check `file`, `table` and the columns; `trunkline sync` makes and fills a mirror.",
        )
    }
}

fn names<P: rusqlite::Params>(
    connection: &Connection,
    query: &str,
    parameters: P,
) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(query)?;
    let names = statement.query_map(parameters, |row| row.get(0))?;
    names.collect()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A row as an object; the record as it was received where that is all that is asked for.
fn row(row: &Row<'_>) -> rusqlite::Result<Value> {
    let names: Vec<String> = row.as_ref().column_names().map(str::to_owned).collect();
    let mut fields = Map::new();
    for (at, name) in names.iter().enumerate() {
        let value = match row.get_ref(at)? {
            ValueRef::Null | ValueRef::Blob(_) => Value::Null,
            ValueRef::Integer(number) => number.into(),
            ValueRef::Real(number) => number.into(),
            ValueRef::Text(text) => {
                let text = String::from_utf8_lossy(text);
                let is_json = name == RECORD || name == "custom_attributes";
                match serde_json::from_str(&text) {
                    Ok(json) if is_json => json,
                    _ => text.into_owned().into(),
                }
            }
        };
        fields.insert(name.clone(), value);
    }
    Ok(match fields.remove(RECORD) {
        Some(record) if fields.is_empty() => record,
        Some(record) => {
            fields.insert(RECORD.to_owned(), record);
            fields.into()
        }
        None => fields.into(),
    })
}
