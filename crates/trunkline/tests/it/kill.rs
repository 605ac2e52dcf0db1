//! A kill at any instant loses nothing.
//!
//! `cargo xtask campaign` runs this with thousands of kills; a seed that failed can be run again with
//! `TRUNKLINE_SEED`.

use std::io::{BufRead, BufReader};

use rand::{RngExt as _, SeedableRng};

use crate::{
    harness::{Desk, Outcome, Simulator, small},
    truth,
};

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| {
        text.parse().unwrap_or_else(|_| panic!("{variable}={text}"))
    })
}

/// Kills the sync after a random number of calls, again and again on the same mirror, until a run survives.
#[test]
fn a_hundred_kills_at_random_points_leave_the_mirror_equal_to_the_truth() {
    let kills = number("TRUNKLINE_KILLS", 100);
    let seed = number("TRUNKLINE_SEED", 20_261_121);
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let simulator = Simulator::start(small());
    let mut killed = 0;
    while killed < kills {
        let desk = Desk::new();
        loop {
            // A full run of the small workspace takes some three hundred calls.
            let after = rng.random_range(1..330_u32);
            let mut child = desk
                .sync_command(&simulator, &["--request-log", "/dev/stderr"])
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
            let survived = (0..after).any(|_| lines.next().is_none());
            if survived || killed >= kills {
                std::thread::spawn(move || lines.count());
                let outcome = Outcome::of(child.wait_with_output().unwrap());
                assert_eq!(outcome.code, 0, "seed {seed}, kill {killed}: {}", outcome.stdout);
                break;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            killed += 1;
            // A scroll that the dead process left open is in the way of the next one for a minute.
            simulator.advance(61);
        }
        truth::compare(&desk, &simulator, "2.16");
    }
}
