//! A living workspace: what happens shows in the API, and nothing comes apart.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{NOW, Sim, id};

fn act(sim: &Sim, steps: u32) -> Vec<String> {
    let told = sim
        .control("POST", "/activity", Some(&json!({ "steps": steps })))
        .json();
    told["happened"]
        .as_array()
        .unwrap()
        .iter()
        .map(|what| what.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn all_kinds_of_things_happen() {
    let sim = Sim::new();
    let kinds: BTreeSet<String> = act(&sim, 2_000).into_iter().collect();
    assert!(kinds.len() >= 24, "{kinds:?}");
}

#[test]
fn whatever_changed_says_so_in_updated_at() {
    let sim = Sim::new();
    let streams = ["contacts", "conversations", "tickets"];
    let before: Vec<Vec<Value>> = streams.iter().map(|stream| sim.truth(stream)).collect();
    sim.advance(60);
    act(&sim, 200);
    for (stream, before) in streams.iter().zip(before) {
        let mut changed = 0;
        for now in sim.truth(stream) {
            let then = before.iter().find(|row| id(row) == id(&now));
            if then.is_none_or(|then| *then != now) {
                assert_eq!(
                    now["updated_at"],
                    NOW + 60,
                    "{stream} {}: {then:?} became {now}",
                    id(&now)
                );
                changed += 1;
            }
        }
        assert!(changed > 0, "{stream}");
    }
}

#[test]
fn references_never_point_to_what_is_gone() {
    let sim = Sim::new();
    act(&sim, 1_000);
    let set = |stream: &str| -> BTreeSet<String> { sim.truth(stream).iter().map(id).collect() };
    let (contacts, companies, tags) = (set("contacts"), set("companies"), set("tags"));
    for (stream, left, right, known) in [
        ("contact_tags", "contact_id", "tag_id", &tags),
        ("contact_companies", "contact_id", "company_id", &companies),
    ] {
        for pair in sim.truth(stream) {
            assert!(contacts.contains(pair[left].as_str().unwrap()), "{stream} {pair}");
            assert!(known.contains(pair[right].as_str().unwrap()), "{stream} {pair}");
        }
    }
}

#[test]
fn deleted_conversations_are_remembered_with_the_moment() {
    let sim = Sim::new();
    let before = sim.truth("deleted_conversations").len();
    sim.advance(60);
    let happened = act(&sim, 300);
    let deleted = happened
        .iter()
        .filter(|what| *what == "a conversation was deleted")
        .count();
    let after = sim.truth("deleted_conversations");
    assert_eq!(after.len(), before + deleted);
    assert!(after[before..].iter().all(|row| row["deleted_at"] == NOW + 60));
}

#[test]
fn a_live_workspace_changes_by_itself() {
    let sim = Sim::start(trunkline_simulator::Options {
        live: Some(500.0),
        ..crate::harness::small()
    });
    let count = || {
        sim.control("GET", "/truth", None).json()["conversation_parts"]
            .as_u64()
            .unwrap()
    };
    let before = count();
    // Every look is a round trip; two thousand of them are far longer than one of its 2 ms steps.
    assert!((0..2_000).any(|_| count() != before));
}

#[test]
fn the_clock_can_be_set_and_moved() {
    let sim = Sim::new();
    let now = |got: crate::harness::Got| got.json()["now"].as_i64().unwrap();
    assert_eq!(now(sim.control("GET", "/clock", None)), NOW);
    assert_eq!(
        now(sim.control("PUT", "/clock", Some(&json!({ "advance_seconds": 90 })))),
        NOW + 90
    );
    assert_eq!(
        now(sim.control("PUT", "/clock", Some(&json!({ "now": NOW - 5 })))),
        NOW - 5
    );
    assert_eq!(sim.user("Timely")["created_at"], NOW - 5);
    assert_eq!(sim.raw("PUT", "/_sim/clock", &[], r#"{"then":1}"#).status, 400);
}

#[test]
fn a_clock_runs_from_its_start_unless_it_is_to_stand() {
    let sim = Sim::start(trunkline_simulator::Options {
        clock_stands: false,
        ..crate::harness::small()
    });
    let now = || sim.control("GET", "/clock", None).json()["now"].as_i64().unwrap();
    assert!((NOW..NOW + 60).contains(&now()), "{}", now());
    // Looking takes time, and so some look sees the next second.
    let first = now();
    assert!((0..1_000_000).any(|_| now() > first));
}
