//! `file`: the records of a file, or of all files of a folder, from where the last run came to.
//!
//! The one rule: what is not whole is not read yet. A line of a followed file without its end waits for it; a file that has become
//! shorter is another one, and is read from its beginning. Read `file/lines.rs` for JSON lines, `file/rows.rs` for tables,
//! `file/columns.rs` for Parquet, `file/markdown.rs` for documents, `file/folder.rs` for folders.

mod columns;
mod folder;
mod lines;
mod markdown;
mod rows;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use trunkline_flow::{
    Batch, ComponentError, Cursor, Head, Item, Occasion, Read, Reader, Record, Source,
    document::{Mistake, Node, read},
};

use crate::{
    Site,
    registry::SourceKind,
    tables::{self, TableError},
};

pub(crate) const KIND: SourceKind = SourceKind {
    name: "file",
    summary: "Gives the records of a file or of a folder's files, JSON lines, CSV, Parquet or Markdown, from where the last run came to.",
    is_rereadable: true,
    is_endless: |node| node.get("follow").is_some_and(|follow| follow.to_json() == true),
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// How many records are given at once, and of how many bytes; the last one may go beyond.
const BATCH: usize = 128;
const BYTES: u64 = 256 << 10;
/// How often what is followed is looked at.
const PAUSE: Duration = Duration::from_millis(500);

/// Gives the records of a file, or of all files of a folder in the order of their names.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The file or the folder. Relative paths begin at the flow's file.
    path: String,
    /// The form; by default CSV for names that end in `.csv` or `.tsv`, Parquet for `.parquet`, Markdown for `.md`, JSON lines for all
    /// others. Of a folder with `markdown`, the folders in it are read too, and a file is given again when it has changed.
    #[serde(default)]
    format: Option<Format>,
    /// The field for the text of a Markdown file; the keys of its front matter are the others, and `file` says its `path` and `hash`.
    #[serde(default = "body")]
    text: String,
    /// What stands between the cells of a table, one letter or `tab`; found out unless told.
    #[serde(default)]
    delimiter: Option<String>,
    /// The encoding of a table, such as `utf-8`, `utf-16le` or `windows-1252`; found out unless told.
    #[serde(default)]
    encoding: Option<String>,
    /// Whether it waits for more: lines at the end of a file, files in a folder.
    #[serde(default)]
    follow: bool,
    /// The stream that its records are said to be of.
    #[serde(default)]
    stream: Option<String>,
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// A line of JSON for each record.
    Jsonl,
    /// A table with a header.
    Csv,
    /// A table in Parquet.
    Parquet,
    /// A document: front matter in YAML between two lines `---`, and text.
    Markdown,
}

fn body() -> String {
    "body".to_owned()
}

impl Settings {
    fn format(&self, path: &Path) -> Format {
        self.format.unwrap_or_else(|| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            match extension.map(str::to_ascii_lowercase).as_deref() {
                Some("csv" | "tsv") => Format::Csv,
                Some("parquet") => Format::Parquet,
                _ if markdown::is_markdown(path) => Format::Markdown,
                _ => Format::Jsonl,
            }
        })
    }

    fn record(&self, value: Value) -> Item {
        Item::Record(Record::new(value).with_head(Head {
            stream: self.stream.clone(),
            ..Head::default()
        }))
    }
}

struct Files {
    settings: Settings,
    path: PathBuf,
}

fn build(node: &Node, site: &Site) -> Result<Arc<dyn Source>, Mistake> {
    let settings: Settings = read(node)?;
    let path = site.path(&settings.path);
    let spot = |key: &str| node.get(key).map_or(node.spot, |value| value.spot);
    let wrong = |key: &str, error: TableError| Mistake::new(spot(key), error.message, error.advice);
    if let Some(delimiter) = &settings.delimiter {
        tables::delimiter(delimiter).map_err(|error| wrong("delimiter", error))?;
    }
    if let Some(encoding) = &settings.encoding {
        tables::encoding(encoding).map_err(|error| wrong("encoding", error))?;
    }
    if settings.follow && settings.format(&path) != Format::Jsonl && !path.is_dir() {
        return Err(Mistake::new(
            spot("follow"),
            "a table is not followed: nobody can tell whether its last row is whole",
            "Run the flow again and again, which reads what is new; or put whole files into a folder.",
        ));
    }
    if settings.text.is_empty() || settings.text == "file" {
        return Err(Mistake::new(
            spot("text"),
            format!("the text of a document cannot be under {:?}", settings.text),
            "Name another field, such as `body`.",
        ));
    }
    Ok(Arc::new(Files { settings, path }))
}

/// Something that is read piece by piece where blocking is allowed.
trait Pieces: Send {
    /// Some items; none when there is nothing more for now.
    fn next(&mut self) -> Result<Vec<Item>, ComponentError>;

    /// Where it stands.
    fn place(&self) -> Value;
}

/// Opens a file behind a place; `is_whole` when nobody writes into it any more.
fn open(
    path: &Path,
    settings: &Settings,
    place: &Value,
    is_whole: bool,
) -> Result<Box<dyn Pieces>, ComponentError> {
    Ok(match settings.format(path) {
        Format::Jsonl => Box::new(lines::Lines::open(path, settings, place, is_whole)?),
        Format::Csv => Box::new(rows::Rows::open(path, settings, place)?),
        Format::Parquet => Box::new(columns::Columns::open(path, settings, place)?),
        Format::Markdown => Box::new(markdown::Documents::open(
            path.to_owned(),
            settings.clone(),
            place,
        )),
    })
}

impl Source for Files {
    fn open<'a>(
        &'a self,
        cursor: Option<Cursor>,
        _: &'a Occasion,
    ) -> BoxFuture<'a, Result<Box<dyn Reader>, ComponentError>> {
        let (path, settings) = (self.path.clone(), self.settings.clone());
        let follows = settings.follow;
        Box::pin(async move {
            let place = cursor.map_or(Value::Null, |cursor| cursor.0);
            let opened = tokio::task::spawn_blocking(move || -> Result<Box<dyn Pieces>, ComponentError> {
                if path.is_dir() && settings.format != Some(Format::Markdown) {
                    return Ok(Box::new(folder::Folder::open(path, settings, &place)));
                }
                open(&path, &settings, &place, !settings.follow)
            });
            let pieces = opened.await.unwrap_or_else(|error| Err(broke_off(&error)))?;
            Ok(Box::new(Reading {
                pieces: Some(pieces),
                follows,
            }) as Box<dyn Reader>)
        })
    }

    fn is_endless(&self) -> bool {
        self.settings.follow
    }
}

struct Reading {
    /// Taken out while it is read on a thread of its own.
    pieces: Option<Box<dyn Pieces>>,
    follows: bool,
}

impl Reader for Reading {
    fn read(&mut self) -> BoxFuture<'_, Result<Read, ComponentError>> {
        Box::pin(async move {
            let Some(mut pieces) = self.pieces.take() else {
                return Ok(Read::End);
            };
            let done = tokio::task::spawn_blocking(move || {
                let next = pieces.next().map(|items| (items, pieces.place()));
                (pieces, next)
            });
            let (pieces, next) = done.await.map_err(|error| broke_off(&error))?;
            self.pieces = Some(pieces);
            let (items, place) = next?;
            Ok(if !items.is_empty() {
                let behind = Some(Cursor(place));
                Read::Batch(Batch { items, behind })
            } else if self.follows {
                Read::Idle(PAUSE)
            } else {
                Read::End
            })
        })
    }
}

fn cannot(path: &Path, error: &io::Error) -> ComponentError {
    ComponentError::stop(
        "TL0844",
        format!("{} cannot be read: {error}", path.display()),
        "Check the path; relative ones begin at the flow's file.",
    )
}

fn broke_off(error: &tokio::task::JoinError) -> ComponentError {
    ComponentError::stop(
        "TL0844",
        format!("reading the file broke off: {error}"),
        "This is a fault of Trunkline; please report it.",
    )
}

/// What is shown of something that is no record.
fn shown(text: &str) -> String {
    text.chars().take(2_000).collect()
}
