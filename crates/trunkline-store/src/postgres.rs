//! The state in PostgreSQL, for several processes on several machines.
//!
//! The one rule: a writer is answered after its own commit, with the server's `synchronous_commit` as the server has it, which
//! is on unless its owner turned it off. Read `postgres/migrate.rs` for the tables.

mod copy;
mod migrate;
pub(crate) mod tls;
mod types;

use std::{str::FromStr, time::Duration};

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod};
use secrecy::{ExposeSecret as _, SecretString};
use tokio_postgres::{Config, error::SqlState};

use crate::{
    StoreError,
    database::{Done, Row, Statement},
};

const CONNECTIONS: usize = 16;
/// The lock of tables whose rows are read by their numbers, as `migrations/0003.sql` has it.
pub(crate) const NUMBERS: i32 = 0x5452_4b53;
/// How long to wait for a server that does not answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a transaction is run that the server undoes for the sake of another.
const ATTEMPTS: usize = 8;

/// What went wrong, and while doing what.
type Trouble = (&'static str, tokio_postgres::Error);

/// A pool of connections to one database.
#[derive(Debug)]
pub(crate) struct Postgres {
    pool: Pool,
}

impl Postgres {
    /// Connects and brings the tables up to date.
    pub(crate) async fn open(url: &SecretString) -> Result<Self, StoreError> {
        let mut config = Config::from_str(url.expose_secret()).map_err(|_| StoreError::CannotOpen {
            place: "that was named".to_owned(),
            reason: "it is not an address such as postgres://user@host/database".to_owned(),
        })?;
        config.connect_timeout(PATIENCE).application_name("trunkline");
        let place = place(&config);
        let fail = |reason: String| StoreError::CannotOpen {
            place: place.clone(),
            reason,
        };
        let manager_config = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = match tls::connector(&mut config).map_err(&fail)? {
            Some(tls) => Manager::from_config(config, tls, manager_config),
            None => Manager::from_config(config, tokio_postgres::NoTls, manager_config),
        };
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .runtime(deadpool_postgres::Runtime::Tokio1)
            .build()
            .map_err(|error| fail(error.to_string()))?;
        let postgres = Self { pool };
        let mut client = postgres.client().await.map_err(|error| match error {
            StoreError::Database { reason, .. } => fail(reason),
            other => other,
        })?;
        migrate::up(&mut client, &place).await?;
        Ok(postgres)
    }

    pub(crate) async fn write(&self, statements: Vec<Statement>) -> Result<Vec<Done>, StoreError> {
        let mut attempts = 1;
        loop {
            match self.attempt(&statements).await? {
                Ok(done) => return Ok(done),
                // Of two that waited for each other the server undid one, which is this: nothing of it was done.
                Err((_, error)) if attempts < ATTEMPTS && is_undone(&error) => attempts += 1,
                Err((doing, error)) => return Err(failed(doing, &error)),
            }
        }
    }

    /// Runs all statements, or none of them.
    async fn attempt(&self, statements: &[Statement]) -> Result<Result<Vec<Done>, Trouble>, StoreError> {
        let mut client = self.client().await?;
        // One statement is a transaction of its own, unless it may have to be undone.
        if let [only] = statements
            && only.exactly.is_none()
        {
            return Ok(run(&client, only).await.map(|done| vec![done]));
        }
        let transaction = match client.transaction().await {
            Ok(transaction) => transaction,
            Err(error) => return Ok(Err(("begin", error))),
        };
        let mut all = Vec::with_capacity(statements.len());
        for statement in statements {
            let done = match run(&transaction, statement).await {
                Ok(done) => done,
                Err(trouble) => return Ok(Err(trouble)),
            };
            if statement.exactly.is_some_and(|rows| rows != done.changed) {
                transaction
                    .rollback()
                    .await
                    .map_err(|error| failed("undo", &error))?;
                return Err(StoreError::Unmet);
            }
            all.push(done);
        }
        Ok(match transaction.commit().await {
            Ok(()) => Ok(all),
            Err(error) => Err(("commit", error)),
        })
    }

    pub(crate) async fn read(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        let done = run(&self.client().await?, &statement).await;
        Ok(done.map_err(|(doing, error)| failed(doing, &error))?.rows)
    }

    pub(crate) fn close(&self) {
        self.pool.close();
    }

    async fn client(&self) -> Result<Object, StoreError> {
        self.pool.get().await.map_err(|error| match error {
            deadpool_postgres::PoolError::Backend(error) => failed("connect", &error),
            other => StoreError::Database {
                doing: "connect",
                reason: other.to_string(),
            },
        })
    }
}

/// Runs one statement, whose text the connection keeps prepared.
async fn run(client: &impl deadpool_postgres::GenericClient, statement: &Statement) -> Result<Done, Trouble> {
    let fail = |error| ("run a statement", error);
    let prepared = client.prepare_cached(&statement.sql).await.map_err(fail)?;
    let values: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
        statement.values.iter().map(|value| value as _).collect();
    if prepared.columns().is_empty() {
        let changed = client.execute(&prepared, &values).await.map_err(fail)?;
        return Ok(Done {
            rows: Vec::new(),
            changed,
        });
    }
    let found = client.query(&prepared, &values).await.map_err(fail)?;
    let rows = found
        .iter()
        .map(types::row)
        .collect::<Result<Vec<_>, _>>()
        .map_err(fail)?;
    Ok(Done {
        changed: rows.len() as u64,
        rows,
    })
}

/// The server and database, without user or password.
fn place(config: &Config) -> String {
    let host = config.get_hosts().first().map_or_else(
        || "localhost".to_owned(),
        |host| match host {
            tokio_postgres::config::Host::Tcp(name) => name.clone(),
            tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
        },
    );
    format!("postgres://{host}/{}", config.get_dbname().unwrap_or_default())
}

/// Whether the server undid a transaction for the sake of another, and would take it now.
fn is_undone(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        *code == SqlState::T_R_DEADLOCK_DETECTED || *code == SqlState::T_R_SERIALIZATION_FAILURE
    })
}

/// The error in our words. PostgreSQL's details quote values, so only its message is taken.
fn failed(doing: &'static str, error: &tokio_postgres::Error) -> StoreError {
    match error.as_db_error() {
        Some(db) if *db.code() == SqlState::DISK_FULL => StoreError::Full,
        Some(db) => StoreError::Database {
            doing,
            reason: db.message().to_owned(),
        },
        None => StoreError::Database {
            doing,
            reason: std::error::Error::source(error)
                .map_or_else(|| error.to_string(), |source| format!("{error}: {source}")),
        },
    }
}
