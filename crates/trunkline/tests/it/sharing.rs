//! Several processes at once on one store: one rate budget, one scroll, and every mirror whole.

use std::{
    process::{Child, Command},
    time::Duration,
};

use serde_json::Value;

use crate::{
    harness::{Desk, Outcome, Simulator, small},
    places::Place,
    truth,
};

/// A workspace that takes some windows to read three times; its scroll has several pages.
fn workspace() -> Simulator {
    Simulator::start(trunkline_simulator::Options {
        rate_limit: Some(80),
        // The windows of the limit are those of the wall clock.
        start: None,
        clock_stands: false,
        contacts: 150,
        companies: 230,
        conversations: 100,
        tickets: 20,
        latency: Duration::from_millis(20),
        ..small()
    })
}

fn sync(place: &Place, desk: &Desk, more: &[&str]) -> Child {
    let flags = place.flags();
    let mut arguments = vec![
        "sync",
        "--connection",
        "acme",
        "--to",
        "sqlite:mirror.db",
        "--json",
    ];
    arguments.extend(flags.iter().map(String::as_str));
    arguments.extend_from_slice(more);
    let mut command: Command = desk.trunkline(&arguments);
    command.spawn().unwrap()
}

fn check(place: &Place) {
    let simulator = workspace();
    place.connect(&simulator, &[]);
    simulator.forget_requests();
    let desks: Vec<Desk> = (0..3).map(|_| Desk::new()).collect();
    // One that dies at work: its part of the budget ends with it, and nobody overdraws.
    let other = Desk::new();
    let mut dies = sync(place, &other, &["--streams", "conversations,conversation_parts"]);
    let running: Vec<Child> = desks.iter().map(|desk| sync(place, desk, &[])).collect();
    while simulator.requests().len() < 60 {
        std::thread::yield_now();
    }
    dies.kill().unwrap();
    dies.wait().unwrap();
    for child in running {
        let outcome = Outcome::of(child.wait_with_output().unwrap());
        assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    }
    let requests = simulator.requests();
    let window = |entry: &Value| entry["at"].as_i64().unwrap() / 10;
    let first = window(&requests[0]);
    let last = window(requests.last().unwrap());
    let refused: Vec<_> = requests
        .iter()
        .filter(|entry| entry["status"] == 429 && window(entry) > first)
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
    assert!(last - first >= 3, "{} requests prove nothing", requests.len());
    let scrolls: Vec<_> = requests
        .iter()
        .filter(|entry| entry["operation"] == "companies.scroll")
        .map(|entry| entry["status"].as_u64().unwrap())
        .collect();
    assert!(
        scrolls.len() >= 9 && scrolls.iter().all(|status| *status == 200),
        "{scrolls:?}"
    );
    for desk in &desks {
        truth::compare(desk, &simulator, "2.16");
    }
}

#[test]
fn three_syncs_on_one_data_folder_share_budget_and_scroll() {
    check(&Place::sqlite());
}

#[test]
fn three_syncs_on_one_postgresql_share_budget_and_scroll() {
    check(&Place::postgres());
}
