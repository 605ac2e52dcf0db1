//! The simulator's own page.

use serde_json::json;
use trunkline_simulator::Options;

use crate::harness::{Sim, small};

#[test]
fn the_page_shows_the_workspace_without_a_token() {
    let sim = Sim::new();
    let page = sim.raw("GET", "/", &[], "");
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    for part in ["Paper Planes", "Last requests", "No faults", "Webhooks sent"] {
        assert!(page.text.contains(part), "{part}");
    }
}

#[test]
fn without_the_control_surface_the_page_has_no_buttons_and_says_why() {
    let sim = Sim::start(Options {
        control: false,
        ..small()
    });
    let page = sim.raw("GET", "/", &[], "");
    assert!(page.text.contains("--control"));
    assert!(!page.text.contains("<button") && !page.text.contains("<script"));
    assert_eq!(sim.raw("GET", "/_sim/overview", &[], "").status, 401);
}

#[test]
fn the_overview_follows_what_happens() {
    let sim = Sim::new();
    sim.try_get("/me");
    sim.control(
        "PUT",
        "/faults",
        Some(&json!([{ "operation": "*", "status": 503 }])),
    );
    let overview = sim.control("GET", "/overview", None).json();
    assert_eq!(
        (
            &overview["requests"][0]["operation"],
            &overview["faults"][0]["status"]
        ),
        (&json!("me.get"), &json!(503))
    );
    assert_eq!(overview["counts"][0][0], "Contacts");
    let before = overview["counts"][0][1].as_u64().unwrap();
    sim.control("DELETE", "/faults", None);
    sim.user("New");
    let after = sim.control("GET", "/overview", None).json()["counts"][0][1]
        .as_u64()
        .unwrap();
    assert_eq!(after, before + 1);
}
