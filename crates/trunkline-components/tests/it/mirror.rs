//! The source `mirror`: what it tells of changes, and what it says of mirrors that are not as they were.

use std::path::Path;

use serde_json::{Value, json};
use trunkline_flow::{ComponentError, Cursor, Item, Occasion, Read, Trigger};
use trunkline_mirror::{
    feed::{Feed, FeedOptions},
    storage::Change,
};

use crate::{
    desk::{self, write},
    harness::{self, read_all, variables},
};

async fn read(
    folder: &Path,
    settings: &str,
    cursor: Option<&Cursor>,
) -> Result<(Vec<Value>, Cursor), ComponentError> {
    let site = harness::site(folder, &variables([]));
    let source = harness::source(&format!("{{ mirror: {settings} }}"), &site);
    let (values, broken, behind) = read_all(&*source, cursor.cloned()).await?;
    assert!(broken.is_empty(), "{broken:?}");
    let behind = behind.unwrap();
    // As a run does that keeps it.
    source.kept(&behind).await;
    Ok((values, behind))
}

fn contact(id: &str, name: &str, plan: &str) -> Change {
    let tags = json!({ "data": [{ "id": "t1" }] });
    desk::records(
        "contacts",
        &[json!({ "id": id, "name": name, "custom_attributes": { "plan": plan }, "tags": tags })],
    )
}

fn vanished(id: &str) -> Change {
    Change::Vanished {
        stream: "contacts",
        ids: vec![id.to_owned()],
    }
}

fn merged(from: &str, into: &str) -> Change {
    Change::Alias {
        stream: "contacts",
        old_id: from.to_owned(),
        new_id: into.to_owned(),
    }
}

/// What is told, a line each: kind, id, names before and after, where it went, what changed.
fn lines(told: &[Value]) -> Vec<String> {
    let name = |record: &Value| record["name"].as_str().unwrap_or("-").to_owned();
    told.iter()
        .map(|told| {
            let mut line = format!(
                "{} {} {} {}",
                told["change"].as_str().unwrap(),
                told["id"]
                    .as_str()
                    .map_or_else(|| told["key"].to_string(), str::to_owned),
                name(&told["before"]),
                name(&told["after"])
            );
            for more in ["merged_into", "changed"] {
                if !told[more].is_null() {
                    line.push_str(&format!(" {more} {}", told[more]));
                }
            }
            line
        })
        .collect()
}

#[tokio::test]
async fn each_kind_of_change_is_told_with_before_and_after() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    desk::make(at).await;
    write(at, contact("0", "Old", "free")).await;
    let all = "{ changes: [contacts, contact_tags] }";
    let (before, begin) = read(at, all, None).await.unwrap();
    assert_eq!(before, [0; 0], "what was there before is not told");
    for change in [
        contact("1", "Ada", "free"),
        contact("1", "Ada L.", "free"),
        contact("1", "Ada L.", "pro"),
        contact("2", "Bob", "free"),
        merged("2", "1"),
        vanished("1"),
    ] {
        write(at, change).await;
    }
    let told = [
        "created 1 - Ada",
        "created {\"contact_id\":\"1\",\"tag_id\":\"t1\"} - -",
        "updated 1 Ada Ada L. changed [\"name\"]",
        "updated 1 Ada L. Ada L. changed [\"custom_attributes\"]",
        "created 2 - Bob",
        "created {\"contact_id\":\"2\",\"tag_id\":\"t1\"} - -",
        "merged 2 Bob - merged_into \"1\"",
        "deleted {\"contact_id\":\"2\",\"tag_id\":\"t1\"} - -",
        "deleted 1 Ada L. -",
        "deleted {\"contact_id\":\"1\",\"tag_id\":\"t1\"} - -",
    ];
    let contacts: Vec<&str> = told.into_iter().filter(|line| !line.contains('{')).collect();
    for (settings, expected) in [
        (all, told.to_vec()),
        ("{ changes: [contacts] }", contacts.clone()),
        ("{ changes: ['*'] }", contacts.clone()),
        ("{ changes: [contacts], kinds: [merged] }", vec![told[6]]),
        (
            "{ changes: [contacts], kinds: [created, deleted] }",
            vec![told[0], told[4], told[8]],
        ),
        (
            "{ changes: [contacts], kinds: [updated], fields: [custom_attributes.plan, email] }",
            vec![told[3]],
        ),
        ("{ changes: [companies] }", vec![]),
    ] {
        // The one that keeps its position comes last, so that the others still find the changes.
        let site = harness::site(at, &variables([]));
        let source = harness::source(&format!("{{ mirror: {settings} }}"), &site);
        let (found, ..) = read_all(&*source, Some(begin.clone())).await.unwrap();
        assert_eq!(lines(&found), expected, "{settings}");
    }
    let (found, behind) = read(at, all, Some(&begin)).await.unwrap();
    assert_eq!(found.len(), told.len());
    assert_eq!(found[0]["at"], desk::AT);
    assert_eq!(read(at, all, Some(&behind)).await.unwrap().0, [0; 0]);
}

#[tokio::test]
async fn a_contact_whose_merge_is_learned_later_is_told_as_merged_then_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    desk::make(at).await;
    for id in ["1", "2", "3"] {
        write(at, contact(id, id, "free")).await;
    }
    let settings = "{ changes: [contacts] }";
    let (_, begin) = read(at, settings, None).await.unwrap();
    write(at, vanished("2")).await;
    let (told, behind) = read(at, settings, Some(&begin)).await.unwrap();
    assert_eq!(lines(&told), ["deleted 2 2 -"]);
    write(at, merged("2", "1")).await;
    // This one is known to be merged when its end is read.
    write(at, vanished("3")).await;
    write(at, merged("3", "1")).await;
    let (told, behind) = read(at, settings, Some(&behind)).await.unwrap();
    assert_eq!(
        lines(&told),
        ["merged 2 - - merged_into \"1\"", "merged 3 3 - merged_into \"1\""]
    );
    assert_eq!(read(at, settings, Some(&behind)).await.unwrap().0, [0; 0]);
}

#[tokio::test]
async fn records_are_all_at_first_and_then_what_changed_each_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    desk::make(at).await;
    for id in ["1", "2", "3"] {
        write(at, contact(id, id, "free")).await;
    }
    write(at, vanished("3")).await;
    let names = |records: &[Value]| -> Vec<String> {
        records
            .iter()
            .map(|record| record["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let (first, behind) = read(at, "{ stream: contacts }", None).await.unwrap();
    assert_eq!(names(&first), ["1", "2"]);
    for change in [
        contact("2", "two", "free"),
        contact("2", "two and more", "free"),
        contact("4", "4", "free"),
        vanished("1"),
    ] {
        write(at, change).await;
    }
    let (next, behind) = read(at, "{ stream: contacts }", Some(&behind)).await.unwrap();
    assert_eq!(names(&next), ["two and more", "4"]);
    assert_eq!(
        read(at, "{ stream: contacts }", Some(&behind)).await.unwrap().0,
        [0; 0]
    );

    let all = "{ stream: contacts, read: all }";
    let mut behind = None;
    for _ in 0..2 {
        let (records, place) = read(at, all, behind.as_ref()).await.unwrap();
        assert_eq!(names(&records), ["two and more", "4"]);
        behind = Some(place);
    }
    // Pairs are records too.
    let (pairs, _) = read(at, "{ stream: contact_tags, read: all }", None)
        .await
        .unwrap();
    assert_eq!(pairs[0], json!({ "contact_id": "2", "tag_id": "t1" }));
}

#[tokio::test]
async fn what_is_kept_is_let_go_of_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    desk::make(at).await;
    let (_, begin) = read(at, "{ changes: [contacts] }", None).await.unwrap();
    write(at, contact("1", "1", "free")).await;
    let waiting = || {
        let mirror = rusqlite::Connection::open(at.join("mirror.db")).unwrap();
        let select = "select count(*) from _trunkline_changes where stream = 'contacts'";
        mirror.query_row(select, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    let site = harness::site(at, &variables([]));
    let source = harness::source("{ mirror: { changes: [contacts] } }", &site);
    for _ in 0..2 {
        let (found, ..) = read_all(&*source, Some(begin.clone())).await.unwrap();
        assert_eq!((found.len(), waiting()), (1, 1), "nobody said that it is kept");
    }
    read(at, "{ changes: [contacts] }", Some(&begin)).await.unwrap();
    // The last change of all stays, by which the position is known; it is that of the pair.
    assert_eq!(waiting(), 0);
}

async fn refusal(folder: &Path, settings: &str, cursor: Option<&Cursor>) -> (&'static str, String) {
    let error = read(folder, settings, cursor).await.unwrap_err();
    (error.code, error.message)
}

#[tokio::test]
async fn a_mirror_that_is_not_as_it_was_is_refused_or_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let changes = "{ changes: [contacts] }";
    assert_eq!(refusal(at, changes, None).await.0, "TL0205", "there is none");
    assert!(!at.join("mirror.db").exists());
    desk::make(at).await;
    write(at, contact("1", "1", "free")).await;
    let (_, of_changes) = read(at, changes, None).await.unwrap();
    let (_, of_records) = read(at, "{ stream: contacts }", None).await.unwrap();
    for suffix in ["", "-wal", "-shm"] {
        std::fs::remove_file(at.join(format!("mirror.db{suffix}"))).ok();
    }
    desk::make(at).await;
    let options = |reader: &str| FeedOptions {
        reader: reader.to_owned(),
        keeps_before: true,
        name: "made anew".to_owned(),
        now: harness::now(),
    };
    Feed::open(&at.join("mirror.db"), &options("flow:another")).unwrap();
    write(at, contact("2", "2", "free")).await;
    let lost = refusal(at, changes, Some(&of_changes)).await;
    assert!(lost.0 == "TL0892" && lost.1.contains("mirror.db"), "{lost:?}");
    let (records, _) = read(at, "{ stream: contacts }", Some(&of_records)).await.unwrap();
    assert_eq!(records[0]["id"], "2", "all of it is read");
    assert_eq!(
        refusal(at, changes, Some(&Cursor(json!({ "number": 7 }))))
            .await
            .0,
        "TL0891"
    );

    // Both readers are forgotten, and with them the feed.
    let (_, behind) = read(at, changes, None).await.unwrap();
    for reader in ["flow:another", "flow:tried"] {
        let feed = Feed::open(&at.join("mirror.db"), &options(reader)).unwrap();
        feed.forget().unwrap();
    }
    assert_eq!(refusal(at, changes, Some(&behind)).await.0, "TL0892");

    let workspace = Change::Workspace {
        id_code: "abcd1234".to_owned(),
        name: "Acme".to_owned(),
        time_zone: "UTC".to_owned(),
        region: "us".to_owned(),
        version: "2.16".to_owned(),
    };
    write(at, workspace).await;
    let other = refusal(at, "{ connection: zyxw9876, changes: [contacts] }", None).await;
    assert!(other.0 == "TL0893" && other.1.contains("abcd1234"), "{other:?}");
    read(at, "{ connection: abcd1234, changes: [contacts] }", None)
        .await
        .unwrap();
}

#[test]
fn settings_that_cannot_be_are_refused_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let site = harness::site(folder.path(), &variables([]));
    for (settings, expected) in [
        ("{}", "line 2, column 19: a mirror gives either"),
        (
            "{ changes: [contacts], stream: contacts }",
            "line 2, column 19: a mirror gives either",
        ),
        (
            "{ changes: [contacs] }",
            "line 2, column 31: a mirror has no stream contacs",
        ),
        (
            "{ changes: [contacts, nothing] }",
            "line 2, column 41: a mirror has no stream nothing",
        ),
        ("{ changes: [] }", "line 2, column 30: no stream is named"),
        ("{ changes: [contacts], kinds: [changed] }", "changed"),
        (
            "{ stream: contact }",
            "line 2, column 29: a mirror has no stream contact",
        ),
        (
            "{ stream: contacts, kinds: [created] }",
            "line 2, column 46: kinds is for `changes`",
        ),
        (
            "{ changes: [contacts], read: all }",
            "line 2, column 48: read is for the records",
        ),
        (
            "{ changes: [contacts], file: a.db, connection: acme }",
            "line 2, column 48: a mirror is a connection's or a file",
        ),
    ] {
        let text = format!("flow: tried\nsource: {{ mirror: {settings} }}\ndestinations: [stdout]\n");
        let said = harness::flow(&text, &site).unwrap_err();
        assert!(said.contains(expected), "{settings}: {said}");
    }
}

#[tokio::test]
async fn all_records_of_several_streams_come_with_one_beginning_and_a_count_whenever_a_run_is_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    desk::make(at).await;
    for id in 0..4 {
        write(at, contact(&format!("{id:04}"), "A", "free")).await;
    }
    let many: Vec<Value> = (0..1_200)
        .map(|id| json!({ "id": format!("m{id:04}"), "name": "B" }))
        .collect();
    write(at, desk::records("contacts", &many)).await;
    write(at, vanished("0003")).await;
    let settings = "{ mirror: { streams: [contacts, contact_tags, contacts] } }";
    let hours = std::sync::atomic::AtomicI64::new(0);
    let site = trunkline_components::Site {
        now: std::sync::Arc::new(move || {
            let hours = hours.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            harness::now() + jiff::SignedDuration::from_hours(hours)
        }),
        ..harness::site(at, &variables([]))
    };
    let source = harness::source(settings, &site);
    let occasion = Occasion {
        now: harness::now(),
        last_success: None,
        trigger: Trigger::Manual,
        range: None,
    };
    let mut whole = Vec::new();
    let mut cursor = None;
    // Each batch is read by a run of its own, later than the one before.
    while whole.last().is_none_or(|last: &Value| last["stream"] != "_end") {
        let mut reader = source.open(cursor.clone(), &occasion).await.unwrap();
        let Read::Batch(batch) = reader.read().await.unwrap() else {
            panic!("it ended before its end")
        };
        cursor = batch.behind;
        whole.extend(batch.items.into_iter().map(|item| match item {
            Item::Record(record) => record.value.into_value(),
            Item::Broken { .. } => panic!("nothing is broken"),
        }));
    }
    let end = whole.pop().unwrap();
    assert_eq!(
        (&end["stream"], &end["records"]),
        (&json!("_end"), &json!({ "contacts": 1_203, "contact_tags": 3 }))
    );
    assert_eq!(whole.len(), 1_206);
    assert!(whole.iter().all(|record| record["began"] == end["began"]));
    assert_eq!(whole[0]["record"]["name"], "A");
    assert_eq!(whole[1_203]["id"], "0000/t1");
    // What was read to its end is read anew.
    let again = read_all(&*source, cursor).await.unwrap().0;
    assert_eq!(again.len(), 1_207);
}
