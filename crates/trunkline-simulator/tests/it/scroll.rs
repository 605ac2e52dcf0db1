//! The one scroll over companies that a workspace has.

use serde_json::{Value, json};

use crate::harness::{Sim, id, ids};

#[test]
fn a_scroll_gives_every_company_once_and_ends_with_an_empty_page() {
    let sim = Sim::new();
    let mut seen = Vec::new();
    let mut path = "/companies/scroll".to_owned();
    let last = loop {
        let page = sim.get(&path);
        assert_eq!(page["type"], "list");
        assert_eq!(
            (&page["pages"], &page["total_count"]),
            (&Value::Null, &Value::Null)
        );
        let param = page["scroll_param"].as_str().unwrap().to_owned();
        let rows = ids(&page["data"]);
        path = format!("/companies/scroll?scroll_param={param}");
        if rows.is_empty() {
            break path;
        }
        seen.extend(rows);
    };
    let mut expected: Vec<String> = sim.truth("companies").iter().map(id).collect();
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected);
    assert_eq!(
        sim.try_get(&last).refusal(),
        (404, "not_found".to_owned()),
        "after the empty page the scroll is gone"
    );
    assert_eq!(
        sim.try_get("/companies/scroll").status,
        200,
        "and another may be opened"
    );
}

#[test]
fn a_second_scroll_is_refused_until_the_first_has_been_idle_for_a_minute() {
    let sim = Sim::new();
    let param = sim.get("/companies/scroll")["scroll_param"]
        .as_str()
        .unwrap()
        .to_owned();
    let got = sim.try_get("/companies/scroll");
    assert_eq!(got.refusal(), (400, "scroll_exists".to_owned()));
    assert_eq!(got.message(), "scroll already exists for this workspace");
    sim.advance(59);
    assert_eq!(sim.try_get("/companies/scroll").status, 400);
    sim.advance(2);
    assert_eq!(
        sim.try_get(&format!("/companies/scroll?scroll_param={param}"))
            .refusal()
            .0,
        404,
        "expired"
    );
    assert_eq!(sim.try_get("/companies/scroll").status, 200);
}

#[test]
fn using_a_scroll_keeps_it_alive() {
    let sim = Sim::start(trunkline_simulator::Options {
        companies: 500,
        contacts: 600,
        ..crate::harness::small()
    });
    let mut param = sim.get("/companies/scroll")["scroll_param"]
        .as_str()
        .unwrap()
        .to_owned();
    for _ in 0..3 {
        sim.advance(50);
        let got = sim.try_get(&format!("/companies/scroll?scroll_param={param}"));
        assert_eq!(got.status, 200, "{}", got.text);
        param = got.json()["scroll_param"].as_str().unwrap().to_owned();
    }
}

#[test]
fn an_unknown_scroll_is_not_found() {
    let sim = Sim::new();
    assert_eq!(
        sim.try_get("/companies/scroll?scroll_param=made-up").refusal(),
        (404, "not_found".to_owned())
    );
}

#[test]
fn without_the_lock_several_scrolls_may_be_open() {
    let sim = Sim::new();
    sim.habit("scroll_lock", false);
    assert_eq!(sim.try_get("/companies/scroll").status, 200);
    assert_eq!(sim.try_get("/companies/scroll").status, 200);
}

#[test]
fn a_company_without_contacts_is_in_no_list_but_can_be_read() {
    let sim = Sim::new();
    let empty = id(&sim.post(
        "/companies",
        &json!({ "company_id": "nobody-here", "name": "Nobody Here" }),
    ));
    assert_eq!(sim.get(&format!("/companies/{empty}"))["name"], "Nobody Here");
    assert!(!sim.truth("companies").iter().any(|company| id(company) == empty));
    let contact = id(&sim.user("First Hire"));
    sim.post(&format!("/contacts/{contact}/companies"), &json!({ "id": empty }));
    assert!(sim.truth("companies").iter().any(|company| id(company) == empty));
}
