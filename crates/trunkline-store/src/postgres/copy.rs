//! Copies of a store in PostgreSQL into a file, and of a file into PostgreSQL.
//!
//! The one rule: either side has everything or nothing: one snapshot is read, and one transaction is written. The file's side is
//! `sqlite/dump.rs`.

use std::{path::Path, pin::pin};

use deadpool_postgres::Transaction;
use tokio::sync::mpsc;
use tokio_postgres::{IsolationLevel, binary_copy::BinaryCopyInWriter, types::ToSql};

use super::{Postgres, failed, migrate, types};
use crate::{
    StoreError,
    database::Row,
    sqlite::dump::{self, CHUNKS, Piece, Table},
};

/// Rows that are asked for at a time.
const ROWS: i32 = 50;

impl Postgres {
    /// Writes the state as it is at one moment into an empty file.
    pub(crate) async fn copy_to(&self, file: &Path) -> Result<(), StoreError> {
        let tables = dump::tables()?;
        let (sender, receiver) = mpsc::channel(CHUNKS);
        let (path, their_tables) = (file.to_owned(), tables.clone());
        let filling = tokio::task::spawn_blocking(move || dump::fill(&path, &their_tables, receiver));
        let sent = self.send(&tables, sender).await;
        let filled = filling.await.map_err(|_| gone())?;
        match sent {
            // The file's side says why it does not listen any more.
            Ok(()) => filled,
            Err(error) => Err(error),
        }
    }

    async fn send(&self, tables: &[Table], pieces: mpsc::Sender<Piece>) -> Result<(), StoreError> {
        let fail = |error| failed("be read", &error);
        let mut client = self.client().await?;
        let snapshot = client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await
            .map_err(fail)?;
        for table in tables {
            let sql = format!("SELECT {} FROM {}", table.list(), table.name);
            let statement = snapshot.prepare(&sql).await.map_err(fail)?;
            let portal = snapshot.bind(&statement, &[]).await.map_err(fail)?;
            loop {
                let found = snapshot.query_portal(&portal, ROWS).await.map_err(fail)?;
                if found.is_empty() {
                    break;
                }
                let rows = found
                    .iter()
                    .map(|row| types::row(row).map(Row::into_values))
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(fail)?;
                if pieces.send(Piece::Rows(rows)).await.is_err() {
                    return Ok(());
                }
            }
            let last_number = match &table.numbered {
                Some(column) => last_number(&snapshot, table, column).await?,
                None => 0,
            };
            if pieces.send(Piece::TableEnds { last_number }).await.is_err() {
                return Ok(());
            }
        }
        pieces.send(Piece::AllSent).await.ok();
        Ok(())
    }

    /// Takes the state that a file holds into a database that has none.
    pub(crate) async fn fill_from(&self, file: &Path) -> Result<(), StoreError> {
        let tables = dump::tables()?;
        let (sender, receiver) = mpsc::channel(CHUNKS);
        let (path, their_tables) = (file.to_owned(), tables.clone());
        let sending = tokio::task::spawn_blocking(move || dump::send(&path, &their_tables, &sender));
        let filled = self.fill(&tables, receiver).await;
        // What went wrong in the file comes before what it led to here.
        sending.await.map_err(|_| gone())??;
        filled
    }

    async fn fill(&self, tables: &[Table], mut pieces: mpsc::Receiver<Piece>) -> Result<(), StoreError> {
        let fail = |error| failed("take what was in the file", &error);
        let mut client = self.client().await?;
        let transaction = client.transaction().await.map_err(fail)?;
        migrate::alone(&transaction).await?;
        for table in tables {
            let sql = format!("SELECT 1 FROM {} LIMIT 1", table.name);
            if transaction.query_opt(&sql, &[]).await.map_err(fail)?.is_some() {
                return Err(StoreError::NotEmpty);
            }
        }
        for table in tables {
            let last_number = take(&transaction, table, &mut pieces).await?;
            if let Some(column) = table.numbered.as_ref().filter(|_| last_number > 0) {
                let sql = "SELECT setval(pg_get_serial_sequence($1, $2), $3)";
                transaction
                    .query_one(sql, &[&table.name, column, &last_number])
                    .await
                    .map_err(fail)?;
            }
        }
        match pieces.recv().await {
            Some(Piece::AllSent) => transaction.commit().await.map_err(fail),
            _ => Err(gone()),
        }
    }
}

/// Takes the rows of a table; the greatest number that it ever gave.
async fn take(
    transaction: &Transaction<'_>,
    table: &Table,
    pieces: &mut mpsc::Receiver<Piece>,
) -> Result<i64, StoreError> {
    let fail = |error| failed("take what was in the file", &error);
    let columns = table.list();
    let asked = transaction
        .prepare(&format!("SELECT {columns} FROM {}", table.name))
        .await
        .map_err(fail)?;
    let kinds: Vec<_> = asked
        .columns()
        .iter()
        .map(|column| column.type_().clone())
        .collect();
    let sink = transaction
        .copy_in(&format!("COPY {} ({columns}) FROM STDIN BINARY", table.name))
        .await
        .map_err(fail)?;
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &kinds));
    loop {
        match pieces.recv().await {
            Some(Piece::Rows(rows)) => {
                for row in &rows {
                    let values: Vec<&(dyn ToSql + Sync)> = row.iter().map(|value| value as _).collect();
                    writer.as_mut().write(&values).await.map_err(fail)?;
                }
            }
            Some(Piece::TableEnds { last_number }) => {
                writer.as_mut().finish().await.map_err(fail)?;
                return Ok(last_number);
            }
            Some(Piece::AllSent) | None => return Err(gone()),
        }
    }
}

async fn last_number(snapshot: &Transaction<'_>, table: &Table, column: &String) -> Result<i64, StoreError> {
    let fail = |error| failed("be read", &error);
    let sequence: String = snapshot
        .query_one("SELECT pg_get_serial_sequence($1, $2)", &[&table.name, column])
        .await
        .and_then(|row| row.try_get(0))
        .map_err(fail)?;
    let sql = format!("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}");
    snapshot
        .query_one(&sql, &[])
        .await
        .and_then(|row| row.try_get(0))
        .map_err(fail)
}

fn gone() -> StoreError {
    StoreError::Database {
        doing: "be copied",
        reason: "it ended before everything was there".to_owned(),
    }
}
