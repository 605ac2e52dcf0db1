//! Opens the file: looks at it without touching it, takes the lock, then brings its tables up to date.
//!
//! The one rule: a file that is refused is left exactly as it was.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::ErrorKind,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

use super::{
    StorageError, StorageOptions,
    engine::Engine,
    layout::Layouts,
    models,
    privacy::{self, Privacy},
    schema, scrub, views,
    work::State,
};
use crate::feed;

const BUSY: Duration = Duration::from_secs(5);
/// Larger than SQLite's own choice: a record and its columns fit on one page.
const PAGE_BYTES: u32 = 16_384;
/// 6 MiB and 1 MiB, in SQLite's notation for KiB; the reader follows the rows once and gains nothing from more.
const WRITER_CACHE: i32 = -6144;
const READER_CACHE: i32 = -1024;
/// Pages of the log after which it is folded into the file: 32 MiB, so that pages written again and again are moved once.
const LOG_PAGES: u32 = 2048;
/// More statements than all tables have.
const STATEMENTS: usize = 512;

/// Opens the mirror for writing.
pub(super) fn open(path: &Path, options: &StorageOptions) -> Result<Engine, StorageError> {
    privacy::check(options)?;
    look(path)?;
    let lock = take_lock(path)?;
    let fail = |doing| move |error| StorageError::from_sqlite(path, doing, error);
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(fail("opening"))?;
    prepare(&connection, options).map_err(fail("opening"))?;
    let layouts = Layouts::new(|table| Privacy::of(table, options));
    let mut engine = Engine {
        connection,
        path: path.to_path_buf(),
        layouts,
        state: State {
            history: options.history,
            ..State::default()
        },
        lock: Some(lock),
    };
    update(&mut engine, options).map_err(fail("bringing its tables up to date"))?;
    Ok(engine)
}

/// Opens a connection that only reads.
pub(crate) fn reader(path: &Path) -> Result<Connection, StorageError> {
    let fail = |error| StorageError::from_sqlite(path, "opening", error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(fail)?;
    connection.busy_timeout(BUSY).map_err(fail)?;
    connection
        .pragma_update(None, "cache_size", READER_CACHE)
        .map_err(fail)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Looks at the file without changing it.
fn look(path: &Path) -> Result<(), StorageError> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    if !folder.is_dir() {
        let reason = format!("there is no folder {}", folder.display());
        return Err(StorageError::CannotOpen {
            path: path.to_path_buf(),
            reason,
        });
    }
    let length = match path.metadata() {
        Ok(metadata) if metadata.is_dir() => {
            return Err(StorageError::NotAMirror {
                path: path.to_path_buf(),
                reason: "it is a folder".to_owned(),
            });
        }
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    if length == 0 {
        return Ok(());
    }
    let fail = |error| StorageError::from_sqlite(path, "opening", error);
    let connection = reader(path)?;
    if schema::is_foreign(&connection).map_err(fail)? {
        let reason = "it is a database of another program".to_owned();
        return Err(StorageError::NotAMirror {
            path: path.to_path_buf(),
            reason,
        });
    }
    match schema::format(&connection).map_err(fail)? {
        Some(found) if found > schema::FORMAT => Err(StorageError::NewerFormat {
            path: path.to_path_buf(),
            found,
            known: schema::FORMAT,
        }),
        _ => Ok(()),
    }
}

/// Refuses a file that is not a mirror that exists, without changing it.
pub(crate) fn is_mirror(path: &Path) -> Result<(), StorageError> {
    look(path)?;
    if path.metadata().is_ok_and(|metadata| metadata.len() > 0) {
        return Ok(());
    }
    Err(StorageError::NotAMirror {
        path: path.to_path_buf(),
        reason: "there is nothing in it yet".to_owned(),
    })
}

/// One writer for a mirror: a lock on a file beside it, because a lock on the file itself would disturb SQLite's.
fn take_lock(path: &Path) -> Result<File, StorageError> {
    let mut name = path.as_os_str().to_owned();
    name.push("-lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(PathBuf::from(name))
        .map_err(|error| match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => StorageError::ReadOnly {
                path: path.to_path_buf(),
            },
            _ => StorageError::CannotOpen {
                path: path.to_path_buf(),
                reason: error.to_string(),
            },
        })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StorageError::Locked {
            path: path.to_path_buf(),
        }),
        Err(TryLockError::Error(error)) => Err(StorageError::CannotOpen {
            path: path.to_path_buf(),
            reason: error.to_string(),
        }),
    }
}

fn prepare(connection: &Connection, options: &StorageOptions) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(options.busy_timeout.unwrap_or(BUSY))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "cache_size", WRITER_CACHE)?;
    connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "foreign_keys", false)?;
    if let Some(pages) = options.max_pages {
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    Ok(())
}

fn update(engine: &mut Engine, options: &StorageOptions) -> Result<(), rusqlite::Error> {
    engine.connection.execute_batch("BEGIN IMMEDIATE")?;
    schema::migrate(&engine.connection)?;
    schema::create(&engine.connection, &engine.layouts, options.history)?;
    feed::follow_tables(&engine.connection)?;
    scrub::follow(&engine.connection, options)?;
    for layout in engine
        .layouts
        .all()
        .filter(|layout| layout.table.custom.is_some())
    {
        views::rebuild(&engine.connection, layout)?;
    }
    models::rebuild(&engine.connection, &engine.layouts)?;
    engine.remember()?;
    if !options.history {
        // What changes from now on has no versions: turning history on again has to look at every row.
        engine
            .connection
            .execute("DELETE FROM _trunkline_meta WHERE key = 'history'", [])?;
    }
    engine.connection.execute_batch("COMMIT")
}
