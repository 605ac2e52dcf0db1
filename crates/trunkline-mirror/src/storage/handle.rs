//! The handle that everyone holds: sends batches to the writer thread and closures to the reader thread.
//!
//! The one rule: nothing here touches the writing connection; it lives on its own thread and dies with it.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{Batch, StorageError, StorageOptions, Written, opening, writer};

/// How many batches may wait for the writer; the next one waits outside.
const QUEUED_BATCHES: usize = 8;
/// How many reads may wait for the reader.
const QUEUED_READS: usize = 16;

type Question = Box<dyn FnOnce(Result<&Connection, StorageError>) + Send>;

/// What the reader is asked to do.
enum Read {
    Answer(Question),
    /// Let go of the file.
    Close(oneshot::Sender<()>),
}

/// A mirror that is open for writing. Clones share one writer.
#[derive(Clone)]
pub struct Storage {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    batches: mpsc::Sender<writer::Job>,
    reads: mpsc::Sender<Read>,
    threads: Mutex<Option<[JoinHandle<()>; 2]>>,
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage")
            .field("path", &self.shared.path)
            .finish_non_exhaustive()
    }
}

impl Storage {
    /// Opens the mirror, or makes it, and brings its tables up to this program's.
    ///
    /// # Errors
    /// When the file is locked, read-only, newer, damaged or something else: see [`StorageError`].
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the options belong to the mirror from here on"
    )]
    pub fn open(path: &Path, options: StorageOptions) -> Result<Self, StorageError> {
        let engine = opening::open(path, &options)?;
        let (batches, queue) = mpsc::channel(QUEUED_BATCHES);
        let (reads, questions) = mpsc::channel(QUEUED_READS);
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(work)
                .map_err(|error| StorageError::CannotOpen {
                    path: path.to_path_buf(),
                    reason: error.to_string(),
                })
        };
        let write = spawn("mirror-writer", Box::new(move || writer::run(engine, queue)))?;
        let file = path.to_path_buf();
        let read = spawn("mirror-reader", Box::new(move || answer(&file, questions)))?;
        Ok(Self {
            shared: Arc::new(Shared {
                path: path.to_path_buf(),
                batches,
                reads,
                threads: Mutex::new(Some([read, write])),
            }),
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Applies a batch and its checkpoint in one transaction; the answer comes after the commit.
    ///
    /// # Errors
    /// When the batch could not be committed: then nothing of it is kept.
    pub async fn write(&self, batch: Batch) -> Result<Written, StorageError> {
        let (reply, answer) = oneshot::channel();
        let job = writer::Job::Write { batch, reply };
        self.shared.batches.send(job).await.map_err(|_| self.closed())?;
        answer.await.map_err(|_| self.closed())?
    }

    /// What a run ends with: makes the indexes for questions that tables with rows lack, and computes the minutes within
    /// office hours of what changed. It takes a moment after the first reading of a large workspace, and next to nothing later.
    ///
    /// # Errors
    /// When they could not be made; the rows are as they were.
    pub async fn settle(&self) -> Result<(), StorageError> {
        let (reply, answer) = oneshot::channel();
        let job = writer::Job::Index { reply };
        self.shared.batches.send(job).await.map_err(|_| self.closed())?;
        answer.await.map_err(|_| self.closed())?
    }

    /// Runs `f` on a read-only connection of its own thread; it sees everything that [`Storage::write`] answered.
    ///
    /// # Errors
    /// What `f` answers, and when the mirror is closed.
    pub async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, StorageError> {
        let (reply, answer) = oneshot::channel();
        let path = self.shared.path.clone();
        let question: Question = Box::new(move |connection| {
            let result = connection.and_then(|connection| {
                f(connection).map_err(|error| StorageError::from_sqlite(&path, "reading", error))
            });
            // A caller that went away needs no answer.
            drop(reply.send(result));
        });
        self.shared
            .reads
            .send(Read::Answer(question))
            .await
            .map_err(|_| self.closed())?;
        answer.await.map_err(|_| self.closed())?
    }

    /// Waits for what was sent, folds the write-ahead log into the file and lets go of it. Other clones are closed too.
    ///
    /// # Errors
    /// When the mirror is closed already.
    pub async fn close(self) -> Result<(), StorageError> {
        let threads = match self.shared.threads.lock() {
            Ok(mut threads) => threads.take(),
            Err(_) => None,
        };
        let Some([read, write]) = threads else {
            return Err(self.closed());
        };
        let (reply, answer) = oneshot::channel();
        let (read_reply, read_answer) = oneshot::channel();
        // The reader goes first: the last connection to close is the one that folds the log.
        self.shared
            .reads
            .send(Read::Close(read_reply))
            .await
            .map_err(|_| self.closed())?;
        read_answer.await.map_err(|_| self.closed())?;
        self.shared
            .batches
            .send(writer::Job::Close { reply })
            .await
            .map_err(|_| self.closed())?;
        answer.await.map_err(|_| self.closed())?;
        let joined = tokio::task::spawn_blocking(move || {
            drop(read.join());
            drop(write.join());
        });
        drop(joined.await);
        Ok(())
    }

    fn closed(&self) -> StorageError {
        StorageError::Closed {
            path: self.shared.path.clone(),
        }
    }
}

/// The reader thread: opens its connection when the first question comes.
fn answer(path: &Path, mut questions: mpsc::Receiver<Read>) {
    let mut connection = None;
    while let Some(read) = questions.blocking_recv() {
        let question = match read {
            Read::Answer(question) => question,
            Read::Close(reply) => {
                questions.close();
                drop(connection);
                // Whoever closes may have gone away.
                let _ = reply.send(());
                return;
            }
        };
        if connection.is_none() {
            match opening::reader(path) {
                Ok(opened) => connection = Some(opened),
                Err(error) => {
                    question(Err(error));
                    continue;
                }
            }
        }
        if let Some(connection) = &connection {
            question(Ok(connection));
        }
    }
}
