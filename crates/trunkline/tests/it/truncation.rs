//! Conversations beyond the 500 parts that the API shows.

use crate::harness::{Desk, Simulator, small};

fn simulator() -> Simulator {
    Simulator::start(trunkline_simulator::Options {
        habits: trunkline_simulator::Habits::default(),
        ..small()
    })
}

#[test]
fn a_conversation_beyond_500_parts_is_flagged_and_never_shown_as_whole() {
    let simulator = simulator();
    let desk = Desk::new();
    let report = desk.sync(&simulator, &[]);
    assert_eq!(report["conversations_truncated"], 1, "{report}");
    let (held, stated): (i64, i64) = desk
        .open()
        .query_row(
            "SELECT _parts_held, _parts_stated FROM conversations WHERE _truncated = 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert_eq!((held, stated), (500, 620));
}

#[test]
fn a_truncated_conversation_is_not_read_again_until_it_grows() {
    let simulator = simulator();
    let desk = Desk::new();
    desk.sync(&simulator, &[]);
    simulator.forget_requests();
    desk.sync(&simulator, &[]);
    let reads = simulator
        .requests()
        .iter()
        .filter(|entry| entry["operation"] == "conversations.get")
        .count();
    assert_eq!(reads, 0);
}
