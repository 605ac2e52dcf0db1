//! Whatever ends the process, each row is carried out once and told once.
//!
//! `cargo xtask campaign` may run this with more kills; a seed that failed can be run again with `TRUNKLINE_SEED`.

use std::{
    io::{BufRead as _, BufReader},
    process::Child,
};

use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;

use super::{people, results, write};
use crate::{
    harness::{Desk, Outcome, Simulator},
    process::json,
};

const ROWS: u64 = 300;

/// A command that publishes, or resumes the batch; each of its calls is a line on standard error.
fn start(desk: &Desk, simulator: &Simulator, batch: Option<&str>) -> Child {
    let mut arguments = vec![
        "publish",
        "--base-url",
        simulator.base_url(),
        "--request-log",
        "/dev/stderr",
        "--json",
    ];
    match batch {
        Some(batch) => arguments.extend(["--resume", batch, "--take-over"]),
        None => arguments.extend([
            "contacts.upsert",
            "--from",
            "rows.csv",
            "--results",
            "results.jsonl",
            "--rejects",
            "rejects.csv",
            "--concurrency",
            "16",
        ]),
    }
    desk.trunkline(&arguments).spawn().unwrap()
}

fn rows(desk: &Desk) {
    let rows: String = (1..=ROWS)
        .map(|number| match number {
            // A row that is rejected, and two about one object.
            100 => "k100,Name 100,much\n".to_owned(),
            201 => "k200,Name 201,201\n".to_owned(),
            number => format!("k{number},Name {number},{number}\n"),
        })
        .collect();
    write(desk, "rows.csv", format!("external_id,name,signed_up_at\n{rows}"));
}

fn the_batch(desk: &Desk) -> Option<String> {
    let batches = json(desk, &["batches", "list"]);
    assert!(batches.as_array().unwrap().len() <= 1, "{batches}");
    batches[0]["id"].as_str().map(str::to_owned)
}

/// Every row is there once, by the simulator and by the files.
fn compare(desk: &Desk, simulator: &Simulator, about: &str) {
    let found = people(simulator, "k");
    for number in (1..=ROWS).filter(|number| ![100, 201].contains(number)) {
        let expected = if number == 200 { 201 } else { number };
        let object = &found[&format!("k{number}")];
        assert_eq!(object["name"], format!("Name {expected}"), "{about}");
    }
    assert_eq!(found.len() as u64, ROWS - 2, "{about}");
    let told: Vec<Value> = results(desk, "results.jsonl");
    let rows: Vec<u64> = told.iter().map(|row| row["row"].as_u64().unwrap()).collect();
    assert_eq!(rows, (1..=ROWS).collect::<Vec<_>>(), "{about}");
    let rejected: Vec<&Value> = told.iter().filter(|row| row["outcome"] == "rejected").collect();
    assert_eq!(rejected.len(), 1, "{about}: {rejected:?}");
    let rejects = super::read(desk, "rejects.csv");
    assert_eq!(rejects.lines().count(), 2, "{about}: {rejects}");
    let batch = &json(desk, &["batches", "list"])[0];
    assert_eq!(batch["state"], "done", "{about}");
    assert_eq!(batch["rows_done"], ROWS, "{about}");
}

fn is_write(request: &Value) -> bool {
    request["method"] != "GET" && request["path"] != "/contacts/search"
}

#[test]
fn kills_at_random_points_leave_every_row_written_once() {
    let number =
        |variable: &str, default: u64| std::env::var(variable).map_or(default, |text| text.parse().unwrap());
    let kills = number("TRUNKLINE_KILLS", 12);
    let seed = number("TRUNKLINE_SEED", 20_261_121);
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let mut killed = 0;
    while killed < kills {
        let simulator = Simulator::small();
        let desk = Desk::new();
        rows(&desk);
        loop {
            let batch = the_batch(&desk);
            let mut child = start(&desk, &simulator, batch.as_deref());
            let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
            let after = rng.random_range(1..120_u32);
            let survived = (0..after).any(|_| lines.next().is_none());
            if survived || killed >= kills {
                std::thread::spawn(move || lines.count());
                let outcome = Outcome::of(child.wait_with_output().unwrap());
                assert_eq!(outcome.code, 1, "seed {seed}, kill {killed}: {}", outcome.stdout);
                break;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            killed += 1;
        }
        compare(&desk, &simulator, &format!("seed {seed}, kill {killed}"));
        let requests = simulator.requests();
        let made = requests
            .iter()
            .filter(|request| request["operation"] == "contacts.create" && request["status"] == 200)
            .count() as u64;
        assert_eq!(made, ROWS - 2, "people were made more than once");
    }
}

#[test]
fn whoever_is_asked_to_stop_finishes_what_is_under_way_and_says_how_to_go_on() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    rows(&desk);
    let mut child = start(&desk, &simulator, None);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(
        (0..40).all(|_| lines.next().is_some()),
        "it ended before it was asked to"
    );
    let process = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGINT).unwrap();
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    let outcome = Outcome::of(child.wait_with_output().unwrap());
    assert_eq!(outcome.code, 1, "{rest:?}");
    let summary = outcome.json();
    let batch = summary["batch"].as_str().unwrap();
    assert_eq!(summary["state"], "stopped");
    assert!(
        rest.iter()
            .any(|line| line.contains(&format!("--resume {batch}"))),
        "{rest:?}"
    );
    let before = simulator.requests().len() as u64;
    assert!(before < ROWS, "{before} calls were made after all");
    let outcome = desk.run(&[
        "publish",
        "--base-url",
        simulator.base_url(),
        "--resume",
        batch,
        "--json",
    ]);
    assert_eq!(outcome.code, 1, "{}{}", outcome.stdout, outcome.stderr);
    compare(&desk, &simulator, "after a stop");
    // What was finished before was not sent again.
    let calls = simulator
        .requests()
        .iter()
        .filter(|request| is_write(request))
        .count() as u64;
    assert_eq!(calls, ROWS - 1);
}

#[test]
fn a_batch_that_nobody_wants_is_given_up() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    rows(&desk);
    let mut child = start(&desk, &simulator, None);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!((0..20).all(|_| lines.next().is_some()));
    let process = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM).unwrap();
    std::thread::spawn(move || lines.count());
    let batch = Outcome::of(child.wait_with_output().unwrap()).json()["batch"].clone();
    let batch = batch.as_str().unwrap();
    assert_eq!(json(&desk, &["batches", "abandon", batch])["state"], "abandoned");
    let again = desk.run(&["batches", "abandon", batch]);
    assert!(again.stderr.contains("TL0791"), "{}", again.stderr);
    let outcome = desk.run(&[
        "publish",
        "--base-url",
        simulator.base_url(),
        "contacts.upsert",
        "--from",
        "rows.csv",
        "--json",
    ]);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert_eq!(outcome.json()["rows"], ROWS);
}
