//! A mirror that was made by hand, looked through: what is there, what is not, and what must not be.

use std::collections::BTreeSet;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Brake, BrowseError, EntryKind, Filter, How, PageQuestion, Reader, Side, Version};
use crate::storage::{Batch, Change, Storage, StorageOptions};

/// A mirror in a folder of its own.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
    storage: Storage,
    second: i64,
}

impl Desk {
    fn new(history: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = StorageOptions {
            history,
            ..StorageOptions::default()
        };
        let storage = Storage::open(&folder.path().join("mirror.db"), options).unwrap();
        Self {
            folder,
            storage,
            second: 0,
        }
    }

    pub(crate) async fn write(&mut self, changes: Vec<Change>) {
        self.second += 1;
        let batch = Batch {
            synced_at: Timestamp::from_second(1_795_230_000 + self.second).unwrap(),
            changes,
            checkpoint: None,
        };
        self.storage.write(batch).await.unwrap();
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("mirror.db")
    }

    fn reader(&self) -> Reader {
        Reader::open(&self.path(), &Brake::default()).unwrap()
    }

    pub(crate) async fn full() -> Self {
        let mut desk = Self::new(true);
        let contacts: Vec<Value> = (0..25).map(|number| contact(number, "Ann")).collect();
        desk.write(vec![
            records("contacts", &contacts),
            records(
                "companies",
                &[json!({ "id": "co1", "name": "Ducks & Co", "company_id": "own-1" })],
            ),
            records("tags", &[json!({ "id": "t1", "name": "vip" })]),
            records("admins", &[json!({ "id": "7", "name": "Grace" })]),
            records("teams", &[json!({ "id": "9", "name": "Support" })]),
            records("conversations", &[conversation()]),
            Change::Children {
                stream: "conversation_parts",
                parent_id: "c1".to_owned(),
                records: bytes(&parts()),
            },
        ])
        .await;
        desk.write(vec![records("contacts", &[contact(3, "Zoë")])]).await;
        desk.storage.settle().await.unwrap();
        desk
    }
}

fn bytes(values: &[Value]) -> Vec<Bytes> {
    values
        .iter()
        .map(|value| Bytes::from(value.to_string()))
        .collect()
}

pub(crate) fn records(stream: &'static str, values: &[Value]) -> Change {
    Change::Records {
        stream,
        records: bytes(values),
        pass: None,
    }
}

pub(crate) fn contact(number: u32, name: &str) -> Value {
    json!({
        "type": "contact", "id": format!("k{number:02}"), "role": "user", "name": name,
        // Every third has no address, so that sorting meets what has no value.
        "email": (!number.is_multiple_of(3)).then(|| format!("p{}@example.com", number / 2)),
        "created_at": 1_795_000_000 + i64::from(number), "updated_at": 1_795_000_000 + i64::from(number),
        "custom_attributes": { "plan": "pro", "seats": number },
        "tags": { "data": [{ "id": "t1" }], "total_count": 1, "has_more": false },
        "companies": { "data": [{ "id": "co1" }], "total_count": 1, "has_more": false },
    })
}

fn conversation() -> Value {
    json!({
        "type": "conversation", "id": "c1", "title": "<p>Help &amp; more</p>", "state": "closed", "created_at": 1_795_000_000,
        "updated_at": 1_795_000_900, "admin_assignee_id": 7, "team_assignee_id": "9",
        "source": {
            "type": "conversation", "id": "s1", "body": "<p>Hello <script>alert(1)</script></p>",
            "author": { "type": "user", "id": "k03", "name": "Zoë" },
            "attachments": [{ "name": "a.png", "url": "https://files.example/a.png", "content_type": "image/png", "filesize": 12 }],
        },
        "contacts": { "contacts": [{ "type": "contact", "id": "k03" }] },
        "tags": { "tags": [{ "id": "t1", "name": "vip" }] },
        "statistics": { "count_conversation_parts": 9 },
        "conversation_rating": { "rating": 4, "remark": "fine" },
    })
}

pub(crate) fn parts() -> Vec<Value> {
    let part = |id: u32, kind: &str, author: Value, body: Option<&str>| {
        json!({
            "type": "conversation_part", "id": id.to_string(), "part_type": kind, "author": author, "body": body,
            "created_at": 1_795_000_000 + i64::from(id), "updated_at": 1_795_000_000 + i64::from(id),
            "assigned_to": (kind == "assignment").then(|| json!({ "type": "admin", "id": "7" })),
        })
    };
    let grace = || json!({ "type": "admin", "id": "7", "name": "Grace" });
    vec![
        part(
            1,
            "assignment",
            json!({ "type": "bot", "id": "1", "name": "Fin" }),
            None,
        ),
        part(2, "note", grace(), Some("<p>careful</p>")),
        part(3, "comment", grace(), Some("<p>Here you are</p>")),
        part(4, "close", grace(), None),
        part(
            10,
            "comment",
            json!({ "type": "user", "id": "k03" }),
            Some("<p>Thanks</p>"),
        ),
    ]
}

/// Every row of a stream, page by page, by its key.
fn walked(reader: &Reader, stream: &str, question: &PageQuestion) -> Vec<String> {
    let mut question = question.clone();
    let mut keys = Vec::new();
    loop {
        let page = reader.page(stream, &question).unwrap();
        assert!(page.rows.len() <= question.limit as usize);
        keys.extend(page.rows.into_iter().map(|(key, _)| key));
        match page.next {
            Some(next) => question.after = Some(next),
            None => return keys,
        }
    }
}

#[tokio::test]
async fn pages_show_every_row_once_whatever_they_are_sorted_by() {
    let desk = Desk::full().await;
    let reader = desk.reader();
    for sort in [None, Some("id"), Some("email"), Some("external_id")] {
        for rising in [false, true] {
            let mut orders = BTreeSet::new();
            for limit in [1, 2, 7, 25, 26, 100] {
                let question = PageQuestion {
                    sort: sort.map(str::to_owned),
                    rising,
                    limit,
                    ..PageQuestion::default()
                };
                let keys = walked(&reader, "contacts", &question);
                let once: BTreeSet<&String> = keys.iter().collect();
                assert_eq!((keys.len(), once.len()), (25, 25), "{sort:?} {rising} {limit}");
                orders.insert(keys);
            }
            assert_eq!(
                orders.len(),
                1,
                "{sort:?} {rising}: the order hangs on the size of a page"
            );
        }
    }
    let by_id = PageQuestion {
        sort: Some("id".to_owned()),
        rising: true,
        limit: 10,
        ..PageQuestion::default()
    };
    assert!(walked(&reader, "contacts", &by_id).is_sorted());
    let pairs = walked(
        &reader,
        "contact_tags",
        &PageQuestion {
            limit: 4,
            ..PageQuestion::default()
        },
    );
    assert_eq!(pairs.len(), 25);
    assert!(pairs[0].starts_with("[\"k24\""), "{}", pairs[0]);
}

#[tokio::test]
async fn rows_are_narrowed_by_any_column() {
    let desk = Desk::full().await;
    let reader = desk.reader();
    let found = |column: &str, how: How, value: &str| {
        let question = PageQuestion {
            filter: Some(Filter {
                column: column.to_owned(),
                how,
                value: value.to_owned(),
            }),
            limit: 4,
            ..PageQuestion::default()
        };
        walked(&reader, "contacts", &question).len()
    };
    assert_eq!(found("name", How::Is, "Zoë"), 1);
    assert_eq!(found("name", How::Contains, "NN"), 24);
    assert_eq!(found("name", How::Begins, "An"), 24);
    assert_eq!(found("name", How::Begins, "a'; DROP TABLE contacts; --"), 0);
    assert_eq!(found("email", How::Empty, ""), 9);
    assert_eq!(found("email", How::Filled, ""), 16);
    assert_eq!(found("id", How::Above, "k20"), 4);
    assert_eq!(found("id", How::Below, "k02"), 2);
}

#[tokio::test]
async fn what_cannot_be_asked_of_a_page_is_refused_with_its_field() {
    let desk = Desk::full().await;
    let reader = desk.reader();
    let ask = |stream: &str, change: &dyn Fn(&mut PageQuestion)| {
        let mut question = PageQuestion {
            limit: 5,
            ..PageQuestion::default()
        };
        change(&mut question);
        reader.page(stream, &question).unwrap_err()
    };
    assert_eq!(ask("nothing", &|_| {}).code(), "TL0981");
    assert_eq!(ask("_trunkline_meta", &|_| {}).code(), "TL0981");
    assert_eq!(ask("contacts; DROP TABLE contacts", &|_| {}).code(), "TL0981");
    let field = |error: BrowseError| match error {
        BrowseError::Bad { field, .. } => field,
        other => panic!("{other}"),
    };
    assert_eq!(
        field(ask("contacts", &|question| question.sort = Some("name".to_owned()))),
        "sort"
    );
    assert_eq!(
        field(ask("contacts", &|question| question.sort = Some("rowid".to_owned()))),
        "sort"
    );
    for after in ["", "1", "[]", "{}", "[1,2,3]", "[[1]]", "[{}]"] {
        assert_eq!(
            field(ask("contacts", &|question| question.after = Some(after.to_owned()))),
            "after"
        );
    }
    let narrowed = ask("contacts", &|question| {
        question.filter = Some(Filter {
            column: "1) OR (1=1".to_owned(),
            how: How::Is,
            value: String::new(),
        });
    });
    assert_eq!(field(narrowed), "column");
}

#[tokio::test]
async fn a_record_has_its_fields_its_attributes_its_whole_and_its_versions() {
    let desk = Desk::full().await;
    let reader = desk.reader();
    let record = reader.record("contacts", "k03").unwrap();
    let name = record.fields.iter().find(|field| field.name == "name").unwrap();
    assert_eq!((&name.value, name.summary.is_empty()), (&json!("Zoë"), false));
    assert_eq!(record.custom["seats"], 3);
    assert_eq!(record.record.unwrap()["role"], "user");
    let history = record.history.unwrap();
    let [now, before] = history.as_slice() else {
        panic!("{history:?}");
    };
    let [change] = now.changes.as_slice() else {
        panic!("{now:?}");
    };
    assert_eq!(
        (change.column.as_str(), &change.before, &change.after),
        ("name", &json!("Ann"), &json!("Zoë"))
    );
    assert!(before.changes.is_empty() && before.to.is_some());
    let _: &Version = before;
    let pair = reader.record("contact_tags", "[\"k03\",\"t1\"]").unwrap();
    assert!(pair.record.is_none() && pair.custom.is_empty());
    for key in ["", "k99", "[\"k03\"]", "null"] {
        assert_eq!(
            reader.record("contacts", key).unwrap_err().code(),
            "TL0981",
            "{key}"
        );
        assert_eq!(
            reader.record("contact_tags", key).unwrap_err().code(),
            "TL0981",
            "{key}"
        );
    }
}

#[tokio::test]
async fn a_conversation_reads_as_a_thread() {
    let desk = Desk::full().await;
    let thread = desk.reader().thread("c1").unwrap();
    assert_eq!(thread.title, "Help & more");
    let seen: Vec<_> = thread
        .entries
        .iter()
        .map(|entry| (entry.kind, entry.side, entry.author.name.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (EntryKind::Message, Side::Theirs, "Zoë"),
            (EntryKind::Change, Side::Machine, "Fin"),
            (EntryKind::Note, Side::Ours, "Grace"),
            (EntryKind::Message, Side::Ours, "Grace"),
            (EntryKind::Change, Side::Ours, "Grace"),
            (EntryKind::Message, Side::Theirs, "A contact"),
        ]
    );
    assert_eq!(thread.entries[0].files[0].name, "a.png");
    assert_eq!(thread.entries[1].change.as_deref(), Some("assigned it to Grace"));
    assert_eq!(thread.missing, 3, "eight parts are stated, five are held");
    let fact = |name: &str| {
        thread
            .facts
            .iter()
            .find(|fact| fact.name == name)
            .map(|fact| fact.value.as_str())
    };
    assert_eq!(
        (fact("Team"), fact("Rating")),
        (Some("Support"), Some("4 of 5: fine"))
    );
    let names: Vec<_> = thread
        .related
        .iter()
        .map(|one| (one.stream, one.name.as_str()))
        .collect();
    assert_eq!(names, [("contacts", "Zoë"), ("tags", "vip")]);
    assert_eq!(desk.reader().thread("none").unwrap_err().code(), "TL0981");
}

#[tokio::test]
async fn what_belongs_to_a_contact_and_a_company_is_found() {
    let desk = Desk::full().await;
    let reader = desk.reader();
    let names = |about, id: &str| -> Vec<(&'static str, String)> {
        let related = reader.related_to(about, id).unwrap();
        related.into_iter().map(|one| (one.stream, one.name)).collect()
    };
    let expected = [
        ("companies", "Ducks & Co"),
        ("tags", "vip"),
        ("conversations", "Help & more"),
    ];
    assert_eq!(
        names(super::About::Contact, "k03"),
        expected.map(|(stream, name)| (stream, name.to_owned()))
    );
    let company = names(super::About::Company, "co1");
    assert_eq!(
        company.iter().filter(|(stream, _)| *stream == "contacts").count(),
        25
    );
    assert!(company.contains(&("conversations", "Help & more".to_owned())));
}

#[tokio::test]
async fn a_mirror_tells_what_it_holds() {
    let desk = Desk::full().await;
    let reader = desk.reader();
    let streams = reader.streams().unwrap();
    let contacts = streams.iter().find(|stream| stream.name == "contacts").unwrap();
    assert_eq!((contacts.rows, contacts.deleted), (25, 0));
    assert_eq!(reader.truncated(5).unwrap(), (0, Vec::new()));
    let shapes = reader.shapes().unwrap();
    let views: Vec<&str> = shapes
        .iter()
        .filter(|shape| shape.is_view)
        .map(|shape| shape.name.as_str())
        .collect();
    for model in crate::analytics::models::MODELS {
        assert!(views.contains(&model.name), "{}: {views:?}", model.name);
    }
    let contacts = shapes.iter().find(|shape| shape.name == "contacts").unwrap();
    let email = contacts
        .columns
        .iter()
        .find(|column| column.name == "email")
        .unwrap();
    assert!(email.is_indexed && !email.is_large);
}

#[tokio::test]
async fn sql_answers_and_what_is_too_much_is_cut() {
    let desk = Desk::full().await;
    let reader = desk.reader();
    let rows = reader.first_rows(
        "SELECT role, count(*) AS n, 1.5, NULL FROM contacts GROUP BY 1",
        10,
        1_000,
    );
    let rows = rows.unwrap();
    assert_eq!(rows.columns, ["role", "n", "1.5", "NULL"]);
    assert_eq!(rows.rows, [[json!("user"), json!(25), json!(1.5), Value::Null]]);
    assert!(!rows.is_cut);
    let cut = reader.first_rows("SELECT id FROM contacts", 4, 1_000).unwrap();
    assert_eq!((cut.rows.len(), cut.is_cut), (4, true));
    let exact = reader
        .first_rows("SELECT id FROM contacts -- all\n;", 25, 1_000)
        .unwrap();
    assert_eq!((exact.rows.len(), exact.is_cut), (25, false));
    let large = reader
        .first_rows("SELECT printf('%500c', 'x') FROM contacts", 25, 1_200)
        .unwrap();
    assert_eq!((large.rows.len(), large.is_cut), (2, true));
    for sql in [
        "SELECT * FROM conversation_metrics",
        "SELECT * FROM contacts_custom",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT * FROM n",
        "EXPLAIN QUERY PLAN SELECT * FROM contacts",
        "VALUES (1), (2)",
        "SELECT value FROM contacts, json_each(custom_attributes)",
    ] {
        assert!(
            !reader.first_rows(sql, 50, 100_000).unwrap().rows.is_empty(),
            "{sql}"
        );
    }
}

#[tokio::test]
async fn sql_that_does_anything_but_read_is_refused() {
    let desk = Desk::full().await;
    let reader = desk.reader();
    let elsewhere = desk.folder.path().join("new.db").display().to_string();
    for sql in [
        "DELETE FROM contacts".to_owned(),
        "UPDATE contacts SET name = 'x'".to_owned(),
        "INSERT INTO tags (id, _synced_at, _hash, record) VALUES ('x', '', 0, '{}')".to_owned(),
        "INSERT INTO tags SELECT * FROM tags RETURNING id".to_owned(),
        "WITH t AS (SELECT 1) DELETE FROM contacts RETURNING id".to_owned(),
        "CREATE TABLE evil (a)".to_owned(),
        "CREATE TEMP TABLE evil (a)".to_owned(),
        "CREATE VIEW evil AS SELECT 1".to_owned(),
        "DROP TABLE contacts".to_owned(),
        "ALTER TABLE contacts ADD COLUMN evil".to_owned(),
        format!("ATTACH DATABASE '{elsewhere}' AS evil"),
        format!("VACUUM INTO '{elsewhere}'"),
        "DETACH DATABASE main".to_owned(),
        "PRAGMA query_only = 0".to_owned(),
        "PRAGMA journal_mode = delete".to_owned(),
        "PRAGMA database_list".to_owned(),
        "SELECT * FROM pragma_database_list".to_owned(),
        "SELECT load_extension('evil')".to_owned(),
        "BEGIN IMMEDIATE".to_owned(),
        "COMMIT".to_owned(),
        "SAVEPOINT a".to_owned(),
        "REINDEX".to_owned(),
        "ANALYZE".to_owned(),
        "VACUUM".to_owned(),
    ] {
        let error = reader.first_rows(&sql, 10, 1_000).unwrap_err();
        assert!(
            matches!(error.code(), "TL0982" | "TL0983"),
            "{sql}: {} {error}",
            error.code()
        );
    }
    for sql in [
        "",
        ";",
        "-- nothing",
        "SELEC 1",
        "SELECT * FROM nowhere",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE contacts",
        "SELECT ?1",
        "SELECT zeroblob(500000000)",
        "SELECT writefile('x', 'y')",
        "SELECT readfile('/etc/passwd')",
        "SELECT \u{0}",
    ] {
        let error = reader.first_rows(sql, 10, 1_000).unwrap_err();
        assert!(
            matches!(error.code(), "TL0982" | "TL0983"),
            "{sql}: {} {error}",
            error.code()
        );
    }
    assert!(!std::path::Path::new(&elsewhere).exists());
    assert_eq!(
        reader
            .first_rows("SELECT id FROM contacts", 99, 9_999)
            .unwrap()
            .rows
            .len(),
        25
    );
}

#[tokio::test]
async fn a_question_that_never_ends_is_ended_by_its_brake() {
    let desk = Desk::full().await;
    let brake = Brake::default();
    let reader = Reader::open(&desk.folder.path().join("mirror.db"), &brake).unwrap();
    let (begun, has_begun) = std::sync::mpsc::channel();
    let asked = std::thread::spawn(move || {
        let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
        reader.query(sql, |_| begun.send(()).unwrap(), |_| true)
    });
    has_begun.recv().unwrap();
    brake.pull();
    assert_eq!(asked.join().unwrap().unwrap_err().code(), "TL0984");
}

#[tokio::test]
async fn a_file_that_is_no_mirror_is_not_looked_through() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    let open = || Reader::open(&path, &Brake::default()).unwrap_err().code();
    assert_eq!(open(), "TL0980");
    std::fs::write(&path, "").unwrap();
    assert_eq!(open(), "TL0980");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE theirs (a)").unwrap();
    drop(other);
    assert_eq!(open(), "TL0205");
    std::fs::write(&path, "a".repeat(9_000)).unwrap();
    assert_ne!(open(), "TL0980");
}
