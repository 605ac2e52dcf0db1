//! The threads that read: few, each with a connection of its own that stays open for the next question.
//!
//! The one rule: a thread is back among the idle before its turn is given on, so there are never more threads than turns, however
//! slowly the system lets them run.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, mpsc},
    thread::{Builder, JoinHandle},
};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{closed, connect, failed, rows};
use crate::{
    StoreError,
    database::{Row, Statement},
};

/// How many questions are answered at a time; opening a connection costs more than most questions, and each has memory of its own.
const MOST: usize = 8;

type Answer = Result<Vec<Row>, StoreError>;
/// Those that wait for a question; none when it is closed.
type Idle = Mutex<Option<Vec<mpsc::Sender<Ask>>>>;

/// A question, who waits for its answer, and by what the thread is asked again.
#[derive(Debug)]
struct Ask {
    statement: Statement,
    answer: oneshot::Sender<Answer>,
    thread: mpsc::Sender<Self>,
    turn: OwnedSemaphorePermit,
}

/// The threads that read a file. They end with it, or when it is closed.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    turns: Arc<Semaphore>,
    idle: Arc<Idle>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Readers {
    pub(super) fn of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            turns: Arc::new(Semaphore::new(MOST)),
            idle: Arc::new(Mutex::new(Some(Vec::new()))),
            threads: Mutex::default(),
        }
    }

    /// Asks when a turn is free.
    pub(super) async fn read(&self, statement: Statement) -> Answer {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|_| closed())?;
        let thread = match locked(&self.idle).as_mut() {
            Some(idle) => idle.pop(),
            None => return Err(closed()),
        };
        let thread = match thread {
            Some(thread) => thread,
            None => self.start()?,
        };
        let (answer, answered) = oneshot::channel();
        let ask = Ask {
            statement,
            answer,
            thread: thread.clone(),
            turn,
        };
        thread.send(ask).map_err(|_| closed())?;
        drop(thread);
        answered.await.map_err(|_| closed())?
    }

    fn start(&self) -> Result<mpsc::Sender<Ask>, StoreError> {
        let (thread, asks) = mpsc::channel();
        let (path, idle) = (self.path.clone(), Arc::downgrade(&self.idle));
        let handle = Builder::new()
            .name("store-reader".to_owned())
            .spawn(move || run(&path, &idle, &asks))
            .map_err(|error| StoreError::CannotOpen {
                place: self.path.display().to_string(),
                reason: format!("a reading thread did not start: {error}"),
            })?;
        let mut threads = locked(&self.threads);
        threads.retain(|thread| !thread.is_finished());
        threads.push(handle);
        Ok(thread)
    }

    /// Lets those that wait go, with their connections; whoever asks next gets a new one.
    pub(super) fn renew(&self) {
        if let Some(idle) = locked(&self.idle).as_mut() {
            idle.clear();
        }
    }

    /// Takes no more questions, and returns the threads, which end with what they are at.
    pub(super) fn close(&self) -> Vec<JoinHandle<()>> {
        locked(&self.idle).take();
        std::mem::take(&mut locked(&self.threads))
    }
}

/// Answers until nobody can ask any more.
fn run(path: &Path, idle: &Weak<Idle>, asks: &mpsc::Receiver<Ask>) {
    let mut connection = None;
    while let Ok(Ask {
        statement,
        answer,
        thread,
        turn,
    }) = asks.recv()
    {
        let rows = all(path, &mut connection, &statement);
        if let Some(idle) = idle.upgrade()
            && let Some(idle) = locked(&idle).as_mut()
        {
            idle.push(thread);
        }
        drop(turn);
        // Whoever went away has no use for it.
        answer.send(rows).ok();
    }
}

fn all(path: &Path, connection: &mut Option<Connection>, statement: &Statement) -> Answer {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?),
    };
    let done = rows::all(connection, statement).map_err(|error| failed("read", &error))?;
    Ok(done.rows)
}

fn locked<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count() -> Statement {
        Statement::new("SELECT count(*) FROM sqlite_schema")
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn however_many_ask_there_are_no_more_threads_than_turns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        Connection::open(&path).unwrap();
        let readers = Arc::new(Readers::of(&path));
        let asked = (0..500).map(|_| {
            let readers = Arc::clone(&readers);
            tokio::spawn(async move { readers.read(count()).await.unwrap() })
        });
        for asked in asked.collect::<Vec<_>>() {
            asked.await.unwrap();
        }
        assert!(locked(&readers.threads).len() <= MOST);
        let idle = locked(&readers.idle).as_ref().map_or(0, Vec::len);
        assert!((1..=MOST).contains(&idle), "{idle}");
        readers.renew();
        assert_eq!(readers.read(count()).await.unwrap().len(), 1);
        for thread in readers.close() {
            thread.join().unwrap();
        }
        assert!(readers.read(count()).await.is_err());
    }

    #[tokio::test]
    async fn a_question_that_fails_or_is_given_up_leaves_its_thread_to_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let readers = Readers::of(&path);
        assert!(readers.read(count()).await.is_err(), "there is no file yet");
        Connection::open(&path).unwrap();
        assert!(readers.read(Statement::new("SELECT wrong")).await.is_err());
        for _ in 0..3 * MOST {
            let asked = readers.read(count());
            tokio::pin!(asked);
            let polled = std::future::poll_fn(|context| {
                std::task::Poll::Ready(asked.as_mut().poll(context).is_ready())
            });
            polled.await;
        }
        assert_eq!(readers.read(count()).await.unwrap().len(), 1);
        assert!(locked(&readers.threads).len() <= MOST);
    }
}
