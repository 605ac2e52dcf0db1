//! What object storage asks of a copy: nothing is written over, the manifest decides, and what is left over goes.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use object_store::memory::InMemory;
use secrecy::SecretString;
use serde_json::json;

use super::{Desk, Place, contact, filled, places::tables_of};
use crate::{
    objects::Objects,
    targets::{Moment, Target as _, TargetError, TargetReport, bring_up, lake::Lake},
};

fn storage() -> Objects {
    Objects::over(Arc::new(InMemory::new()), "acme".into())
}

fn lake(objects: &Objects) -> Lake {
    Lake::over("s3://lake/acme", objects.clone())
}

/// A round so many minutes after the first.
async fn round(desk: &Desk, objects: &Objects, minute: i64) -> Result<TargetReport, TargetError> {
    let start: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
    let moment = Moment {
        now: start + SignedDuration::from_mins(minute),
        ..desk.moment()
    };
    bring_up(&desk.path(), &mut lake(objects), &moment).await
}

async fn rename(desk: &mut Desk, name: &str) {
    desk.records("contacts", &[contact("1", json!({ "plan": name }))])
        .await;
}

#[tokio::test]
async fn what_was_replaced_is_there_for_an_hour_and_then_gone() {
    let (mut desk, objects) = (filled().await, storage());
    round(&desk, &objects, 0).await.unwrap();
    let first = tables_of(&objects).await["contacts"].clone();
    rename(&mut desk, "b").await;
    round(&desk, &objects, 10).await.unwrap();
    let second = tables_of(&objects).await["contacts"].clone();
    assert_ne!(first, second, "nothing is written over");
    for (minute, is_there) in [(30, true), (69, true), (70, false)] {
        round(&desk, &objects, minute).await.unwrap();
        let names = objects.names().await.unwrap();
        assert_eq!(
            names.contains(&first),
            is_there,
            "after {minute} minutes: {names:?}"
        );
        assert!(names.contains(&second), "{names:?}");
    }
    let expected = tables_of(&objects).await.len() + 2;
    assert_eq!(
        objects.names().await.unwrap().len(),
        expected,
        "tables, manifest and views"
    );
}

#[tokio::test]
async fn what_a_round_left_that_was_cut_short_is_taken_away_and_nothing_of_others() {
    let (mut desk, objects) = (filled().await, storage());
    for theirs in [
        "contacts/mine.parquet",
        "notes.txt",
        "contacts/contacts-2026.parquet",
    ] {
        objects.put(theirs, b"mine".to_vec()).await.unwrap();
    }
    let place = Place::Lake(objects.clone());
    let mut calls = 3;
    while place.bring_up_failing(&desk, calls).await.is_err() {
        calls += 7;
        assert!(calls < 300, "it never ends well");
    }
    // The next round knows that theirs is over.
    rename(&mut desk, "b").await;
    for minute in [0, 61, 122] {
        round(&desk, &objects, minute).await.unwrap();
    }
    let mut names = objects.names().await.unwrap();
    for held in tables_of(&objects).await.values() {
        names.retain(|name| name != held);
    }
    names.sort();
    let expected = [
        "_trunkline.json",
        "contacts/contacts-2026.parquet",
        "contacts/mine.parquet",
        "notes.txt",
        "views.sql",
    ];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn of_two_rounds_at_once_the_later_one_is_refused_and_leaves_no_trace() {
    let (mut desk, objects) = (filled().await, storage());
    for held in [false, true] {
        let mut late = lake(&objects);
        late.begin(&desk.moment()).await.unwrap();
        round(&desk, &objects, 0).await.unwrap();
        let before = objects.get("_trunkline.json").await.unwrap().unwrap().0;
        let position = crate::feed::Position {
            feed: "other".to_owned(),
            seq: 99,
            mark: 0,
        };
        let error = late.commit("abc123", &position).await.unwrap_err();
        assert_eq!(error.code(), "TL0154", "with a manifest: {held}");
        let after = objects.get("_trunkline.json").await.unwrap().unwrap().0;
        assert_eq!(before, after);
        rename(&mut desk, "c").await;
    }
}

#[tokio::test]
async fn an_object_that_somebody_took_away_is_written_again() {
    let (desk, objects) = (filled().await, storage());
    round(&desk, &objects, 0).await.unwrap();
    let held = tables_of(&objects).await;
    objects.delete(&held["tags"]).await.unwrap();
    let report = round(&desk, &objects, 1).await.unwrap();
    let tables: Vec<&str> = report.tables.iter().map(|table| table.table.as_str()).collect();
    assert_eq!(tables, ["tags"]);
    Place::Lake(objects).holds_what_the_mirror_holds(&desk).await;
}

#[tokio::test]
async fn a_table_larger_than_a_part_is_whole() {
    let (mut desk, objects) = (filled().await, storage());
    // Text that does not get smaller.
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{state:016x}")
    };
    for hundred in 0..20 {
        let contacts: Vec<_> = (0..100)
            .map(|one| {
                let text: String = (0..1_000).map(|_| noise()).collect();
                contact(&format!("{hundred}-{one}"), json!({ "text": text }))
            })
            .collect();
        desk.records("contacts", &contacts).await;
    }
    round(&desk, &objects, 0).await.unwrap();
    let held = tables_of(&objects).await["contacts"].clone();
    let (bytes, _) = objects.get(&held).await.unwrap().unwrap();
    assert!(bytes.len() > 17 << 20, "{} bytes", bytes.len());
    Place::Lake(objects).holds_what_the_mirror_holds(&desk).await;
}

#[tokio::test]
async fn a_manifest_of_a_newer_format_is_refused_and_one_that_is_none_costs_a_comparison() {
    let (desk, objects) = (filled().await, storage());
    let newer = br#"{"format": 99}"#.to_vec();
    objects.put("_trunkline.json", newer).await.unwrap();
    let error = round(&desk, &objects, 0).await.unwrap_err();
    assert_eq!(error.code(), "TL0156");
    objects.put("_trunkline.json", b"{ no".to_vec()).await.unwrap();
    assert!(round(&desk, &objects, 0).await.unwrap().snapshot);
    Place::Lake(objects).holds_what_the_mirror_holds(&desk).await;
}

#[test]
fn addresses_that_cannot_be_are_refused_without_a_secret() {
    let nothing = |_: &str| None;
    for text in [
        "s3://",
        "s3:///folder",
        "s3://me:geheim@lake/x",
        "s3://lake/x?key=geheim",
        "gs://",
        "s3://la ke/x",
    ] {
        let error = Lake::new(text, nothing).unwrap_err();
        assert_eq!(error.code(), "TL0150", "{text}");
        assert!(!error.to_string().contains("geheim"), "{error}");
    }
    for text in ["s3://lake", "s3://lake/acme/", "gs://lake/acme"] {
        let held = |name: &str| {
            ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
                .contains(&name)
                .then(|| SecretString::from("geheim"))
        };
        let made = Lake::new(text, held).unwrap();
        assert_eq!(made.name(), format!("parquet:{}", text.trim_end_matches('/')));
        assert!(!format!("{made:?}").contains("geheim"));
    }
}
