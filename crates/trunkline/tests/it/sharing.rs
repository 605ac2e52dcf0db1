//! Several processes at once on one store: one rate budget, one scroll, and every mirror whole.

use std::{
    process::{Child, Command},
    time::Duration,
};

use serde_json::Value;

use crate::{
    harness::{Desk, Outcome, Simulator, small},
    places::Place,
    process::{Process, until},
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

/// After the first window of the limit nobody came too often, and nobody met a scroll that was open.
fn nobody_was_refused(simulator: &Simulator, mirrors: usize) {
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
        scrolls.len() >= 3 * mirrors && scrolls.iter().all(|status| *status == 200),
        "{scrolls:?}"
    );
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
    nobody_was_refused(&simulator, 3);
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

/// A server with a mirror, a sync, rows that are published and one call after the other, all at once.
fn check_all_kinds(place: &Place) {
    const ROWS: usize = 40;
    let simulator = workspace();
    place.connect(&simulator, &[]);
    simulator.forget_requests();
    let added = place.run(&["mirrors", "add", "all", "--every", "1d"]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    let rows: String = (0..ROWS).map(|row| format!("shared-{row},Row {row}\n")).collect();
    let desk = Desk::new();
    std::fs::write(desk.path().join("rows.csv"), format!("external_id,name\n{rows}")).unwrap();
    let flags = place.flags();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let publish = [
        "publish",
        "contacts.upsert",
        "--from",
        "rows.csv",
        "--connection",
        "acme",
        "--json",
    ];
    let [home, other] = [Desk::new(), Desk::new()];
    let server = Process::start(&home, &flags);
    let syncing = sync(place, &other, &[]);
    let publishing = desk.trunkline(&[&publish, &flags[..]].concat()).spawn().unwrap();
    let calls = (0..6).map(|number| {
        let name = format!("name=tag {number}");
        place.run(&["call", "tags.upsert", "--connection", "acme", &name])
    });
    for call in calls {
        assert_eq!(call.code, 0, "{}{}", call.stdout, call.stderr);
    }
    let published = Outcome::of(publishing.wait_with_output().unwrap());
    assert_eq!(published.code, 0, "{}{}", published.stdout, published.stderr);
    assert_eq!(published.json()["created"], ROWS, "{}", published.stdout);
    let synced = Outcome::of(syncing.wait_with_output().unwrap());
    assert_eq!(synced.code, 0, "{}{}", synced.stdout, synced.stderr);
    until("the server's own run", || {
        runs(place).iter().any(|run| run["state"] == "complete")
    });
    assert_eq!(runs(place).len(), 1, "{:#?}", runs(place));
    assert_eq!(server.stop(), 0);
    nobody_was_refused(&simulator, 2);
    let truth = simulator.truth("contacts", "2.16");
    for row in 0..ROWS {
        let own = format!("shared-{row}");
        let there = truth
            .iter()
            .filter(|contact| contact["external_id"] == *own)
            .count();
        assert_eq!(there, 1, "{own}");
    }
}

#[test]
fn a_server_a_sync_a_publisher_and_calls_share_budget_and_scroll_on_one_data_folder() {
    check_all_kinds(&Place::sqlite());
}

#[test]
fn a_server_a_sync_a_publisher_and_calls_share_budget_and_scroll_on_one_postgresql() {
    check_all_kinds(&Place::postgres());
}

/// Every run that a mirror had, oldest first.
fn runs(place: &Place) -> Vec<Value> {
    let outcome = place.run(&["mirrors", "runs", "all", "--json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let mut runs = outcome.json().as_array().unwrap().clone();
    runs.sort_by_key(|run| run["started_at"].to_string());
    runs
}

/// Two servers on one store: each time that a mirror is due, one of them runs it.
fn check_turns(place: &Place) {
    let simulator = Simulator::small();
    place.connect(&simulator, &[]);
    let added = place.run(&[
        "mirrors",
        "add",
        "all",
        "--every",
        "1d",
        "--streams",
        "contacts,tags",
    ]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    let flags = place.flags();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let desks = [Desk::new(), Desk::new()];
    let mut servers: Vec<Process> = desks.iter().map(|desk| Process::start(desk, &flags)).collect();
    for done in 1..=6 {
        until("the run that is due", || {
            let runs = runs(place);
            runs.len() >= done && runs.iter().all(|run| run["state"] != "running")
        });
        let found = runs(place);
        assert_eq!(
            found.len(),
            done,
            "a run for each time that it was due: {found:#?}"
        );
        assert!(found.iter().all(|run| run["state"] == "complete"), "{found:#?}");
        if done == 3 {
            // Whoever is left takes the turns of the one that went.
            assert_eq!(servers.remove(0).stop(), 0);
        }
        if done < 6 {
            assert_eq!(place.run(&["mirrors", "run", "all"]).code, 0);
        }
    }
    let apart = runs(place)
        .windows(2)
        .all(|two| two[0]["finished_at"].as_str() <= two[1]["started_at"].as_str());
    assert!(apart, "{:#?}", runs(place));
}

#[test]
fn two_servers_on_one_data_folder_run_a_mirror_once_each_time_that_it_is_due() {
    check_turns(&Place::sqlite());
}

#[test]
fn two_servers_on_one_postgresql_run_a_mirror_once_each_time_that_it_is_due() {
    check_turns(&Place::postgres());
}
