//! The mirror as Parquet files: a folder for each table with one file, which DuckDB, Spark and Trino read with one glob.
//!
//! The one rule: a file is written beside its place and moved there whole, and the checkpoint in `_trunkline.json` is moved
//! last. A round that was cut short leaves tables that are newer than the checkpoint, and the next round writes them again.
//! Read `parquet/write.rs` for the files, `parquet/state.rs` for the checkpoint.

mod state;
mod write;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{File, OpenOptions, TryLockError},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use super::{
    Appetite, CellKind, Chunks, Counts, Extent, Moment, Standing, TableShape, Target, TargetError,
    views::{self, Columns},
};
use crate::feed::Position;
use state::{FORMAT, State};

pub use write::RowWriter;
pub(super) use write::write_rows;

const STATE: &str = "_trunkline.json";
const LOCK: &str = "_trunkline.lock";

/// A folder of Parquet files.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    name: String,
    round: Option<Round>,
}

/// A round that is not committed.
#[derive(Debug)]
struct Round {
    /// Held until the round ends.
    _lock: File,
    state: State,
    /// Tables with a new file beside the old one.
    written: Vec<String>,
    /// The columns of the tables.
    columns: Columns,
}

impl Folder {
    /// The files under `path`, which is made when the first round begins.
    ///
    /// # Errors
    /// When it is a file, or nothing is named.
    pub fn new(path: &Path) -> Result<Self, TargetError> {
        let wrong = |reason: String| TargetError::Address { reason };
        if path.as_os_str().is_empty() {
            return Err(wrong("`parquet:` names no folder".to_owned()));
        }
        let root = std::path::absolute(path).map_err(|error| wrong(error.to_string()))?;
        if root.exists() && !root.is_dir() {
            return Err(wrong(format!("{} is a file, not a folder", root.display())));
        }
        Ok(Self {
            name: format!("parquet:{}", root.display()),
            root,
            round: None,
        })
    }

    fn fail(&self, doing: &str) -> impl Fn(io::Error) -> TargetError {
        let (target, doing) = (self.name.clone(), doing.to_owned());
        move |error| failed(&target, &doing, &error)
    }

    /// Where a table's file is.
    fn place(&self, table: &str) -> PathBuf {
        self.root.join(table).join(format!("{table}.parquet"))
    }

    /// Where it is written first: readers of folders leave out names that begin with `_`.
    fn beside(&self, table: &str) -> PathBuf {
        self.root.join(table).join(format!("_{table}.parquet.new"))
    }

    fn open(&self) -> Result<Round, TargetError> {
        std::fs::create_dir_all(&self.root).map_err(self.fail("make the folder"))?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.root.join(LOCK))
            .map_err(self.fail("write into the folder"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(TargetError::Busy {
                    target: self.name.clone(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(self.fail("lock the folder")(error)),
        }
        let state = match std::fs::read(self.root.join(STATE)) {
            Ok(bytes) => State::read(&bytes).map_err(|found| TargetError::Newer {
                target: self.name.clone(),
                found,
                known: FORMAT,
            })?,
            Err(error) if error.kind() == ErrorKind::NotFound => State::default(),
            Err(error) => return Err(self.fail("read its checkpoint")(error)),
        };
        Ok(Round {
            _lock: lock,
            state,
            written: Vec::new(),
            columns: Columns::new(),
        })
    }

    fn round(&mut self) -> Result<&mut Round, TargetError> {
        self.round.as_mut().ok_or_else(|| TargetError::Failed {
            target: self.name.clone(),
            doing: "writing".to_owned(),
            reason: "no round has begun".to_owned(),
        })
    }

    /// Moves the new files to their places, then the checkpoint.
    fn finish(&self, round: &Round) -> Result<(), TargetError> {
        for table in &round.written {
            std::fs::rename(self.beside(table), self.place(table))
                .map_err(self.fail("put a file in its place"))?;
            sync(&self.root.join(table)).map_err(self.fail("put a file in its place"))?;
        }
        let files = round
            .state
            .tables
            .keys()
            .map(|table| (table, format!("{table}/{table}.parquet")));
        let text = views::text(files, &round.columns);
        self.put(views::FILE, &text)
            .map_err(self.fail("write its views"))?;
        self.put(STATE, &round.state.text())
            .map_err(self.fail("write its checkpoint"))
    }

    /// Writes a small file beside its place and moves it there.
    fn put(&self, name: &str, text: &str) -> io::Result<()> {
        let beside = self.root.join(format!("{name}.new"));
        std::fs::write(&beside, text)?;
        File::open(&beside)?.sync_all()?;
        std::fs::rename(&beside, self.root.join(name))?;
        sync(&self.root)
    }
}

impl Target for Folder {
    fn name(&self) -> &str {
        &self.name
    }

    fn appetite(&self) -> Appetite {
        Appetite::Tables
    }

    async fn begin(&mut self, _: &Moment) -> Result<Standing, TargetError> {
        self.round = None;
        let round = self.open()?;
        let standing = round.state.standing();
        self.round = Some(round);
        Ok(standing)
    }

    async fn prepare(&mut self, shapes: &[TableShape]) -> Result<BTreeSet<String>, TargetError> {
        self.round()?.columns = views::columns(shapes);
        let mut whole = BTreeSet::new();
        for shape in shapes {
            let place = self.place(&shape.name);
            let folder = self.root.join(&shape.name);
            std::fs::create_dir_all(&folder)
                .map_err(self.fail(&format!("make the folder `{}`", shape.name)))?;
            // What a round that was cut short left.
            if let Err(error) = std::fs::remove_file(self.beside(&shape.name))
                && error.kind() != ErrorKind::NotFound
            {
                return Err(self.fail("remove a file that was left")(error));
            }
            if !place.exists() {
                whole.insert(shape.name.clone());
            } else if let Some(reason) = write::unlike_ours(&place, &shape.name) {
                return Err(TargetError::Foreign {
                    target: self.name.clone(),
                    what: format!("file `{0}/{0}.parquet`", shape.name),
                    reason,
                });
            }
        }
        Ok(whole)
    }

    async fn write(&mut self, shape: &TableShape, _: Extent, chunks: Chunks) -> Result<Counts, TargetError> {
        let path = self.beside(&shape.name);
        let (name, owned) = (self.name.clone(), shape.clone());
        let outcome = tokio::task::spawn_blocking(move || write::file(&path, &owned, chunks, &name)).await;
        let rewritten = match outcome {
            Ok(rows) => rows?,
            Err(error) => {
                return Err(TargetError::Failed {
                    target: self.name.clone(),
                    doing: format!("writing `{}`", shape.name),
                    reason: error.to_string(),
                });
            }
        };
        let round = self.round()?;
        round.written.push(shape.name.clone());
        round.state.tables.insert(shape.name.clone(), rewritten);
        if shape.custom.is_some() {
            let columns: BTreeMap<String, CellKind> = shape
                .columns
                .iter()
                .skip(shape.key.len())
                .map(|column| (column.name.clone(), column.kind))
                .collect();
            round.state.custom.insert(shape.name.clone(), columns);
        }
        Ok(Counts {
            rewritten,
            ..Counts::default()
        })
    }

    async fn commit(&mut self, workspace: &str, position: &Position) -> Result<(), TargetError> {
        self.round()?.state.hold(workspace, position);
        let Some(round) = self.round.take() else {
            return Ok(());
        };
        self.finish(&round)
    }
}

fn failed(target: &str, doing: &str, error: &io::Error) -> TargetError {
    let target = target.to_owned();
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => TargetError::Full { target },
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => TargetError::Forbidden {
            target,
            doing: doing.to_owned(),
            reason: error.to_string(),
        },
        _ => TargetError::Failed {
            target,
            doing: doing.to_owned(),
            reason: error.to_string(),
        },
    }
}

/// Makes what was moved into a folder last.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
