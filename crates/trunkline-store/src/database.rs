//! The port to a database: a list of statements is one transaction, on SQLite and on PostgreSQL alike.
//!
//! The one rule: a write is reported as done only when it would survive a loss of power. The SQL is one text for both,
//! written with `$1`; types that differ are the business of each backend's migrations. Read `sqlite.rs` and `postgres.rs`.

mod statement;
mod value;

pub(crate) use statement::{Done, Statement};
pub(crate) use value::{Row, Value};

use crate::{StoreError, postgres::Postgres, sqlite::Sqlite};

/// What the state is kept in.
#[derive(Debug)]
pub(crate) enum Database {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Database {
    /// Runs all statements, or none of them.
    pub(crate) async fn write(&self, statements: Vec<Statement>) -> Result<Vec<Done>, StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.write(statements).await,
            Self::Postgres(postgres) => postgres.write(statements).await,
        }
    }

    /// Runs one statement that writes.
    pub(crate) async fn write_one(&self, statement: Statement) -> Result<Done, StoreError> {
        let mut done = self.write(vec![statement]).await?;
        Ok(done.pop().unwrap_or_default())
    }

    /// The rows that a question finds.
    pub(crate) async fn read(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(sqlite) => sqlite.read(statement).await,
            Self::Postgres(postgres) => postgres.read(statement).await,
        }
    }

    /// The one row that a question finds, if any.
    pub(crate) async fn read_one(&self, statement: Statement) -> Result<Option<Row>, StoreError> {
        Ok(self.read(statement).await?.pop())
    }

    /// What follows a question whose rows are changed next, so that rows which another process is changing are passed over; in a
    /// file nobody else is.
    pub(crate) const fn passing_over_locked(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "",
            Self::Postgres(_) => "FOR NO KEY UPDATE SKIP LOCKED",
        }
    }

    /// A question for the greatest `seq` of a table, answered when all rows with smaller ones are there. In PostgreSQL the greatest
    /// number is looked up first; then the lock is waited for that every writer of a row has until its transaction ends.
    pub(crate) fn greatest_number(&self, table: &'static str) -> String {
        match self {
            Self::Sqlite(_) => format!("SELECT coalesce(max(seq), 0) FROM {table}"),
            Self::Postgres(_) => format!(
                "WITH known AS MATERIALIZED (SELECT coalesce(max(seq), 0) AS greatest FROM {table}) \
                 SELECT greatest FROM known \
                 WHERE CAST(pg_advisory_xact_lock({}, ('{table}'::regclass::oid::bigint % 2147483647)::integer) AS TEXT) = ''",
                crate::postgres::NUMBERS
            ),
        }
    }

    /// Finishes what was handed over and closes.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.close().await,
            Self::Postgres(postgres) => postgres.close(),
        }
    }
}
