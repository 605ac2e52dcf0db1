//! Files that are written whole, into a folder or into object storage: one for what was delivered since a position was kept last.
//!
//! The one rule: a file appears under its name when all of it is there, and is never touched again. What was not settled is in no file,
//! and is delivered once more by the next run.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use futures::future::BoxFuture;
use serde_json::{Value, json};
use trunkline_flow::{ComponentError, Delivered, Destination, Record};
use trunkline_mirror::targets::{Cell, CellKind, ColumnShape, TableShape, parquet::RowWriter};

use super::{bucket::Bucket, failed, folders::Folders, rows::unfit};
use crate::{
    Site,
    sql::shape::{self, Kind},
};

/// What waits is written when it takes more memory than this.
const BYTES: usize = 32 << 20;

/// The form of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Parquet,
    Lines,
}

/// Where the files go.
#[derive(Clone)]
pub(super) enum To {
    Folder(PathBuf),
    Bucket(Arc<Bucket>),
}

/// What was delivered and is in no file yet.
#[derive(Default)]
struct Waiting {
    /// By the folder, below the place, that they go to.
    rows: BTreeMap<String, Vec<Value>>,
    bytes: usize,
    /// How many files this process has written.
    files: u64,
}

/// A place that gets whole files.
pub(super) struct Parts {
    to: To,
    form: Form,
    columns: Option<Vec<String>>,
    folders: Folders,
    site: Site,
    waiting: Mutex<Waiting>,
    /// Held while a file is written, so that nobody takes for kept what is on its way.
    writing: tokio::sync::Mutex<()>,
}

impl Parts {
    pub(super) fn new(
        to: To,
        form: Form,
        columns: Option<Vec<String>>,
        folders: Folders,
        site: &Site,
    ) -> Self {
        Self {
            to,
            form,
            columns,
            folders,
            site: site.clone(),
            waiting: Mutex::default(),
            writing: tokio::sync::Mutex::default(),
        }
    }

    /// Takes records in; what becomes of each.
    fn take(&self, records: &[Record]) -> Vec<Delivered> {
        let mut records = records.to_vec();
        let folders = self.folders.of(&mut records, (self.site.now)());
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let one = |(record, folder): (Record, Result<String, ComponentError>)| -> Delivered {
            if self.form == Form::Parquet {
                let Value::Object(fields) = &*record.value else {
                    return Err(unfit("only an object has columns, and this record is none"));
                };
                if fields.is_empty() && self.columns.is_none() {
                    return Err(unfit("it has no field"));
                }
            }
            let folder = folder?;
            waiting.bytes += record.value.to_string().len();
            waiting
                .rows
                .entry(folder)
                .or_default()
                .push(record.value.into_value());
            Ok(None)
        };
        records.into_iter().zip(folders).map(one).collect()
    }

    /// Writes what waits.
    async fn write(&self) -> Result<(), ComponentError> {
        let _writing = self.writing.lock().await;
        let (rows, bytes, number) = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.rows.is_empty() {
                return Ok(());
            }
            waiting.files += 1;
            let bytes = std::mem::take(&mut waiting.bytes);
            (std::mem::take(&mut waiting.rows), bytes, waiting.files)
        };
        let mut rest = rows;
        let mut folders = Vec::new();
        while let Some((folder, rows)) = rest.pop_first() {
            let rows = Arc::new(rows);
            if let Err(error) = self.put(&folder, Arc::clone(&rows), number).await {
                rest.insert(
                    folder,
                    Arc::try_unwrap(rows).unwrap_or_else(|rows| (*rows).clone()),
                );
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                for (folder, mut rows) in rest {
                    // In front of what was delivered meanwhile.
                    let held = waiting.rows.entry(folder).or_default();
                    rows.append(held);
                    *held = rows;
                }
                waiting.bytes += bytes;
                return Err(error);
            }
            folders.push(folder);
        }
        self.folders.tidy(&self.to, &folders).await
    }

    /// Puts rows into a file of their own.
    async fn put(&self, folder: &str, rows: Arc<Vec<Value>>, number: u64) -> Result<(), ComponentError> {
        let (flow, form, columns) = (self.site.flow.clone(), self.form, self.columns.clone());
        let begin = format!("{flow}-{}", (self.site.now)().strftime("%Y%m%dT%H%M%S%.9fZ"));
        let ending = match form {
            Form::Parquet => "parquet",
            Form::Lines => "jsonl",
        };
        let name = move |number: u64| format!("{begin}-{number:06}.{ending}");
        let (to, within) = (self.to.clone(), folder.to_owned());
        let whole = match folder {
            "" => name(number),
            folder => format!("{folder}/{}", name(number)),
        };
        let made = tokio::task::spawn_blocking(move || -> Result<Option<Vec<u8>>, ComponentError> {
            let bytes = match form {
                Form::Parquet => encode(&rows, columns.as_deref(), &flow).map_err(|error| {
                    ComponentError::stop(
                        "TL0843",
                        format!("the records cannot be written as Parquet: {error}"),
                        "This is a fault of Trunkline; please report it.",
                    )
                })?,
                Form::Lines => lines(&rows),
            };
            let To::Folder(root) = to else {
                return Ok(Some(bytes));
            };
            let folder = root.join(&within);
            let fail = |error: io::Error| failed(&folder, &error);
            make(&root, &within).map_err(fail)?;
            let free = (number..).map(name).find(|name| !folder.join(name).exists());
            put(&folder.join(free.unwrap_or_default()), &bytes).map_err(fail)?;
            Ok(None)
        });
        let made = made.await.unwrap_or_else(|error| {
            Err(ComponentError::stop(
                "TL0812",
                format!("writing the file broke off: {error}"),
                "This is a fault of Trunkline; please report it.",
            ))
        })?;
        match (&self.to, made) {
            (To::Bucket(bucket), Some(bytes)) => bucket.put(&whole, bytes).await,
            _ => Ok(()),
        }
    }
}

/// Makes a folder below another, there for good when this returns.
fn make(root: &Path, within: &str) -> io::Result<()> {
    std::fs::create_dir_all(root)?;
    let mut above = root.to_owned();
    for part in within.split('/').filter(|part| !part.is_empty()) {
        let folder = above.join(part);
        match std::fs::create_dir(&folder) {
            Ok(()) => File::open(&above)?.sync_all()?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        above = folder;
    }
    Ok(())
}

/// Writes a file beside its place, and moves it there when it is on the disk.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let folder = path.parent().unwrap_or(Path::new("."));
    // Readers of folders leave out names that begin with a dot or a line.
    let beside = folder.join(format!("._{name}.tmp"));
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    if let Err(error) = written {
        std::fs::remove_file(&beside).ok();
        return Err(error);
    }
    std::fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()
}

/// Rows as lines of JSON.
fn lines(rows: &[Value]) -> Vec<u8> {
    let mut text = Vec::new();
    for row in rows {
        text.extend_from_slice(row.to_string().as_bytes());
        text.push(b'\n');
    }
    text
}

/// Rows as a Parquet file: a column for each field, as wide as its values need.
fn encode(rows: &[Value], wanted: Option<&[String]>, name: &str) -> io::Result<Vec<u8>> {
    let mut kinds: BTreeMap<&str, Option<Kind>> = BTreeMap::new();
    for (field, value) in rows.iter().filter_map(Value::as_object).flatten() {
        let kind = kinds.entry(field).or_default();
        *kind = kind.map_or_else(|| Kind::of(value), |kind| Some(kind.with(value)));
    }
    let names: Vec<String> = match wanted {
        Some(wanted) => wanted.to_vec(),
        None => kinds.keys().map(|name| (*name).to_owned()).collect(),
    };
    let kind_of = |name: &str| kinds.get(name).copied().flatten().unwrap_or(Kind::Text);
    let shape = TableShape {
        name: name.to_owned(),
        columns: names
            .iter()
            .map(|name| ColumnShape {
                name: name.clone(),
                kind: match kind_of(name) {
                    Kind::Boolean => CellKind::Boolean,
                    Kind::Integer => CellKind::Integer,
                    Kind::Real => CellKind::Real,
                    Kind::Text => CellKind::Text,
                    Kind::Json => CellKind::Json,
                },
            })
            .collect(),
        key: Vec::new(),
        custom: None,
    };
    let columns: Vec<(&String, Kind)> = names.iter().map(|name| (name, kind_of(name))).collect();
    let mut writer = RowWriter::new(Vec::new(), &shape).map_err(io::Error::other)?;
    for some in rows.chunks(1_000) {
        let cells: Vec<Vec<Cell>> = some
            .iter()
            .map(|row| {
                let cell = |(name, kind): &(&String, Kind)| cell(*kind, row.get(*name));
                columns.iter().map(cell).collect()
            })
            .collect();
        writer.write(&cells).map_err(io::Error::other)?;
    }
    writer.finish().map_err(io::Error::other)
}

fn cell(kind: Kind, value: Option<&Value>) -> Cell {
    let value = value.unwrap_or(&Value::Null);
    match kind {
        Kind::Boolean => value.as_bool().map(Cell::Boolean),
        Kind::Integer => value.as_i64().map(Cell::Integer),
        Kind::Real => value.as_f64().map(Cell::Real),
        Kind::Text | Kind::Json => shape::text(kind, value).map(Cell::Text),
    }
    .unwrap_or(Cell::Null)
}

impl Destination for Parts {
    fn deliver<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Vec<Delivered>> {
        Box::pin(async move {
            let results = self.take(records);
            let is_much = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).bytes > BYTES;
            if is_much && let Err(error) = self.write().await {
                return records.iter().map(|_| Err(error.clone())).collect();
            }
            results
        })
    }

    fn most_at_once(&self) -> usize {
        1_000
    }

    fn is_sequential(&self) -> bool {
        true
    }

    fn preview(&self, record: &Record) -> Result<Value, ComponentError> {
        let folder = self
            .folders
            .of(&mut [record.clone()], (self.site.now)())
            .remove(0)?;
        Ok(match folder.as_str() {
            "" => record.value.to_value(),
            folder => json!({ "folder": folder, "row": record.value }),
        })
    }

    fn settle(&self) -> BoxFuture<'_, Result<(), ComponentError>> {
        Box::pin(self.write())
    }
}
