//! A mirror file that is written as a run would write it.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    storage::{Batch, Change, Checkpoint, Storage, StorageOptions},
    targets::Moment,
};

/// Feeds of one test process have different names.
static FEEDS: AtomicU32 = AtomicU32::new(0);

pub(super) struct Desk {
    folder: tempfile::TempDir,
    storage: Option<Storage>,
    second: i64,
}

pub(super) fn contact(id: &str, custom: Value) -> Value {
    let mut contact = json!({
        "type": "contact", "id": id, "role": "user", "email": format!("{id}@example.com"), "name": format!("N\n{id}"),
        "unsubscribed_from_emails": false, "location": {"city": "Ber\u{fc}n"}, "created_at": 1_700_000_000,
    });
    contact["custom_attributes"] = custom;
    contact
}

pub(super) fn conversation(id: &str, contacts: &[&str], tags: &[&str]) -> Value {
    let list = |ids: &[&str]| -> Vec<Value> { ids.iter().map(|id| json!({"id": id})).collect() };
    json!({
        "id": id, "open": true, "state": "open",
        "contacts": {"contacts": list(contacts)},
        "tags": {"tags": list(tags)},
        "source": {"body": "<p>Hello</p>", "attachments": []},
        "statistics": {"count_conversation_parts": 4},
        "custom_attributes": {"kind": "bug"},
    })
}

impl Desk {
    pub(super) fn new() -> Self {
        Self::with(StorageOptions::default())
    }

    pub(super) fn with_history() -> Self {
        Self::with(StorageOptions {
            history: true,
            ..StorageOptions::default()
        })
    }

    /// A mirror that leaves columns out.
    pub(super) fn without(columns: &[&str]) -> Self {
        Self::with(leaving_out(columns))
    }

    /// The same file, opened again with columns left out.
    pub(super) async fn leave_out(&mut self, columns: &[&str]) {
        self.storage.take().unwrap().close().await.unwrap();
        self.storage = Some(Storage::open(&self.path(), leaving_out(columns)).unwrap());
    }

    fn with(options: StorageOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(&folder.path().join("mirror.db"), options).unwrap();
        Self {
            folder,
            storage: Some(storage),
            second: 0,
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("mirror.db")
    }

    pub(super) fn moment(&self) -> Moment {
        Moment {
            now: at(self.second),
            feed: format!("feed {}", FEEDS.fetch_add(1, Ordering::Relaxed)),
        }
    }

    async fn write(&mut self, change: Change) {
        self.second += 1;
        let storage = self.storage.as_ref().unwrap();
        let batch = Batch {
            synced_at: at(self.second),
            changes: vec![change],
            checkpoint: Some(Checkpoint {
                stream: "contacts",
                cursor: json!({ "at": self.second }),
            }),
        };
        storage.write(batch).await.unwrap();
    }

    pub(super) async fn workspace(&mut self, id_code: &str) {
        self.write(Change::Workspace {
            id_code: id_code.to_owned(),
            name: "Acme".to_owned(),
            time_zone: "Europe/Berlin".to_owned(),
            region: "EU".to_owned(),
            version: "2.16".to_owned(),
        })
        .await;
    }

    pub(super) async fn records(&mut self, stream: &'static str, records: &[Value]) {
        self.write(Change::Records {
            stream,
            records: records
                .iter()
                .map(|record| Bytes::from(record.to_string()))
                .collect(),
            pass: None,
        })
        .await;
    }

    pub(super) async fn raw(&mut self, stream: &'static str, record: &str) {
        self.write(Change::Records {
            stream,
            records: vec![Bytes::from(record.to_owned())],
            pass: None,
        })
        .await;
    }

    pub(super) async fn parts(&mut self, conversation: &str, ids: &[&str]) {
        let records = ids
            .iter()
            .map(|id| json!({"id": id, "part_type": "comment", "body": format!("<b>{id}</b>")}))
            .map(|record| Bytes::from(record.to_string()))
            .collect();
        self.write(Change::Parts {
            conversation_id: conversation.to_owned(),
            records,
            total_count: Some(4),
            stated: Some(3),
        })
        .await;
    }

    pub(super) async fn vanish(&mut self, stream: &'static str, id: &str) {
        self.write(Change::Vanished {
            stream,
            ids: vec![id.to_owned()],
        })
        .await;
    }

    pub(super) async fn merge(&mut self, stream: &'static str, old: &str, new: &str) {
        self.write(Change::Alias {
            stream,
            old_id: old.to_owned(),
            new_id: new.to_owned(),
        })
        .await;
    }

    /// A copy of the file as it is now.
    pub(super) fn copy(&self) -> PathBuf {
        let copy = self.folder.path().join("copy.db");
        let connection = rusqlite::Connection::open(self.path()).unwrap();
        connection
            .execute("VACUUM INTO ?1", [copy.to_str().unwrap()])
            .unwrap();
        copy
    }

    /// The mirror as a backup has it.
    pub(super) fn restore(mut self, backup: &Path) -> Self {
        drop(self.storage.take());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mirror.db");
        std::fs::copy(backup, &path).unwrap();
        Self {
            storage: Some(Storage::open(&path, StorageOptions::default()).unwrap()),
            folder,
            second: self.second + 100,
        }
    }
}

fn leaving_out(columns: &[&str]) -> StorageOptions {
    StorageOptions {
        exclude: columns.iter().map(|column| column.parse().unwrap()).collect(),
        ..StorageOptions::default()
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_230_000 + second).unwrap()
}
