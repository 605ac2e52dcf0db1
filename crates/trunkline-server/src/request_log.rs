//! The request log in the store: records are handed over, written together by a task of their own, and forgotten by age.
//!
//! The one rule: no call ever waits for it. A record that finds no room is dropped and counted; a store that fails costs the records
//! that it was given. Records arrive redacted, without bodies, and are written down as they are.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Duration, sleep},
};
use trunkline_client::{RequestLog, RequestRecord};
use trunkline_store::{Connection, Request, Store};

/// Records that may wait.
const ROOM: usize = 4_096;
/// Records that are written together.
const TOGETHER: usize = 512;
/// How long a record waits for others to be written with.
const LINGER: Duration = Duration::from_millis(200);

/// The log of a connection that wants one.
pub(crate) fn of(store: &Arc<Store>, connection: &Connection) -> Option<Arc<StoredLog>> {
    connection
        .details
        .logs_requests
        .then(|| Arc::new(StoredLog::new(Arc::clone(store), &connection.id)))
}

/// Keeps the requests of one connection.
#[derive(Debug)]
pub struct StoredLog {
    connection: String,
    records: Mutex<Option<mpsc::Sender<Request>>>,
    writing: Mutex<Option<JoinHandle<()>>>,
    dropped: Arc<AtomicU64>,
}

impl StoredLog {
    /// A log for the connection of this id.
    #[must_use]
    pub fn new(store: Arc<Store>, connection: &str) -> Self {
        let (records, waiting) = mpsc::channel(ROOM);
        Self {
            connection: connection.to_owned(),
            records: Mutex::new(Some(records)),
            writing: Mutex::new(Some(tokio::spawn(write(store, waiting)))),
            dropped: Arc::default(),
        }
    }

    /// How many records found no room.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Writes what waits and takes no more.
    pub async fn close(&self) {
        self.records.lock().unwrap_or_else(PoisonError::into_inner).take();
        let writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writing) = writing {
            // A panic in it has been reported by its own hook.
            writing.await.ok();
        }
        let dropped = self.dropped();
        if dropped > 0 {
            tracing::warn!(
                dropped,
                "requests were left out of the log: they came faster than the store took them"
            );
        }
    }
}

impl RequestLog for StoredLog {
    fn record(&self, record: &RequestRecord) {
        let kept = serde_json::to_string(record).ok().zip(record.at.parse().ok());
        let Some((text, at)) = kept else {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let request = Request {
            seq: 0,
            connection: self.connection.clone(),
            at,
            status: record.status,
            record: text,
        };
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        if records
            .as_ref()
            .is_none_or(|records| records.try_send(request).is_err())
        {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Writes until nobody is left who could bring records.
async fn write(store: Arc<Store>, mut waiting: mpsc::Receiver<Request>) {
    let mut some = Vec::with_capacity(TOGETHER);
    while waiting.recv_many(&mut some, TOGETHER).await > 0 {
        if let Err(error) = store.log_requests(&some).await {
            tracing::warn!(code = error.code(), %error, lost = some.len(), "requests could not be logged");
        }
        some.clear();
        if !waiting.is_closed() {
            sleep(LINGER).await;
        }
    }
}

/// Two logs at once: a file that was asked for, and the store.
#[derive(Debug)]
pub(crate) struct Both(pub(crate) Arc<dyn RequestLog>, pub(crate) Arc<StoredLog>);

impl RequestLog for Both {
    fn wants_bodies(&self) -> bool {
        self.0.wants_bodies()
    }

    fn record(&self, record: &RequestRecord) {
        self.0.record(record);
        self.1.record(&record.without_bodies());
    }
}
