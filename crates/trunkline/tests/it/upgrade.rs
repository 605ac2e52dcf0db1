//! Mirrors that earlier versions wrote: brought up to date, and read on.

use trunkline_simulator::Options;

use crate::{
    harness::{Desk, Simulator, small},
    truth,
};

/// A mirror of each released format, as text, made once and never changed.
const KEPT: [(&str, &str); 1] = [("1", include_str!("../fixtures/mirror-format-1.sql"))];

#[test]
fn a_mirror_of_every_earlier_format_is_brought_up_to_date_and_followed() {
    for (format, sql) in KEPT {
        // The workspace that the mirrors were made of.
        let simulator = Simulator::start(Options {
            contacts: 5,
            companies: 2,
            conversations: 3,
            parts: 2,
            tickets: 1,
            ..small()
        });
        let desk = Desk::new();
        rusqlite::Connection::open(desk.mirror())
            .unwrap()
            .execute_batch(sql)
            .unwrap();
        let held: i64 = desk
            .open()
            .query_row("SELECT count(*) FROM contacts", [], |row| row.get(0))
            .unwrap();
        assert!(held >= 5, "format {format}");
        simulator.activity(40);
        simulator.advance(700);
        desk.sync(&simulator, &["--full"]);
        truth::compare(&desk, &simulator, "2.16");
    }
}
