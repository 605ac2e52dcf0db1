//! What disappears and what comes back.

use serde_json::json;

use super::{Change, Desk, StorageOptions, bytes, children, records, vanished};

#[tokio::test]
async fn a_complete_pass_marks_what_it_did_not_see_and_only_then() {
    let mut desk = Desk::new();
    let seen = |ids: &[&str], pass| Change::Records {
        stream: "tags",
        records: bytes(
            &ids.iter()
                .map(|id| json!({"id": id, "name": id}))
                .collect::<Vec<_>>(),
        ),
        pass: Some(pass),
    };
    let start = |pass| Change::PassStarted { stream: "tags", pass };
    let end = |pass| Change::PassComplete { stream: "tags", pass };
    let alive = "SELECT id FROM tags WHERE _deleted_at IS NULL ORDER BY 1";
    desk.write(vec![start(1), seen(&["1", "2", "3"], 1)]).await;
    assert!(
        desk.rows("SELECT * FROM _trunkline_seen").await.is_empty(),
        "the first pass needs no memory"
    );
    assert_eq!(desk.write(vec![end(1)]).await.deleted, 0);
    desk.write(vec![start(2), seen(&["1"], 2)]).await;
    assert_eq!(desk.storage.open_pass("tags").await.unwrap(), Some(2));
    let mut desk = desk.reopen(StorageOptions::default()).await;
    assert_eq!(desk.rows(alive).await, ["1", "2", "3"]);
    desk.write(vec![end(1)]).await;
    assert_eq!(
        desk.rows(alive).await,
        ["1", "2", "3"],
        "another pass than the open one ends nothing"
    );
    desk.write(vec![start(2), seen(&["3"], 2)]).await;
    assert_eq!(desk.write(vec![end(2)]).await.deleted, 1);
    assert_eq!(desk.rows(alive).await, ["1", "3"]);
    desk.write(vec![start(3), seen(&["2"], 3)]).await;
    desk.write(vec![start(4), seen(&["1"], 4), end(4)]).await;
    assert_eq!(
        desk.rows(alive).await,
        ["1"],
        "an abandoned pass saw nothing that counts"
    );
    assert_eq!(
        desk.write(vec![seen(&["2"], 4)]).await.updated,
        1,
        "it is there again"
    );
}

#[tokio::test]
async fn what_hangs_on_a_record_goes_and_comes_with_it() {
    let mut desk = Desk::new();
    let contact =
        json!({"id": "c", "updated_at": 1, "tags": {"data": [{"id": "1"}, {"id": "2"}], "total_count": 2}});
    desk.write(vec![
        records(
            "tags",
            &[json!({"id": "1", "name": "a"}), json!({"id": "2", "name": "b"})],
        ),
        records("contacts", std::slice::from_ref(&contact)),
        children("notes", "c", &[json!({"id": "n", "body": "x"})]),
    ])
    .await;
    let tags = "SELECT tag_id FROM contact_tags WHERE _deleted_at IS NULL ORDER BY 1";
    desk.write(vec![vanished("tags", "2")]).await;
    assert_eq!(desk.rows(tags).await, ["1"]);
    let written = desk.write(vec![vanished("contacts", "c")]).await;
    assert_eq!(
        (
            written.deleted,
            written.by_stream["contact_tags"].deleted,
            written.by_stream["notes"].deleted
        ),
        (1, 1, 1)
    );
    assert_eq!(
        desk.write(vec![vanished("contacts", "c"), vanished("contacts", "nobody")])
            .await
            .deleted,
        0
    );
    desk.write(vec![records("tags", &[json!({"id": "2", "name": "b"})])])
        .await;
    assert!(desk.rows(tags).await.is_empty(), "the contact is still gone");
    desk.write(vec![records("contacts", &[contact])]).await;
    assert_eq!(desk.rows(tags).await, ["1", "2"]);
    assert_eq!(
        desk.rows("SELECT id FROM notes WHERE _deleted_at IS NULL").await,
        ["n"]
    );
}

#[tokio::test]
async fn an_alias_leads_to_the_record_that_survived() {
    let mut desk = Desk::new();
    let alias = |old: &str, new: &str| Change::Alias {
        stream: "contacts",
        old_id: old.to_owned(),
        new_id: new.to_owned(),
    };
    desk.write(vec![records(
        "contacts",
        &[json!({"id": "a"}), json!({"id": "b"}), json!({"id": "c"})],
    )])
    .await;
    desk.write(vec![alias("a", "b")]).await;
    desk.write(vec![alias("b", "c"), alias("b", "c"), alias("c", "c")])
        .await;
    assert_eq!(
        desk.rows("SELECT id FROM contacts WHERE _deleted_at IS NULL")
            .await,
        ["c"]
    );
    let found = desk
        .storage
        .alias("contacts", "a".to_owned())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.old_id.as_str(), found.new_id.as_str()), ("a", "c"));
    assert_eq!(
        desk.storage.alias("contacts", "c".to_owned()).await.unwrap(),
        None
    );
}
