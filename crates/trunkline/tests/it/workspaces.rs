//! Workspaces that are loaded and saved, and recordings that are compared, from the command line.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command},
};

use crate::harness::{Desk, Outcome, Simulator};

/// A command that serves, with the address that its first line gives.
pub(crate) struct Serving {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    pub(crate) base_url: String,
}

impl Serving {
    pub(crate) fn start(desk: &Desk, arguments: &[&str]) -> Self {
        Self::of(desk, "simulate", arguments)
    }

    fn of(desk: &Desk, command: &str, arguments: &[&str]) -> Self {
        let base = [command, "--listen", "127.0.0.1:0"];
        let all: Vec<&str> = base.iter().chain(arguments).copied().collect();
        let mut child = desk.trunkline(&all).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().expect("a first line").unwrap();
        let base_url = first
            .strip_prefix("listening on ")
            .expect("an address")
            .to_owned();
        Self {
            child,
            lines,
            base_url,
        }
    }

    pub(crate) fn stop(self) -> (Outcome, Vec<String>) {
        let asked = Command::new("kill")
            .arg("-TERM")
            .arg(self.child.id().to_string())
            .status()
            .unwrap();
        assert!(asked.success());
        let said = self.lines.map(Result::unwrap).collect();
        (Outcome::of(self.child.wait_with_output().unwrap()), said)
    }
}

fn get(url: &str) -> (u16, String) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let call = reqwest::Client::builder()
            .build()
            .unwrap()
            .get(url)
            .header("authorization", "Bearer t")
            .header("intercom-version", "2.16");
        let answer = call.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    })
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                fs::read_to_string(&path).unwrap(),
            )
        })
        .collect()
}

#[test]
fn a_workspace_survives_a_stop_and_a_start_byte_for_byte() {
    let desk = Desk::new();
    let small = [
        "--contacts",
        "30",
        "--companies",
        "5",
        "--conversations",
        "20",
        "--tickets",
        "5",
    ];
    let mut arguments = small.to_vec();
    arguments.extend(["--save", "first"]);
    let (outcome, said) = Serving::start(&desk, &arguments).stop();
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(said, ["saved the workspace in 45 files"]);
    let serving = Serving::start(&desk, &["--load", "first", "--save", "second"]);
    let (status, list) = get(&format!("{}/contacts", serving.base_url));
    assert_eq!(status, 200, "{list}");
    serving.stop();
    assert_eq!(
        files(&desk.path().join("first")),
        files(&desk.path().join("second"))
    );
}

/// Who starts a process may ask it to stop as soon as its first line is there.
#[test]
fn a_process_that_has_said_where_it_listens_stops_well() {
    let desk = Desk::new();
    let empty = [
        "--contacts",
        "0",
        "--companies",
        "0",
        "--conversations",
        "0",
        "--tickets",
        "0",
    ];
    for round in 0..20 {
        for (command, arguments) in [
            ("simulate", empty.as_slice()),
            ("simulate", &["--record", "us"]),
            ("serve", &[]),
        ] {
            let (outcome, _) = Serving::of(&desk, command, arguments).stop();
            assert_eq!(
                outcome.code, 0,
                "round {round} of {command} {arguments:?}: {}",
                outcome.stderr
            );
        }
    }
}

#[test]
fn what_was_recorded_is_compared_with_exit_codes_that_tell() {
    let desk = Desk::new();
    let simulator = Simulator::small();
    let serving = Serving::start(
        &desk,
        &[
            "--record",
            simulator.base_url(),
            "--record-token-env",
            "INTERCOM_TOKEN",
        ],
    );
    for (path, expected) in [
        ("/contacts?per_page=150", 200),
        ("/tags", 200),
        ("/contacts/nobody", 404),
    ] {
        assert_eq!(get(&format!("{}{path}", serving.base_url)).0, expected, "{path}");
    }
    let (_, said) = serving.stop();
    assert_eq!(said.last().map(String::as_str), Some("kept 3 exchanges"));
    let outcome = desk.run(&["simulate", "--diff"]);
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    assert!(
        outcome
            .stdout
            .contains("3 of 3 exchanges replayed over 3 operations, 0 differences"),
        "{}",
        outcome.stdout
    );
    let file = desk.path().join("exchanges.jsonl");
    let text = fs::read_to_string(&file)
        .unwrap()
        .replace("\"status\":404", "\"status\":410");
    fs::write(&file, text).unwrap();
    let outcome = desk.run(&["simulate", "--diff"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stdout.contains("contacts.get") && outcome.stdout.contains("410"),
        "{}",
        outcome.stdout
    );
    let report = desk.run(&["simulate", "--diff", "--json"]).json();
    assert_eq!(report["differences"][0]["kind"], "status");
    assert_eq!(report["differences"][0]["lines"], serde_json::json!([3]));
}

#[test]
fn mistakes_have_their_codes() {
    let desk = Desk::new();
    fs::create_dir(desk.path().join("twins")).unwrap();
    fs::write(
        desk.path().join("twins/tags.json"),
        r#"[{"id":"1","name":"a"},{"id":"1","name":"b"}]"#,
    )
    .unwrap();
    for (arguments, exit, code) in [
        (["--load", "absent"].as_slice(), 3, "TL0330"),
        (&["--load", "twins"], 3, "TL0335"),
        (
            &["--diff", "--load", "twins", "--exchanges", "/dev/null"],
            3,
            "TL0335",
        ),
        (&["--diff"], 3, "TL0341"),
        (&["--record", "mars"], 3, "TL0340"),
        (
            &["--record", "us", "--record-token-env", "NO_SUCH_NAME"],
            2,
            "TL0343",
        ),
    ] {
        let base = ["simulate", "--listen", "127.0.0.1:0", "--contacts", "10"];
        let all: Vec<&str> = base.iter().chain(arguments).copied().collect();
        let outcome = desk.run(&all);
        assert_eq!(outcome.code, exit, "{arguments:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(code), "{arguments:?}: {}", outcome.stderr);
    }
}
