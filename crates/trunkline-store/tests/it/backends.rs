//! Fresh stores of both kinds. PostgreSQL is the server that `TRUNKLINE_TEST_POSTGRES` names; `cargo xtask test` starts it, and
//! `cargo xtask postgres` does so for a shell.

use std::path::PathBuf;

use jiff::Timestamp;
use rand::SeedableRng as _;
use rand_chacha::ChaCha12Rng;
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;
use trunkline_store::{Entropy, KeySource, Location, Store, StoreError};

/// A place where a store can be, with a folder for its key.
pub(crate) struct Place {
    pub(crate) location: Location,
    pub(crate) folder: TempDir,
    pub(crate) database: Option<String>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            location: Location::Sqlite(Store::file_in(folder.path())),
            folder,
            database: None,
        }
    }

    async fn postgres() -> Self {
        let server = std::env::var("TRUNKLINE_TEST_POSTGRES")
            .expect("TRUNKLINE_TEST_POSTGRES names a server; `cargo xtask postgres` starts one");
        let folder = tempfile::tempdir().expect("a folder");
        // The folder's name is unique on this machine, which the database's has to be too.
        let name: String = folder
            .path()
            .to_string_lossy()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|letter| letter.to_ascii_lowercase())
            .collect();
        let database = format!("store_{name}_{}", std::process::id());
        administer(&server, &format!("CREATE DATABASE {database}")).await;
        let (base, query) = server.split_once('?').unwrap_or((&server, ""));
        let (root, _) = base.rsplit_once('/').expect("the address has a database");
        Self {
            location: Location::Postgres(SecretString::from(format!("{root}/{database}?{query}"))),
            folder,
            database: Some(database),
        }
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        Store::key_in(self.folder.path())
    }

    pub(crate) async fn open(&self) -> Result<Store, StoreError> {
        self.open_with(KeySource::File(self.key_file()), 7).await
    }

    pub(crate) async fn open_with(&self, key: KeySource, seed: u64) -> Result<Store, StoreError> {
        Store::open(&self.location, key, entropy(seed)).await
    }

    /// A connection to it beside the store's; none where it is a file.
    pub(crate) async fn connect(&self) -> Option<tokio_postgres::Client> {
        let Location::Postgres(url) = &self.location else {
            return None;
        };
        let (client, connection) = tokio_postgres::connect(url.expose_secret(), tokio_postgres::NoTls)
            .await
            .expect("the server answers");
        tokio::spawn(connection);
        Some(client)
    }

    async fn remove(self) {
        if let Some(database) = &self.database {
            let server = std::env::var("TRUNKLINE_TEST_POSTGRES").expect("it was set before");
            // `DROP DATABASE … WITH (FORCE)` would end an autovacuum worker too, which an ordinary role may not.
            administer(&server, &end_sessions(database)).await;
            administer(&server, &format!("DROP DATABASE {database}")).await;
        }
    }
}

pub(crate) fn entropy(seed: u64) -> Entropy {
    Entropy::new(ChaCha12Rng::seed_from_u64(seed))
}

/// Runs a test on a fresh store of each kind.
pub(crate) async fn on_each(test: impl AsyncFn(&Store)) {
    on_each_place(async |place| {
        let store = place.open().await.expect("it opens");
        test(&store).await;
        store.close().await;
    })
    .await;
}

/// Runs a test on a fresh place of each kind.
pub(crate) async fn on_each_place(test: impl AsyncFn(&Place)) {
    for place in [Place::sqlite(), Place::postgres().await] {
        test(&place).await;
        place.remove().await;
    }
}

/// A moment, in seconds after one that all tests share.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("it is in range")
}

/// Ends every session of a place's database but our own.
pub(crate) async fn end_sessions_of(place: &Place) {
    let database = place.database.as_ref().expect("it is in PostgreSQL");
    let server = std::env::var("TRUNKLINE_TEST_POSTGRES").expect("it was set before");
    administer(&server, &end_sessions(database)).await;
}

fn end_sessions(database: &str) -> String {
    format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = '{database}' AND usename = current_user"
    )
}

async fn administer(server: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls)
        .await
        .expect("the server answers");
    let driver = tokio::spawn(connection);
    client.batch_execute(sql).await.expect("the server does it");
    drop(client);
    driver.await.expect("it ends").ok();
}
