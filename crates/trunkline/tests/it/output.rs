//! The shapes that results are printed in, at the commands that have them.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use serde_json::{Value, json};

use crate::harness::{Desk, Outcome};

/// What the command prints, when it succeeds.
fn printed(desk: &Desk, arguments: &[&str]) -> String {
    let outcome = desk.run(arguments);
    assert_eq!(outcome.code, 0, "{arguments:?}: {}", outcome.stderr);
    outcome.stdout
}

#[test]
fn a_list_is_an_array_lines_csv_or_a_table() {
    let desk = Desk::new();
    let all: Vec<Value> = serde_json::from_str(&printed(&desk, &["topics", "ticket.*", "--json"])).unwrap();
    assert!(all.len() > 3, "{all:?}");
    assert_eq!(
        printed(&desk, &["topics", "ticket.*", "--json"]),
        format!("{}\n", serde_json::to_string_pretty(&all).unwrap())
    );
    for flag in ["--jsonl", "--each"] {
        let lines = printed(&desk, &["topics", "ticket.*", flag]);
        let values: Vec<Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(values, all, "{flag}");
    }
    let csv = printed(&desk, &["topics", "ticket.*", "--csv"]);
    assert_eq!(
        csv.lines().next(),
        Some("also_called,change,permissions,since,stream,summary,topic")
    );
    assert_eq!(csv.lines().count(), all.len() + 1);
    let first: Value =
        serde_json::from_str(&printed(&desk, &["topics", "ticket.*", "--json", "--first"])).unwrap();
    assert_eq!(first, all[0]);
    assert_eq!(printed(&desk, &["topics", "no such words", "--json"]), "[]\n");
    assert_eq!(printed(&desk, &["topics", "no such words", "--csv"]), "");
    assert_eq!(printed(&desk, &["topics", "no such words", "--first"]), "");
}

#[test]
fn an_expression_sees_the_whole_list_or_each_item() {
    let desk = Desk::new();
    for (arguments, expected) in [
        (&["topics", "--jq", "length"][..], "108\n"),
        (
            &["topics", "ticket.resolved", "--jq", ".[] | {topic, since}"],
            "{\n  \"since\": \"2.15\",\n  \"topic\": \"ticket.resolved\"\n}\n",
        ),
        (
            &[
                "topics",
                "ticket.resolved",
                "--jq",
                ".[] | .topic, .since",
                "--jsonl",
            ],
            "\"ticket.resolved\"\n\"2.15\"\n",
        ),
        (
            &["topics", "ticket.resolved", "--each", "--jq", "[.topic]"],
            "[\"ticket.resolved\"]\n",
        ),
        (
            &["topics", "ticket.resolved", "--first", "--jq", ".topic"],
            "\"ticket.resolved\"\n",
        ),
        (
            &[
                "topics",
                "ticket.resolved",
                "--csv",
                "--jq",
                "map({topic, since})",
            ],
            "since,topic\n2.15,ticket.resolved\n",
        ),
        (&["operation", "contacts.search", "--jq", ".method"], "\"POST\"\n"),
        (
            &["streams", "tags", "--jq", ".[0].primary_key", "--jsonl"],
            "[\"id\"]\n",
        ),
        (&["requests", "--jq", "."], "[]\n"),
        (&["notifications", "list", "--jq", "length"], "0\n"),
        (&["notifications", "--jsonl", "list"], ""),
    ] {
        assert_eq!(printed(&desk, arguments), expected, "{arguments:?}");
    }
}

#[test]
fn an_expression_that_cannot_be_is_told_before_and_one_that_fails_after_what_it_gave() {
    let desk = Desk::new();
    for (expression, exit, code) in [
        (".[", 2, "TL0801"),
        ("nope", 2, "TL0802"),
        ("env", 2, "TL0803"),
        ("length, error(\"no\")", 3, "TL0805"),
        ("def f: 1 + f; f", 3, "TL0808"),
    ] {
        let outcome = desk.run(&["topics", "--jq", expression]);
        assert_eq!(outcome.code, exit, "{expression}: {}", outcome.stderr);
        assert!(
            outcome.stderr.contains(&format!("error[{code}]")),
            "{}",
            outcome.stderr
        );
        assert_eq!(outcome.stdout.is_empty(), code != "TL0805", "{expression}");
    }
    for flags in [
        &["--jsonl", "--csv"][..],
        &["--json", "--each"],
        &["--each", "--first"],
    ] {
        assert_eq!(desk.run(&[&["topics"], flags].concat()).code, 2, "{flags:?}");
    }
}

#[test]
fn a_file_is_there_when_it_is_whole() {
    let desk = Desk::new();
    let path = desk.path().join("topics.json");
    let name = path.to_str().unwrap();
    std::fs::write(&path, "what was there").unwrap();
    let failed = desk.run(&[
        "topics",
        "--each",
        "--jq",
        "if .topic == \"ticket.resolved\" then error else . end",
        "--output",
        name,
    ]);
    assert_eq!(failed.code, 3, "{}", failed.stderr);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "what was there");
    assert_eq!(
        printed(&desk, &["topics", "ticket.*", "--json", "--output", name]),
        ""
    );
    let written: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(written, desk.run(&["topics", "ticket.*", "--json"]).json());
    let left: Vec<_> = std::fs::read_dir(desk.path())
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".part"))
        .collect();
    assert_eq!(left, [""; 0]);
    printed(&desk, &["topics", "--csv", "--output", "/dev/null"]);
    let nowhere = desk.run(&["topics", "--csv", "--output", "no/such/folder/x.csv"]);
    assert_eq!(nowhere.code, 2, "{}", nowhere.stderr);
    assert!(nowhere.stderr.contains("error[TL0008]"), "{}", nowhere.stderr);
}

#[test]
fn a_reader_that_goes_away_ends_the_printing_quietly() {
    let desk = Desk::new();
    for flags in [&["--jsonl"][..], &["--json"], &["--jq", ".[]"]] {
        let mut child = desk
            .trunkline(&[&["operations", "--api-version", "all"], flags].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        reader.read_line(&mut String::new()).unwrap();
        drop(reader);
        let outcome = Outcome::of(child.wait_with_output().unwrap());
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{flags:?}");
    }
}

#[test]
fn the_requests_of_a_log_have_the_same_shapes() {
    let desk = Desk::new();
    let help = printed(&desk, &["requests", "--help"]);
    for flag in ["--jsonl", "--csv", "--jq", "--first", "--each", "--output"] {
        assert!(help.contains(flag), "{flag} is not in\n{help}");
    }
    assert_eq!(
        desk.run(&["requests", "--jq", "map(.status)", "--jsonl"]).json(),
        json!([])
    );
}
