//! The mirror brought on: to PostgreSQL, to Parquet files and into object storage, by the command, from a living workspace.
//!
//! The one rule: a copy is right when every table of it has the rows of the mirror file, read by other programs' means.
//! PostgreSQL is the server that `TRUNKLINE_TEST_POSTGRES` names.

mod read;

use std::io::{BufRead as _, BufReader};

use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::harness::{Desk, Outcome, Simulator};
use read::{Copy, holds_what_the_mirror_holds};

/// A sync to the mirror file and copies.
fn sync(desk: &Desk, simulator: &Simulator, copies: &[&Copy], more: &[&str]) -> Value {
    let mut arguments = Vec::new();
    for copy in copies {
        arguments.extend(["--to", copy.target()]);
    }
    arguments.extend(more);
    let mut command = desk.sync_command(simulator, &arguments);
    command.envs(copies.iter().flat_map(|copy| copy.environment()));
    let outcome = Outcome::of(command.output().unwrap());
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    outcome.json()
}

fn settle(simulator: &Simulator) {
    // Longer than the search index lags behind a change.
    simulator.advance(600);
}

#[test]
fn copies_follow_a_living_workspace() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    let (server, folder, lake) = (Copy::postgres(&desk), Copy::folder(&desk), Copy::lake());
    let copies = [&server, &folder, &lake];
    let report = sync(&desk, &simulator, &copies, &["--history"]);
    for target in report["targets"].as_array().unwrap() {
        assert_eq!(target["snapshot"], true, "{target}");
    }
    for copy in copies {
        holds_what_the_mirror_holds(copy, &desk);
    }
    for round in 0..2 {
        simulator.activity(80);
        let contacts = simulator.truth("contacts", "2.16");
        let ids: Vec<&str> = contacts
            .iter()
            .filter_map(|contact| contact["id"].as_str())
            .collect();
        let named = json!({ "custom_attributes": { format!("made_up_{round}"): round } });
        simulator.api(
            "POST",
            "/data_attributes",
            Some(&json!({ "name": format!("made_up_{round}"), "model": "contact", "data_type": "integer" })),
        );
        assert_eq!(
            simulator
                .api("PUT", &format!("/contacts/{}", ids[round]), Some(&named))
                .0,
            200
        );
        assert_eq!(
            simulator
                .api("DELETE", &format!("/contacts/{}", ids[round + 10]), None)
                .0,
            200
        );
        settle(&simulator);
        let more: &[&str] = if round == 1 {
            &["--history", "--full"]
        } else {
            &["--history"]
        };
        let report = sync(&desk, &simulator, &copies, more);
        for target in report["targets"].as_array().unwrap() {
            assert_eq!(target["snapshot"], false, "{target}");
        }
        for copy in copies {
            holds_what_the_mirror_holds(copy, &desk);
            assert!(
                copy.rows("contacts_custom")
                    .iter()
                    .any(|row| row.contains_key(&format!("made_up_{round}")))
            );
        }
    }
    server.remove();
}

#[test]
fn kills_at_random_points_leave_copies_equal_to_the_mirror() {
    let kills = std::env::var("TRUNKLINE_KILLS").map_or(8, |text| text.parse().unwrap());
    let seed = std::env::var("TRUNKLINE_SEED").map_or(20_261_121, |text| text.parse().unwrap());
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let simulator = Simulator::small();
    let desk = Desk::new();
    let (server, folder, lake) = (Copy::postgres(&desk), Copy::folder(&desk), Copy::lake());
    let copies = [&server, &folder, &lake];
    // The mirror alone first, so that the kills meet the copies.
    desk.sync(&simulator, &[]);
    for _ in 0..kills {
        simulator.activity(20);
        settle(&simulator);
        // Some of these lines tell of calls, some of tables that were written.
        let after = rng.random_range(1..200_u32);
        let mut child = desk
            .sync_command(
                &simulator,
                &[
                    "--to",
                    server.target(),
                    "--to",
                    folder.target(),
                    "--to",
                    lake.target(),
                    "--log",
                    "trunkline_mirror=debug",
                    "--request-log",
                    "/dev/stderr",
                ],
            )
            .envs(lake.environment())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        for _ in 0..after {
            if lines.next().is_none() {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        simulator.advance(61);
    }
    sync(&desk, &simulator, &copies, &[]);
    for copy in copies {
        holds_what_the_mirror_holds(copy, &desk);
    }
    server.remove();
}

#[test]
fn a_storage_that_refuses_or_has_no_such_bucket_is_told_without_a_key_and_the_mirror_stays_whole() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    let lake = Copy::lake();
    for (target, key, code, says) in [
        ("parquet:s3://lake/a", "WRONG", "TL0153", "read its manifest"),
        ("parquet:s3://sea/a", "AKID", "TL0151", "no such bucket"),
    ] {
        let mut command = desk.sync_command(&simulator, &["--to", target, "--log", "trace"]);
        command.envs(lake.environment()).env("AWS_ACCESS_KEY_ID", key);
        let outcome = Outcome::of(command.output().unwrap());
        assert_eq!(outcome.code, 3, "{}", outcome.stderr);
        assert!(
            outcome.stderr.contains(code) && outcome.stderr.contains(says),
            "{}",
            outcome.stderr
        );
        assert!(!format!("{}{}", outcome.stdout, outcome.stderr).contains("s3cret"));
    }
    sync(&desk, &simulator, &[&lake], &[]);
    holds_what_the_mirror_holds(&lake, &desk);
}

#[test]
fn a_copy_that_fails_stops_neither_the_mirror_nor_another_copy_and_shows_no_password() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    let lake = Copy::folder(&desk);
    let mut command = desk.sync_command(
        &simulator,
        &[
            "--to",
            "postgres://ada:geheim@127.0.0.1:9/x?schema=s",
            "--to",
            lake.target(),
            "--log",
            "trace",
        ],
    );
    let outcome = Outcome::of(command.output().unwrap());
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("TL0151"), "{}", outcome.stderr);
    assert!(!format!("{}{}", outcome.stdout, outcome.stderr).contains("geheim"));
    assert_eq!(outcome.json()["targets"].as_array().unwrap().len(), 1);
    holds_what_the_mirror_holds(&lake, &desk);
}

#[test]
fn places_that_cannot_be_are_refused_before_anything_is_read() {
    let desk = Desk::new();
    std::fs::write(desk.path().join("file"), "").unwrap();
    for (to, code) in [
        (vec!["postgres://ada:geheim@h:port/x"], "TL0150"),
        (vec!["postgres://ada:geheim@h/x?schema=a-b"], "TL0150"),
        (vec!["parquet:"], "TL0150"),
        (vec!["parquet:file"], "TL0150"),
        (vec!["parquet:s3://ada:geheim@lake"], "TL0150"),
        (vec!["parquet:s3://lake?secret=geheim"], "TL0150"),
        (vec!["parquet:a", "parquet:./a"], "TL0003"),
        (vec!["sqlite:a.db", "sqlite:b.db"], "TL0003"),
        (vec!["mysql://ada:geheim@h/x"], "TL0003"),
    ] {
        let mut arguments = vec!["sync", "--base-url", "http://127.0.0.1:9"];
        for to in &to {
            arguments.extend(["--to", to]);
        }
        let outcome = desk.run(&arguments);
        assert_eq!(outcome.code, 2, "{to:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(code), "{to:?}: {}", outcome.stderr);
        assert!(!outcome.stderr.contains("geheim"), "{}", outcome.stderr);
    }
    assert!(!desk.path().join("trunkline-data").exists());
}

#[test]
fn the_mirror_goes_into_the_data_folder_when_only_copies_are_named() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    std::fs::write(desk.path().join("settings.toml"), "to = [\"parquet:lake\"]\n").unwrap();
    let arguments = [
        "sync",
        "--base-url",
        simulator.base_url(),
        "--config",
        "settings.toml",
        "--streams",
        "tags,teams",
        "--data",
        "here",
    ];
    let outcome = desk.run(&arguments);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stdout.contains("parquet:"), "{}", outcome.stdout);
    assert!(desk.path().join("here/mirror.db").exists());
    assert!(desk.path().join("lake/tags/tags.parquet").exists());
}
