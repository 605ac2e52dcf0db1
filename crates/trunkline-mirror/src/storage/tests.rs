//! What a mirror promises, on real files.

use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::{Batch, Change, Checkpoint, Newest, Storage, StorageError, StorageOptions, Written};

mod errors;
mod files;
mod gone;
mod indexes;
mod lists;
mod model;
mod parts;
mod privacy;
mod versions;

/// A mirror in a folder of its own.
struct Desk {
    folder: tempfile::TempDir,
    storage: Storage,
    second: i64,
}

fn batch(second: i64, changes: Vec<Change>) -> Batch {
    Batch {
        synced_at: Timestamp::from_second(1_795_230_000 + second).unwrap(),
        changes,
        checkpoint: None,
    }
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

fn children(stream: &'static str, parent: &str, values: &[Value]) -> Change {
    Change::Children {
        stream,
        parent_id: parent.to_owned(),
        records: bytes(values),
    }
}

fn vanished(stream: &'static str, id: &str) -> Change {
    Change::Vanished {
        stream,
        ids: vec![id.to_owned()],
    }
}

impl Desk {
    fn new() -> Self {
        Self::with(StorageOptions::default())
    }

    fn with(options: StorageOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(&folder.path().join("mirror.db"), options).unwrap();
        Self {
            folder,
            storage,
            second: 0,
        }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("mirror.db")
    }

    async fn write(&mut self, changes: Vec<Change>) -> Written {
        self.try_write(changes).await.unwrap()
    }

    async fn try_write(&mut self, changes: Vec<Change>) -> Result<Written, StorageError> {
        self.second += 1;
        self.storage.write(batch(self.second, changes)).await
    }

    async fn reopen(self, options: StorageOptions) -> Self {
        let Self {
            folder,
            storage,
            second,
        } = self;
        storage.close().await.unwrap();
        let storage = Storage::open(&folder.path().join("mirror.db"), options).unwrap();
        Self {
            folder,
            storage,
            second,
        }
    }

    /// The rows of a query, columns joined with `|`.
    async fn rows(&self, sql: &str) -> Vec<String> {
        let sql = sql.to_owned();
        self.storage
            .read(move |connection| rows(connection, &sql))
            .await
            .unwrap()
    }
}

fn rows(connection: &Connection, sql: &str) -> Result<Vec<String>, rusqlite::Error> {
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    statement
        .query_map([], |row| {
            let values: Result<Vec<String>, rusqlite::Error> = (0..columns)
                .map(|at| {
                    Ok(match row.get::<_, rusqlite::types::Value>(at)? {
                        rusqlite::types::Value::Null => "-".to_owned(),
                        rusqlite::types::Value::Integer(value) => value.to_string(),
                        rusqlite::types::Value::Real(value) => value.to_string(),
                        rusqlite::types::Value::Text(value) => value,
                        rusqlite::types::Value::Blob(value) => format!("{} bytes", value.len()),
                    })
                })
                .collect();
            Ok(values?.join("|"))
        })?
        .collect()
}

#[tokio::test]
async fn a_record_is_written_once_and_again_only_when_it_changes() {
    let mut desk = Desk::new();
    let tag = |name: &str| records("tags", &[json!({"type": "tag", "id": "1", "name": name})]);
    let first = desk.write(vec![tag("a")]).await;
    assert_eq!((first.inserted, first.updated, first.unchanged), (1, 0, 0));
    let second = desk.write(vec![tag("a")]).await;
    assert_eq!((second.inserted, second.updated, second.unchanged), (0, 0, 1));
    let third = desk.write(vec![tag("b")]).await;
    assert_eq!((third.inserted, third.updated, third.unchanged), (0, 1, 0));
    assert_eq!(
        desk.rows("SELECT id, name, _synced_at, _deleted_at FROM tags")
            .await,
        ["1|b|2026-11-21T03:00:03Z|-"]
    );
}

#[tokio::test]
async fn a_record_that_only_reads_differently_is_restated_and_no_news() {
    let mut desk = Desk::new();
    let contact = |name: &str, seen: i64, more: Value| json!({ "id": "c", "name": name, "updated_at": seen, "more": more });
    for (value, changed, restated, newest) in [
        (contact("a", 10, json!(1)), 1, 0, vec!["c"]),
        (contact("a", 10, json!(1)), 0, 0, vec![]),
        (contact("a", 10, json!(2)), 0, 1, vec![]),
        (contact("b", 10, json!(2)), 1, 0, vec!["c"]),
        (contact("b", 11, json!(2)), 1, 0, vec!["c"]),
        (contact("b", 9, json!(3)), 0, 0, vec![]),
    ] {
        let written = desk
            .write(vec![records("contacts", std::slice::from_ref(&value))])
            .await;
        let tally = written.by_stream["contacts"];
        assert_eq!((tally.changed(), tally.restated), (changed, restated), "{value}");
        let keys = written
            .newest
            .get("contacts")
            .map(Newest::keys)
            .unwrap_or_default();
        assert_eq!(keys, newest, "{value}");
    }
    assert_eq!(desk.rows("SELECT record ->> 'more' FROM contacts").await, ["2"]);
    let gone = desk.write(vec![vanished("contacts", "c")]).await;
    assert_eq!(gone.newest["contacts"].keys(), ["c"]);
}

#[tokio::test]
async fn the_newest_of_many_changes_are_named() {
    let mut desk = Desk::new();
    let contact = |number: i64| json!({ "id": format!("c{number:02}"), "updated_at": number });
    let many: Vec<Value> = (1..=30).map(contact).collect();
    desk.write(vec![records("contacts", &many)]).await;
    let changed: Vec<Value> = (1..=30)
        .map(|number| json!({ "id": format!("c{number:02}"), "updated_at": 100 + number }))
        .collect();
    let written = desk.write(vec![records("contacts", &changed)]).await;
    let keys = written.newest["contacts"].keys();
    assert_eq!(keys, ["c30", "c29", "c28", "c27", "c26", "c25", "c24", "c23"]);
}

#[tokio::test]
async fn an_older_copy_never_overwrites_a_newer_one() {
    let mut desk = Desk::new();
    let contact =
        |name: &str, at: i64| records("contacts", &[json!({"id": "c1", "name": name, "updated_at": at})]);
    for (name, at, kept) in [
        ("new", 200, "new"),
        ("old", 100, "new"),
        ("same time", 200, "same time"),
        ("newer", 201, "newer"),
    ] {
        desk.write(vec![contact(name, at)]).await;
        assert_eq!(desk.rows("SELECT name FROM contacts").await, [kept]);
    }
}

#[tokio::test]
async fn ids_that_are_numbers_become_text() {
    let mut desk = Desk::new();
    desk.write(vec![
        records("tags", &[json!({"id": 7, "name": "seven"})]),
        records(
            "teams",
            &[json!({"id": "3", "name": "Three", "admin_ids": [814860, "x"]})],
        ),
        records(
            "conversations",
            &[json!({"id": 215_472_629_311_235_i64, "admin_assignee_id": 0})],
        ),
    ])
    .await;
    assert_eq!(desk.rows("SELECT id, typeof(id) FROM tags").await, ["7|text"]);
    assert_eq!(
        desk.rows("SELECT team_id, admin_id FROM team_admins ORDER BY 2")
            .await,
        ["3|814860", "3|x"]
    );
    assert_eq!(
        desk.rows("SELECT id, admin_assignee_id FROM conversations").await,
        ["215472629311235|0"]
    );
}

#[tokio::test]
async fn what_is_no_record_is_kept_aside_and_stops_nothing() {
    let mut desk = Desk::new();
    let change = Change::Records {
        stream: "tags",
        records: [
            r#"{"name":"no id"}"#,
            r#"{"id":null}"#,
            r#"{"id":""}"#,
            "not json",
            "[1]",
            "7",
            r#"{"id":"2""#,
            r#"{"id":"1","name":"good"}"#,
        ]
        .into_iter()
        .map(Bytes::from)
        .chain([Bytes::from_static(b"{\"id\":\"\xff\"}")])
        .collect(),
        pass: None,
    };
    let bad = Change::BadRecord {
        stream: "tags",
        error: "cut".to_owned(),
        record: Bytes::from_static(b"{"),
    };
    let written = desk.write(vec![change.clone(), bad]).await;
    assert_eq!((written.inserted, written.rejected), (1, 9));
    desk.write(vec![change]).await;
    assert_eq!(desk.rows("SELECT id, name FROM tags").await, ["1|good"]);
    let errors = desk
        .rows("SELECT error FROM _trunkline_rejects ORDER BY times DESC, error")
        .await;
    assert_eq!(errors.len(), 9);
    assert!(errors.contains(&"it has no id".to_owned()), "{errors:?}");
    let rejects = desk.storage.completeness().await.unwrap().rejects;
    assert_eq!((rejects[0].stream.as_str(), rejects[0].records), ("tags", 9));
}

#[tokio::test]
async fn a_batch_that_fails_leaves_nothing_and_the_next_one_works() {
    let mut desk = Desk::new();
    let good = records(
        "contacts",
        &[json!({"id": "c", "custom_attributes": {"Plan": "pro"}})],
    );
    let wrong = records("no_such_stream", &[json!({"id": "1"})]);
    let failed = desk
        .storage
        .write(Batch {
            checkpoint: Some(Checkpoint {
                stream: "contacts",
                cursor: json!({"page": 1}),
            }),
            ..batch(1, vec![good.clone(), wrong])
        })
        .await
        .unwrap_err();
    assert_eq!(failed.code(), "TL0210");
    assert!(desk.rows("SELECT id FROM contacts").await.is_empty());
    assert_eq!(desk.storage.checkpoint("contacts").await.unwrap(), None);
    assert!(desk.rows("SELECT * FROM _trunkline_attributes").await.is_empty());
    desk.storage
        .write(Batch {
            checkpoint: Some(Checkpoint {
                stream: "contacts",
                cursor: json!({"page": 1}),
            }),
            ..batch(2, vec![good])
        })
        .await
        .unwrap();
    assert_eq!(
        desk.storage.checkpoint("contacts").await.unwrap(),
        Some(json!({"page": 1}))
    );
    assert_eq!(desk.rows("SELECT \"Plan\" FROM contacts_custom").await, ["pro"]);
    desk.write(vec![]).await;
}

#[tokio::test]
async fn a_batch_among_others_fails_alone() {
    let desk = Desk::new();
    let writes = (0..20).map(|number| {
        let stream = if number == 7 { "no_such_stream" } else { "tags" };
        desk.storage
            .write(batch(number, vec![records(stream, &[json!({"id": number})])]))
    });
    let answers = futures::future::join_all(writes).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 1);
    assert_eq!(desk.rows("SELECT count(*) FROM tags").await, ["19"]);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_without_closing() {
    let desk = Desk::new();
    desk.storage
        .write(batch(1, vec![records("tags", &[json!({"id": "1"})])]))
        .await
        .unwrap();
    // A killed process leaves the file and its log as they are now.
    let copy = tempfile::tempdir().unwrap();
    for name in ["mirror.db", "mirror.db-wal"] {
        std::fs::copy(desk.folder.path().join(name), copy.path().join(name)).unwrap();
    }
    let reopened = Storage::open(&copy.path().join("mirror.db"), StorageOptions::default()).unwrap();
    assert_eq!(
        reopened
            .known_ids("tags", vec!["1".to_owned(), "2".to_owned()])
            .await
            .unwrap(),
        ["1"]
    );
}
