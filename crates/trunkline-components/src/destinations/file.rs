//! `file`: appends a line of JSON, or a row of a table, for each record to a file; writes Parquet files into a folder; or keeps a file
//! for each record.
//!
//! The one rule: what was said to be delivered is on the disk before a cursor is kept; what a dead process left half-written is cut
//! off before anything is appended. Read `file/rows.rs` for tables, `file/each.rs` for a file of each record, `file/parts.rs` for
//! files that are written whole: Parquet, and whatever goes to object storage (`file/bucket.rs`).

mod bucket;
mod each;
mod folders;
mod parts;
mod rows;

use std::{
    fs::{File, OpenOptions},
    io::{self, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;
use trunkline_flow::{
    ComponentError, Delivered, Destination, Record, Shared,
    document::{Jq, Mistake, Node, read},
};
use trunkline_mirror::objects;

use self::{
    bucket::Bucket,
    folders::Folders,
    parts::{Form, Parts, To},
    rows::Header,
};
use crate::{Site, registry::DestinationKind, sql::table::Place, tables};

pub(crate) const KIND: DestinationKind = DestinationKind {
    name: "file",
    summary: "Appends records to a file, a line of JSON or a row of CSV each; writes Parquet files, also into object storage; or keeps a file for each record.",
    is_idempotent: false,
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// Appends records to a file, a line of JSON or a row of a table each; writes Parquet files into a folder, or files into object storage;
/// or keeps a file for each record.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The file; or the folder, with `each` and of Parquet files. Folders are made when they are not there. Relative paths begin at the
    /// flow's file. Or a place in object storage: `s3://bucket/folder`, `gs://bucket/folder`, `az://container/folder`.
    path: String,
    /// The form; by default CSV for names that end in `.csv`, Parquet for `.parquet`, JSON lines for all others.
    #[serde(default)]
    format: Option<Format>,
    /// The columns of a table, in their order; other fields are left out. Unless told, the columns of the file, or else the fields of the first record.
    #[serde(default)]
    columns: Option<Vec<String>>,
    /// Settings of the object storage, such as `endpoint` and `region`, beyond what the environment says; secrets as `{env: NAME}`.
    #[serde(default)]
    storage: bucket::Settings,
    /// An expression for the name of each record's own file below the folder, such as `'"\(.id).md"'`. The form is then `json`, or `markdown`.
    #[serde(default)]
    each: Option<Jq>,
    /// With `markdown`: the field that is the text; all others are front matter. Unless told, `body`.
    #[serde(default)]
    text: Option<String>,
    /// With Parquet or object storage: an expression for the folder, below the path, of each record, such as `'.stream'`.
    #[serde(default)]
    folder: Option<Jq>,
    /// With `folder`: of those whose names begin with a day, such as `2026-11-22`, so many of the newest stay and older ones are taken away.
    #[serde(default)]
    keep: Option<NonZeroUsize>,
    /// With `each`: the files of records for which this holds are removed.
    #[serde(default)]
    delete_when: Option<Jq>,
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    /// A line of JSON for each record.
    Jsonl,
    /// A table with a header.
    Csv,
    /// Parquet files in a folder, each written whole.
    Parquet,
    /// A file of JSON for each record.
    Json,
    /// A Markdown file with front matter for each record.
    Markdown,
}

/// A file that is open at its end; of a table, with its columns.
struct Open {
    file: File,
    header: Option<Header>,
}

struct Lines {
    path: PathBuf,
    /// Whether it is a table, and no lines of JSON.
    is_table: bool,
    columns: Option<Vec<String>>,
    place: Place,
    open: Arc<Mutex<Option<Open>>>,
}

fn build(node: &Node, site: &Site) -> Result<Arc<dyn Destination>, Mistake> {
    let settings: Settings = read(node)?;
    if let Some(each) = each::build(node, &settings, site)? {
        return Ok(Arc::new(each));
    }
    let path = site.path(&settings.path);
    let extension = path.extension().and_then(|extension| extension.to_str());
    let by_name = match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => Format::Csv,
        Some("parquet") => Format::Parquet,
        _ => Format::Jsonl,
    };
    let format = settings.format.unwrap_or(by_name);
    let spot = |key: &str| node.get(key).map_or(node.spot, |value| value.spot);
    if matches!(format, Format::Json | Format::Markdown) {
        return Err(Mistake::new(
            spot("format"),
            "this form is one of files that hold a record each",
            "Add `each` with an expression for their names.",
        ));
    }
    if let Some(columns) = &settings.columns {
        let wrong = |message: &str, advice: &str| Err(Mistake::new(spot("columns"), message, advice));
        if format == Format::Jsonl {
            return wrong(
                "only a table has columns",
                "Add `format: csv`, or name the file so.",
            );
        }
        let twice = (1..columns.len()).any(|at| columns[..at].contains(&columns[at]));
        if columns.is_empty()
            || columns
                .iter()
                .any(|column| column.trim() != column || column.is_empty())
            || twice
        {
            return wrong(
                "these cannot be the columns of a table",
                "Give each column a name of its own, without spaces around it.",
            );
        }
    }
    let stored = objects::is_address(&settings.path);
    if !stored && !settings.storage.is_empty() {
        return Err(Mistake::new(
            spot("storage"),
            "only object storage has settings",
            "Leave it out, or give a path such as `s3://bucket/folder`.",
        ));
    }
    let is_whole = stored || format == Format::Parquet;
    let misplaced = match (settings.folder.is_some(), settings.keep.is_some()) {
        (true, _) if !is_whole => Some((
            "folder",
            "only Parquet files, and files in object storage, have folders",
        )),
        (false, true) => Some(("keep", "only folders are kept or taken away")),
        _ => None,
    };
    if let Some((key, message)) = misplaced {
        let advice = "Leave it out, or add `format: parquet` and `folder`.";
        return Err(Mistake::new(spot(key), message, advice));
    }
    let folders = Folders::new(settings.folder, settings.keep);
    if stored {
        let form = match format {
            Format::Parquet => Form::Parquet,
            Format::Jsonl if settings.format.is_some() => Form::Lines,
            _ => {
                return Err(Mistake::new(
                    spot("path"),
                    "object storage takes Parquet or JSON lines",
                    "Add `format: parquet` or `format: jsonl`.",
                ));
            }
        };
        let wrong = |(name, message, advice): (Option<String>, String, &str)| {
            let setting = name.and_then(|name| node.get("storage")?.get(&name));
            Mistake::new(
                setting.map_or(spot("path"), |setting| setting.spot),
                message,
                advice,
            )
        };
        let bucket = Bucket::new(&settings.path, settings.storage, site).map_err(wrong)?;
        let to = To::Bucket(Arc::new(bucket));
        return Ok(Arc::new(Parts::new(to, form, settings.columns, folders, site)));
    }
    if format == Format::Parquet {
        if path.is_file() {
            return Err(Mistake::new(
                spot("path"),
                format!(
                    "{} is a file, and Parquet files are written into a folder",
                    path.display()
                ),
                "Name a folder: each time that a position is kept, a file is added to it.",
            ));
        }
        let to = To::Folder(path);
        return Ok(Arc::new(Parts::new(
            to,
            Form::Parquet,
            settings.columns,
            folders,
            site,
        )));
    }
    Ok(Arc::new(Lines {
        place: Place {
            name: path.display().to_string(),
            spot: spot("path"),
            flow: site.flow.clone(),
        },
        path,
        is_table: format == Format::Csv,
        columns: settings.columns,
        open: Arc::default(),
    }))
}

/// Opens a file at the end of what is whole in it.
fn open(path: &Path, is_table: bool) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    let end = if is_table {
        tables::whole_rows(BufReader::with_capacity(256 << 10, &file))?
    } else {
        whole_lines(&mut file)?
    };
    if file.metadata()?.len() != end {
        file.set_len(end)?;
    }
    file.seek(SeekFrom::Start(end))?;
    Ok(file)
}

/// How many bytes are whole lines.
fn whole_lines(file: &mut File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    let mut block = vec![0; 64 << 10];
    while end > 0 {
        let from = end.saturating_sub(block.len() as u64);
        let part = &mut block[..usize::try_from(end - from).unwrap_or(0)];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(part)?;
        if let Some(at) = part.iter().rposition(|byte| *byte == b'\n') {
            return Ok(from + at as u64 + 1);
        }
        end = from;
    }
    Ok(0)
}

/// The error of a file.
fn failed(path: &Path, error: &io::Error) -> ComponentError {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ComponentError::retry(
            "TL0843",
            format!("{path} cannot be written: {error}"),
            "Free some space; it is tried again.",
        ),
        _ => ComponentError::stop(
            "TL0843",
            format!("{path} cannot be written: {error}"),
            "Check that the path is a file in a folder that may be written to.",
        ),
    }
}

/// Writes at the end, or leaves the file as it was.
fn append(open: &mut Open, text: &[u8]) -> io::Result<()> {
    let start = open.file.stream_position()?;
    let written = open.file.write_all(text);
    if written.is_err() {
        // Half of it may be there; the next attempt begins where this one did.
        open.file.set_len(start)?;
        open.file.seek(SeekFrom::Start(start))?;
    }
    written
}

impl Lines {
    /// Does something with the open file where blocking is allowed.
    async fn with_file<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Open) -> Result<T, ComponentError> + Send + 'static,
    ) -> Result<T, ComponentError> {
        let (held, path, is_table) = (Arc::clone(&self.open), self.path.clone(), self.is_table);
        let (columns, place) = (self.columns.clone(), self.place.clone());
        let done = tokio::task::spawn_blocking(move || {
            let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
            let mut opened = match held.take() {
                Some(opened) => opened,
                None => {
                    let file = open(&path, is_table).map_err(|error| failed(&path, &error))?;
                    let header = if is_table {
                        rows::header_of(&path, columns, &place)?
                    } else {
                        None
                    };
                    Open { file, header }
                }
            };
            let result = work(&mut opened);
            if result.is_ok() {
                *held = Some(opened);
            }
            result
        });
        match done.await {
            Ok(done) => done,
            Err(error) => Err(failed(&self.path, &io::Error::other(error))),
        }
    }

    async fn append_rows(&self, records: &[Record]) -> Result<Vec<Delivered>, ComponentError> {
        let values: Vec<Shared> = records.iter().map(|record| record.value.clone()).collect();
        let (path, name, columns) = (self.path.clone(), self.place.name.clone(), self.columns.clone());
        self.with_file(move |open| {
            let (text, header, results) =
                rows::encode(&values, open.header.as_ref(), columns.as_deref(), &name);
            append(open, text.as_bytes()).map_err(|error| failed(&path, &error))?;
            open.header = header;
            Ok(results)
        })
        .await
    }

    async fn append_lines(&self, records: &[Record]) -> Result<Vec<Delivered>, ComponentError> {
        let mut text = Vec::new();
        for record in records {
            serde_json::to_writer(&mut text, &record.value)
                .map_err(|error| failed(&self.path, &error.into()))?;
            text.push(b'\n');
        }
        let path = self.path.clone();
        self.with_file(move |open| append(open, &text).map_err(|error| failed(&path, &error)))
            .await?;
        Ok(records.iter().map(|_| Ok(None)).collect())
    }
}

impl Destination for Lines {
    fn deliver<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Vec<Delivered>> {
        Box::pin(async move {
            if records.is_empty() {
                return Vec::new();
            }
            let done = if self.is_table {
                self.append_rows(records).await
            } else {
                self.append_lines(records).await
            };
            done.unwrap_or_else(|error| records.iter().map(|_| Err(error.clone())).collect())
        })
    }

    fn most_at_once(&self) -> usize {
        1_000
    }

    fn is_sequential(&self) -> bool {
        true
    }

    fn settle(&self) -> BoxFuture<'_, Result<(), ComponentError>> {
        Box::pin(async move {
            let is_open = self.open.lock().unwrap_or_else(PoisonError::into_inner).is_some();
            if !is_open {
                return Ok(());
            }
            let path = self.path.clone();
            self.with_file(move |open| open.file.sync_data().map_err(|error| failed(&path, &error)))
                .await
        })
    }
}
