//! Faults on demand.

use serde_json::{Value, json};

use crate::harness::{Got, Sim};

/// What an answer is like.
type Holds<'a> = &'a dyn Fn(&Got) -> bool;

fn set(sim: &Sim, fault: &Value) {
    sim.control("PUT", "/faults", Some(&json!([fault])));
}

#[test]
fn a_fault_befalls_the_calls_that_it_names_and_no_others() {
    let sim = Sim::new();
    set(
        &sim,
        &json!({ "operation": "tags.list", "status": 503, "times": 2, "after": 1 }),
    );
    let statuses: Vec<u16> = (0..4).map(|_| sim.try_get("/tags").status).collect();
    assert_eq!(statuses, [200, 503, 503, 200]);
    assert_eq!(sim.try_get("/teams").status, 200);
    set(&sim, &json!({ "operation": "*", "status": 500 }));
    assert_eq!(sim.try_get("/teams").refusal(), (500, "server_error".to_owned()));
    set(&sim, &json!({ "operation": "*", "status": 500, "times": 99 }));
    sim.control("DELETE", "/faults", None);
    assert_eq!(sim.try_get("/teams").status, 200);
}

#[test]
fn faulty_bodies_are_as_they_were_asked_for() {
    let sim = Sim::new();
    let whole = sim.try_get("/tags").text;
    let checks: &[(&str, u16, Holds<'_>)] = &[
        ("html", 502, &|got| {
            got.text.starts_with("<html>") && got.header("content-type") == Some("text/html")
        }),
        ("empty", 200, &|got| got.text.is_empty()),
        ("not_json", 200, &|got| {
            serde_json::from_str::<Value>(&got.text).is_err() && !got.text.is_empty()
        }),
        ("no_rows", 200, &|got| got.json().get("data").is_none()),
        ("cut", 200, &|got| {
            whole.starts_with(&got.text) && got.text.len() < whole.len()
        }),
    ];
    for (body, status, holds) in checks {
        set(
            &sim,
            &json!({ "operation": "tags.list", "status": status, "body": body }),
        );
        let got = sim.unchecked("2.16", "GET", "/tags", None);
        assert_eq!(got.status, *status, "{body}");
        assert!(holds(&got), "{body}: {}", got.text);
    }
}

#[test]
fn a_fault_may_say_when_to_come_back() {
    let sim = Sim::new();
    set(
        &sim,
        &json!({ "operation": "me.get", "status": 429, "retry_after": 7 }),
    );
    let got = sim.try_get("/me");
    assert_eq!((got.status, got.header("retry-after")), (429, Some("7")));
}

#[test]
fn a_fault_leaves_the_workspace_alone() {
    let sim = Sim::new();
    set(&sim, &json!({ "operation": "tags.upsert", "status": 500 }));
    assert_eq!(
        sim.send("POST", "/tags", &json!({ "name": "never made" })).status,
        500
    );
    assert!(!sim.try_get("/tags").text.contains("never made"));
}

#[test]
fn a_fault_with_an_unknown_field_is_refused() {
    let sim = Sim::new();
    let got = sim.raw(
        "PUT",
        "/_sim/faults",
        &[],
        r#"[{"operation":"*","status":500,"tiems":2}]"#,
    );
    assert_eq!(got.status, 400);
    assert!(got.text.contains("tiems"), "{}", got.text);
}

#[test]
fn a_write_whose_answer_is_lost_may_have_been_applied() {
    let sim = Sim::new();
    for (applied, expected) in [(false, 404), (true, 200)] {
        let name = format!("lost-{applied}");
        set(
            &sim,
            &json!({ "operation": "contacts.create", "status": 504, "applied": applied }),
        );
        let got = sim.send("POST", "/contacts", &json!({ "external_id": name }));
        assert_eq!(got.status, 504);
        let found = sim.try_get(&format!("/contacts/find_by_external_id/{name}"));
        assert_eq!(found.status, expected, "{name}");
    }
}

#[test]
fn a_storm_comes_and_goes_by_the_clock() {
    let sim = Sim::new();
    set(
        &sim,
        &json!({ "operation": "*", "status": 429, "every": 60, "lasting": 10 }),
    );
    let statuses: Vec<u16> = (0..4)
        .map(|_| {
            let status = sim.try_get("/me").status;
            sim.advance(20);
            status
        })
        .collect();
    assert_eq!(statuses, [429, 200, 200, 429]);
}

#[test]
fn the_headers_tell_the_workspaces_time_and_may_be_wrong() {
    let sim = Sim::new();
    assert_eq!(
        sim.try_get("/me").header("date"),
        Some("Fri, 20 Nov 2026 12:00:00 GMT")
    );
    set(&sim, &json!({ "operation": "me.get", "clock_skew": 3_600 }));
    let skewed = sim.try_get("/me");
    assert_eq!(
        (skewed.status, skewed.header("date")),
        (200, Some("Fri, 20 Nov 2026 13:00:00 GMT"))
    );
    assert_eq!(
        sim.try_get("/me").header("date"),
        Some("Fri, 20 Nov 2026 12:00:00 GMT")
    );
}

#[test]
fn a_fault_that_cannot_be_is_refused_and_nothing_is_set() {
    let sim = Sim::new();
    for fault in [
        json!({ "operation": "boats.list", "status": 500 }),
        json!({ "operation": "*", "status": 7 }),
        json!({ "operation": "*", "probability": 2 }),
    ] {
        let got = sim.raw(
            "PUT",
            "/_sim/faults",
            &[("content-type", "application/json")],
            &json!([fault]).to_string(),
        );
        assert_eq!(got.status, 400, "{fault}");
        assert!(!got.json()["error"].as_str().unwrap().is_empty());
    }
    assert_eq!(sim.control("GET", "/faults", None).json(), json!([]));
}
