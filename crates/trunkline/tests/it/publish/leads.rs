//! Two processes that bring the same new leads at once: Intercom would take each of them twice.

use std::time::Duration;

use crate::{
    harness::{Desk, Outcome, Simulator, small},
    places::Place,
};

const ROWS: usize = 60;

fn check(place: &Place) {
    let simulator = Simulator::start(trunkline_simulator::Options {
        latency: Duration::from_millis(20),
        ..small()
    });
    place.connect(&simulator, &[]);
    let flags = place.flags();
    let desks = [Desk::new(), Desk::new()];
    let running: Vec<_> = desks
        .iter()
        .zip(["Lead", "Other"])
        .map(|(desk, name)| {
            // The same rows again would be the same batch, which one process has.
            let rows: String = (0..ROWS)
                .map(|row| format!("lead{row}@paper.example,lead,{name} {row}\n"))
                .collect();
            super::write(desk, "leads.csv", format!("email,role,name\n{rows}"));
            let publish = [
                "publish",
                "contacts.upsert",
                "--from",
                "leads.csv",
                "--connection",
                "acme",
                "--concurrency",
                "16",
                "--json",
            ];
            let all: Vec<&str> = publish
                .into_iter()
                .chain(flags.iter().map(String::as_str))
                .collect();
            desk.trunkline(&all).spawn().unwrap()
        })
        .collect();
    let mut created = 0;
    for child in running {
        let outcome = Outcome::of(child.wait_with_output().unwrap());
        assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
        let summary = outcome.json();
        assert_eq!(summary["rows"], ROWS, "{summary}");
        assert_eq!(summary["rejected"], 0, "{summary}");
        created += summary["created"].as_u64().unwrap();
    }
    let truth = simulator.truth("contacts", "2.16");
    for row in 0..ROWS {
        let address = format!("lead{row}@paper.example");
        let there = truth.iter().filter(|contact| contact["email"] == address).count();
        assert_eq!(there, 1, "{address}");
    }
    assert_eq!(created, ROWS as u64);
}

#[test]
fn two_publishers_of_the_same_new_leads_on_one_data_folder_make_each_once() {
    check(&Place::sqlite());
}

#[test]
fn two_publishers_of_the_same_new_leads_on_one_postgresql_make_each_once() {
    check(&Place::postgres());
}
