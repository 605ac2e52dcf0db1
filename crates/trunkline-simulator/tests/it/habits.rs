//! Habits that have no other place: the newest 500 parts, and turning habits on and off.

use serde_json::json;

use crate::harness::{Sim, id, small};

/// A conversation with more parts than the API shows.
fn long() -> (Sim, String, usize) {
    let sim = Sim::new();
    let long = sim
        .truth("conversations")
        .into_iter()
        .find(|row| row["statistics"]["count_conversation_parts"].as_u64() > Some(501))
        .expect("every workspace of some size has a long conversation");
    let total = long["statistics"]["count_conversation_parts"].as_u64().unwrap() as usize - 1;
    (sim, id(&long), total)
}

#[test]
fn a_conversation_shows_its_newest_500_parts_and_states_them_all() {
    let (sim, long, total) = long();
    let shown = sim.get(&format!("/conversations/{long}"));
    let parts = shown["conversation_parts"]["conversation_parts"]
        .as_array()
        .unwrap();
    assert_eq!(
        (parts.len(), &shown["conversation_parts"]["total_count"]),
        (500, &json!(total))
    );
    let all: Vec<String> = sim
        .truth("conversation_parts")
        .iter()
        .filter(|part| part["conversation_id"] == long.as_str())
        .map(id)
        .collect();
    assert_eq!(all.len(), total);
    assert_eq!(parts.iter().map(id).collect::<Vec<_>>(), all[total - 500..]);
    sim.habit("five_hundred_parts", false);
    let shown = sim.get(&format!("/conversations/{long}"));
    assert_eq!(
        shown["conversation_parts"]["conversation_parts"]
            .as_array()
            .unwrap()
            .len(),
        total
    );
}

#[test]
fn a_page_too_big_for_the_gateway_answers_502_until_it_is_made_smaller() {
    let sim = Sim::start(trunkline_simulator::Options {
        tickets: 160,
        ..small()
    });
    let ticket = id(&sim.truth("tickets")[0]);
    let body = "word ".repeat(30_000);
    for _ in 0..11 {
        sim.post(
            &format!("/tickets/{ticket}/reply"),
            &json!({ "message_type": "note", "type": "admin", "admin_id": sim.admin(), "body": body }),
        );
    }
    let page = |per_page: u32| {
        let query = json!({ "field": "created_at", "operator": ">", "value": 0 });
        sim.send("POST", "/tickets/search", &json!({ "query": query, "pagination": { "per_page": per_page }, "sort": { "field": "updated_at", "order": "ascending" } }))
    };
    let big = page(150 + 10);
    assert_eq!(
        (big.status, big.header("content-type")),
        (200, Some("application/json; charset=utf-8")),
        "the big ticket sorts last"
    );
    let newest = json!({ "query": { "field": "created_at", "operator": ">", "value": 0 }, "pagination": { "per_page": 150 } });
    let got = sim.send("POST", "/tickets/search", &newest);
    assert_eq!((got.status, got.header("content-type")), (502, Some("text/html")));
    sim.habit("big_pages", false);
    assert_eq!(sim.send("POST", "/tickets/search", &newest).status, 200);
}

#[test]
fn habits_can_be_read_and_set_and_unknown_ones_are_refused() {
    let sim = Sim::new();
    let before = sim.control("GET", "/habits", None).json();
    assert_eq!(before["search_lag"], true);
    sim.habit("search_lag", false);
    assert_eq!(sim.control("GET", "/habits", None).json()["search_lag"], false);
    let got = sim.raw("PUT", "/_sim/habits", &[], r#"{"patience":true}"#);
    assert_eq!(got.status, 400);
    assert!(got.text.contains("patience"), "{}", got.text);
    let got = sim.raw("PUT", "/_sim/habits", &[], r#"{"search_lag":"no"}"#);
    assert_eq!(got.status, 400);
}
