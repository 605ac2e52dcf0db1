//! Rows of a table in a file, from a row on.
//!
//! The one rule: a row that is broken is given as such and counts as a row, so that what stands behind it keeps its place.

use std::{
    collections::HashSet,
    fs::File,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};
use trunkline_flow::{ComponentError, Item};

use super::{BATCH, Pieces, Settings, cannot, shown};
use crate::tables::{self, Table, TableError};

pub(super) struct Rows {
    path: PathBuf,
    settings: Settings,
    /// None when there is not even a header.
    table: Option<Table>,
    columns: Vec<String>,
    /// Rows before what comes next.
    rows: u64,
    /// How long the file was when it was opened.
    size: u64,
}

fn failed(error: TableError) -> ComponentError {
    ComponentError::stop(error.code, error.message, error.advice)
}

impl Rows {
    pub(super) fn open(path: &Path, settings: &Settings, place: &Value) -> Result<Self, ComponentError> {
        let name = path.display().to_string();
        let opened = || File::open(path).map_err(|error| cannot(path, &error));
        let file = opened()?;
        let size = file.metadata().map_err(|error| cannot(path, &error))?.len();
        let was = place["size"].as_u64().unwrap_or(0);
        let rows = place["row"].as_u64().filter(|_| was <= size).unwrap_or(0);
        let encoding = settings.encoding.as_deref().map(tables::encoding);
        let encoding = encoding.transpose().map_err(failed)?;
        let scanned = match encoding {
            None => Some(tables::scan(opened()?, &name).map_err(failed)?),
            Some(_) => None,
        };
        let delimiter = settings.delimiter.as_deref().map(tables::delimiter);
        let delimiter = delimiter.transpose().map_err(failed)?;
        let text = tables::text(Box::new(file), encoding, scanned, &name).map_err(failed)?;
        let is_empty = text.head.trim().is_empty();
        let mut table = match Table::open(text, delimiter, &name) {
            Ok(table) => Some(table),
            // Nobody has written into it yet.
            Err(_) if is_empty => None,
            Err(error) => return Err(failed(error)),
        };
        let columns = columns(table.as_ref().map(Table::columns).unwrap_or_default(), &name)?;
        for _ in 0..rows {
            let Some(table) = &mut table else { break };
            if table.next_row().map_err(|error| cannot(path, &error))?.is_none() {
                break;
            }
        }
        Ok(Self {
            path: path.to_owned(),
            settings: settings.clone(),
            table,
            columns,
            rows,
            size,
        })
    }

    fn item(&self, row: tables::Row) -> Item {
        match row.cells {
            Ok(cells) => {
                let named = self
                    .columns
                    .iter()
                    .cloned()
                    .zip(cells.into_iter().map(Value::String));
                self.settings.record(named.collect::<Map<_, _>>().into())
            }
            Err((fault, _)) => Item::Broken {
                text: shown(&row.text),
                error: ComponentError::reject(
                    "TL0873",
                    format!(
                        "line {}, column {} of {} is no row: {}",
                        row.line + fault.lines,
                        fault.column,
                        self.path.display(),
                        fault.why
                    ),
                    "Mend the row, and redrive its dead letter.",
                ),
            },
        }
    }
}

/// Names for all columns; one without a name is called after its place.
fn columns(header: &[String], name: &str) -> Result<Vec<String>, ComponentError> {
    let mut seen = HashSet::new();
    let mut columns = Vec::with_capacity(header.len());
    for (at, column) in header.iter().enumerate() {
        let column = if column.is_empty() {
            format!("_{}", at + 1)
        } else {
            column.clone()
        };
        if !seen.insert(column.clone()) {
            return Err(ComponentError::stop(
                "TL0872",
                format!("two columns of {name} are called {column} (line 1)"),
                "Give each column a name of its own.",
            ));
        }
        columns.push(column);
    }
    Ok(columns)
}

impl Pieces for Rows {
    fn next(&mut self) -> Result<Vec<Item>, ComponentError> {
        let mut items = Vec::new();
        while items.len() < BATCH {
            let Some(table) = &mut self.table else { break };
            let row = table.next_row().map_err(|error| cannot(&self.path, &error))?;
            let Some(row) = row else { break };
            self.rows += 1;
            items.push(self.item(row));
        }
        Ok(items)
    }

    fn place(&self) -> Value {
        json!({ "row": self.rows, "size": self.size })
    }
}
