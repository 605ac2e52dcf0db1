//! Several workspaces in one process.

use serde_json::json;
use trunkline_simulator::Options;

use crate::harness::{Got, Sim, small};

fn two() -> Sim {
    Sim::start(Options {
        workspaces: 2,
        tokens: vec!["one".to_owned(), "two".to_owned()],
        ..small()
    })
}

fn with(sim: &Sim, token: &str, method: &str, path: &str, body: &str) -> Got {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    sim.raw(method, path, &headers, body)
}

#[test]
fn a_token_opens_its_workspace_and_nothing_of_another() {
    let sim = two();
    let code = |token: &str| with(&sim, token, "GET", "/me", "").ok()["app"]["id_code"].clone();
    assert_ne!(code("one"), code("two"));
    let made = with(
        &sim,
        "one",
        "POST",
        "/contacts",
        r#"{"email":"only@one.example"}"#,
    )
    .ok();
    let path = format!("/contacts/{}", made["id"].as_str().unwrap());
    assert_eq!(with(&sim, "one", "GET", &path, "").status, 200);
    assert_eq!(with(&sim, "two", "GET", &path, "").status, 404);
    assert_eq!(with(&sim, "three", "GET", "/me", "").status, 401);
}

#[test]
fn the_control_surface_reaches_each_workspace() {
    let sim = two();
    let all = sim.control("GET", "/workspaces", None).json();
    assert_eq!(all.as_array().unwrap().len(), 2);
    with(&sim, "two", "GET", "/tags", "").ok();
    let count = |path: &str| sim.control("GET", path, None).text.lines().count();
    assert_eq!((count("/requests"), count("/workspaces/1/requests")), (0, 1));
    let truth = |path: &str| {
        sim.control("GET", path, None)
            .text
            .lines()
            .next()
            .map(str::to_owned)
    };
    assert_ne!(truth("/truth/contacts"), truth("/workspaces/1/truth/contacts"));
    let none = sim.raw("GET", "/_sim/workspaces/7/truth", &[], "");
    assert_eq!(
        (none.status, none.json()),
        (404, json!({ "error": "there is no such workspace" }))
    );
}
