//! The files of messages: numbered, gone with what they hang on, and as private as it.

use serde_json::{Value, json};

use super::{Change, Desk, StorageOptions, bytes, records, vanished};

fn conversation(at: i64, files: &Value) -> Change {
    records(
        "conversations",
        &[json!({"id": "k", "updated_at": at, "source": {"attachments": files}})],
    )
}

fn part(at: i64, files: &Value) -> Change {
    Change::Parts {
        conversation_id: "k".to_owned(),
        records: bytes(&[json!({"id": 7, "updated_at": at, "attachments": files})]),
        total_count: Some(1),
        stated: Some(1),
    }
}

fn file(name: &str) -> Value {
    json!({"type": "upload", "name": name, "url": format!("https://files/{name}"), "filesize": 9})
}

const EXISTING: &str =
    "SELECT id, conversation_id, part_id, place, name FROM attachments WHERE _deleted_at IS NULL ORDER BY id";

#[tokio::test]
async fn files_follow_their_message_and_keep_their_places() {
    let mut desk = Desk::new();
    let steps: Vec<(&str, Vec<Change>, &[&str])> = vec![
        (
            "none",
            vec![conversation(1, &json!([])), part(1, &json!([]))],
            &[],
        ),
        (
            "of the first message",
            vec![conversation(2, &json!([file("a"), file("b")]))],
            &["k-1|k|-|1|a", "k-2|k|-|2|b"],
        ),
        (
            "of a part too",
            vec![part(2, &json!([file("c")]))],
            &["k-1|k|-|1|a", "k-2|k|-|2|b", "k-7-1|k|7|1|c"],
        ),
        (
            "one is blacked out",
            vec![conversation(3, &json!([file("b")]))],
            &["k-1|k|-|1|b", "k-7-1|k|7|1|c"],
        ),
        (
            "an id of its own does not count",
            vec![part(3, &json!([{"id": "x", "place": 5, "name": "d"}]))],
            &["k-1|k|-|1|b", "k-7-1|k|7|1|d"],
        ),
        (
            "what is no file is put aside",
            vec![part(4, &json!(["https://files/e"]))],
            &["k-1|k|-|1|b", "k-7-1|k|7|1|d"],
        ),
        (
            "the conversation is gone",
            vec![vanished("conversations", "k")],
            &[],
        ),
    ];
    for (name, changes, expected) in steps {
        desk.write(changes).await;
        assert_eq!(desk.rows(EXISTING).await, expected, "{name}");
    }
    let rejects = desk.rows("SELECT stream FROM _trunkline_rejects").await;
    assert_eq!(rejects, ["attachments"]);
}

#[tokio::test]
async fn an_address_that_is_signed_anew_changes_nothing() {
    let mut desk = Desk::new();
    let signed = |name: &str, at: i64| {
        let url = format!("https://files/{name}?expires={at}&signature={at:x}&req=1");
        json!([{"type": "upload", "name": name, "url": url, "filesize": 9}])
    };
    let both = |name: &str, at: i64| vec![conversation(1, &signed(name, at)), part(1, &signed(name, at))];
    for (name, at, changed, expires) in [("a", 100, 2, 100), ("a", 2_000, 0, 100), ("b", 3_000, 2, 3_000)] {
        let written = desk.write(both(name, at)).await;
        assert_eq!(written.inserted + written.updated, changed, "{name} {at}");
        let held = desk.rows("SELECT url FROM attachments ORDER BY id").await;
        let expected = format!("https://files/{name}?expires={expires}&signature={expires:x}&req=1");
        assert_eq!(held, [expected.clone(), expected], "{name} {at}");
    }
}

#[tokio::test]
async fn what_is_left_out_of_files_is_left_out_of_their_messages() {
    let options = StorageOptions {
        exclude: vec!["attachments.url".parse().unwrap()],
        ..StorageOptions::default()
    };
    let mut desk = Desk::with(options);
    let files = json!([file("a")]);
    desk.write(vec![conversation(1, &files), part(1, &files)]).await;
    for table in ["conversations", "conversation_parts", "attachments"] {
        let rows = desk.rows(&format!("SELECT record FROM {table}")).await;
        assert!(!rows.is_empty(), "{table}");
        assert!(rows.iter().all(|row| !row.contains("https://files")), "{rows:?}");
    }
}

#[tokio::test]
async fn links_of_a_ticket_that_are_cut_only_add() {
    let mut desk = Desk::new();
    let ticket = |at: i64, ids: &[&str], has_more: bool| {
        let data: Vec<Value> = ids
            .iter()
            .map(|id| json!({"type": "conversation", "id": id, "category": null}))
            .collect();
        let linked = json!({"type": "list", "data": data, "total_count": data.len(), "has_more": has_more});
        records(
            "tickets",
            &[json!({"id": "t", "updated_at": at, "linked_objects": linked})],
        )
    };
    for (name, change, expected) in [
        (
            "whole",
            ticket(1, &["a", "b"], false),
            &["t|a|conversation", "t|b|conversation"][..],
        ),
        (
            "cut",
            ticket(2, &["c"], true),
            &["t|a|conversation", "t|b|conversation", "t|c|conversation"],
        ),
        ("whole again", ticket(3, &["c"], false), &["t|c|conversation"]),
        (
            "a linked conversation is deleted",
            vanished("conversations", "c"),
            &["t|c|conversation"],
        ),
        ("the ticket is deleted", vanished("tickets", "t"), &[]),
    ] {
        desk.write(vec![change]).await;
        let rows = desk
            .rows(
                "SELECT ticket_id, conversation_id, type FROM ticket_conversations WHERE _deleted_at IS NULL \
                 ORDER BY conversation_id",
            )
            .await;
        assert_eq!(rows, expected, "{name}");
    }
}
