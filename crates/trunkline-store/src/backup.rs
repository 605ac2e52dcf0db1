//! Copies of a store in a file: taken while it is used, put into an empty folder.
//!
//! The one rule: a backup is one moment of the state, whole or not there at all; the key is not in it. The file is the same wherever
//! the store is, so it also carries a store from a file into PostgreSQL and back.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use crate::{Store, StoreError, database::Database, postgres::Postgres, sqlite};

impl Store {
    /// Writes the state as it is at one moment into a new file that its owner alone can read.
    ///
    /// # Errors
    /// When the file is there already or cannot be written.
    pub async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let partial = beside(to);
        let outcome = match make_new(&partial) {
            Ok(()) => match &self.database {
                Database::Sqlite(database) => database.copy_to(&partial).await,
                Database::Postgres(database) => database.copy_to(&partial).await,
            }
            .and_then(|()| publish(&partial, to)),
            Err(error) => Err(failed(&partial, &error)),
        };
        if outcome.is_err() {
            // What is left of the attempt is of no use; that it cannot be removed changes nothing.
            fs::remove_file(&partial).ok();
        }
        outcome
    }

    /// Puts a backup into a folder that has no store yet. The key has to be put there beside it.
    ///
    /// # Errors
    /// When the file is no store or one of a newer format, or the folder has a store.
    pub fn restore(from: &Path, folder: &Path) -> Result<(), StoreError> {
        sqlite::check(from)?;
        Self::make_folder(folder)?;
        let to = Self::file_in(folder);
        let partial = beside(&to);
        let copied = copy(from, &partial).and_then(|()| publish(&partial, &to));
        if copied.is_err() {
            fs::remove_file(&partial).ok();
        }
        copied
    }

    /// Puts a backup into a PostgreSQL database that has no store yet; `folder` holds what is needed meanwhile.
    ///
    /// # Errors
    /// When the file is no store or one of a newer format, or the database has a store.
    pub async fn restore_into(from: &Path, folder: &Path, url: &SecretString) -> Result<(), StoreError> {
        sqlite::check(from)?;
        Self::make_folder(folder)?;
        // A backup of an earlier format is brought up to date on the way, and stays as it is.
        let partial = beside(&Self::file_in(folder));
        let restored = match copy(from, &partial) {
            Ok(()) => match Postgres::open(url).await {
                Ok(database) => database.fill_from(&partial).await,
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        fs::remove_file(&partial).map_err(|error| failed(&partial, &error))?;
        restored
    }
}

/// Copies a file into a new one that its owner alone can read.
fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    make_new(to)
        .and_then(|()| fs::copy(from, to))
        .map(drop)
        .map_err(|error| failed(to, &error))
}

/// Gives a finished file its name, unless there is one of that name.
fn publish(partial: &Path, to: &Path) -> Result<(), StoreError> {
    let folder = to
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(partial)
        .and_then(|file| file.sync_all())
        // A link never takes the place of a file, as a rename would.
        .and_then(|()| fs::hard_link(partial, to))
        .and_then(|()| fs::remove_file(partial))
        .and_then(|()| File::open(folder)?.sync_all())
        .map_err(|error| failed(to, &error))
}

fn make_new(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path).map(drop)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    path.with_file_name(name)
}

fn failed(path: &Path, error: &io::Error) -> StoreError {
    if error.kind() == io::ErrorKind::StorageFull {
        return StoreError::Full;
    }
    let reason = if error.kind() == io::ErrorKind::AlreadyExists {
        "there is a file of that name already".to_owned()
    } else {
        error.to_string()
    };
    StoreError::File {
        path: path.to_owned(),
        reason,
    }
}
