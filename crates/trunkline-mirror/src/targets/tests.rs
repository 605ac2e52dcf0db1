//! What every target promises, tried on each: a PostgreSQL schema, a folder of Parquet files, and object storage.
//!
//! The one rule: a target is right when every table of it holds what the mirror file holds, row by row. PostgreSQL is the server
//! that `TRUNKLINE_TEST_POSTGRES` names. Read `tests/places.rs` for the places, `tests/desk.rs` for the mirror.

mod desk;
mod failing;
mod lakes;
mod models;
mod places;
mod refused;

use serde_json::json;

use desk::{Desk, contact, conversation};
use failing::Failing;
use places::Place;

/// Runs a test on a fresh place of each kind.
async fn on_each(test: impl AsyncFn(&Place)) {
    for place in [Place::postgres().await, Place::folder(), Place::lake()] {
        test(&place).await;
        place.remove().await;
    }
}

/// A mirror with people, a conversation with parts, tags and custom attributes.
async fn filled() -> Desk {
    let mut desk = Desk::new();
    desk.workspace("abc123").await;
    desk.records(
        "contacts",
        &[
            contact("1", json!({"plan": "pro", "seats": 3, "vip": true, "note": null})),
            contact("2", json!({"plan": "free", "score": 1.5, "tags": ["a"]})),
            contact("3", json!({})),
        ],
    )
    .await;
    desk.records(
        "tags",
        &[
            json!({"id": "t1", "name": "VIP"}),
            json!({"id": "t2", "name": "Neu\tgier\\ig"}),
        ],
    )
    .await;
    desk.records(
        "conversations",
        &[
            conversation("10", &["1"], &["t1"]),
            conversation("11", &["2"], &[]),
        ],
    )
    .await;
    desk.parts("10", &["a", "b", "c"]).await;
    desk
}

#[tokio::test]
async fn every_round_leaves_every_table_equal_to_the_mirror() {
    on_each(async |place| {
        let mut desk = filled().await;
        let first = place.bring_up(&desk).await.unwrap();
        assert!(first.snapshot);
        place.holds_what_the_mirror_holds(&desk).await;

        let second = place.bring_up(&desk).await.unwrap();
        assert!(!second.snapshot);
        assert!(second.tables.is_empty(), "{second:?}");

        desk.records(
            "contacts",
            &[
                contact("1", json!({"plan": "free"})),
                contact("4", json!({"seats": 9})),
            ],
        )
        .await;
        desk.records("conversations", &[conversation("10", &["1", "4"], &[])])
            .await;
        desk.parts("10", &["d"]).await;
        let third = place.bring_up(&desk).await.unwrap();
        assert!(!third.snapshot);
        place.holds_what_the_mirror_holds(&desk).await;

        desk.vanish("contacts", "3").await;
        desk.merge("contacts", "2", "1").await;
        place.bring_up(&desk).await.unwrap();
        place.holds_what_the_mirror_holds(&desk).await;

        desk.records("contacts", &[contact("3", json!({"plan": "back"}))])
            .await;
        place.bring_up(&desk).await.unwrap();
        place.holds_what_the_mirror_holds(&desk).await;
    })
    .await;
}

#[tokio::test]
async fn a_new_custom_attribute_gets_a_column_and_a_type_gets_wider_and_stays_so() {
    on_each(async |place| {
        let mut desk = filled().await;
        place.bring_up(&desk).await.unwrap();
        for (attributes, column, kind) in [
            (json!({"seats": 2.5}), "seats", "real"),
            (json!({"seats": "many"}), "seats", "text"),
            (json!({"seats": 4}), "seats", "text"),
            (json!({"since": 1_700_000_000}), "since", "integer"),
            (json!({"Since": "yes"}), "Since (2)", "text"),
            (json!({"vip": {"a": [1]}}), "vip", "text"),
            (json!({"note": {"a": [1]}}), "note", "json"),
        ] {
            desk.records("contacts", &[contact("2", attributes)]).await;
            place.bring_up(&desk).await.unwrap();
            place.holds_what_the_mirror_holds(&desk).await;
            place.has_column("contacts_custom", column, kind).await;
        }
        place.lose_checkpoint().await;
        place.bring_up(&desk).await.unwrap();
        place.holds_what_the_mirror_holds(&desk).await;
    })
    .await;
}

#[tokio::test]
async fn a_round_that_ends_anywhere_leaves_what_was_and_the_next_one_makes_it_right() {
    on_each(async |place| {
        let mut desk = filled().await;
        for step in ["first", "later"] {
            let before = place.content().await;
            let mut calls = 0;
            loop {
                let outcome = place.bring_up_failing(&desk, calls).await;
                if outcome.is_ok() {
                    break;
                }
                assert_eq!(place.content().await, before, "{step}, ended after {calls} calls");
                calls = calls * 3 / 2 + 1;
                assert!(calls < 500, "{outcome:?}");
            }
            assert!(calls > 3, "{step}");
            place.holds_what_the_mirror_holds(&desk).await;
            desk.records("contacts", &[contact("5", json!({"plan": "new", "size": 1}))])
                .await;
            desk.vanish("conversations", "11").await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_mirror_that_was_made_anew_takes_away_what_is_gone() {
    on_each(async |place| {
        let desk = filled().await;
        place.bring_up(&desk).await.unwrap();
        let mut other = Desk::new();
        other.workspace("abc123").await;
        other
            .records("contacts", &[contact("1", json!({"plan": "pro"}))])
            .await;
        let report = place.bring_up(&other).await.unwrap();
        assert!(report.snapshot);
        place.holds_what_the_mirror_holds(&other).await;
    })
    .await;
}

#[tokio::test]
async fn a_mirror_from_a_backup_is_noticed_although_it_has_as_many_changes() {
    on_each(async |place| {
        let mut desk = filled().await;
        place.bring_up(&desk).await.unwrap();
        let backup = desk.copy();
        desk.records("contacts", &[contact("8", json!({})), contact("9", json!({}))])
            .await;
        place.bring_up(&desk).await.unwrap();
        let mut desk = desk.restore(&backup);
        desk.records(
            "tags",
            &[json!({"id": "t7", "name": "x"}), json!({"id": "t8", "name": "y"})],
        )
        .await;
        desk.records("tags", &[json!({"id": "t9", "name": "x"})]).await;
        let report = place.bring_up(&desk).await.unwrap();
        assert!(report.snapshot);
        place.holds_what_the_mirror_holds(&desk).await;
    })
    .await;
}

#[tokio::test]
async fn a_lost_checkpoint_costs_a_comparison_and_nothing_else() {
    on_each(async |place| {
        let mut desk = filled().await;
        place.bring_up(&desk).await.unwrap();
        place.lose_checkpoint().await;
        desk.vanish("contacts", "1").await;
        let report = place.bring_up(&desk).await.unwrap();
        assert!(report.snapshot);
        place.holds_what_the_mirror_holds(&desk).await;
    })
    .await;
}

#[tokio::test]
async fn values_that_others_cannot_hold_stop_no_row() {
    on_each(async |place| {
        let mut desk = filled().await;
        desk.raw("contacts", r#"{"id":"20","name":"a\u0000b","custom_attributes":{"x\u0000":"\u0000","y":"\ud83d"}}"#)
            .await;
        desk.raw("contacts", r#"{"id":"21","name":"\ud83d\ude00 \\N \"q\"\n","custom_attributes":{"big":123456789012345678901234567890,"exp":1e400}}"#)
            .await;
        let long = "ü".repeat(90);
        desk.raw("contacts", &format!(r#"{{"id":"22","custom_attributes":{{"{long}":1,"{long}2":2}}}}"#)).await;
        place.bring_up(&desk).await.unwrap();
        for table in ["contacts", "contacts_custom"] {
            let keys: Vec<String> = place.keys(table).await;
            for id in ["20", "21", "22"] {
                assert!(keys.contains(&id.to_owned()), "{table}: {keys:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn versions_are_brought_along_when_the_mirror_keeps_them() {
    on_each(async |place| {
        let mut desk = Desk::with_history();
        desk.workspace("abc123").await;
        desk.records("contacts", &[contact("1", json!({}))]).await;
        place.bring_up(&desk).await.unwrap();
        desk.records("contacts", &[contact("1", json!({"plan": "pro"}))])
            .await;
        place.bring_up(&desk).await.unwrap();
        place.holds_what_the_mirror_holds(&desk).await;
        assert_eq!(place.keys("contacts_history").await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn what_is_left_out_later_is_taken_back_from_where_it_was_brought() {
    on_each(async |place| {
        let left_out = ["contacts.email", "contacts.custom_attributes"];
        let mut desk = filled().await;
        place.bring_up(&desk).await.unwrap();
        assert!(format!("{:?}", place.content().await).contains("1@example.com"));
        desk.leave_out(&left_out).await;
        place.bring_up(&desk).await.unwrap();
        holds_nothing_of_people(place).await;

        let desk = filled().await;
        place.bring_up(&desk).await.unwrap();
        let mut anew = Desk::without(&left_out);
        anew.workspace("abc123").await;
        anew.records("contacts", &[contact("1", json!({"plan": "pro"}))])
            .await;
        place.bring_up(&anew).await.unwrap();
        holds_nothing_of_people(place).await;
    })
    .await;
}

async fn holds_nothing_of_people(place: &Place) {
    let content = format!("{:?}", place.content().await);
    for value in ["1@example.com", "\"pro\"", "\"free\""] {
        assert!(!content.contains(value), "{value} in {content}");
    }
}
