//! The mirror at the versions that differ most: 2.10, 2.14 and 2.16.

use crate::{
    harness::{Desk, Simulator},
    truth,
};

fn mirrors_the_truth_at(version: &str, lacking: &[&str]) {
    let simulator = Simulator::small();
    let desk = Desk::new();
    let report = desk.sync(&simulator, &["--api-version", version]);
    truth::compare(&desk, &simulator, version);
    for stream in lacking {
        let found = report["streams"]
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["stream"] == *stream);
        let state = &found.unwrap_or_else(|| panic!("{stream} is not in the report"))["state"];
        assert!(
            state.to_string().contains("not_in_version"),
            "{stream} is {state}"
        );
    }
}

#[test]
fn at_2_10_the_mirror_is_true_and_names_what_the_version_lacks() {
    mirrors_the_truth_at(
        "2.10",
        &[
            "macros",
            "brands",
            "emails",
            "away_status_reasons",
            "ticket_states",
            "calls",
            "contact_merges",
            "custom_object_instances",
            "office_hours_exceptions",
        ],
    );
}

#[test]
fn at_2_14_the_mirror_is_true_and_names_what_the_version_lacks() {
    mirrors_the_truth_at(
        "2.14",
        &[
            "macros",
            "brands",
            "emails",
            "deleted_conversations",
            "office_hours_schedules",
            "contact_merges",
        ],
    );
}

#[test]
fn at_2_16_nothing_is_lacking() {
    mirrors_the_truth_at("2.16", &[]);
}
