//! Sign-ups become contacts.

use std::{collections::BTreeMap, collections::BTreeSet, fs};

use serde_json::{Value, json};

use super::{change, desk_with};
use crate::{
    harness::{Desk, Simulator},
    killing,
    process::json as shown,
};

const FLOW: [&str; 3] = ["flow", "run", "flow.yaml"];

/// The recipe, which would wait for more if it were followed.
fn desk() -> Desk {
    let desk = desk_with("contact-enrichment");
    change(&desk, "flow.yaml", ", follow: true", "");
    desk
}

#[test]
fn sign_ups_become_contacts_and_change_them() {
    let simulator = Simulator::small();
    let desk = desk();
    let signups = desk.path().join("signups.jsonl");
    fs::rename(desk.path().join("input.jsonl"), &signups).unwrap();
    let run = [&FLOW[..], &["--base-url", simulator.base_url()]].concat();
    assert_eq!(shown(&desk, &run)["delivered"]["intercom"], 3);
    let more = "{\"id\":\"1002\",\"email\":\"bo@example.com\",\"first_name\":\"Bo\",\"last_name\":\"Ray\",\"at\":\"2026-11-02T10:00:00Z\"}\n";
    let text = fs::read_to_string(&signups).unwrap() + more;
    fs::write(&signups, text).unwrap();
    simulator.advance(700);
    assert_eq!(shown(&desk, &run)["read"], 1);
    let there: Vec<Value> = simulator
        .truth("contacts", "2.16")
        .into_iter()
        .filter(|contact| {
            contact["external_id"]
                .as_str()
                .is_some_and(|id| id.starts_with("100"))
        })
        .collect();
    let names: BTreeSet<_> = there
        .iter()
        .map(|contact| contact["name"].as_str().unwrap_or("·"))
        .collect();
    assert_eq!(names, BTreeSet::from(["Ann Lee", "Bo Ray", "·"]), "{there:?}");
}

#[test]
fn fifty_kills_leave_every_sign_up_there_once() {
    let simulator = Simulator::small();
    let desk = desk();
    let signups: String = (0..400)
        .map(|number| {
            let line = json!({
                "id": format!("kill-{}", number % 300), "email": format!("{}@kill.example", number % 300),
                "first_name": format!("Name {number}"), "at": format!("2026-11-01T10:{:02}:00Z", number / 300),
            });
            format!("{line}\n")
        })
        .collect();
    fs::write(desk.path().join("signups.jsonl"), signups).unwrap();
    let more = [
        "--base-url",
        simulator.base_url(),
        "--request-log",
        "requests.log",
    ];
    let run = [&FLOW[..], &more].concat();
    let forget = |_| drop(fs::remove_file(desk.path().join("requests.log")));
    killing::at_random(&desk, &run, &[], 14, forget, |_| {
        killing::lines(&desk, "requests.log")
    });
    assert_eq!(shown(&desk, &run)["state"], "done");
    let mut there = BTreeMap::new();
    for contact in simulator.truth("contacts", "2.16") {
        if let Some(id) = contact["external_id"]
            .as_str()
            .filter(|id| id.starts_with("kill-"))
        {
            let twice = there.insert(
                id.to_owned(),
                contact["name"].as_str().unwrap_or_default().to_owned(),
            );
            assert_eq!(twice, None, "{id} is there twice");
        }
    }
    let expected: BTreeMap<String, String> = (0..400)
        .map(|number| (format!("kill-{}", number % 300), format!("Name {number}")))
        .collect();
    assert_eq!(there, expected);
}
