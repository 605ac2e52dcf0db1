//! A mirror's file with a little of everything, made once and copied.

use std::path::Path;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use trunkline_mirror::storage::{Batch, Change, Storage, StorageOptions};

use crate::harness::now;

/// What somebody wrote who means harm.
pub(crate) const EVIL: &str = "<p>Hello</p><script>alert('evil')</script><img src=x onerror=alert(1)><a href=\"javascript:alert(2)\">x</a>";

static FILE: OnceCell<Vec<u8>> = OnceCell::const_new();

/// Puts the mirror at a path.
pub(crate) async fn put(path: &Path) {
    let bytes = FILE.get_or_init(make).await;
    std::fs::write(path, bytes).unwrap();
}

async fn make() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mirror.db");
    let storage = Storage::open(&path, StorageOptions::default()).unwrap();
    let batch = Batch {
        synced_at: now(),
        changes: changes(),
        checkpoint: None,
    };
    storage.write(batch).await.unwrap();
    storage.settle().await.unwrap();
    storage.close().await.unwrap();
    std::fs::read(&path).unwrap()
}

fn changes() -> Vec<Change> {
    let at = now().as_second();
    let contacts: Vec<Value> = (1..=5)
        .map(|number| {
            json!({
                "id": format!("k{number}"), "role": "user", "name": format!("Ann {number}"), "created_at": at, "updated_at": at,
                "email": format!("ann{number}@example.com"), "custom_attributes": { "plan": "<b>pro</b>" },
                "companies": { "data": [{ "id": "co1" }], "total_count": 1, "has_more": false },
            })
        })
        .collect();
    let conversation = json!({
        "id": "c1", "title": "Help", "state": "open", "created_at": at, "updated_at": at,
        "source": { "type": "conversation", "id": "s1", "body": EVIL, "author": { "type": "user", "id": "k1", "name": "<i>Ann" } },
        "contacts": { "contacts": [{ "type": "contact", "id": "k1" }] },
        "statistics": { "count_conversation_parts": 2 },
    });
    let part = json!({
        "id": "p1", "part_type": "comment", "body": EVIL, "created_at": at + 60, "updated_at": at + 60,
        "author": { "type": "admin", "id": "7", "name": "Grace" },
    });
    vec![
        records("contacts", &contacts),
        records(
            "companies",
            &[json!({ "id": "co1", "name": "Ducks & Co", "created_at": at, "updated_at": at })],
        ),
        records("conversations", &[conversation]),
        Change::Children {
            stream: "conversation_parts",
            parent_id: "c1".to_owned(),
            records: bytes(&[part]),
        },
        records("tags", &[json!({ "id": "t1", "name": "vip" })]),
    ]
}

fn bytes(values: &[Value]) -> Vec<Bytes> {
    values
        .iter()
        .map(|value| Bytes::from(value.to_string()))
        .collect()
}

fn records(stream: &'static str, values: &[Value]) -> Change {
    Change::Records {
        stream,
        records: bytes(values),
        pass: None,
    }
}
