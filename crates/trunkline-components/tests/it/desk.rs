//! A mirror in a test's folder, written as a run writes it.

use std::path::Path;

use serde_json::Value;
use trunkline_mirror::storage::{Batch, Change, Storage, StorageOptions};

use crate::harness;

/// When everything was written.
pub(crate) const AT: &str = "2026-01-02T03:04:05Z";

/// Makes an empty mirror.
pub(crate) async fn make(folder: &Path) {
    let storage = Storage::open(&folder.join("mirror.db"), StorageOptions::default()).unwrap();
    storage.close().await.unwrap();
}

pub(crate) async fn write(folder: &Path, change: Change) {
    let storage = Storage::open(&folder.join("mirror.db"), StorageOptions::default()).unwrap();
    let batch = Batch {
        synced_at: harness::now(),
        changes: vec![change],
        checkpoint: None,
    };
    storage.write(batch).await.unwrap();
    storage.close().await.unwrap();
}

pub(crate) fn records(stream: &'static str, records: &[Value]) -> Change {
    Change::Records {
        stream,
        records: records.iter().map(|record| record.to_string().into()).collect(),
        pass: None,
    }
}
