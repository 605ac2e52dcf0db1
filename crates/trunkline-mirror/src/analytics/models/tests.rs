//! The end models over a workspace that was made by hand, in SQLite and in PostgreSQL.

use serde_json::Value;

use super::{Dialect, MODELS, statements};
use crate::{
    analytics::testing::{Desk, records, schedule},
    storage::{ColumnRef, StorageOptions},
    tables,
};

mod postgres;

const MOMENTS: &str = "asked_at, first_response_at, first_response_admin_id, first_close_at, last_close_at, \
    last_close_by_type, last_close_by_id, resolved_at";
const MINUTES: &str = "minutes_to_first_assignment, minutes_to_first_response, minutes_to_first_close, \
    minutes_to_first_admin_close, minutes_to_last_close, minutes_to_resolution, \
    office_minutes_to_first_response, office_minutes_to_first_close, office_minutes_to_resolution";
const COUNTS: &str = "begun_by, is_complete, count_parts, count_contact_messages, count_answers, count_notes, count_assignments, count_reopens";

async fn check(columns: &str, expected: &[&str]) {
    let desk = Desk::full().await;
    let sql = format!(
        "SELECT conversation_id, {columns} FROM conversation_metrics ORDER BY CAST(conversation_id AS INTEGER)"
    );
    let rows = desk.rows(&sql).await;
    assert_eq!(rows.len(), expected.len(), "{rows:#?}");
    for (row, expected) in rows.iter().zip(expected) {
        assert_eq!(row.replace("2026-10-", ""), *expected);
    }
}

#[tokio::test]
async fn moments_are_those_of_the_definitions() {
    check(
        MOMENTS,
        &[
            "1|19T08:00:00Z|19T08:30:00Z|1|19T10:00:00Z|19T10:00:00Z|admin|1|19T10:00:00Z",
            "2|19T14:30:00Z|20T07:15:00Z|2|·|·|·|·|·",
            "3|20T08:00:00Z|20T09:00:00Z|1|20T09:00:00Z|20T12:00:00Z|admin|1|20T12:00:00Z",
            "4|21T08:00:00Z|·|·|21T08:10:00Z|21T08:10:00Z|bot|9|21T08:10:00Z",
            "5|21T09:00:00Z|·|·|·|·|·|·|·",
            "6|22T22:30:00Z|·|·|·|·|·|·|·",
            "7|22T08:00:00Z|22T08:20:00Z|2|·|·|·|·|·",
            "8|23T09:00:00Z|23T09:12:00Z|2|·|·|·|·|·",
            "9|·|·|·|·|·|·|·|·",
            "10|23T14:00:00Z|26T08:30:00Z|2|·|·|·|·|·",
            "11|12T08:00:00Z|·|·|20T10:00:00Z|20T10:00:00Z|admin|1|20T10:00:00Z",
            "12|19T08:30:00Z|19T09:00:00Z|·|19T18:30:00Z|20T15:00:00Z|admin|1|20T15:00:00Z",
        ],
    )
    .await;
}

#[tokio::test]
async fn minutes_pass_by_the_clock_and_within_office_hours() {
    check(
        MINUTES,
        &[
            "1|·|30|120|120|120|120|30|120|120",
            "2|·|1005|·|·|·|·|45|·|·",
            "3|·|60|60|60|240|240|60|60|240",
            "4|·|·|10|·|10|10|·|10|10",
            "5|5|·|·|·|·|·|·|·|·",
            "6|·|·|·|·|·|·|·|·|·",
            "7|·|20|·|·|·|·|20|·|·",
            "8|·|12|·|·|·|·|12|·|·",
            "9|·|·|·|·|·|·|·|·|·",
            "10|·|3990|·|·|·|·|90|·|·",
            "11|·|·|11640|11640|11640|11640|·|3000|3000",
            "12|·|30|600|1830|1830|1830|30|390|870",
        ],
    )
    .await;
}

#[tokio::test]
async fn counts_are_those_of_the_definitions() {
    check(
        COUNTS,
        &[
            "1|contact|1|4|1|1|0|0|0",
            "2|contact|1|2|1|1|1|0|0",
            "3|contact|1|4|2|2|0|0|1",
            "4|contact|1|2|1|0|0|0|0",
            "5|contact|1|1|1|0|0|1|0",
            "6|contact|1|0|1|0|0|0|0",
            "7|contact|1|2|1|1|0|0|0",
            "8|admin|1|3|1|2|0|0|0",
            "9|admin|1|0|0|0|0|0|0",
            "10|contact|1|1|1|1|0|0|0",
            "11|contact|1|1|1|0|0|0|0",
            "12|contact|0|1|1|0|0|7|0",
        ],
    )
    .await;
}

#[tokio::test]
async fn names_stand_in_place_of_ids() {
    let desk = Desk::full().await;
    for (sql, expected) in [
        (
            "SELECT admin_assignee_name, team_assignee_name, company_name, tag_names, contact_names, rating, \
             rating_teammate_name, first_message FROM conversation_enhanced WHERE conversation_id IN ('1', '12') ORDER BY 1",
            &[
                "·|·|·|·|Dan|·|·|Hello",
                "Ann|First <b>line</b>|Acme|vip|·|5|Ann|Hello",
            ][..],
        ),
        (
            "SELECT contact_id, name, owner_name, company_names, tag_names, count_conversations FROM contact_enhanced ORDER BY 1",
            &["100|Cora|Ann|·|·|0", "200|Dan|·|Duck \"& Co\"|vip|1"],
        ),
        (
            "SELECT company_id, external_id, name, count_contacts, tag_names FROM company_enhanced ORDER BY 1",
            &["30|acme-1|Acme|0|·", "31|duck-1|Duck \"& Co\"|1|·"],
        ),
        (
            "SELECT company_id, count_conversations, count_not_closed, count_closed, count_answered, count_ratings, \
             average_rating, median_minutes_to_first_response, median_minutes_to_resolution FROM company_metrics ORDER BY 1",
            &["30|1|0|1|1|1|5|30|120", "31|1|0|1|1|0|·|30|1830"],
        ),
        (
            "SELECT name, team_names, count_assigned, count_assigned_not_closed, count_first_responses, \
             average_minutes_to_first_response, median_minutes_to_first_response, count_closed, \
             median_minutes_to_resolution, count_ratings, average_rating FROM admin_metrics ORDER BY 1",
            &[
                "Ann|First <b>line</b>|1|0|2|45|45|4|1035|1|5",
                "Bob|First <b>line</b>|1|1|4|1256.75|512.5|0|·|1|2",
            ],
        ),
        (
            "SELECT title, author_name, collection_name, parent_collection_name, help_center_name, characters \
             FROM article_enhanced ORDER BY article_id",
            &[
                "One|Ann|Start|All|Help|4",
                "Two|Bob|All|·|Help|·",
                "Three|·|·|·|·|·",
            ],
        ),
    ] {
        assert_eq!(desk.rows(sql).await, expected, "{sql}");
    }
}

#[tokio::test]
async fn views_over_nothing_are_empty_and_no_error() {
    let desk = Desk::empty();
    for model in MODELS {
        assert!(
            desk.rows(&format!("SELECT * FROM {}", model.name))
                .await
                .is_empty(),
            "{}",
            model.name
        );
    }
}

#[tokio::test]
async fn a_column_that_is_left_out_is_empty_in_the_views() {
    let column = |text: &str| text.parse::<ColumnRef>().unwrap();
    let mut desk = Desk::with(StorageOptions {
        exclude: vec![
            column("conversation_parts.body"),
            column("conversations.rating"),
            column("admins.name"),
            column("contacts.name"),
        ],
        ..StorageOptions::default()
    });
    desk.fill().await;
    let rows = desk
        .rows("SELECT conversation_id, rating, minutes_to_first_response FROM conversation_metrics WHERE conversation_id < '4' ORDER BY 1")
        .await;
    // Without texts an answer is told by its type: what was written while closing is not known.
    assert_eq!(
        rows,
        ["1|·|30", "10|·|3990", "11|·|·", "12|·|30", "2|·|1005", "3|·|190"]
    );
    let names = desk
        .rows("SELECT name, email FROM admin_metrics ORDER BY 2")
        .await;
    assert_eq!(names, ["·|ann@example.com", "·|bob@example.com"]);
}

#[tokio::test]
async fn the_minutes_of_the_office_follow_what_changes() {
    let mut desk = Desk::full().await;
    let minutes = "SELECT conversation_id, office_minutes_to_first_response FROM conversation_metrics \
                   WHERE office_minutes_to_first_response IS NOT NULL ORDER BY CAST(conversation_id AS INTEGER)";
    assert_eq!(
        desk.rows(minutes).await,
        ["1|30", "2|45", "3|60", "7|20", "8|12", "10|90", "12|30"]
    );
    // Somebody answers; until the end of the run the mirror knows that it has to look again, and only there.
    let answer = serde_json::json!({
        "id": "61", "part_type": "comment", "created_at": "2026-10-23T07:30:00Z", "updated_at": "2026-10-23T07:30:00Z",
        "body": "Hi", "author": { "type": "admin", "id": "1" },
    });
    desk.write(vec![crate::storage::Change::Parts {
        conversation_id: "6".to_owned(),
        records: crate::analytics::testing::bytes(&[answer]),
        total_count: Some(1),
        stated: None,
    }])
    .await;
    assert_eq!(desk.rows("SELECT * FROM _trunkline_office_stale").await, ["6"]);
    desk.storage.settle().await.unwrap();
    assert!(
        desk.rows("SELECT * FROM _trunkline_office_stale")
            .await
            .is_empty()
    );
    assert_eq!(desk.rows(minutes).await[3], "6|30");
    // Another time zone makes others of all; without a schedule there are none.
    let mut elsewhere = schedule("New York", "America/New_York");
    elsewhere["updated_at"] = 1_770_000_000.into();
    desk.write(vec![records("office_hours_schedules", &[elsewhere])])
        .await;
    desk.storage.settle().await.unwrap();
    assert_eq!(
        desk.rows(minutes).await,
        ["1|0", "2|390", "3|0", "6|0", "7|0", "8|0", "10|420", "12|0"]
    );
    desk.write(vec![crate::storage::Change::Vanished {
        stream: "office_hours_schedules",
        ids: vec!["40".to_owned()],
    }])
    .await;
    desk.storage.settle().await.unwrap();
    assert!(desk.rows(minutes).await.is_empty());
    assert!(
        desk.rows("SELECT * FROM _trunkline_office_minutes")
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn one_conversation_is_found_by_the_indexes_of_the_keys() {
    let desk = Desk::full().await;
    let plan = desk
        .rows("EXPLAIN QUERY PLAN SELECT * FROM conversation_metrics WHERE conversation_id = '1'")
        .await;
    for line in &plan {
        assert!(
            !line.contains("SCAN conversations") && !line.contains("SCAN conversation_parts"),
            "{plan:#?}"
        );
    }
    assert!(
        plan.iter().any(|line| line.contains("SEARCH conversation_parts")),
        "{plan:#?}"
    );
}

#[test]
fn every_column_that_the_views_name_is_one_of_the_tables() {
    let asked = std::cell::RefCell::new(Vec::new());
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        for statement in statements(dialect, &|table, column| {
            asked.borrow_mut().push((table.to_owned(), column.to_owned()));
            true
        }) {
            assert!(!statement.contains(['{', '}']), "{statement}");
        }
    }
    for (table, column) in asked.into_inner() {
        let known = tables::table(&table).unwrap_or_else(|| panic!("no table {table}"));
        let plain = column.strip_suffix("_text").unwrap_or(&column);
        assert!(
            known.column(&column).or(known.column(plain)).is_some(),
            "{table}.{column}"
        );
    }
}

/// A value of either database in a form that can be compared.
fn common(value: &Value) -> Value {
    match value {
        Value::Bool(yes) => f64::from(u8::from(*yes)).into(),
        Value::Number(number) => number
            .as_f64()
            .map_or(Value::Null, |number| ((number * 1e6).round() / 1e6).into()),
        Value::String(text) => match text.parse::<jiff::Timestamp>() {
            Ok(moment) => moment.to_string().into(),
            Err(_) => value.clone(),
        },
        other => other.clone(),
    }
}
