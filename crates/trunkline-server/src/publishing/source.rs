//! Where rows come from: a file, standard input, or a query on an SQLite database.
//!
//! The one rule: a row that cannot be read is a row all the same, with its line and the reason; only what makes every row
//! doubtful (no such file, a header that is not one, a query that fails) ends the reading. `trunkline_components::tables` makes
//! text of whatever encoding, `source/table.rs` rows of CSV, `lines.rs` of JSON lines, `query.rs` of a query.

mod lines;
mod query;
mod table;

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use trunkline_actions::publish::{Original, Rejection};
use trunkline_components::tables::{self, TableError};

use super::PublishError;

pub(super) use trunkline_components::tables::quoted;

/// The form of a text with rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A table with a header, its cells between commas, semicolons, tabs or bars.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// Where the rows come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    Stdin,
    File(PathBuf),
    Sqlite { file: PathBuf, query: String },
}

/// A source of rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    place: Place,
    format: Option<Format>,
    delimiter: Option<char>,
    encoding: Option<String>,
}

/// The beginning of a source.
#[derive(Clone, Debug, Default)]
pub struct Peek {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The cells of the first rows, or why a row cannot be read.
    pub rows: Vec<Result<Vec<String>, String>>,
}

/// A row as it was read.
#[derive(Clone, Debug)]
pub(super) struct Raw {
    /// Its number, from 1.
    pub(super) number: u64,
    /// The line that it begins on; of a query: its number.
    pub(super) line: u64,
    /// As it was read.
    pub(super) original: Original,
    /// Its values by name.
    pub(super) record: Result<Map<String, Value>, Rejection>,
}

/// What a reader finds, in this order: the columns, where there are any, then the rows.
#[derive(Debug)]
pub(super) enum Piece {
    /// The names of the columns.
    Columns(Vec<String>),
    /// A row.
    Row(Raw),
}

/// What is done with each piece; false when there are enough.
pub(super) type Each<'e> = dyn FnMut(Piece) -> Result<bool, PublishError> + 'e;

impl Source {
    /// What `--from` and its companions say.
    pub fn parse(
        from: &str,
        query: Option<&str>,
        format: Option<Format>,
        delimiter: Option<&str>,
        encoding: Option<&str>,
    ) -> Result<Self, PublishError> {
        let place = match from.strip_prefix("sqlite:") {
            None if query.is_some() => {
                return Err(PublishError::usage(
                    "TL0785",
                    "`--query` is for a database",
                    "Name the database with `--from sqlite:FILE`.",
                ));
            }
            None if from == "-" => Place::Stdin,
            None => Place::File(there(from)?),
            Some(database) => {
                let (file, own) = match database.split_once("?query=") {
                    Some((file, own)) => (file, Some(own)),
                    None => (database, None),
                };
                let query = query.or(own).ok_or_else(|| {
                    PublishError::usage(
                        "TL0785",
                        "no query says which rows of the database are meant",
                        "Add `--query 'SELECT …'`, or `?query=SELECT …` behind the file.",
                    )
                })?;
                Place::Sqlite {
                    file: there(file)?,
                    query: query.to_owned(),
                }
            }
        };
        let delimiter = delimiter.map(tables::delimiter).transpose()?;
        if let Some(label) = encoding {
            tables::encoding(label)?;
        }
        Ok(Self {
            place,
            format,
            delimiter,
            encoding: encoding.map(str::to_owned),
        })
    }

    /// A table in a file of ours, whatever the file is called.
    #[must_use]
    pub fn table(file: PathBuf, delimiter: Option<char>, encoding: Option<String>) -> Self {
        Self {
            place: Place::File(file),
            format: Some(Format::Csv),
            delimiter,
            encoding,
        }
    }

    /// The file, where it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.place {
            Place::File(path) => Some(path),
            Place::Stdin | Place::Sqlite { .. } => None,
        }
    }

    /// Its name, for people.
    pub fn name(&self) -> String {
        match &self.place {
            Place::Stdin => "standard input".to_owned(),
            Place::File(path) => path.display().to_string(),
            Place::Sqlite { file, .. } => format!("sqlite:{}", file.display()),
        }
    }

    /// Whether it is this file.
    pub fn is_file(&self, path: &Path) -> bool {
        let own = match &self.place {
            Place::Stdin => return false,
            Place::File(file) | Place::Sqlite { file, .. } => file,
        };
        match (own.canonicalize(), path.canonicalize()) {
            (Ok(own), Ok(path)) => own == path,
            _ => false,
        }
    }

    /// Whether it can be read from the beginning again.
    pub fn is_lasting(&self) -> bool {
        match &self.place {
            Place::Stdin => false,
            // A pipe has a path too.
            Place::File(path) => path.is_file(),
            Place::Sqlite { .. } => true,
        }
    }

    /// Whether its rows are cells under columns, rather than records with names of their own.
    pub fn is_table(&self) -> bool {
        match &self.place {
            Place::Sqlite { .. } => true,
            Place::Stdin => self.format == Some(Format::Csv),
            Place::File(_) => self.format.or_else(|| self.format_by_name()) != Some(Format::Jsonl),
        }
    }

    /// Its columns and its first rows.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn peek(&self, rows: usize) -> Result<Peek, PublishError> {
        let mut peek = Peek::default();
        self.read(&mut |piece| {
            match piece {
                Piece::Columns(columns) => peek.columns = columns,
                Piece::Row(raw) => peek.rows.push(match (raw.record, raw.original) {
                    (Err(rejection), _) => Err(rejection.message),
                    (Ok(_), Original::Cells(cells)) => Ok(cells),
                    (Ok(record), _) => Ok(record.values().map(ToString::to_string).collect()),
                }),
            }
            Ok(peek.rows.len() < rows)
        })?;
        Ok(peek)
    }

    /// Reads it from the beginning, piece by piece.
    pub(super) fn read(&self, each: &mut Each<'_>) -> Result<(), PublishError> {
        let encoding = self.encoding.as_deref().map(tables::encoding).transpose()?;
        let text = match &self.place {
            Place::Sqlite { file, query } => return query::read(file, query, each),
            Place::Stdin => tables::text(Box::new(io::stdin()), encoding, None, &self.name())?,
            Place::File(path) => {
                let open = || File::open(path).map_err(|error| unreadable(&self.name(), &error));
                let scanned = match encoding {
                    None if self.is_lasting() => Some(tables::scan(open()?, &self.name())?),
                    _ => None,
                };
                tables::text(Box::new(open()?), encoding, scanned, &self.name())?
            }
        };
        let format = self
            .format
            .or_else(|| self.format_by_name())
            .unwrap_or_else(|| format_of(&text.head));
        match format {
            Format::Csv => table::read(text, self.delimiter, &self.name(), each),
            Format::Jsonl => lines::read(text, &self.name(), each),
        }
    }

    fn format_by_name(&self) -> Option<Format> {
        let Place::File(path) = &self.place else {
            return None;
        };
        let extension = path.extension()?.to_str()?.to_lowercase();
        match extension.as_str() {
            "csv" | "tsv" => Some(Format::Csv),
            "jsonl" | "ndjson" | "json" => Some(Format::Jsonl),
            _ => None,
        }
    }
}

/// A file that is there, by a path that holds from every folder.
fn there(path: &str) -> Result<PathBuf, PublishError> {
    let missing = |error: io::Error| unreadable(path, &error);
    let file = std::path::absolute(path).map_err(missing)?;
    let about = file.metadata().map_err(missing)?;
    if about.is_dir() {
        return Err(unreadable(path, &io::Error::other("it is a folder")));
    }
    Ok(file)
}

/// The format that a text begins in.
fn format_of(head: &str) -> Format {
    if head.trim_start().starts_with('{') {
        Format::Jsonl
    } else {
        Format::Csv
    }
}

fn unreadable(name: &str, error: &io::Error) -> PublishError {
    TableError::unreadable(name, error).into()
}

fn empty(name: &str) -> PublishError {
    TableError::empty(name).into()
}
