//! A mirror that follows a living workspace.

use crate::{
    harness::{Desk, Simulator, small},
    truth,
};

fn settle(simulator: &Simulator) {
    // Longer than the search index lags behind a change.
    simulator.advance(600);
}

#[test]
fn after_activity_an_incremental_run_restores_the_truth() {
    for seed in [1, 2, 3] {
        let simulator = Simulator::start(trunkline_simulator::Options { seed, ..small() });
        let desk = Desk::new();
        desk.sync(&simulator, &[]);
        for _ in 0..3 {
            simulator.activity(60);
            settle(&simulator);
            desk.sync(&simulator, &[]);
            truth::compare(&desk, &simulator, "2.16");
        }
    }
}

#[test]
fn after_a_full_run_nothing_deleted_is_left() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    desk.sync(&simulator, &[]);
    simulator.activity(200);
    settle(&simulator);
    desk.sync(&simulator, &["--full"]);
    truth::compare(&desk, &simulator, "2.16");
}

#[test]
fn a_second_run_with_nothing_changed_writes_nothing() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    desk.sync(&simulator, &[]);
    let report = desk.sync(&simulator, &[]);
    for stream in report["streams"].as_array().unwrap() {
        assert_eq!(stream["inserted"].as_u64().unwrap_or(0), 0, "{stream}");
        assert_eq!(stream["updated"].as_u64().unwrap_or(0), 0, "{stream}");
        assert_eq!(stream["deleted"].as_u64().unwrap_or(0), 0, "{stream}");
    }
}

#[test]
fn a_second_run_with_nothing_changed_costs_at_most_forty_requests() {
    let simulator = Simulator::start(trunkline_simulator::Options {
        contacts: 20_000,
        companies: 2_000,
        conversations: 300,
        ..small()
    });
    let desk = Desk::new();
    desk.sync(&simulator, &[]);
    simulator.forget_requests();
    desk.sync(&simulator, &[]);
    let requests = simulator.requests();
    assert!(requests.len() <= 40, "{} requests: {requests:#?}", requests.len());
}

#[test]
fn history_keeps_every_version_of_a_row() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    desk.sync(&simulator, &["--history"]);
    let contact = simulator.truth("contacts", "2.16")[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for name in ["Ada First", "Ada Second"] {
        let (status, _) = simulator.api(
            "PUT",
            &format!("/contacts/{contact}"),
            Some(&serde_json::json!({ "name": name })),
        );
        assert_eq!(status, 200);
        settle(&simulator);
        desk.sync(&simulator, &["--history"]);
    }
    let names: Vec<Option<String>> = desk
        .open()
        .prepare("SELECT name FROM contacts_history WHERE id = ? ORDER BY _valid_from")
        .unwrap()
        .query_map([&contact], |row| row.get(0))
        .unwrap()
        .map(|row| row.unwrap())
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(
        names[1..],
        [Some("Ada First".to_owned()), Some("Ada Second".to_owned())]
    );
    let open: i64 = desk
        .open()
        .query_row(
            "SELECT count(*) FROM contacts_history WHERE id = ? AND _valid_to IS NULL",
            [&contact],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(open, 1);
}
