//! Transforms that hold records back: when they give them out, and that nothing is done with before.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trunkline_flow::{Cursor, Frontier, engine::Pipeline};

use super::{check, flow, noon, records};

fn later(seconds: i64) -> Timestamp {
    noon() + SignedDuration::from_secs(seconds)
}

fn pipeline(transforms: &str) -> Pipeline {
    (flow(transforms).unwrap().transforms)()
}

fn numbers(range: std::ops::Range<u64>) -> Vec<Value> {
    range.map(|n| json!({ "n": n })).collect()
}

#[test]
fn batch_gives_by_number_by_time_and_at_the_end() {
    let mut batch = pipeline("  - batch: { size: 2, within: 5s, as: all }");
    let applied = batch.apply(records(&numbers(0..3)), noon());
    let values: Vec<_> = applied.records.iter().map(|record| &record.value).collect();
    assert_eq!(values, [&json!({ "count": 2, "all": [{ "n": 0 }, { "n": 1 }] })]);
    assert_eq!(batch.due(), Some(later(5)));
    assert!(batch.flush(later(4), false).records.is_empty());
    assert_eq!(batch.due(), Some(later(5)));
    let due = batch.flush(later(5), false).records;
    assert_eq!(due[0].value, json!({ "count": 1, "all": [{ "n": 2 }] }));
    assert_eq!(batch.due(), None);
    assert!(batch.flush(later(50), true).records.is_empty());
    batch.apply(records(&numbers(3..4)), later(6));
    assert_eq!(
        batch.flush(later(6), true).records[0].value["all"],
        json!([{ "n": 3 }])
    );
}

#[test]
fn a_batch_is_bounded_in_bytes() {
    let large = json!({ "text": "x".repeat(1 << 20) });
    let mut batch = pipeline("  - batch: { size: 1000 }");
    let given = batch.apply(records(&vec![large; 40]), noon()).records;
    assert_eq!(given.len(), 2);
    assert!(
        given
            .iter()
            .all(|record| record.value["count"].as_u64() < Some(20))
    );
}

#[test]
fn what_is_held_is_not_done_with() {
    for transforms in [
        "  - batch: { size: 100 }",
        "  - window: { every: 1h }",
        "  - window: { every: 1h, by: .n, make: '.records[]' }",
    ] {
        let mut held = pipeline(transforms);
        let frontier = Frontier::default();
        let entered = frontier.enter(records(&numbers(0..3)), Some(Cursor(json!(3))));
        assert!(held.apply(entered, noon()).records.is_empty());
        assert_eq!(frontier.outstanding(), 3, "{transforms}");
        let given = held.flush(later(9_000), true).records;
        assert_eq!(frontier.take_reached(), None, "{transforms}");
        assert_eq!(frontier.outstanding(), 3, "{transforms}");
        drop(given);
        assert_eq!(frontier.take_reached(), Some(Cursor(json!(3))), "{transforms}");
    }
}

#[test]
fn a_batch_has_an_id_that_stands_for_what_is_in_it() {
    let id = |values: &[Value], from: usize| {
        let given = pipeline("  - batch: { size: 100 }");
        let mut batch = given;
        batch.apply(records(values).split_off(from), noon());
        batch.flush(noon(), true).records.remove(0).head.id.unwrap()
    };
    assert_eq!(id(&numbers(0..3), 0), id(&numbers(0..3), 0));
    assert_ne!(id(&numbers(0..3), 0), id(&numbers(0..3), 1));
    assert_ne!(id(&numbers(0..3), 0), id(&numbers(0..2), 0));
}

#[test]
fn window_makes_a_digest_for_each_group() {
    let mut window = pipeline(
        "  - window: { every: 1h, by: .team, make: '{team: .key, count, from, to, sum: (.records | map(.n) | add)}' }",
    );
    let input = [
        json!({ "team": "a", "n": 1 }),
        json!({ "team": "b", "n": 2 }),
        json!({ "team": "a", "n": 3 }),
    ];
    assert!(window.apply(records(&input), later(60)).records.is_empty());
    assert_eq!(window.due(), Some(later(3_600)));
    assert!(window.flush(later(3_599), false).records.is_empty());
    let given = window.flush(later(3_600), false).records;
    let values: Vec<_> = given.iter().map(|record| record.value.clone()).collect();
    let (from, to) = ("2026-11-21T12:00:00Z", "2026-11-21T13:00:00Z");
    assert_eq!(
        values,
        [
            json!({ "team": "a", "count": 2, "from": from, "to": to, "sum": 4 }),
            json!({ "team": "b", "count": 1, "from": from, "to": to, "sum": 2 }),
        ]
    );
    assert_eq!(window.due(), None);
}

#[test]
fn what_comes_after_the_end_of_a_window_is_in_the_next() {
    let mut window = pipeline("  - window: { every: 1h }");
    window.apply(records(&numbers(0..1)), later(10));
    let given = window.apply(records(&numbers(1..2)), later(3_700)).records;
    assert_eq!(given[0].value["records"], json!([{ "n": 0 }]));
    assert_eq!(window.due(), Some(later(7_200)));
}

#[test]
fn windows_are_bounded_and_given_early() {
    let mut window = pipeline("  - window: { every: 1d, by: '.n % 2', most: 4 }");
    let given = window.apply(records(&numbers(0..6)), noon()).records;
    let counts: Vec<_> = given.iter().map(|record| record.value["count"].clone()).collect();
    assert_eq!(counts, [json!(2), json!(2)]);
    assert_eq!(window.flush(noon(), true).records.len(), 2);
}

#[test]
fn a_digest_that_cannot_be_made_is_a_dead_letter_with_all_that_was_in_it() {
    let mut window = pipeline("  - window: { every: 1h, make: .records.x }");
    window.apply(records(&numbers(0..2)), noon());
    let applied = window.flush(noon(), true);
    assert!(applied.records.is_empty());
    assert_eq!(applied.refused.len(), 1);
    assert_eq!(applied.refused[0].error.code, "TL0811");
    assert_eq!(
        applied.refused[0].record.value["records"],
        json!([{ "n": 0 }, { "n": 1 }])
    );
    check(
        "  - window: { every: 1h, make: .records.x }",
        &numbers(0..2),
        Err(("TL0811", "")),
    );
}

#[test]
fn dedupe_forgets_with_time() {
    let mut dedupe = pipeline("  - dedupe: { key: .n, within: 10s }");
    for (second, passes) in [(0, 1), (9, 0), (10, 1), (19, 0), (20, 1)] {
        let given = dedupe.apply(records(&numbers(0..1)), later(second)).records;
        assert_eq!(given.len(), passes, "{second}");
    }
}

#[test]
fn transforms_that_hold_follow_each_other() {
    check(
        "  - batch: { size: 2 }\n  - batch: { size: 2, as: batches }\n  - jq: '[.batches[].records[].n]'",
        &numbers(0..5),
        Ok(vec![json!([0, 1, 2, 3]), json!([4])]),
    );
}
