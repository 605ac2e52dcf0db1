//! Rows of a Parquet file, from a row on.
//!
//! The one rule: a file tells by its end who it is; when another one has taken its place, that one is read from its beginning. What
//! cannot be read of one group of rows takes no other group with it.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    sync::Arc,
};

use parquet::{
    errors::ParquetError,
    file::reader::{FileReader as _, SerializedFileReader},
    record::reader::{ReaderIter, TreeBuilder},
    schema::types::SchemaDescPtr,
};
use serde_json::{Value, json};
use trunkline_flow::{ComponentError, Item};
use xxhash_rust::xxh3::xxh3_64;

use super::{BATCH, Pieces, Settings, cannot};

/// How much of a file's end says who it is: the places and sizes of all its columns, or most of them.
const END: u64 = 64 << 10;

pub(super) struct Columns {
    path: PathBuf,
    settings: Settings,
    reader: SerializedFileReader<File>,
    schema: SchemaDescPtr,
    /// Who the file is.
    mark: String,
    /// The group that comes next.
    group: usize,
    /// The rest of the group that is being read, and how many rows it has.
    rows: Option<(ReaderIter, u64)>,
    /// Rows before what comes next.
    row: u64,
}

impl Columns {
    pub(super) fn open(path: &Path, settings: &Settings, place: &Value) -> Result<Self, ComponentError> {
        let mut file = File::open(path).map_err(|error| cannot(path, &error))?;
        let mark = mark(&mut file).map_err(|error| cannot(path, &error))?;
        let reader = SerializedFileReader::new(file).map_err(|error| unreadable(path, &error))?;
        let schema = Arc::new(reader.metadata().file_metadata().schema_descr().clone());
        let mut columns = Self {
            path: path.to_owned(),
            settings: settings.clone(),
            reader,
            schema,
            group: 0,
            rows: None,
            row: 0,
            mark,
        };
        let is_same = place["file"].as_str() == Some(columns.mark.as_str());
        columns.skip(place["row"].as_u64().filter(|_| is_same).unwrap_or(0))?;
        Ok(columns)
    }

    /// Moves behind rows that were given.
    fn skip(&mut self, rows: u64) -> Result<(), ComponentError> {
        while self.row < rows && self.group < self.reader.num_row_groups() {
            let size = self.size(self.group);
            if self.row + size <= rows {
                self.row += size;
                self.group += 1;
                continue;
            }
            let within = rows - self.row;
            // A group that cannot be read is given as broken when it comes to it.
            let Ok(mut iter) = self.begin() else { break };
            for _ in 0..within {
                if !matches!(iter.next(), Some(Ok(_))) {
                    return Err(cannot(
                        &self.path,
                        &std::io::Error::other("what was read before cannot be read again"),
                    ));
                }
            }
            self.rows = Some((iter, size - within));
            self.row = rows;
            self.group += 1;
        }
        Ok(())
    }

    fn size(&self, group: usize) -> u64 {
        let rows = self.reader.metadata().row_group(group).num_rows();
        u64::try_from(rows).unwrap_or(0)
    }

    /// The rows of the group that comes next.
    fn begin(&self) -> Result<ReaderIter, ParquetError> {
        let group = self.reader.get_row_group(self.group)?;
        TreeBuilder::new().as_iter(Arc::clone(&self.schema), &*group)
    }

    /// What stands for rows that cannot be read.
    fn broken(&mut self, rows: u64, error: &ParquetError) -> Item {
        let first = self.row + 1;
        self.row += rows;
        Item::Broken {
            text: format!("rows {first} to {}", self.row),
            error: ComponentError::reject(
                "TL0895",
                format!(
                    "rows {first} to {} of {} cannot be read: {error}",
                    self.row,
                    self.path.display()
                ),
                "Have the file written anew; what stands behind them was read.",
            ),
        }
    }
}

impl Pieces for Columns {
    fn next(&mut self) -> Result<Vec<Item>, ComponentError> {
        let mut items = Vec::new();
        while items.len() < BATCH {
            let Some((mut iter, left)) = self.rows.take() else {
                if self.group >= self.reader.num_row_groups() {
                    break;
                }
                let size = self.size(self.group);
                let begun = self.begin();
                self.group += 1;
                match begun {
                    Ok(iter) => self.rows = Some((iter, size)),
                    Err(error) => items.push(self.broken(size, &error)),
                }
                continue;
            };
            match iter.next() {
                Some(Ok(row)) => {
                    self.row += 1;
                    items.push(self.settings.record(row.to_json_value()));
                    if left > 1 {
                        self.rows = Some((iter, left - 1));
                    }
                }
                Some(Err(error)) => items.push(self.broken(left, &error)),
                None if left > 0 => {
                    let error = ParquetError::EOF("there are fewer rows than the file says".to_owned());
                    items.push(self.broken(left, &error));
                }
                None => {}
            }
        }
        Ok(items)
    }

    fn place(&self) -> Value {
        json!({ "row": self.row, "file": self.mark })
    }
}

/// What tells a file from another one in its place.
fn mark(file: &mut File) -> std::io::Result<String> {
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(END)))?;
    let mut end = Vec::new();
    file.take(END).read_to_end(&mut end)?;
    Ok(format!("{:016x}-{size}", xxh3_64(&end)))
}

fn unreadable(path: &Path, error: &ParquetError) -> ComponentError {
    ComponentError::stop(
        "TL0894",
        format!("{} cannot be read as Parquet: {error}", path.display()),
        "Is it a Parquet file, and whole? A file that is still being written has no end yet; write it elsewhere and move it into place.",
    )
}
