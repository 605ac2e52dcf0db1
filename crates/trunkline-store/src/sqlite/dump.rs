//! A store's file as rows, table by table: what a copy from or to another database is made of.
//!
//! The one rule: a file is filled in one transaction, which is committed only when the word comes that everything was sent. What the other
//! database does is in `postgres/copy.rs`.

use std::path::Path;

use rusqlite::{Connection, params_from_iter};
use tokio::sync::mpsc;

use super::{cannot_open, failed, make, migrate, rows};
use crate::{StoreError, database::Value};

/// Rows that cross at a time.
const ROWS: usize = 50;
/// Chunks that may wait for the slower side.
pub(crate) const CHUNKS: usize = 4;

/// A table of the state.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
    /// The column whose numbers the database gives, never one twice.
    pub(crate) numbered: Option<String>,
}

/// What crosses, in this order: for each table its rows, then the greatest number that it ever gave; everything at the end.
#[derive(Debug)]
pub(crate) enum Piece {
    Rows(Vec<Vec<Value>>),
    TableEnds { last_number: i64 },
    AllSent,
}

impl Table {
    /// Its columns, as SQL lists them. The names are ours, from the migrations.
    pub(crate) fn list(&self) -> String {
        self.columns.join(", ")
    }
}

/// The tables of today's format, those that others refer to first.
pub(crate) fn tables() -> Result<Vec<Table>, StoreError> {
    let place = Path::new(":memory:");
    let mut connection = Connection::open_in_memory().map_err(|error| cannot_open(place, error))?;
    migrate::up(&mut connection, place)?;
    of(&connection).map_err(|error| failed("list its tables", &error))
}

fn of(connection: &Connection) -> rusqlite::Result<Vec<Table>> {
    // What is counted beside a table comes of the table's own rows, wherever they are put.
    let sql = "SELECT name, sql LIKE '%AUTOINCREMENT%' FROM sqlite_schema \
               WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'dead_letter_counts' ORDER BY rowid";
    let mut statement = connection.prepare(sql)?;
    let named = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)))?;
    named
        .map(|named| {
            let (name, is_numbered) = named?;
            let mut statement = connection.prepare("SELECT name FROM pragma_table_info(?1) ORDER BY cid")?;
            let columns: Vec<String> = statement
                .query_map([&name], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            Ok(Table {
                numbered: columns.first().filter(|_| is_numbered).cloned(),
                name,
                columns,
            })
        })
        .collect()
}

/// Fills a file that is not there, or empty, with what is sent.
pub(crate) fn fill(
    path: &Path,
    tables: &[Table],
    mut pieces: mpsc::Receiver<Piece>,
) -> Result<(), StoreError> {
    make(path)?;
    let mut connection = Connection::open(path).map_err(|error| cannot_open(path, error))?;
    migrate::up(&mut connection, path)?;
    let fail = |error| failed("take a copy", &error);
    let transaction = connection.transaction().map_err(fail)?;
    let mut tables = tables.iter();
    let mut table = tables.next();
    loop {
        match (pieces.blocking_recv(), table) {
            (Some(Piece::Rows(rows)), Some(table)) => {
                let places: Vec<String> = (1..=table.columns.len()).map(|at| format!("?{at}")).collect();
                let sql = format!(
                    "INSERT INTO {} ({}) VALUES ({})",
                    table.name,
                    table.list(),
                    places.join(", ")
                );
                let mut insert = transaction.prepare_cached(&sql).map_err(fail)?;
                for row in rows {
                    insert.execute(params_from_iter(row)).map_err(fail)?;
                }
            }
            (Some(Piece::TableEnds { last_number }), Some(ended)) => {
                if ended.numbered.is_some() && last_number > 0 {
                    let replace =
                        |sql: &str, values: &[&dyn rusqlite::ToSql]| transaction.execute(sql, values);
                    replace("DELETE FROM sqlite_sequence WHERE name = ?1", &[&ended.name]).map_err(fail)?;
                    let sql = "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)";
                    replace(sql, &[&ended.name, &last_number]).map_err(fail)?;
                }
                table = tables.next();
            }
            (Some(Piece::AllSent), None) => return transaction.commit().map_err(fail),
            _ => {
                return Err(StoreError::Database {
                    doing: "take a copy",
                    reason: "it ended before everything was sent".to_owned(),
                });
            }
        }
    }
}

/// Brings a file up to date and sends what is in it, until nobody listens.
pub(crate) fn send(path: &Path, tables: &[Table], pieces: &mpsc::Sender<Piece>) -> Result<(), StoreError> {
    let mut connection = Connection::open(path).map_err(|error| cannot_open(path, error))?;
    migrate::up(&mut connection, path)?;
    let fail = |error| failed("be read", &error);
    for table in tables {
        let sql = format!("SELECT {} FROM {}", table.list(), table.name);
        let mut statement = connection.prepare(&sql).map_err(fail)?;
        let mut found = statement.query([]).map_err(fail)?;
        let mut chunk = Vec::with_capacity(ROWS);
        while let Some(row) = found.next().map_err(fail)? {
            let values = (0..table.columns.len())
                .map(|column| row.get_ref(column).map(rows::value))
                .collect::<rusqlite::Result<_>>();
            chunk.push(values.map_err(fail)?);
            if chunk.len() == ROWS
                && pieces
                    .blocking_send(Piece::Rows(std::mem::take(&mut chunk)))
                    .is_err()
            {
                return Ok(());
            }
        }
        let sql = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = ?1";
        let last_number = connection
            .query_row(sql, [&table.name], |row| row.get(0))
            .map_err(fail)?;
        let ends = Piece::TableEnds { last_number };
        if pieces.blocking_send(Piece::Rows(chunk)).is_err() || pieces.blocking_send(ends).is_err() {
            return Ok(());
        }
    }
    // That nobody listens any more is their error to tell.
    pieces.blocking_send(Piece::AllSent).ok();
    Ok(())
}
