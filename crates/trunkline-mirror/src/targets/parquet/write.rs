//! One table as one file.
//!
//! The one rule: memory holds a group of rows, however many the table has. Each file says that it is ours, so that nobody
//! else's is ever written over.

use std::{fs::File, io, path::Path, sync::Arc};

use arrow_array::{
    ArrayRef, RecordBatch,
    builder::{BooleanBuilder, Float64Builder, Int64Builder, StringBuilder},
};
use arrow_schema::{DataType, Field, Schema};
use parquet::{
    arrow::ArrowWriter,
    basic::Compression,
    errors::ParquetError,
    file::{
        metadata::KeyValue,
        properties::WriterProperties,
        reader::{FileReader as _, SerializedFileReader},
    },
};

use super::failed;
use crate::targets::{Cell, CellKind, Chunks, TableShape, TargetError};

/// The key in a file's own metadata that names its table.
const MARK: &str = "trunkline.table";
const ROWS_A_GROUP: usize = 131_072;
/// A group is ended before it takes more memory than this.
const BYTES_A_GROUP: usize = 32 << 20;

/// Why a file that is there is not one of ours for this table.
pub(super) fn unlike_ours(path: &Path, table: &str) -> Option<String> {
    let reader = match File::open(path)
        .map_err(ParquetError::from)
        .and_then(SerializedFileReader::new)
    {
        Ok(reader) => reader,
        Err(error) => return Some(error.to_string()),
    };
    let marked = reader
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .into_iter()
        .flatten()
        .find(|pair| pair.key == MARK)
        .and_then(|pair| pair.value.as_deref());
    match marked {
        Some(held) if held == table => None,
        Some(held) => Some(format!("it holds the table `{held}`")),
        None => Some("another program wrote it".to_owned()),
    }
}

/// Writes rows of one shape as a Parquet file into whatever takes bytes. For copies of the mirror, and for flows.
pub struct RowWriter<W: io::Write + Send> {
    writer: ArrowWriter<W>,
    schema: Arc<Schema>,
    kinds: Vec<CellKind>,
}

impl<W: io::Write + Send> std::fmt::Debug for RowWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowWriter").finish_non_exhaustive()
    }
}

impl<W: io::Write + Send> RowWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(out: W, shape: &TableShape) -> Result<Self, ParquetError> {
        let schema = Arc::new(schema(shape));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(ROWS_A_GROUP))
            .set_created_by("trunkline".to_owned())
            .set_key_value_metadata(Some(vec![KeyValue::new(MARK.to_owned(), shape.name.clone())]))
            .build();
        Ok(Self {
            writer: ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties))?,
            schema,
            kinds: shape.columns.iter().map(|column| column.kind).collect(),
        })
    }

    /// Writes rows, each with a value for each column.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&mut self, rows: &[Vec<Cell>]) -> Result<(), ParquetError> {
        if rows.is_empty() {
            return Ok(());
        }
        let columns = self
            .kinds
            .iter()
            .enumerate()
            .map(|(place, kind)| array(*kind, rows.iter().map(|row| &row[place])))
            .collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        self.writer.write(&batch)?;
        if self.writer.in_progress_size() > BYTES_A_GROUP {
            self.writer.flush()?;
        }
        Ok(())
    }

    /// Ends the file, and gives back what took it.
    ///
    /// # Errors
    /// When its end cannot be written.
    pub fn finish(self) -> Result<W, ParquetError> {
        self.writer.into_inner()
    }
}

/// Writes the rows to whatever takes bytes; how many there are.
pub(in crate::targets) fn write_rows<W: io::Write + Send>(
    out: &mut W,
    shape: &TableShape,
    mut chunks: Chunks,
    fail: impl Fn(ParquetError) -> TargetError,
) -> Result<u64, TargetError> {
    let mut writer = RowWriter::new(out, shape).map_err(&fail)?;
    let mut count = 0;
    while let Some(chunk) = chunks.blocking_recv() {
        let rows = chunk?.rows;
        count += rows.len() as u64;
        writer.write(&rows).map_err(&fail)?;
    }
    writer.finish().map_err(fail)?;
    Ok(count)
}

/// Writes the rows to a new file, on disk when this returns; how many there are.
pub(super) fn file(
    path: &Path,
    shape: &TableShape,
    chunks: Chunks,
    target: &str,
) -> Result<u64, TargetError> {
    let doing = format!("writing `{}`", shape.name);
    let fail = |error: ParquetError| match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => failed(target, &doing, &error),
            Err(source) => other(target, &doing, &source.to_string()),
        },
        error => other(target, &doing, &error.to_string()),
    };
    let mut file = File::create(path).map_err(|error| failed(target, &doing, &error))?;
    let count = write_rows(&mut file, shape, chunks, fail)?;
    file.sync_all().map_err(|error| failed(target, &doing, &error))?;
    Ok(count)
}

fn other(target: &str, doing: &str, reason: &str) -> TargetError {
    TargetError::Failed {
        target: target.to_owned(),
        doing: doing.to_owned(),
        reason: reason.to_owned(),
    }
}

fn schema(shape: &TableShape) -> Schema {
    let fields: Vec<Field> = shape
        .columns
        .iter()
        .enumerate()
        .map(|(place, column)| {
            let kind = match column.kind {
                CellKind::Boolean => DataType::Boolean,
                CellKind::Integer => DataType::Int64,
                CellKind::Real => DataType::Float64,
                CellKind::Text | CellKind::Json => DataType::Utf8,
            };
            Field::new(&column.name, kind, !shape.key.contains(&place))
        })
        .collect();
    Schema::new(fields)
}

fn array<'a>(kind: CellKind, cells: impl Iterator<Item = &'a Cell>) -> ArrayRef {
    match kind {
        CellKind::Boolean => {
            let mut builder = BooleanBuilder::new();
            for cell in cells {
                builder.append_option(match cell {
                    Cell::Boolean(value) => Some(*value),
                    _ => None,
                });
            }
            Arc::new(builder.finish())
        }
        CellKind::Integer => {
            let mut builder = Int64Builder::new();
            for cell in cells {
                builder.append_option(match cell {
                    Cell::Integer(value) => Some(*value),
                    _ => None,
                });
            }
            Arc::new(builder.finish())
        }
        CellKind::Real => {
            let mut builder = Float64Builder::new();
            for cell in cells {
                builder.append_option(match cell {
                    Cell::Real(value) => Some(*value),
                    _ => None,
                });
            }
            Arc::new(builder.finish())
        }
        CellKind::Text | CellKind::Json => {
            let mut builder = StringBuilder::new();
            for cell in cells {
                builder.append_option(match cell {
                    Cell::Text(value) => Some(value.as_str()),
                    _ => None,
                });
            }
            Arc::new(builder.finish())
        }
    }
}
