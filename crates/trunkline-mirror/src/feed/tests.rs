//! What the feed promises to whoever reads it.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{ChangeKind, Feed, FeedOptions, forget_idle};
use crate::storage::{Batch, Change, ColumnRef, Storage, StorageOptions};

struct Desk {
    folder: tempfile::TempDir,
    storage: Storage,
    second: i64,
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_230_000 + second).unwrap()
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(&folder.path().join("mirror.db"), StorageOptions::default()).unwrap();
        Self {
            folder,
            storage,
            second: 0,
        }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("mirror.db")
    }

    fn feed(&self, reader: &str, keeps_before: bool) -> Feed {
        let options = FeedOptions {
            reader: reader.to_owned(),
            keeps_before,
            name: "this file".to_owned(),
            now: at(self.second),
        };
        Feed::open(&self.path(), &options).unwrap()
    }

    async fn write(&mut self, change: Change) {
        self.second += 1;
        let batch = Batch {
            synced_at: at(self.second),
            changes: vec![change],
            checkpoint: None,
        };
        self.storage.write(batch).await.unwrap();
    }

    async fn records(&mut self, stream: &'static str, records: &[Value]) {
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

    async fn contact(&mut self, id: &str, name: &str) {
        self.records(
            "contacts",
            &[json!({"id": id, "name": name, "tags": {"data": [{"id": "t1"}]}})],
        )
        .await;
    }

    fn schema(&self) -> Vec<String> {
        rusqlite::Connection::open(self.path())
            .unwrap()
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' OR name LIKE '%changes%' ORDER BY name")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap()
    }
}

/// The changes of what Intercom knows, as `table key kind before after`.
fn told(feed: &Feed, after: i64) -> Vec<String> {
    let name = |record: &Option<Value>| match record {
        Some(record) => record["name"].as_str().unwrap_or("?").to_owned(),
        None => "-".to_owned(),
    };
    feed.changes(after, 1_000)
        .unwrap()
        .iter()
        .filter(|change| change.kind != ChangeKind::Noted)
        .map(|change| {
            let merged = change
                .merged_into
                .as_ref()
                .map(|id| format!(" into {id}"))
                .unwrap_or_default();
            format!(
                "{} {} {:?} {} {}{merged}",
                change.table,
                change.key.join("+"),
                change.kind,
                name(&change.before),
                name(&change.after)
            )
        })
        .collect()
}

#[tokio::test]
async fn each_change_is_told_once_with_before_and_after() {
    let mut desk = Desk::new();
    let feed = desk.feed("flow:a", true);
    let start = feed.end().unwrap().seq;
    desk.contact("1", "Ada").await;
    desk.contact("1", "Ada").await;
    desk.contact("1", "Ada L.").await;
    desk.contact("1", "Ada Lovelace").await;
    desk.contact("2", "Bob").await;
    desk.write(Change::Alias {
        stream: "contacts",
        old_id: "2".to_owned(),
        new_id: "1".to_owned(),
    })
    .await;
    desk.write(Change::Vanished {
        stream: "contacts",
        ids: vec!["1".to_owned()],
    })
    .await;
    desk.contact("1", "Ada again").await;
    assert_eq!(
        told(&feed, start),
        [
            "contacts 1 Created - Ada",
            "contact_tags 1+t1 Created - ?",
            "contacts 1 Updated Ada Ada L.",
            "contacts 1 Updated Ada L. Ada Lovelace",
            "contacts 2 Created - Bob",
            "contact_tags 2+t1 Created - ?",
            "contacts 2 Deleted Bob - into 1",
            "contact_tags 2+t1 Deleted - -",
            "contacts 1 Deleted Ada Lovelace -",
            "contact_tags 1+t1 Deleted - -",
            "contacts 1 Created - Ada again",
            "contact_tags 1+t1 Created - ?",
        ]
    );
}

#[tokio::test]
async fn what_every_reader_has_taken_is_forgotten_and_nothing_else() {
    let mut desk = Desk::new();
    let one = desk.feed("one", false);
    let other = desk.feed("other", false);
    for name in ["a", "b", "c"] {
        desk.contact(name, name).await;
    }
    let end = one.end().unwrap();
    one.acknowledge(end.seq, at(10)).unwrap();
    assert_eq!(told(&other, 0).len(), 6);
    assert_eq!(
        (one.behind(end.seq).unwrap(), other.behind(0).unwrap() > 5),
        (0, true)
    );
    other.acknowledge(end.seq, at(10)).unwrap();
    assert_eq!(other.changes(0, 10).unwrap().len(), 1);
    assert!(one.resumes(&end).unwrap());
    desk.contact("d", "d").await;
    assert_eq!(
        told(&one, end.seq),
        ["contacts d Created - d", "contact_tags d+t1 Created - ?"]
    );
    assert_eq!(one.acknowledged().unwrap(), Some(end));
}

#[tokio::test]
async fn the_feed_is_off_before_its_first_reader_and_after_its_last() {
    let mut desk = Desk::new();
    assert!(desk.schema().is_empty());
    desk.contact("1", "Ada").await;
    let feed = desk.feed("one", false);
    let other = desk.feed("other", true);
    assert!(desk.schema().len() > 50);
    desk.contact("1", "Bob").await;
    feed.forget().unwrap();
    forget_idle(&desk.path(), at(-100)).unwrap();
    assert!(other.behind(0).unwrap() > 0);
    forget_idle(&desk.path(), at(100)).unwrap();
    assert!(desk.schema().is_empty());
    desk.contact("1", "Cy").await;
    let feed = desk.feed("one", false);
    assert!(told(&feed, 0).is_empty());
}

#[tokio::test]
async fn what_is_left_out_later_is_left_out_of_earlier_records_too() {
    let mut desk = Desk::new();
    let feed = desk.feed("flow:a", true);
    desk.records(
        "contacts",
        &[json!({"id": "1", "name": "Ada", "phone": "555-geheim"})],
    )
    .await;
    desk.records(
        "contacts",
        &[json!({"id": "1", "name": "Ada L.", "phone": "555-geheim"})],
    )
    .await;
    desk.storage.clone().close().await.unwrap();
    let options = StorageOptions {
        exclude: vec!["contacts.phone".parse::<ColumnRef>().unwrap()],
        ..StorageOptions::default()
    };
    desk.storage = Storage::open(&desk.path(), options).unwrap();
    let all = format!("{:?}", feed.changes(0, 100).unwrap());
    assert!(!all.contains("geheim"), "{all}");
}

#[tokio::test]
async fn a_reader_that_begins_takes_the_rows_that_are_there_page_by_page() {
    let mut desk = Desk::new();
    for name in ["a", "b", "c", "d", "e"] {
        desk.contact(name, name).await;
    }
    desk.write(Change::Vanished {
        stream: "contacts",
        ids: vec!["c".to_owned()],
    })
    .await;
    let feed = desk.feed("flow:a", false);
    for (table, expected) in [
        ("contacts", vec!["a", "b", "d", "e"]),
        ("contact_tags", vec!["a+t1", "b+t1", "d+t1", "e+t1"]),
    ] {
        let mut keys: Vec<String> = Vec::new();
        let mut last: Option<Vec<String>> = None;
        loop {
            let page = feed.page(table, last.as_deref(), 2).unwrap();
            let Some((key, _)) = page.last() else { break };
            last = Some(key.clone());
            keys.extend(page.iter().map(|(key, _)| key.join("+")));
        }
        assert_eq!(keys, expected);
    }
    assert!(feed.page("nothing", None, 1).is_err());
    assert!(feed.page("_trunkline_meta", None, 1).is_err());
}

#[test]
fn a_file_that_is_no_mirror_has_no_feed_and_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let options = FeedOptions {
        reader: "one".to_owned(),
        keeps_before: false,
        name: "x".to_owned(),
        now: at(0),
    };
    let missing = folder.path().join("mirror.db");
    let text = folder.path().join("text.db");
    std::fs::write(&text, "this is no database, whatever its name says").unwrap();
    for path in [&missing, &text, &folder.path().to_path_buf()] {
        assert_eq!(
            Feed::open(path, &options).unwrap_err().code(),
            "TL0205",
            "{}",
            path.display()
        );
    }
    assert!(!missing.exists());
}
