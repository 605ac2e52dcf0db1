//! Everything that can be wrong from outside: each gets one clear error with a code, advice and an exit code.

use rusqlite::Connection;
use serde_json::json;

use crate::{
    harness::{Desk, Outcome, Simulator, TOKEN},
    truth,
};

/// The command ends with this exit code and names this error code, a page that exists, and some advice.
fn check(outcome: &Outcome, exit: i32, code: &str) {
    assert_eq!(outcome.code, exit, "{}{}", outcome.stdout, outcome.stderr);
    assert!(
        outcome.stderr.contains(&format!("error[{code}]")),
        "expected {code}: {}",
        outcome.stderr
    );
    assert!(outcome.stderr.contains("help: "), "{}", outcome.stderr);
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/errors/{code}.md"));
    assert!(page.exists(), "{} is missing", page.display());
    assert!(
        !outcome.stderr.contains(TOKEN) && !outcome.stdout.contains(TOKEN),
        "the token is printed"
    );
}

#[test]
fn a_command_line_that_cannot_be_is_refused_before_any_call() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    std::fs::write(
        desk.path().join("half.toml"),
        "region = \"us\"\nto = \"sqlite:mir",
    )
    .unwrap();
    let url = simulator.base_url();
    let base = ["sync", "--base-url", url, "--to", "sqlite:mirror.db"];
    let cases: &[(&[&str], &str)] = &[
        (&["--api-version", "9.9"], "TL0002"),
        (&["--token-env", "NOWHERE"], "TL0004"),
        (&["--max-share", "150%"], "TL0005"),
        (&["--start-date", "soon"], "TL0007"),
        (&["--lookback", "long"], "TL0007"),
        (&["--config", "half.toml"], "TL0001"),
        (&["--config", "absent.toml"], "TL0001"),
    ];
    for (more, code) in cases {
        let arguments: Vec<&str> = base.iter().chain(*more).copied().collect();
        check(&desk.run(&arguments), 2, code);
    }
    check(&desk.run(&["sync", "--base-url", url]), 2, "TL0003");
    check(
        &desk.run(&["sync", "--base-url", url, "--to", "mysql://x"]),
        2,
        "TL0003",
    );
    check(
        &desk.run(&["verify", "--base-url", url, "--to", "sqlite:absent.db"]),
        2,
        "TL0003",
    );
    check(&desk.run(&["operation", "contacts.serch"]), 2, "TL0006");
    assert!(simulator.requests().is_empty(), "{:?}", simulator.requests());
    assert!(
        !desk.mirror().exists()
            || desk.open().prepare("SELECT * FROM contacts").is_err()
            || rows(&desk, "contacts") == 0
    );
}

fn rows(desk: &Desk, table: &str) -> i64 {
    desk.open()
        .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
        .unwrap()
}

#[test]
fn a_stream_that_does_not_exist_is_named_with_its_neighbors() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    let outcome = Outcome::of(
        desk.sync_command(&simulator, &["--streams", "contact"])
            .output()
            .unwrap(),
    );
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("contacts"), "{}", outcome.stderr);
}

#[test]
fn a_wrong_token_stops_the_run_with_what_to_do() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    let mut command = desk.sync_command(&simulator, &[]);
    command.env("INTERCOM_TOKEN", "dG9rOndyb25n");
    let outcome = Outcome::of(command.output().unwrap());
    check(&outcome, 3, "TL0101");
    assert!(!outcome.stderr.contains("dG9rOndyb25n"));
}

#[test]
fn nobody_listening_is_told_with_the_address() {
    let desk = Desk::new();
    let outcome = desk.run(&[
        "sync",
        "--base-url",
        "http://127.0.0.1:9",
        "--to",
        "sqlite:mirror.db",
    ]);
    assert_eq!(outcome.code, 3, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("127.0.0.1:9"), "{}", outcome.stderr);
}

#[test]
fn a_newer_database_is_refused_untouched() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    desk.sync(&simulator, &["--streams", "tags"]);
    Connection::open(desk.mirror())
        .unwrap()
        .execute(
            "UPDATE _trunkline_meta SET value = '9999' WHERE key = 'format'",
            [],
        )
        .unwrap();
    let before = std::fs::read(desk.mirror()).unwrap();
    let outcome = Outcome::of(desk.sync_command(&simulator, &[]).output().unwrap());
    assert_eq!(outcome.code, 3, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("newer"), "{}", outcome.stderr);
    assert_eq!(std::fs::read(desk.mirror()).unwrap(), before);
}

#[test]
fn what_is_not_a_database_is_left_alone() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    std::fs::write(
        desk.mirror(),
        "a diary, not a database, and long enough to look like a file with something in it",
    )
    .unwrap();
    let before = std::fs::read(desk.mirror()).unwrap();
    let outcome = Outcome::of(desk.sync_command(&simulator, &[]).output().unwrap());
    assert_eq!(outcome.code, 3, "{}", outcome.stderr);
    assert_eq!(std::fs::read(desk.mirror()).unwrap(), before);
}

#[test]
fn a_folder_that_does_not_exist_is_named() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    let outcome = desk.run(&[
        "sync",
        "--base-url",
        simulator.base_url(),
        "--to",
        "sqlite:no/such/folder/mirror.db",
    ]);
    assert_eq!(outcome.code, 3, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("no/such/folder"), "{}", outcome.stderr);
}

#[test]
fn a_second_writer_is_refused_while_readers_are_welcome() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    desk.sync(&simulator, &["--streams", "tags"]);
    let writer = Connection::open(desk.mirror()).unwrap();
    writer.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let outcome = Outcome::of(desk.sync_command(&simulator, &[]).output().unwrap());
    assert_eq!(outcome.code, 3, "{}{}", outcome.stdout, outcome.stderr);
    assert!(
        outcome.stderr.contains("lock") || outcome.stderr.contains("use"),
        "{}",
        outcome.stderr
    );
    writer.execute_batch("ROLLBACK").unwrap();
    desk.sync(&simulator, &[]);
}

#[test]
fn a_mirror_never_takes_a_second_workspace() {
    let desk = Desk::new();
    desk.sync(&Simulator::small(), &["--streams", "tags"]);
    let other = Simulator::start(trunkline_simulator::Options {
        seed: 8,
        ..crate::harness::small()
    });
    let outcome = Outcome::of(
        desk.sync_command(&other, &["--streams", "tags"])
            .output()
            .unwrap(),
    );
    assert_eq!(outcome.code, 3, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("workspace"), "{}", outcome.stderr);
}

#[test]
fn answers_that_are_not_what_they_should_be_are_survived() {
    for body in ["html", "empty", "not_json", "no_rows", "cut"] {
        let simulator = Simulator::small();
        simulator
            .faults(&json!([{ "operation": "contacts.search", "status": 200, "body": body, "times": 2 }]));
        let desk = Desk::new();
        desk.sync(&simulator, &[]);
        truth::compare(&desk, &simulator, "2.16");
    }
}

#[test]
fn errors_of_every_kind_in_every_stream_are_survived() {
    for status in [429, 500, 502, 503, 504] {
        let simulator = Simulator::small();
        simulator.faults(
            &json!([{ "operation": "*", "status": status, "times": 6, "after": 5, "retry_after": 0 }]),
        );
        let desk = Desk::new();
        desk.sync(&simulator, &[]);
        truth::compare(&desk, &simulator, "2.16");
    }
}

#[test]
fn a_stream_that_stays_broken_leaves_the_others_whole_and_the_exit_code_says_so() {
    let simulator = Simulator::small();
    simulator.faults(&json!([{ "operation": "tickets.search", "status": 403, "times": 1000 }]));
    let desk = Desk::new();
    let outcome = Outcome::of(desk.sync_command(&simulator, &[]).output().unwrap());
    let report = outcome.json();
    let state = |name: &str| {
        report["streams"]
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["stream"] == name)
            .unwrap()["state"]
            .to_string()
    };
    assert!(state("tickets").contains("permission"), "{}", state("tickets"));
    assert!(state("contacts").contains("complete"), "{}", state("contacts"));
    assert_eq!(rows(&desk, "contacts") as u64, simulator.counts()["contacts"]);
}

#[test]
fn webhooks_that_cannot_be_are_refused_before_the_simulator_listens() {
    let desk = Desk::new();
    for (file, text) in [
        ("half.toml", "[[webhook]]\nurl = \"http"),
        (
            "typo.toml",
            "[[webhook]]\nurl = \"http://127.0.0.1:1/\"\ntopic = \"*\"",
        ),
        ("half.json", "{\"webhook\": ["),
        (
            "badly.json",
            "{\"webhook\": [{\"url\": \"http://127.0.0.1:1/\", \"lost\": 2}]}",
        ),
    ] {
        std::fs::write(desk.path().join(file), text).unwrap();
    }
    let url = "http://127.0.0.1:1/";
    for (more, exit, code) in [
        (["--webhooks", "absent.toml"].as_slice(), 2, "TL0324"),
        (&["--webhooks", "half.toml"], 2, "TL0324"),
        (&["--webhooks", "typo.toml"], 2, "TL0324"),
        (&["--webhooks", "half.json"], 2, "TL0324"),
        (&["--webhooks", "badly.json"], 3, "TL0323"),
        (&["--webhook", "nowhere"], 3, "TL0320"),
        (
            &["--webhook", url, "--webhook-topics", "contact.created"],
            3,
            "TL0321",
        ),
        (&["--webhook", url, "--webhook-secret", "s"], 3, "TL0322"),
    ] {
        let base = ["simulate", "--listen", "127.0.0.1:0", "--contacts", "10"];
        let arguments: Vec<&str> = base.iter().chain(more).copied().collect();
        check(&desk.run(&arguments), exit, code);
    }
}
