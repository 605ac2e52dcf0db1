//! The rows of the mirror as they stood at one moment, a chunk at a time.
//!
//! The one rule: everything that one round reads comes from one transaction of the mirror, however long the round takes; a
//! sync that goes on beside it is not seen. A slow target slows the reading down.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{Connection, Row, params_from_iter, types::ValueRef};
use tokio::sync::mpsc;

use super::{CellKind, Chunks, Extent, TableShape, custom};
use crate::{
    feed::SEPARATOR,
    storage::{self, StorageError},
};

/// How many chunks wait for a target.
const WAITING: usize = 2;
const ROWS_A_CHUNK: usize = 2_000;
const BYTES_A_CHUNK: usize = 1 << 20;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// Text, or JSON as text.
    Text(String),
}

/// Some rows of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chunk {
    /// Rows that are there, with a value for each column of the shape.
    pub rows: Vec<Vec<Cell>>,
    /// Keys of rows that are not there any more.
    pub gone: Vec<Vec<String>>,
}

/// The mirror at one moment.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    connection: Arc<Mutex<Connection>>,
    path: PathBuf,
}

impl Snapshot {
    /// Opens a transaction that reads.
    pub(super) async fn open(path: &Path) -> Result<Self, StorageError> {
        let owned = path.to_path_buf();
        let connection = tokio::task::spawn_blocking(move || {
            let connection = storage::reader(&owned)?;
            // What reads inside it sees the file as it is from here on; the first look is what fixes it.
            connection
                .execute_batch("PRAGMA temp_store = file; BEGIN; SELECT count(*) FROM _trunkline_meta;")
                .map_err(|error| StorageError::from_sqlite(&owned, "reading", error))?;
            Ok::<_, StorageError>(connection)
        })
        .await
        .map_err(|_| closed(path))??;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            path: path.to_path_buf(),
        })
    }

    /// Runs `f` on the connection.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StorageError> {
        let connection = Arc::clone(&self.connection);
        let outcome = tokio::task::spawn_blocking(move || {
            f(&connection.lock().unwrap_or_else(PoisonError::into_inner))
        })
        .await
        .map_err(|_| closed(&self.path))?;
        outcome.map_err(|error| StorageError::from_sqlite(&self.path, "reading", error))
    }

    /// The rows of a table, all or those that [`touch`] found.
    pub(super) fn rows(&self, shape: &TableShape, extent: Extent) -> Chunks {
        let (sender, chunks) = mpsc::channel(WAITING);
        let connection = Arc::clone(&self.connection);
        let path = self.path.clone();
        let shape = shape.clone();
        tokio::task::spawn_blocking(move || {
            let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let mut filling = Filling {
                sender: &sender,
                chunk: Chunk::default(),
                bytes: 0,
            };
            let outcome = match extent {
                Extent::Whole => whole(&connection, &shape, &mut filling),
                Extent::Changed => changed(&connection, &shape, &mut filling),
            };
            let last = match outcome {
                Ok(true) => Ok(filling.chunk),
                // The target let go.
                Ok(false) => return,
                Err(error) => Err(StorageError::from_sqlite(&path, "reading", error)),
            };
            // A target that let go hears nothing more.
            drop(sender.blocking_send(last));
        });
        chunks
    }
}

fn closed(path: &Path) -> StorageError {
    StorageError::Closed {
        path: path.to_path_buf(),
    }
}

/// Finds the keys that the changes after `seq` are about; how many there are for each table.
pub(super) fn touch(connection: &Connection, seq: i64) -> Result<Vec<(String, u64)>, rusqlite::Error> {
    connection.execute_batch(
        "DROP TABLE IF EXISTS temp.touched; \
         CREATE TEMP TABLE touched (stream TEXT, key TEXT, PRIMARY KEY (stream, key)) WITHOUT ROWID;",
    )?;
    connection.execute(
        "INSERT OR IGNORE INTO temp.touched SELECT stream, key FROM main._trunkline_changes WHERE seq > ?1",
        [seq],
    )?;
    connection
        .prepare("SELECT stream, count(*) FROM temp.touched GROUP BY stream ORDER BY stream")?
        .query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?
        .collect()
}

/// A chunk that is being filled.
struct Filling<'a> {
    sender: &'a mpsc::Sender<Result<Chunk, StorageError>>,
    chunk: Chunk,
    bytes: usize,
}

impl Filling<'_> {
    fn row(&mut self, row: Vec<Cell>) -> bool {
        self.bytes += row
            .iter()
            .map(|cell| match cell {
                Cell::Text(text) => text.len() + size_of::<Cell>(),
                _ => size_of::<Cell>(),
            })
            .sum::<usize>();
        self.chunk.rows.push(row);
        self.pass_on()
    }

    fn gone(&mut self, key: Vec<String>) -> bool {
        self.bytes += key.iter().map(String::len).sum::<usize>();
        self.chunk.gone.push(key);
        self.pass_on()
    }

    /// Whether anybody still listens.
    fn pass_on(&mut self) -> bool {
        if self.chunk.rows.len() + self.chunk.gone.len() < ROWS_A_CHUNK && self.bytes < BYTES_A_CHUNK {
            return true;
        }
        self.bytes = 0;
        self.sender
            .blocking_send(Ok(std::mem::take(&mut self.chunk)))
            .is_ok()
    }
}

/// What is read of a table, and where the columns that its rows are made of stand.
fn columns(shape: &TableShape) -> String {
    let quoted = |name: &str| format!("\"{name}\"");
    match &shape.custom {
        None => {
            let names: Vec<String> = shape.columns.iter().map(|column| quoted(&column.name)).collect();
            names.join(", ")
        }
        Some(custom) => {
            let mut names: Vec<String> = shape.key_names().map(quoted).collect();
            names.push(if custom.column.is_empty() {
                "NULL".to_owned()
            } else {
                quoted(&custom.column)
            });
            names.push("_deleted_at IS NULL".to_owned());
            names.join(", ")
        }
    }
}

/// The row as the shape has it; nothing where it has no place there.
fn shaped(shape: &TableShape, row: &Row<'_>) -> Result<Option<Vec<Cell>>, rusqlite::Error> {
    if shape.custom.is_some() {
        let exists: bool = row.get(shape.key.len() + 1)?;
        return if exists {
            custom::row(shape, row).map(Some)
        } else {
            Ok(None)
        };
    }
    shape
        .columns
        .iter()
        .enumerate()
        .map(|(place, column)| Ok(cell(column.kind, row.get_ref(place)?)))
        .collect::<Result<_, _>>()
        .map(Some)
}

fn whole(
    connection: &Connection,
    shape: &TableShape,
    filling: &mut Filling<'_>,
) -> Result<bool, rusqlite::Error> {
    let mut statement = connection.prepare(&format!(
        "SELECT {} FROM main.\"{}\"",
        columns(shape),
        shape.source()
    ))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(row) = shaped(shape, row)?
            && !filling.row(row)
        {
            return Ok(false);
        }
    }
    Ok(true)
}

fn changed(
    connection: &Connection,
    shape: &TableShape,
    filling: &mut Filling<'_>,
) -> Result<bool, rusqlite::Error> {
    let condition: Vec<String> = shape
        .key_names()
        .zip(1..)
        .map(|(name, place)| format!("\"{name}\" = ?{place}"))
        .collect();
    let mut find = connection.prepare(&format!(
        "SELECT {} FROM main.\"{}\" WHERE {}",
        columns(shape),
        shape.source(),
        condition.join(" AND ")
    ))?;
    let mut touched = connection.prepare("SELECT key FROM temp.touched WHERE stream = ?1 ORDER BY key")?;
    let mut keys = touched.query([shape.source()])?;
    while let Some(key) = keys.next()? {
        let text: String = key.get(0)?;
        let key: Vec<&str> = text.split(SEPARATOR).collect();
        if key.len() != shape.key.len() {
            continue;
        }
        let mut rows = find.query(params_from_iter(&key))?;
        let row = match rows.next()? {
            Some(row) => shaped(shape, row)?,
            None => None,
        };
        let listening = match row {
            Some(row) => filling.row(row),
            None => filling.gone(key.into_iter().map(str::to_owned).collect()),
        };
        if !listening {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn cell(kind: CellKind, value: ValueRef<'_>) -> Cell {
    match (kind, value) {
        (CellKind::Boolean, ValueRef::Integer(value)) => Cell::Boolean(value != 0),
        (CellKind::Integer, ValueRef::Integer(value)) => Cell::Integer(value),
        (CellKind::Real, ValueRef::Real(value)) => Cell::Real(value),
        #[expect(clippy::cast_precision_loss, reason = "the column holds what a double can")]
        (CellKind::Real, ValueRef::Integer(value)) => Cell::Real(value as f64),
        (CellKind::Text, ValueRef::Integer(value)) => Cell::Text(value.to_string()),
        (CellKind::Text, ValueRef::Real(value)) => Cell::Text(value.to_string()),
        (CellKind::Text | CellKind::Json, ValueRef::Text(text)) => {
            Cell::Text(String::from_utf8_lossy(text).into_owned())
        }
        _ => Cell::Null,
    }
}
