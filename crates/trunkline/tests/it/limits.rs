//! A rate limit that the mirror was not told of.

use crate::{
    harness::{Desk, Simulator, small},
    truth,
};

#[test]
fn a_full_mirror_meets_no_429_beyond_the_first_window() {
    let simulator = Simulator::start(trunkline_simulator::Options {
        rate_limit: Some(120),
        // The windows of the limit are those of the wall clock.
        start: None,
        clock_stands: false,
        conversations: 200,
        latency: std::time::Duration::from_millis(20),
        ..small()
    });
    let desk = Desk::new();
    desk.sync(&simulator, &[]);
    truth::compare(&desk, &simulator, "2.16");
    let requests = simulator.requests();
    let window = |entry: &serde_json::Value| entry["at"].as_i64().unwrap() / 10;
    let first = window(&requests[0]);
    let refused: Vec<_> = requests
        .iter()
        .filter(|entry| entry["status"] == 429 && window(entry) > first)
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
    let windows = window(requests.last().unwrap()) - first;
    assert!(
        windows >= 1,
        "the run must last longer than one window to prove anything: {} requests",
        requests.len()
    );
}
