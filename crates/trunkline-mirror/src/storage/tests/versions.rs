//! Custom attributes as columns, and every version of a row.

use serde_json::{Value, json};

use super::{Desk, StorageOptions, records, vanished};

#[tokio::test]
async fn custom_attributes_get_a_column_each_whatever_their_names() {
    let mut desk = Desk::new();
    let names = [
        "Plan",
        "plan",
        "Has attachments",
        "cf: a:b",
        "quo\"te",
        "apo'strophe",
        "back\\slash",
        "id",
        "日本",
        "",
    ];
    let attributes: serde_json::Map<String, Value> = names
        .iter()
        .enumerate()
        .map(|(at, name)| ((*name).to_owned(), json!(at)))
        .collect();
    desk.write(vec![records(
        "contacts",
        &[
            json!({"id": "c", "custom_attributes": attributes}),
            json!({"id": "gone", "custom_attributes": {"Plan": 1}}),
            json!({"id": "odd", "custom_attributes": []}),
        ],
    )])
    .await;
    desk.write(vec![vanished("contacts", "gone")]).await;
    let (columns, values) = desk
        .storage
        .read(|connection| {
            let mut statement = connection.prepare("SELECT * FROM contacts_custom WHERE id = 'c'")?;
            let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
            let values: Vec<Option<i64>> =
                statement.query_row([], |row| (1..columns.len()).map(|at| row.get(at)).collect())?;
            Ok((columns, values))
        })
        .await
        .unwrap();
    assert_eq!(columns[0], "id");
    for (column, value) in columns[1..].iter().zip(values) {
        let name = names[usize::try_from(value.unwrap()).unwrap()];
        assert!(
            column == name || *column == format!("{name} (2)"),
            "{column} has the value of {name}"
        );
    }
    assert_eq!(columns.len(), names.len() + 1);
    assert_eq!(
        desk.rows("SELECT id FROM contacts_custom ORDER BY 1").await,
        ["c", "odd"]
    );
}

#[tokio::test]
async fn history_keeps_every_version_of_rows_and_memberships() {
    let history = StorageOptions {
        history: true,
        ..StorageOptions::default()
    };
    let mut desk = Desk::new();
    let contact = |name: &str, at: i64, tags: &[&str]| {
        let data: Vec<Value> = tags.iter().map(|id| json!({"id": id})).collect();
        records(
            "contacts",
            &[
                json!({"id": "c", "name": name, "updated_at": at, "tags": {"data": data, "total_count": tags.len()}}),
            ],
        )
    };
    desk.write(vec![contact("before", 1, &["1"])]).await;
    let mut desk = desk.reopen(history.clone()).await;
    desk.write(vec![contact("one", 2, &["1", "2"])]).await;
    desk.write(vec![contact("one", 2, &["1", "2"])]).await;
    desk.write(vec![contact("two", 3, &["2"])]).await;
    desk.write(vec![vanished("contacts", "c")]).await;
    let mut desk = desk.reopen(StorageOptions::default()).await;
    desk.write(vec![contact("unwatched", 4, &["2"])]).await;
    let mut desk = desk.reopen(history).await;
    desk.write(vec![]).await;
    let time = |second: i64| format!("2026-11-21T03:00:0{second}Z");
    assert_eq!(
        desk.rows("SELECT name, _valid_from, coalesce(_valid_to, 'now') FROM contacts_history ORDER BY 2")
            .await,
        [
            format!("one|{}|{}", time(2), time(4)),
            format!("two|{}|{}", time(4), time(5)),
            format!("unwatched|{}|now", time(7)),
        ]
    );
    assert_eq!(
        desk.rows(
            "SELECT tag_id, _valid_from, coalesce(_valid_to, 'now') FROM contact_tags_history ORDER BY 2, 1"
        )
        .await,
        [
            format!("1|{}|{}", time(2), time(4)),
            format!("2|{}|{}", time(2), time(5)),
            format!("2|{}|now", time(7)),
        ]
    );
}
