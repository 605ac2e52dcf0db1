//! Leads of somebody who became a user are merged in, and nobody else's.

use std::fs;

use serde_json::{Value, json};

use super::desk_with;
use crate::{harness::Simulator, killing, process::json as shown};

/// A contact that somebody made.
fn made(simulator: &Simulator, contact: &Value) -> String {
    let (status, made) = simulator.api("POST", "/contacts", Some(contact));
    assert_eq!(status, 200, "{made}");
    made["id"].as_str().unwrap().to_owned()
}

/// A user and a lead of one address.
fn pair(simulator: &Simulator, name: &str) -> (String, String) {
    let lead = made(
        simulator,
        &json!({ "role": "lead", "email": format!("{name}@nurture.example") }),
    );
    let user = json!({ "role": "user", "external_id": name, "email": format!("{name}@nurture.example") });
    (lead, made(simulator, &user))
}

/// The contacts with addresses of these tests, as `role address`.
fn there(simulator: &Simulator) -> Vec<String> {
    let contacts = simulator.truth("contacts", "2.16");
    let mut found: Vec<String> = contacts
        .iter()
        .filter_map(|contact| {
            let email = contact["email"]
                .as_str()
                .filter(|email| email.ends_with("@nurture.example"))?;
            Some(format!("{} {email}", contact["role"].as_str().unwrap()))
        })
        .collect();
    found.sort();
    found
}

#[test]
fn leads_of_a_user_are_merged_and_others_stay() {
    let simulator = Simulator::small();
    let desk = desk_with("lead-nurture");
    pair(&simulator, "ann");
    made(
        &simulator,
        &json!({ "role": "lead", "email": "ann@nurture.example" }),
    );
    made(
        &simulator,
        &json!({ "role": "lead", "email": "bo@nurture.example" }),
    );
    simulator.advance(700);
    let run = ["flow", "run", "flow.yaml", "--base-url", simulator.base_url()];
    shown(&desk, &run);
    assert_eq!(
        there(&simulator),
        ["lead bo@nurture.example", "user ann@nurture.example"]
    );
    made(
        &simulator,
        &json!({ "role": "user", "external_id": "bo", "email": "Bo@nurture.example" }),
    );
    simulator.advance(700);
    shown(&desk, &run);
    assert_eq!(there(&simulator).len(), 2);
    assert!(there(&simulator).iter().all(|one| one.starts_with("user ")));
    assert_eq!(
        shown(&desk, &run)["delivered"]["intercom"].as_u64().unwrap_or(0),
        0
    );
}

#[test]
fn fifty_kills_leave_every_user_with_its_leads_merged() {
    let simulator = Simulator::small();
    let desk = desk_with("lead-nurture");
    for number in 0..25 {
        pair(&simulator, &format!("kill-{number}"));
    }
    simulator.advance(700);
    let more = [
        "--from-start",
        "--base-url",
        simulator.base_url(),
        "--request-log",
        "requests.log",
    ];
    let arguments = [&["flow", "run", "flow.yaml"][..], &more].concat();
    let round = |_| {
        drop(fs::remove_file(desk.path().join("requests.log")));
        simulator.advance(60);
    };
    killing::at_random(&desk, &arguments, &[], 250, round, |_| {
        killing::lines(&desk, "requests.log")
    });
    simulator.advance(700);
    shown(&desk, &arguments);
    let mut expected: Vec<String> = (0..25)
        .map(|number| format!("user kill-{number}@nurture.example"))
        .collect();
    expected.sort();
    assert_eq!(there(&simulator), expected);
    assert_eq!(shown(&desk, &["flow", "dead-letters"]), json!([]));
}
