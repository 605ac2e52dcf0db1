//! Sets that hang on a record: replaced when they are whole, added to when they are cut.

use serde_json::{Value, json};

use super::{Change, Desk, StorageOptions, bytes, children, records};
use crate::storage::{Needs, Tally};

#[tokio::test]
async fn a_whole_list_replaces_the_set_and_a_cut_one_only_adds() {
    let mut desk = Desk::new();
    let tags = |ids: &[&str], total: usize| {
        let data: Vec<Value> = ids
            .iter()
            .map(|id| json!({"id": id, "type": "tag", "url": format!("/tags/{id}")}))
            .collect();
        json!({"type": "list", "data": data, "url": "/contacts/c1/tags", "total_count": total, "has_more": total > ids.len()})
    };
    let contact =
        |at: i64, tags: Value| records("contacts", &[json!({"id": "c1", "updated_at": at, "tags": tags})]);
    let held = "SELECT tag_id FROM contact_tags WHERE _deleted_at IS NULL ORDER BY 1";
    desk.write(vec![contact(1, tags(&["1", "2"], 2))]).await;
    assert_eq!(desk.rows(held).await, ["1", "2"]);
    let written = desk.write(vec![contact(2, tags(&["2", "3"], 2))]).await;
    assert_eq!(desk.rows(held).await, ["2", "3"]);
    assert_eq!(
        written.by_stream["contact_tags"],
        Tally {
            inserted: 1,
            unchanged: 1,
            deleted: 1,
            ..Tally::default()
        }
    );
    assert_eq!(desk.rows("SELECT _needs FROM contacts").await, ["0"]);
    desk.write(vec![contact(3, tags(&["4"], 12))]).await;
    assert_eq!(desk.rows(held).await, ["2", "3", "4"]);
    let pending = desk.storage.pending_contacts(10).await.unwrap();
    assert_eq!(
        (pending[0].id.as_str(), pending[0].needs),
        ("c1", Needs(Needs::TAGS))
    );
    desk.write(vec![children(
        "contact_tags",
        "c1",
        &[json!({"id": "4"}), json!({"id": "5"})],
    )])
    .await;
    assert_eq!(desk.rows(held).await, ["4", "5"]);
    assert!(desk.storage.pending_contacts(10).await.unwrap().is_empty());
    desk.write(vec![records("contacts", &[json!({"id": "c1", "updated_at": 4})])])
        .await;
    assert_eq!(
        desk.rows(held).await,
        ["4", "5"],
        "a record without the list says nothing about it"
    );
    desk.write(vec![children("contact_tags", "c1", &[])]).await;
    assert!(desk.rows(held).await.is_empty());
}

#[tokio::test]
async fn a_long_set_may_come_in_pages() {
    let mut desk = Desk::new();
    let page = |ids: &[&str], first, last| Change::ChildrenPage {
        stream: "contact_segments",
        parent_id: "s1".to_owned(),
        records: bytes(&ids.iter().map(|id| json!({"id": id})).collect::<Vec<_>>()),
        first,
        last,
    };
    desk.write(vec![children(
        "contact_segments",
        "s1",
        &[json!({"id": "a"}), json!({"id": "b"})],
    )])
    .await;
    desk.write(vec![page(&["b"], true, false)]).await;
    assert_eq!(
        desk.storage
            .member_count("contact_segments", "s1".to_owned())
            .await
            .unwrap(),
        2
    );
    let mut desk = desk.reopen(StorageOptions::default()).await;
    let written = desk.write(vec![page(&["c"], false, true)]).await;
    assert_eq!((written.inserted, written.deleted), (1, 1));
    assert_eq!(
        desk.rows("SELECT contact_id FROM contact_segments WHERE _deleted_at IS NULL ORDER BY 1")
            .await,
        ["b", "c"]
    );
    assert!(desk.rows("SELECT * FROM _trunkline_seen").await.is_empty());
}

#[tokio::test]
async fn consents_follow_both_lists() {
    let mut desk = Desk::new();
    let contact = |at: i64, out: &[&str], joined: &[&str]| {
        let list = |ids: &[&str]| {
            let data: Vec<Value> = ids
                .iter()
                .map(|id| json!({"id": id, "type": "subscription"}))
                .collect();
            json!({"type": "list", "data": data, "total_count": ids.len(), "has_more": false})
        };
        records(
            "contacts",
            &[
                json!({"id": "c", "updated_at": at, "opted_out_subscription_types": list(out), "opted_in_subscription_types": list(joined)}),
            ],
        )
    };
    let held = "SELECT subscription_type_id, consent_type FROM contact_subscriptions WHERE _deleted_at IS NULL ORDER BY 1";
    for (at, out, joined, expected) in [
        (1, &["1"][..], &["2"][..], &["1|opt_out", "2|opt_in"][..]),
        (2, &["1", "2"], &[], &["1|opt_out", "2|opt_out"]),
        (3, &[], &["1"], &["1|opt_in"]),
        (4, &[], &[], &[]),
    ] {
        desk.write(vec![contact(at, out, joined)]).await;
        assert_eq!(desk.rows(held).await, expected, "step {at}");
    }
    desk.write(vec![children(
        "contact_subscriptions",
        "c",
        &[json!({"id": 9, "consent_type": "opt_in"})],
    )])
    .await;
    assert_eq!(desk.rows(held).await, ["9|opt_in"]);
}

#[tokio::test]
async fn notes_are_needed_until_every_named_one_is_held() {
    let mut desk = Desk::new();
    let contact = |at: i64, ids: &[&str]| {
        let data: Vec<Value> = ids.iter().map(|id| json!({"id": id, "type": "note"})).collect();
        records(
            "contacts",
            &[
                json!({"id": "c", "updated_at": at, "notes": {"data": data, "total_count": ids.len(), "has_more": false}}),
            ],
        )
    };
    let note = |id: &str| json!({"id": id, "body": "<p>hi</p>", "contact": {"type": "contact", "id": "c"}, "created_at": 5});
    desk.write(vec![contact(1, &["1", "2"])]).await;
    assert!(desk.storage.pending_contacts(9).await.unwrap()[0].needs.notes());
    desk.write(vec![children("notes", "c", &[note("1"), note("2")])])
        .await;
    assert!(desk.storage.pending_contacts(9).await.unwrap().is_empty());
    desk.write(vec![contact(2, &["2"])]).await;
    assert!(desk.storage.pending_contacts(9).await.unwrap().is_empty());
    assert_eq!(
        desk.rows("SELECT id, body, body_text, created_at FROM notes WHERE _deleted_at IS NULL")
            .await,
        ["2|<p>hi</p>|hi|1970-01-01T00:00:05Z"]
    );
    desk.write(vec![contact(3, &["2", "3"])]).await;
    let pending = desk.storage.pending_contacts(9).await.unwrap();
    assert_eq!(pending[0].needs.streams().collect::<Vec<_>>(), ["notes"]);
}
