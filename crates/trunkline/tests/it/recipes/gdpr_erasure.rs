//! Whoever asks to be forgotten is gone, and a receipt says so.

use std::fs;

use serde_json::{Value, json};

use super::{change, desk_with};
use crate::{
    harness::{Desk, Simulator},
    killing,
    process::json as shown,
};

fn made(simulator: &Simulator, name: &str) -> String {
    let contact = json!({ "role": "user", "external_id": name, "email": format!("{name}@erase.example") });
    let (status, made) = simulator.api("POST", "/contacts", Some(&contact));
    assert_eq!(status, 200, "{made}");
    made["id"].as_str().unwrap().to_owned()
}

fn left(simulator: &Simulator) -> Vec<Value> {
    let mut contacts = simulator.truth("contacts", "2.16");
    contacts.retain(|contact| {
        contact["email"]
            .as_str()
            .is_some_and(|email| email.ends_with("@erase.example"))
    });
    contacts
}

/// Receipts by their keys: whether all is gone, and the contacts that are.
fn receipts(desk: &Desk) -> Vec<(String, bool, Vec<String>)> {
    let kept = rusqlite::Connection::open(desk.path().join("receipts.db")).unwrap();
    let mut query = kept
        .prepare("select key, answer from receipts order by key")
        .unwrap();
    let rows = query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
    rows.unwrap()
        .map(|row| {
            let (key, answer) = row.unwrap();
            let answer: Value = serde_json::from_str(&answer).unwrap();
            let removed = answer["removed"].as_array().unwrap().iter();
            let contacts = removed.filter(|one| one["what"] == "contact");
            let ids = contacts
                .map(|one| one["id"].as_str().unwrap().to_owned())
                .collect();
            (key, answer["complete"] == true, ids)
        })
        .collect()
}

#[test]
fn requests_of_a_file_and_of_a_table_are_carried_out_with_receipts() {
    let simulator = Simulator::small();
    let desk = desk_with("gdpr-erasure");
    change(&desk, "flow.yaml", ", follow: true", "");
    let (ann, bo) = (made(&simulator, "ann"), made(&simulator, "bo"));
    simulator.advance(700);
    let requests = "{\"request\":\"R-1\",\"email\":\"ann@erase.example\"}\n{\"request\":\"R-2\",\"email\":\"nobody@erase.example\"}\n{\"email\":\"bo@erase.example\"}\n";
    fs::write(desk.path().join("requests.jsonl"), requests).unwrap();
    let run = |flow: &str| {
        desk.run(&["flow", "run", flow, "--base-url", simulator.base_url(), "--json"])
            .json()
    };
    let told = run("flow.yaml");
    assert_eq!(
        (&told["delivered"]["intercom"], &told["dead_letters"]),
        (&json!(1), &json!(2)),
        "{told}"
    );
    let kept = receipts(&desk);
    assert_eq!((kept.len(), kept[0].1, &kept[0].2), (1, true, &vec![ann]));
    let letters = shown(&desk, &["flow", "dead-letters"]);
    let mut codes: Vec<&str> = letters
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["code"].as_str().unwrap())
        .collect();
    codes.sort_unstable();
    assert_eq!(codes, ["TL0730", "TL0954"]);
    let table = rusqlite::Connection::open(desk.path().join("requests.db")).unwrap();
    let create = "create table erasure_requests (id integer primary key, email text, external_id text); insert into erasure_requests values (7, null, 'bo')";
    table.execute_batch(create).unwrap();
    assert_eq!(run("table.yaml")["delivered"]["intercom"], 1);
    assert_eq!(run("table.yaml")["read"], 0);
    assert!(
        receipts(&desk)
            .iter()
            .any(|(_, complete, ids)| *complete && *ids == [bo.clone()])
    );
    assert_eq!(left(&simulator), [] as [Value; 0]);
}

#[test]
fn fifty_kills_leave_everybody_gone_with_a_receipt_each() {
    let simulator = Simulator::small();
    let desk = desk_with("gdpr-erasure");
    change(&desk, "flow.yaml", ", follow: true", "");
    let people: Vec<String> = (0..60)
        .map(|number| made(&simulator, &format!("kill-{number}")))
        .collect();
    simulator.advance(700);
    let requests: String = (0..60)
        .map(|number| {
            format!(
                "{}\n",
                json!({ "request": format!("R-{number}"), "external_id": format!("kill-{number}") })
            )
        })
        .collect();
    fs::write(desk.path().join("requests.jsonl"), requests).unwrap();
    let more = [
        "--base-url",
        simulator.base_url(),
        "--request-log",
        "requests.log",
    ];
    let arguments = [&["flow", "run", "flow.yaml"][..], &more].concat();
    let forget = |_| drop(fs::remove_file(desk.path().join("requests.log")));
    killing::at_random(&desk, &arguments, &[], 18, forget, |_| {
        killing::lines(&desk, "requests.log")
    });
    shown(&desk, &arguments);
    assert_eq!(shown(&desk, &["flow", "dead-letters"]), json!([]));
    assert_eq!(left(&simulator), [] as [Value; 0]);
    let kept = receipts(&desk);
    assert_eq!(kept.len(), 60);
    assert!(kept.iter().all(|(_, complete, _)| *complete), "{kept:?}");
    let mut gone: Vec<String> = kept.into_iter().flat_map(|(_, _, ids)| ids).collect();
    let mut expected = people;
    gone.sort();
    expected.sort();
    assert_eq!(gone, expected);
}
