//! Kills a flow's process at random, again and again, as a power cut would.
//!
//! The one rule: when a process dies is drawn from a seed and bound to what it has done by then, never to time. `TRUNKLINE_SEED` repeats a
//! run, `TRUNKLINE_FLOW_KILLS` says how many kills.

use std::{fs::File, process::Stdio};

use rand::{RngExt as _, SeedableRng as _};

use crate::harness::Desk;

/// Starts a command and kills it, until it was killed often enough: fifty times unless told.
///
/// Before each start `before` is told the number of the round. The process dies as soon as `progress`, asked with that number, reaches
/// what was drawn from 0 to `most`. One that ends before that must have gone well, and does not count.
pub(crate) fn at_random(
    desk: &Desk,
    arguments: &[&str],
    variables: &[(&str, &str)],
    most: u32,
    mut before: impl FnMut(u32),
    mut progress: impl FnMut(u32) -> u32,
) {
    let kills = std::env::var("TRUNKLINE_FLOW_KILLS").map_or(50, |text| text.parse::<u32>().unwrap());
    let seed = std::env::var("TRUNKLINE_SEED").map_or(20_261_121, |text| text.parse().unwrap());
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let mut killed = 0;
    for round in 1.. {
        if killed == kills {
            break;
        }
        assert!(
            round <= kills * 10,
            "seed {seed}: it ended before it was killed, again and again"
        );
        before(round);
        let goal = rng.random_range(0..=most);
        let log = desk.path().join("killed.log");
        let mut child = desk
            .trunkline(arguments)
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                let said = std::fs::read_to_string(&log).unwrap();
                assert!(status.success(), "seed {seed}, kill {killed}: {said}");
                break;
            }
            if progress(round) >= goal {
                child.kill().unwrap();
                child.wait().unwrap();
                killed += 1;
                free(desk);
                break;
            }
            // Leaves the processor to the process.
            std::thread::park_timeout(std::time::Duration::from_micros(500));
        }
    }
}

/// Ends the leases and lanes of a process that is dead for certain, as their time would.
pub(crate) fn free(desk: &Desk) {
    let path = desk.path().join("trunkline-data/trunkline.db");
    // It may have died before it made anything.
    let Ok(store) = rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE)
    else {
        return;
    };
    store.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    for (table, column) in [("leases", "expires_at"), ("flow_lanes", "locked_until")] {
        let is_there: bool = store
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = $1)",
                [table],
                |row| row.get(0),
            )
            .unwrap();
        if is_there {
            store
                .execute(&format!("UPDATE {table} SET {column} = 0"), [])
                .unwrap();
        }
    }
}

/// How many lines a file of the desk has.
pub(crate) fn lines(desk: &Desk, name: &str) -> u32 {
    let text = std::fs::read(desk.path().join(name)).unwrap_or_default();
    let count = text.iter().filter(|byte| **byte == b'\n').count();
    u32::try_from(count).unwrap()
}
