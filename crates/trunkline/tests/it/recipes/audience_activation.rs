//! An audience in its three modes, and events one at a time.

use std::{collections::BTreeMap, fs};

use serde_json::{Value, json};

use super::{change, desk_with};
use crate::{
    harness::{Desk, Simulator},
    killing,
    process::json as shown,
};

const TAG: &str = "Likely to churn";
/// A moment not long before the simulated workspace's.
const RECENTLY: i64 = 1_795_000_000;

/// The recipe with its database, and the people that it names.
fn desk(simulator: &Simulator, people: &[String]) -> (Desk, rusqlite::Connection) {
    let desk = desk_with("audience-activation");
    change(&desk, "events.yaml", "\n    every: 10s", "");
    let database = rusqlite::Connection::open(desk.path().join("audience.db")).unwrap();
    let schema = fs::read_to_string(desk.path().join("audience.sql")).unwrap();
    database.execute_batch(&schema).unwrap();
    for id in people {
        let (status, made) = simulator.api(
            "POST",
            "/contacts",
            Some(&json!({ "role": "user", "external_id": id })),
        );
        assert_eq!(status, 200, "{made}");
    }
    simulator.advance(700);
    (desk, database)
}

/// Of each person with such an id: whether the tag is on, and the attribute.
fn there(simulator: &Simulator, begin: &str) -> BTreeMap<String, (bool, Value)> {
    let mut found = BTreeMap::new();
    for contact in simulator.truth("contacts", "2.16") {
        let Some(id) = contact["external_id"].as_str().filter(|id| id.starts_with(begin)) else {
            continue;
        };
        let path = format!("/contacts/{}/tags", contact["id"].as_str().unwrap());
        let (_, tags) = simulator.api("GET", &path, None);
        let tagged = tags["data"]
            .as_array()
            .unwrap()
            .iter()
            .any(|tag| tag["name"] == TAG);
        let attribute = contact["custom_attributes"]["last_in_audience"].clone();
        found.insert(id.to_owned(), (tagged, attribute));
    }
    found
}

/// The events of a person, by their names.
fn events(simulator: &Simulator, id: &str) -> Vec<String> {
    let contacts = simulator.truth("contacts", "2.16");
    let contact = contacts
        .iter()
        .find(|contact| contact["external_id"] == id)
        .unwrap();
    let path = format!(
        "/events?type=user&intercom_user_id={}",
        contact["id"].as_str().unwrap()
    );
    let (status, found) = simulator.api("GET", &path, None);
    assert_eq!(status, 200, "{found}");
    let mut names: Vec<String> = found["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["event_name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn who_joins_is_tagged_who_leaves_is_not_and_who_stays_is_seen() {
    let simulator = Simulator::small();
    let people = ["1001", "1002", "1003"].map(str::to_owned);
    let (desk, database) = desk(&simulator, &people);
    let run = |flow: &str| shown(&desk, &["flow", "run", flow, "--base-url", simulator.base_url()]);
    run("flow.yaml");
    let seen = |day: &str| json!(format!("{TAG} {day}"));
    let now = there(&simulator, "100");
    assert_eq!(now["1001"], (true, Value::Null));
    assert_eq!(now["1002"], (true, Value::Null));
    assert_eq!(now["1003"], (false, seen("2026-01-01")));
    let change = "update audience_members set left_at = 1767398400 where external_id = '1002'; update audience_members set seen_at = 1767398400 where external_id = '1001'";
    database.execute_batch(change).unwrap();
    assert_eq!(run("flow.yaml")["read"], 2);
    let now = there(&simulator, "100");
    assert_eq!(now["1001"], (true, seen("2026-01-03")));
    assert!(!now["1002"].0);
    // Intercom shows events of the last ninety days.
    database.execute("update events set at = ?1", [RECENTLY]).unwrap();
    run("events.yaml");
    assert_eq!(run("events.yaml")["read"], 0);
    assert_eq!(events(&simulator, "1001"), ["ordered-item"]);
    assert_eq!(events(&simulator, "1002"), ["signed-out"]);
}

#[test]
fn fifty_kills_leave_tags_attributes_and_events_as_the_tables_say() {
    let simulator = Simulator::small();
    let people: Vec<String> = (0..30).map(|number| format!("kill-{number}")).collect();
    let (desk, database) = desk(&simulator, &people);
    database
        .execute_batch("delete from audience_members; delete from events")
        .unwrap();
    let forget = || drop(fs::remove_file(desk.path().join("requests.log")));
    let more = [
        "--base-url",
        simulator.base_url(),
        "--request-log",
        "requests.log",
    ];
    let audience = [&["flow", "run", "flow.yaml"][..], &more].concat();
    // Each round everybody's state moves on: joined, still, left.
    let begin = 1_767_225_600;
    let last = std::cell::Cell::new(0);
    let state = |round: u32, number: usize| (round as usize + number) % 3;
    let round = |round: u32| {
        forget();
        last.set(round);
        simulator.advance(60);
        let at = begin + i64::from(round) * 86_400;
        for (number, id) in people.iter().enumerate() {
            let (joined, seen, gone) = match state(round, number) {
                0 => (at, at, None),
                1 => (at - 86_400, at, None),
                _ => (at - 172_800, at - 86_400, Some(at)),
            };
            let put = "insert or replace into audience_members values (?1, ?2, ?3, ?4, ?5)";
            database
                .execute(put, rusqlite::params![id, TAG, joined, seen, gone])
                .unwrap();
        }
    };
    killing::at_random(&desk, &audience, &[], 60, round, |_| {
        killing::lines(&desk, "requests.log")
    });
    shown(&desk, &audience);
    let there = there(&simulator, "kill-");
    for (number, id) in people.iter().enumerate() {
        // Who stays keeps the tag of having joined only where that round was read; joined and left say it for certain.
        match state(last.get(), number) {
            0 => assert!(there[id].0, "{id} joined"),
            1 => assert!(there[id].1.is_string(), "{id} is still in it"),
            _ => assert!(!there[id].0, "{id} left"),
        }
    }
    let submitting = [&["flow", "run", "events.yaml"][..], &more].concat();
    for number in 0..300_u32 {
        let put = "insert into events (external_id, name, at) values (?1, ?2, ?3)";
        let id = &people[number as usize % 30];
        database
            .execute(
                put,
                rusqlite::params![
                    id,
                    format!("step-{:02}", number / 30),
                    RECENTLY + i64::from(number)
                ],
            )
            .unwrap();
    }
    killing::at_random(
        &desk,
        &submitting,
        &[],
        10,
        |_| forget(),
        |_| killing::lines(&desk, "requests.log"),
    );
    shown(&desk, &submitting);
    let expected: Vec<String> = (0..10).map(|step| format!("step-{step:02}")).collect();
    for id in &people {
        assert_eq!(events(&simulator, id), expected, "{id}");
    }
    assert_eq!(shown(&desk, &["flow", "dead-letters"]), json!([]));
}
