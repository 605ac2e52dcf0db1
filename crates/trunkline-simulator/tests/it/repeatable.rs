//! The same seed gives the same workspace, and the same steps lead to the same one.

use serde_json::json;

use crate::harness::{Sim, small};

const STREAMS: [&str; 12] = [
    "admins",
    "teams",
    "contacts",
    "companies",
    "conversations",
    "conversation_parts",
    "tickets",
    "articles",
    "notes",
    "contact_tags",
    "contact_companies",
    "deleted_conversations",
];

fn everything(sim: &Sim) -> Vec<String> {
    STREAMS
        .iter()
        .map(|stream| {
            sim.control("GET", &format!("/truth/{stream}?version=2.16"), None)
                .text
        })
        .collect()
}

#[test]
fn a_seed_says_it_all() {
    let first = everything(&Sim::new());
    assert_eq!(first, everything(&Sim::new()));
    let other = everything(&Sim::start(trunkline_simulator::Options { seed: 8, ..small() }));
    for (stream, (first, other)) in STREAMS.iter().zip(first.iter().zip(&other)) {
        assert_ne!(first, other, "{stream} is the same for another seed");
    }
}

#[test]
fn the_same_steps_of_activity_lead_to_the_same_workspace() {
    let run = || {
        let sim = Sim::new();
        let mut happened = Vec::new();
        for _ in 0..3 {
            happened.push(
                sim.control("POST", "/activity", Some(&json!({ "steps": 50 })))
                    .text,
            );
            sim.advance(600);
        }
        (happened, everything(&sim))
    };
    assert_eq!(run(), run());
}

#[test]
fn sizes_are_as_asked() {
    let sim = Sim::new();
    let counts = sim.control("GET", "/truth", None).json();
    for (stream, least, most) in [
        ("contacts", 385, 400),
        ("companies", 55, 60),
        ("conversations", 240, 250),
        ("tickets", 40, 40),
    ] {
        let count = counts[stream].as_u64().unwrap();
        assert!((least..=most).contains(&count), "{stream}: {count}");
    }
    let empty = Sim::start(trunkline_simulator::Options {
        contacts: 0,
        companies: 0,
        conversations: 0,
        tickets: 0,
        ..small()
    });
    assert_eq!(empty.get("/contacts")["data"], json!([]));
    assert_eq!(empty.get("/contacts")["pages"]["total_pages"], 0);
    assert_eq!(
        empty
            .control("POST", "/activity", Some(&json!({ "steps": 50 })))
            .status,
        200
    );
}
