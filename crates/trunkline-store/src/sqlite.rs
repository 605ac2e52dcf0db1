//! The state in a SQLite file: one thread writes, a few connections read.
//!
//! The one rule: a writer is answered after the commit that holds its work, and every commit reaches the disk
//! (`synchronous=FULL`). Whatever waits while one commit runs shares the next one. Read `sqlite/writer.rs` and `sqlite/readers.rs` next.

pub(crate) mod dump;
mod migrate;
mod readers;
mod rows;
mod writer;

use std::{
    fs::OpenOptions,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{mpsc, oneshot};

use crate::{
    StoreError,
    database::{Done, Row, Statement},
};
use readers::Readers;
use writer::Job;

/// Work that may wait for the writer before whoever brings more has to wait too.
const QUEUE: usize = 4_096;
/// How long another process may hold the file.
const BUSY: Duration = Duration::from_secs(15);
/// Pages held in memory, in SQLite's notation for KiB: 2 MiB, which a command gets by with.
const CACHE: i32 = -2_048;
/// 16 MiB for whoever serves: the index by which repeated notifications are found is asked for at random.
pub(crate) const SERVING_CACHE: i32 = -16_384;
/// Pages of the log after which it is folded into the file: often enough that nobody waits long for it, and not so often that
/// pages which are written again and again are moved each time.
const LOG_PAGES: i32 = 3_000;

/// An open file. It is closed by [`Sqlite::close`], or when it is dropped.
#[derive(Debug)]
pub(crate) struct Sqlite {
    path: PathBuf,
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    readers: Readers,
}

impl Sqlite {
    /// Opens the file, makes it when it is not there, and brings its tables up to date.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        make(path)?;
        let mut connection = connect(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        )?;
        let fail = |error| cannot_open(path, error);
        connection
            .pragma_update(None, "journal_mode", "wal")
            .and_then(|()| connection.pragma_update(None, "synchronous", "full"))
            .and_then(|()| connection.pragma_update(None, "foreign_keys", true))
            .and_then(|()| connection.pragma_update(None, "cache_size", CACHE))
            .and_then(|()| connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES))
            .map_err(fail)?;
        migrate::up(&mut connection, path)?;
        let (jobs, queue) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer::run(&mut connection, queue))
            .map_err(|error| StoreError::CannotOpen {
                place: path.display().to_string(),
                reason: format!("its writing thread did not start: {error}"),
            })?;
        Ok(Self {
            path: path.to_owned(),
            jobs: Mutex::new(Some(jobs)),
            thread: Mutex::new(Some(thread)),
            readers: Readers::of(path),
        })
    }

    pub(crate) async fn write(&self, statements: Vec<Statement>) -> Result<Vec<Done>, StoreError> {
        let sender = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(sender) = sender else {
            return Err(closed());
        };
        let (answer, answered) = oneshot::channel();
        sender
            .send(Job { statements, answer })
            .await
            .map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }

    pub(crate) async fn read(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        self.readers.read(statement).await
    }

    /// Writes the file as it is at one moment into an empty one.
    pub(crate) async fn copy_to(&self, to: &Path) -> Result<(), StoreError> {
        let (path, to) = (self.path.clone(), to.to_owned());
        tokio::task::spawn_blocking(move || {
            let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            let to = to.to_string_lossy().into_owned();
            let copied = connection.execute("VACUUM INTO ?1", [to]);
            copied.map(drop).map_err(|error| failed("copy itself", &error))
        })
        .await
        .map_err(|_| closed())?
    }

    /// Counts a few thousand entries of each index that has grown or shrunk much since it was last looked at.
    pub(crate) async fn take_stock(&self) -> Result<(), StoreError> {
        // All tables, whether this connection asked anything of them or not.
        self.write(vec![Statement::new("PRAGMA optimize(0x10002)")])
            .await?;
        // What was found is known to connections that are opened from now on.
        self.readers.renew();
        Ok(())
    }

    /// Writes what waits, folds the log into the file and closes it.
    pub(crate) async fn close(&self) {
        // Readers first: whoever closes last folds the log into the file, and a reader cannot.
        ended(self.readers.close()).await;
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        let writer = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        ended(writer).await;
    }
}

/// Waits for threads that come to their end.
async fn ended(threads: impl IntoIterator<Item = JoinHandle<()>, IntoIter: Send> + Send + 'static) {
    let join = || {
        for thread in threads {
            // A panic has been reported by its own hook.
            thread.join().ok();
        }
    };
    tokio::task::spawn_blocking(join).await.ok();
}

/// Whether a file is a store that this Trunkline can read, without touching it.
pub(crate) fn check(path: &Path) -> Result<(), StoreError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    match migrate::check(&connection, path)? {
        0 => Err(StoreError::CannotOpen {
            place: path.display().to_string(),
            reason: "it is no store".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Makes the file for its owner alone; what SQLite puts beside it takes over its mode.
fn make(path: &Path) -> Result<(), StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let made = options.open(path);
    made.map(drop).map_err(|error| StoreError::CannotOpen {
        place: path.display().to_string(),
        reason: error.to_string(),
    })
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| cannot_open(path, error))?;
    connection
        .busy_timeout(BUSY)
        .map_err(|error| cannot_open(path, error))?;
    connection.set_prepared_statement_cache_capacity(256);
    Ok(connection)
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn cannot_open(path: &Path, error: rusqlite::Error) -> StoreError {
    match failed("open", &error) {
        StoreError::Full => StoreError::Full,
        _ => StoreError::CannotOpen {
            place: path.display().to_string(),
            reason: reason(&error),
        },
    }
}

fn closed() -> StoreError {
    StoreError::Database {
        doing: "take more work",
        reason: "it is closed".to_owned(),
    }
}

/// The error in our words; never with the statement's values.
fn failed(doing: &'static str, error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => StoreError::Full,
        _ => StoreError::Database {
            doing,
            reason: reason(error),
        },
    }
}

fn reason(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(code, message) => message.clone().unwrap_or_else(|| code.to_string()),
        other => other.to_string(),
    }
}
