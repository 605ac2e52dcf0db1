//! The parts of conversations: which are pending, and which cannot be had.

use serde_json::json;

use super::{Change, Desk, bytes, records};

#[tokio::test]
async fn parts_are_pending_until_they_are_held_or_cannot_be() {
    let mut desk = Desk::new();
    let conversation = |at: i64, count: Option<i64>| {
        records(
            "conversations",
            &[json!({"id": "k", "updated_at": at, "statistics": {"count_conversation_parts": count}})],
        )
    };
    let parts = |ids: std::ops::Range<usize>, total: Option<u64>, stated: Option<u64>| Change::Parts {
        conversation_id: "k".to_owned(),
        records: bytes(
            &ids.map(|id| json!({"id": id, "part_type": "comment", "body": "<p>x</p>"}))
                .collect::<Vec<_>>(),
        ),
        total_count: total,
        stated,
    };
    // What is written, then what is pending (stated, held) and whether the conversation is truncated.
    type Step = (&'static str, Vec<Change>, Option<(Option<u64>, u64)>, bool);
    let steps: Vec<Step> = vec![
        ("unknown", vec![conversation(1, None)], Some((None, 0)), false),
        ("unknown but read", vec![parts(0..1, None, None)], None, false),
        (
            "still unknown and changed",
            vec![conversation(2, None)],
            Some((None, 1)),
            false,
        ),
        (
            "only the first message",
            vec![conversation(3, Some(1))],
            None,
            false,
        ),
        (
            "two parts",
            vec![conversation(4, Some(3))],
            Some((Some(2), 1)),
            false,
        ),
        ("both read", vec![parts(0..2, Some(2), Some(2))], None, false),
        (
            "more than the API gives",
            vec![conversation(5, Some(11))],
            Some((Some(10), 2)),
            false,
        ),
        (
            "the newest of them",
            vec![parts(5..9, Some(10), Some(10))],
            None,
            true,
        ),
        (
            "grown",
            vec![conversation(6, Some(12))],
            Some((Some(11), 6)),
            true,
        ),
        (
            "all after all",
            vec![parts(0..11, Some(11), Some(11))],
            None,
            false,
        ),
    ];
    for (name, changes, pending, truncated) in steps {
        desk.write(changes).await;
        let found = desk.storage.pending_parts(9).await.unwrap();
        assert_eq!(
            found.first().map(|found| (found.stated, found.held)),
            pending,
            "{name}"
        );
        assert_eq!(
            desk.rows("SELECT _truncated FROM conversations").await,
            [u8::from(truncated).to_string()],
            "{name}"
        );
    }
    let report = desk.storage.completeness().await.unwrap();
    assert_eq!(
        (
            report.parts_stated,
            report.parts_held,
            report.conversations_pending
        ),
        (11, 11, 0)
    );
}

#[tokio::test]
async fn the_index_of_pending_conversations_is_used() {
    let desk = Desk::new();
    for (sql, index) in [
        (
            format!(
                "SELECT id FROM conversations WHERE {} AND id > '' ORDER BY id",
                crate::storage::queries::PENDING_PARTS
            ),
            "conversations__pending",
        ),
        (
            format!(
                "SELECT id FROM contacts WHERE {} AND id > '' ORDER BY id",
                crate::storage::queries::PENDING_CONTACTS
            ),
            "contacts__pending",
        ),
        (
            "SELECT count(*) FROM conversation_parts WHERE conversation_id = 'x' AND _deleted_at IS NULL"
                .to_owned(),
            "sqlite_autoindex_conversation_parts_1 (conversation_id=?)",
        ),
    ] {
        let plan = desk.rows(&format!("EXPLAIN QUERY PLAN {sql}")).await.join("\n");
        assert!(plan.contains(index), "{plan}");
    }
}
