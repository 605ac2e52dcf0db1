//! A workspace that was made by hand, so that every figure of it can be counted by hand. Its office is in Berlin, open from
//! Monday to Friday, 9 to 17; the clock was put back on Sunday, 2026-10-25. All moments here are UTC.
//!
//! The one rule: each conversation is there for one case; the table in [`conversations`] says which.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::read::Question;
use crate::storage::{Batch, Change, Storage, StorageOptions};

/// A mirror in a folder of its own.
pub(super) struct Desk {
    folder: tempfile::TempDir,
    pub(super) storage: Storage,
    second: i64,
}

impl Desk {
    pub(super) fn empty() -> Self {
        Self::with(StorageOptions::default())
    }

    pub(super) fn with(options: StorageOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::open(&folder.path().join("mirror.db"), options).unwrap();
        Self {
            folder,
            storage,
            second: 0,
        }
    }

    /// With everything that is in this file.
    pub(super) async fn full() -> Self {
        let mut desk = Self::empty();
        desk.fill().await;
        desk
    }

    pub(super) async fn fill(&mut self) {
        self.write(everything()).await;
        self.storage.settle().await.unwrap();
    }

    pub(super) fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("mirror.db")
    }

    /// Lets go of the mirror, whose folder is removed with what this answers.
    pub(super) async fn close(self) -> tempfile::TempDir {
        self.storage.close().await.unwrap();
        self.folder
    }

    pub(super) async fn write(&mut self, changes: Vec<Change>) {
        self.second += 1;
        let batch = Batch {
            synced_at: "2026-10-26T12:00:00Z".parse::<Timestamp>().unwrap()
                + jiff::SignedDuration::from_secs(self.second),
            changes,
            checkpoint: None,
        };
        self.storage.write(batch).await.unwrap();
    }

    /// The rows of a query, columns joined with `|`.
    pub(super) async fn rows(&self, sql: &str) -> Vec<String> {
        let sql = sql.to_owned();
        self.storage
            .read(move |connection| {
                let mut statement = connection.prepare(&sql)?;
                let columns = statement.column_count();
                statement
                    .query_map([], |row| {
                        let cells: Vec<String> = (0..columns)
                            .map(|at| {
                                Ok(match row.get_ref(at)? {
                                    rusqlite::types::ValueRef::Null => "·".to_owned(),
                                    rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                                    rusqlite::types::ValueRef::Real(number) => number.to_string(),
                                    other => other.as_str().unwrap_or("?").to_owned(),
                                })
                            })
                            .collect::<Result<_, rusqlite::Error>>()?;
                        Ok(cells.join("|"))
                    })?
                    .collect()
            })
            .await
            .unwrap()
    }
}

pub(super) fn now() -> Timestamp {
    "2026-10-26T12:00:00Z".parse().unwrap()
}

/// The week of the conversations.
pub(super) fn week() -> Question {
    Question {
        from: Some("2026-10-19".to_owned()),
        to: Some("2026-10-26".to_owned()),
        ..Question::default()
    }
}

pub(super) fn bytes(values: &[Value]) -> Vec<Bytes> {
    values
        .iter()
        .map(|value| Bytes::from(value.to_string()))
        .collect()
}

pub(super) fn records(stream: &'static str, values: &[Value]) -> Change {
    Change::Records {
        stream,
        records: bytes(values),
        pass: None,
    }
}

/// A part: when, what, by whom, with a text or without.
fn part(id: u32, at: &str, kind: &str, author: (&str, &str), body: Option<&str>) -> Value {
    json!({
        "id": id.to_string(), "part_type": kind, "created_at": format!("2026-10-{at}Z"), "updated_at": format!("2026-10-{at}Z"),
        "body": body.map(|body| format!("<p>{body}</p>")), "author": { "type": author.0, "id": author.1 },
    })
}

const CONTACT: (&str, &str) = ("user", "100");
const ANN: (&str, &str) = ("admin", "1");
const BOB: (&str, &str) = ("admin", "2");
const BOT: (&str, &str) = ("bot", "9");

/// A conversation with its parts.
struct Made {
    record: Value,
    parts: Vec<Value>,
}

fn made(id: u32, at: &str, author: &str, state: &str, more: &Value, parts: Vec<Value>) -> Made {
    let mut record = json!({
        "id": id.to_string(), "created_at": format!("2026-10-{at}Z"), "updated_at": "2026-10-26T09:00:00Z",
        "state": state, "open": state != "closed",
        "source": { "type": "conversation", "author": { "type": author, "id": "100" }, "body": "<p>Hello</p>" },
        "statistics": { "count_conversation_parts": parts.len() + 1 },
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        record[name] = value.clone();
    }
    Made { record, parts }
}

fn conversations() -> Vec<Made> {
    let none = json!({});
    vec![
        // Answered after 30 minutes, closed after 120; rated 2, then 5.
        made(
            1,
            "19T08:00:00",
            "user",
            "closed",
            &json!({
                "team_assignee_id": "10", "admin_assignee_id": "1", "company": { "id": "30" },
                "tags": { "tags": [{ "id": "20" }] },
                "conversation_rating": { "rating": 5, "teammate": { "id": "1" } },
            }),
            vec![
                part(11, "19T08:30:00", "comment", ANN, Some("Hi")),
                part(12, "19T09:40:00", "conversation_rating_changed", CONTACT, None),
                part(13, "19T09:50:00", "conversation_rating_changed", CONTACT, None),
                part(14, "19T10:00:00", "close", ANN, None),
            ],
        ),
        // Answered the next morning; a note is no answer.
        made(
            2,
            "19T14:30:00",
            "user",
            "open",
            &json!({ "team_assignee_id": "10", "admin_assignee_id": "2" }),
            vec![
                part(21, "19T14:40:00", "note", BOB, Some("who?")),
                part(22, "20T07:15:00", "comment", BOB, Some("Hi")),
            ],
        ),
        // Closed with an answer, opened again by the contact, closed again.
        made(
            3,
            "20T08:00:00",
            "lead",
            "closed",
            &json!({ "team_assignee_id": "10", "conversation_rating": { "rating": 2, "teammate": { "id": "2" } } }),
            vec![
                part(31, "20T09:00:00", "close", ANN, Some("Done")),
                part(32, "20T11:00:00", "open", CONTACT, Some("Not yet")),
                part(33, "20T11:10:00", "comment", ANN, Some("Now")),
                part(34, "20T12:00:00", "close", ANN, None),
            ],
        ),
        // A bot said something and closed it.
        made(
            4,
            "21T08:00:00",
            "user",
            "closed",
            &none,
            vec![
                part(41, "21T08:00:30", "comment", BOT, Some("Read this")),
                part(42, "21T08:10:00", "close", BOT, None),
            ],
        ),
        // Assigned, without a word.
        made(
            5,
            "21T09:00:00",
            "user",
            "open",
            &json!({ "team_assignee_id": "0" }),
            vec![part(51, "21T09:05:00", "assignment", ANN, None)],
        ),
        // Never answered. In Berlin it is half past midnight of the next day.
        made(6, "22T22:30:00", "user", "open", &none, vec![]),
        // Answered, then put to sleep.
        made(
            7,
            "22T08:00:00",
            "user",
            "snoozed",
            &none,
            vec![
                part(71, "22T08:20:00", "comment", BOB, Some("Tomorrow")),
                part(72, "22T08:21:00", "snoozed", BOB, None),
            ],
        ),
        // Begun by us; the contact wrote an hour later.
        made(
            8,
            "23T08:00:00",
            "admin",
            "open",
            &none,
            vec![
                part(81, "23T08:05:00", "comment", ANN, Some("And another thing")),
                part(82, "23T09:00:00", "comment", CONTACT, Some("What?")),
                part(83, "23T09:12:00", "comment", BOB, Some("This")),
            ],
        ),
        // Begun by us, and no word since.
        made(9, "23T10:00:00", "admin", "open", &none, vec![]),
        // Asked on Friday, answered on Monday; the clock changed between.
        made(
            10,
            "23T14:00:00",
            "user",
            "open",
            &none,
            vec![part(101, "26T08:30:00", "comment", BOB, Some("Good morning"))],
        ),
        // Began before the week, closed within it.
        made(
            11,
            "12T08:00:00",
            "user",
            "closed",
            &none,
            vec![part(111, "20T10:00:00", "close", ANN, None)],
        ),
        // Of 899 parts the mirror holds the last.
        made(
            12,
            "19T08:30:00",
            "user",
            "closed",
            &json!({
                "contacts": { "contacts": [{ "id": "200" }] },
                "statistics": {
                    "count_conversation_parts": 900, "first_admin_reply_at": "2026-10-19T09:00:00Z",
                    "first_close_at": "2026-10-19T18:30:00Z", "last_close_at": "2026-10-20T15:00:00Z",
                    "count_reopens": 0, "count_assignments": 7,
                },
            }),
            vec![part(121, "20T15:00:00", "close", ANN, None)],
        ),
        // Deleted.
        made(
            13,
            "21T08:00:00",
            "user",
            "open",
            &json!({ "team_assignee_id": "10" }),
            vec![part(131, "21T08:01:00", "comment", ANN, Some("Hi"))],
        ),
    ]
}

/// The office hours of Berlin.
pub(super) fn schedule(name: &str, zone: &str) -> Value {
    let intervals: Vec<Value> = (0..5)
        .map(|day| json!({ "start_minute": day * 1_440 + 540, "end_minute": day * 1_440 + 1_020, "day_of_week": day }))
        .collect();
    json!({
        "id": "40", "name": name, "time_zone_name": zone, "twenty_four_seven": false, "time_intervals": intervals,
        "created_at": 1_760_000_000, "updated_at": 1_760_000_000,
    })
}

/// All of it, as changes.
pub(super) fn everything() -> Vec<Change> {
    let made = conversations();
    let all: Vec<Value> = made.iter().map(|made| made.record.clone()).collect();
    let mut changes = vec![
        Change::Workspace {
            id_code: "abcd1234".to_owned(),
            name: "Hand & Made".to_owned(),
            time_zone: "Europe/Berlin".to_owned(),
            region: "EU".to_owned(),
            version: "2.16".to_owned(),
        },
        records(
            "admins",
            &[
                json!({ "id": "1", "name": "Ann", "email": "ann@example.com" }),
                json!({ "id": "2", "name": "Bob", "email": "bob@example.com" }),
            ],
        ),
        records(
            "teams",
            &[json!({ "id": "10", "name": "First <b>line</b>", "admin_ids": [1, 2] })],
        ),
        records("tags", &[json!({ "id": "20", "name": "vip" })]),
        records(
            "companies",
            &[
                json!({ "id": "30", "company_id": "acme-1", "name": "Acme" }),
                json!({ "id": "31", "company_id": "duck-1", "name": "Duck \"& Co\"" }),
            ],
        ),
        records(
            "contacts",
            &[
                json!({ "id": "100", "role": "user", "name": "Cora", "email": "cora@example.com", "owner_id": 1 }),
                json!({
                    "id": "200", "role": "user", "name": "Dan",
                    "companies": { "data": [{ "id": "31" }], "total_count": 1 },
                    "tags": { "data": [{ "id": "20" }], "total_count": 1 },
                }),
            ],
        ),
        records("help_centers", &[json!({ "id": "50", "display_name": "Help" })]),
        records(
            "collections",
            &[
                json!({ "id": "60", "name": "All", "help_center_id": 50 }),
                json!({ "id": "61", "name": "Start", "parent_id": "60", "help_center_id": 50 }),
            ],
        ),
        records(
            "articles",
            &[
                json!({ "id": "70", "title": "One", "author_id": 1, "parent_id": 61, "parent_type": "collection", "body": "<p>Text</p>" }),
                json!({ "id": "71", "title": "Two", "author_id": 2, "parent_ids": [60, 61] }),
                json!({ "id": "72", "title": "Three", "author_id": 3, "parent_ids": [] }),
            ],
        ),
        records("office_hours_schedules", &[schedule("Berlin", "Europe/Berlin")]),
        records("conversations", &all),
    ];
    for made in &made {
        if !made.parts.is_empty() {
            changes.push(Change::Parts {
                conversation_id: made.record["id"].as_str().unwrap_or_default().to_owned(),
                records: bytes(&made.parts),
                total_count: Some(made.parts.len() as u64),
                stated: None,
            });
        }
    }
    changes.push(Change::Vanished {
        stream: "conversations",
        ids: vec!["13".to_owned()],
    });
    changes
}
