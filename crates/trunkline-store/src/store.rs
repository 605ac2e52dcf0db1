//! The store: a database, the keys to its secrets, and a source of unpredictable bytes.
//!
//! The one rule: a store whose key does not fit is not opened at all, so nothing is ever sealed with a second key beside the
//! first. What it holds is in one file for each kind: `connections.rs`, `apps.rs`, `notifications.rs` and so on.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

use secrecy::SecretString;
use tokio::sync::OnceCell;

use crate::{
    Entropy, KeySource, Rotation, StoreError,
    database::{Database, Done, Row, Statement},
    postgres::Postgres,
    sqlite::{SERVING_CACHE, Sqlite},
    vault::{self, Vault},
};

/// Who owns the value that shows whether a key fits.
const CHECK: (&str, &str) = ("store", "check");
const CHECKED: &str = "this store opens";

/// Where the state is kept.
#[derive(Clone)]
pub enum Location {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL database, by its address, which may hold a password.
    Postgres(SecretString),
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "Sqlite({})", path.display()),
            Self::Postgres(_) => f.write_str("Postgres"),
        }
    }
}

/// Trunkline's durable state.
#[derive(Debug)]
pub struct Store {
    pub(crate) database: Database,
    pub(crate) entropy: Entropy,
    vault: RwLock<Vault>,
    key_source: KeySource,
    /// What digests of identities are made with, once it is needed.
    pub(crate) identity_key: OnceCell<SecretString>,
}

impl Store {
    /// Opens the state, makes it when it is not there, and checks that the key fits. A key file that is not there is made only
    /// beside a store that holds no secret yet.
    pub async fn open(location: &Location, key: KeySource, entropy: Entropy) -> Result<Self, StoreError> {
        let database = match location {
            Location::Sqlite(path) => Database::Sqlite(Sqlite::open(path)?),
            Location::Postgres(url) => Database::Postgres(Postgres::open(url).await?),
        };
        let check = read_secret(&database, CHECK.0, CHECK.1).await?;
        let vault = Vault::open(&key, &entropy, check.is_none())?;
        if let Some(sealed) = check {
            vault
                .unseal(CHECK.0, CHECK.1, &sealed)
                .map_err(|_| vault.wrong_key())?;
        } else {
            let sealed = vault.seal(CHECK.0, CHECK.1, &CHECKED.into(), &entropy)?;
            let kept = Statement::new(
                "INSERT INTO secrets (owner, name, sealed) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            )
            .bind(CHECK.0)
            .bind(CHECK.1)
            .bind(sealed);
            database.write_one(kept).await?;
            // Another process may have been first, with a key of its own.
            let sealed = read_secret(&database, CHECK.0, CHECK.1)
                .await?
                .unwrap_or_default();
            vault
                .unseal(CHECK.0, CHECK.1, &sealed)
                .map_err(|_| vault.wrong_key())?;
        }
        Ok(Self {
            database,
            entropy,
            vault: RwLock::new(vault),
            key_source: key,
            identity_key: OnceCell::new(),
        })
    }

    /// The folder's own file.
    #[must_use]
    pub fn file_in(folder: &Path) -> PathBuf {
        folder.join("trunkline.db")
    }

    /// The folder's own key file.
    #[must_use]
    pub fn key_in(folder: &Path) -> PathBuf {
        folder.join("secret.key")
    }

    /// Makes a folder for the state that only its owner can enter.
    pub fn make_folder(folder: &Path) -> Result<(), StoreError> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder.create(folder).map_err(|error| StoreError::Folder {
            path: folder.to_owned(),
            reason: error.to_string(),
        })
    }

    /// Lets a store in a file grow to this many pages and no further; for tests of a full disk.
    pub async fn limit_pages(&self, pages: u32) -> Result<(), StoreError> {
        self.write_one(Statement::new(format!("PRAGMA max_page_count = {pages}")))
            .await
            .map(drop)
    }

    /// Holds more of a store in a file in memory, as suits a process that takes notifications for long.
    pub async fn hold_more(&self) -> Result<(), StoreError> {
        if matches!(self.database, Database::Postgres(_)) {
            return Ok(());
        }
        self.write_one(Statement::new(format!("PRAGMA cache_size = {SERVING_CACHE}")))
            .await
            .map(drop)
    }

    /// Lets a store in a file look at how much it holds, so that it chooses its indexes by that and not by what it held long ago. PostgreSQL
    /// does so by itself.
    pub async fn take_stock(&self) -> Result<(), StoreError> {
        match &self.database {
            Database::Sqlite(sqlite) => sqlite.take_stock().await,
            Database::Postgres(_) => Ok(()),
        }
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.database.read(Statement::new("SELECT 1")).await.map(drop)
    }

    /// Finishes what was handed over and closes.
    pub async fn close(&self) {
        self.database.close().await;
    }

    /// Fresh unpredictable bytes and ids for whoever works with the store.
    #[must_use]
    pub const fn entropy(&self) -> &Entropy {
        &self.entropy
    }

    /// Seals every secret under a new key and forgets the old one. With a key from a variable, the variable holds the new
    /// key first and the old one behind it, and this seals everything under the first.
    ///
    /// A crash at any point leaves a key file that opens every secret; running it again finishes the work.
    pub async fn rotate_keys(&self) -> Result<Rotation, StoreError> {
        vault::add_key(&self.key_source, &self.entropy)?;
        self.read_keys()?;
        let mut secrets = 0;
        // Again until nothing is left: a process that had the old key may have written in the meantime.
        loop {
            let sealed_anew = self.seal_anew().await?;
            if sealed_anew == 0 {
                break;
            }
            secrets += sealed_anew;
        }
        vault::forget_old_keys(&self.key_source)?;
        self.read_keys()?;
        Ok(Rotation { secrets })
    }

    /// Seals under the current key what is not yet; returns how many secrets that were.
    async fn seal_anew(&self) -> Result<usize, StoreError> {
        let rows = self
            .database
            .read(Statement::new("SELECT owner, name, sealed FROM secrets"))
            .await?;
        let mut statements = Vec::new();
        for mut row in rows {
            let (owner, name, sealed) = (row.text()?, row.text()?, row.bytes()?);
            if self.vault().is_current(&sealed) {
                continue;
            }
            let secret = self.vault().unseal(&owner, &name, &sealed)?;
            let anew = self.vault().seal(&owner, &name, &secret, &self.entropy)?;
            // What somebody else wrote meanwhile is left to the next round.
            statements.push(
                Statement::new(
                    "UPDATE secrets SET sealed = $1 WHERE owner = $2 AND name = $3 AND sealed = $4",
                )
                .bind(anew)
                .bind(owner)
                .bind(name)
                .bind(sealed),
            );
        }
        let secrets = statements.len();
        self.database.write(statements).await?;
        Ok(secrets)
    }

    pub(crate) fn vault(&self) -> RwLockReadGuard<'_, Vault> {
        self.vault.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A statement that keeps a secret.
    pub(crate) fn keep_secret(
        &self,
        owner: &str,
        name: &str,
        secret: &SecretString,
    ) -> Result<Statement, StoreError> {
        let kept = "INSERT INTO secrets (owner, name, sealed) VALUES ($1, $2, $3) \
                    ON CONFLICT (owner, name) DO UPDATE SET sealed = excluded.sealed";
        self.sealed_into(kept, owner, name, secret)
    }

    /// A statement that keeps a secret unless there is one.
    pub(crate) fn keep_first_secret(
        &self,
        owner: &str,
        name: &str,
        secret: &SecretString,
    ) -> Result<Statement, StoreError> {
        let kept = "INSERT INTO secrets (owner, name, sealed) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        self.sealed_into(kept, owner, name, secret)
    }

    fn sealed_into(
        &self,
        sql: &'static str,
        owner: &str,
        name: &str,
        secret: &SecretString,
    ) -> Result<Statement, StoreError> {
        // Another process may have changed the key; what is sealed with a forgotten one is lost.
        self.read_keys()?;
        let sealed = self.vault().seal(owner, name, secret, &self.entropy)?;
        Ok(Statement::new(sql).bind(owner).bind(name).bind(sealed))
    }

    /// A statement that forgets a secret.
    pub(crate) fn forget_secret(owner: &str, name: &str) -> Statement {
        Statement::new("DELETE FROM secrets WHERE owner = $1 AND name = $2")
            .bind(owner)
            .bind(name)
    }

    /// A statement that forgets every secret of an owner.
    pub(crate) fn forget_secrets(owner: &str) -> Statement {
        Statement::new("DELETE FROM secrets WHERE owner = $1").bind(owner)
    }

    /// A secret, if there is one.
    pub(crate) async fn secret(&self, owner: &str, name: &str) -> Result<Option<SecretString>, StoreError> {
        match read_secret(&self.database, owner, name).await? {
            Some(sealed) => self.unseal(owner, name, &sealed).map(Some),
            None => Ok(None),
        }
    }

    /// Opens a sealed secret, with keys read anew where another process may have changed them.
    fn unseal(&self, owner: &str, name: &str, sealed: &[u8]) -> Result<SecretString, StoreError> {
        let opened = self.vault().unseal(owner, name, sealed);
        if !matches!(opened, Err(StoreError::WrongKey { .. })) {
            return opened;
        }
        self.read_keys()?;
        self.vault().unseal(owner, name, sealed)
    }

    fn read_keys(&self) -> Result<(), StoreError> {
        let fresh = Vault::open(&self.key_source, &self.entropy, false)?;
        *self.vault.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    pub(crate) async fn read(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        self.database.read(statement).await
    }

    pub(crate) async fn read_one(&self, statement: Statement) -> Result<Option<Row>, StoreError> {
        self.database.read_one(statement).await
    }

    pub(crate) async fn write(&self, statements: Vec<Statement>) -> Result<Vec<Done>, StoreError> {
        self.database.write(statements).await
    }

    pub(crate) async fn write_one(&self, statement: Statement) -> Result<Done, StoreError> {
        self.database.write_one(statement).await
    }
}

async fn read_secret(database: &Database, owner: &str, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let question = Statement::new("SELECT sealed FROM secrets WHERE owner = $1 AND name = $2")
        .bind(owner)
        .bind(name);
    database
        .read_one(question)
        .await?
        .map(|mut row| row.bytes())
        .transpose()
}
