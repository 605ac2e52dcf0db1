//! Indexes for questions: made once there is something to find.

use serde_json::json;

use super::{Desk, StorageOptions, records};

impl Desk {
    /// The indexes that only serve questions, in order.
    async fn late_indexes(&self) -> Vec<String> {
        let names: Vec<String> = crate::tables::all()
            .flat_map(|table| {
                table
                    .late_indexes
                    .iter()
                    .map(move |(suffix, _)| format!("'{}__{suffix}'", table.name))
            })
            .collect();
        self.rows(&format!(
            "SELECT name FROM sqlite_schema WHERE type = 'index' AND name IN ({}) ORDER BY name",
            names.join(", ")
        ))
        .await
    }
}

fn person() -> Vec<super::Change> {
    vec![records(
        "contacts",
        &[
            json!({ "id": "1", "email": "a@example.com", "tags": { "data": [{ "id": "9" }], "total_count": 1 } }),
        ],
    )]
}

#[tokio::test]
async fn indexes_for_questions_come_with_the_first_rows_and_stay() {
    let mut desk = Desk::new();
    desk.storage.settle().await.unwrap();
    assert!(desk.late_indexes().await.is_empty());
    desk.write(person()).await;
    assert!(desk.late_indexes().await.is_empty());
    let expected = ["contact_tags__tag_id", "contacts__email", "contacts__external_id"];
    for _ in 0..2 {
        desk.storage.settle().await.unwrap();
        assert_eq!(desk.late_indexes().await, expected);
        desk = desk.reopen(StorageOptions::default()).await;
    }
    desk.write(vec![records(
        "contacts",
        &[json!({ "id": "2", "email": "b@example.com" })],
    )])
    .await;
    let found = desk
        .rows("SELECT id FROM contacts INDEXED BY contacts__email WHERE email = 'b@example.com'")
        .await;
    assert_eq!(found, ["2"]);
}

#[tokio::test]
async fn a_column_that_is_left_out_has_no_index() {
    let mut desk = Desk::with(StorageOptions {
        exclude: vec!["contacts.email".parse().unwrap()],
        ..StorageOptions::default()
    });
    desk.write(person()).await;
    desk.storage.settle().await.unwrap();
    assert_eq!(
        desk.late_indexes().await,
        ["contact_tags__tag_id", "contacts__external_id"]
    );
}
