//! Columns that are left out or hashed.

use serde_json::json;

use super::{Change, Desk, StorageOptions, records};

fn options() -> StorageOptions {
    StorageOptions {
        exclude: [
            "contacts.email",
            "contacts.custom_attributes.Secret",
            "ticket_parts.body",
        ]
        .map(|text| text.parse().unwrap())
        .to_vec(),
        hash: ["contacts.phone", "conversations.source_author_email"]
            .map(|text| text.parse().unwrap())
            .to_vec(),
        history: true,
        ..StorageOptions::default()
    }
}

fn workspace() -> Change {
    Change::Workspace {
        id_code: "abcd1234".to_owned(),
        name: "W".to_owned(),
        time_zone: "UTC".to_owned(),
        region: "us".to_owned(),
        version: "2.16".to_owned(),
    }
}

fn people() -> Vec<Change> {
    vec![
        records(
            "contacts",
            &[
                json!({"id": "c", "email": "needle@example.com", "phone": "needle-phone", "name": "Ada",
                     "custom_attributes": {"Secret": "needle", "Plan": "pro"}}),
            ],
        ),
        records(
            "conversations",
            &[json!({"id": "k", "source": {"author": {"email": "needle@example.com", "name": "Ada"}}})],
        ),
        records(
            "tickets",
            &[
                json!({"id": "t", "ticket_parts": {"ticket_parts": [{"id": "p", "body": "needle"}], "total_count": 1}}),
            ],
        ),
    ]
}

const KEPT: &str =
    "SELECT c.phone, k.source_author_email, c.name, c.custom_attributes FROM contacts c, conversations k";

async fn everything(desk: &Desk) -> String {
    let tables = desk
        .rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_trunkline\\_%' ESCAPE '\\' ORDER BY 1")
        .await;
    let mut all = String::new();
    for table in tables {
        all.push_str(&desk.rows(&format!("SELECT * FROM {table}")).await.join("\n"));
    }
    all
}

#[tokio::test]
async fn what_is_left_out_or_hashed_is_in_no_column_and_no_record() {
    let mut desk = Desk::with(options());
    desk.write(vec![workspace()]).await;
    desk.write(people()).await;
    let again = desk.write(people()).await;
    assert_eq!((again.inserted, again.updated, again.unchanged), (0, 0, 3));
    let all = everything(&desk).await;
    assert!(!all.contains("needle"), "{all}");
    let kept = desk.rows(KEPT).await;
    let values: Vec<&str> = kept[0].split('|').collect();
    assert_eq!(
        (values[0].len(), values[1].len(), values[2], values[3]),
        (64, 64, "Ada", r#"{"Plan":"pro"}"#)
    );
    let columns = desk
        .rows("SELECT name FROM pragma_table_xinfo('contacts') WHERE name = 'email'")
        .await;
    assert!(columns.is_empty());
}

#[tokio::test]
async fn a_later_choice_reaches_the_rows_that_are_there_and_only_once() {
    let mut fresh = Desk::with(options());
    fresh.write(vec![workspace()]).await;
    fresh.write(people()).await;
    let mut desk = Desk::with(StorageOptions {
        history: true,
        ..StorageOptions::default()
    });
    desk.write(vec![workspace()]).await;
    desk.write(people()).await;
    assert!(everything(&desk).await.contains("needle"));
    let mut desk = desk.reopen(options()).await;
    assert!(!everything(&desk).await.contains("needle"));
    assert_eq!(desk.rows(KEPT).await, fresh.rows(KEPT).await);
    let again = desk.write(people()).await;
    assert_eq!((again.updated, again.unchanged), (0, 3));
    let desk = desk.reopen(options()).await;
    assert_eq!(desk.rows(KEPT).await, fresh.rows(KEPT).await);
}
