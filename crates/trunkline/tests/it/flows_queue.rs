//! Flows whose deliveries wait in the queue, dead letters that go back, and ranges that are read again.

use std::fs;

use serde_json::{Value, json};

use crate::{
    harness::{Desk, Simulator},
    process::{Process, json as shown, until},
};

const HALVES: &str = r#"
flow: halves
source: { file: { path: numbers.jsonl } }
transforms:
  - map: { set: { share: 'if .number == 0 then error("no share") else 100 / .number end' } }
destinations:
  - file: { path: halves.jsonl }
"#;

fn put(desk: &Desk, name: &str, text: &str) {
    fs::write(desk.path().join(name), text).unwrap();
}

fn lines(desk: &Desk, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(desk.path().join(name)).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn numbers(range: std::ops::Range<u64>) -> String {
    range
        .map(|number| format!("{}\n", json!({ "number": number })))
        .collect()
}

/// A desk on which `halves` has run in its data folder, and left zero behind.
fn with_a_dead_letter(flow: &str) -> Desk {
    let desk = Desk::new();
    put(&desk, "halves.yaml", flow);
    shown(&desk, &["flow", "apply", "halves.yaml"]);
    put(&desk, "trunkline-data/numbers.jsonl", &numbers(0..5));
    let ran = desk.run(&["flow", "run", "halves", "--json"]);
    assert_eq!(ran.json()["dead_letters"], 1, "{}{}", ran.stdout, ran.stderr);
    desk
}

#[test]
fn dead_letters_go_back_after_a_fix() {
    for policy in [
        "",
        "policy: { queue: true }\n",
        "policy: { queue: true, order: per_key, key: .number }\n",
    ] {
        let desk = with_a_dead_letter(&format!("{HALVES}{policy}"));
        let still = desk.run(&["flow", "redrive", "halves", "--json"]);
        assert_eq!(still.code, 1, "{policy}: {}{}", still.stdout, still.stderr);
        assert_eq!(still.json()["redriven"], 1);
        let letters = shown(&desk, &["flow", "dead-letters"]);
        let letter = &letters[0];
        assert_eq!(letters.as_array().unwrap().len(), 1, "{letters:#}");
        assert_eq!(letter["source_record"], "{\"number\":0}");
        let whole = shown(&desk, &["flow", "dead-letters", letter["id"].as_str().unwrap()]);
        assert_eq!(whole["steps"][0]["before"], json!([{ "number": 0 }]), "{whole:#}");

        let fixed = HALVES.replace("error(\"no share\")", "null");
        put(&desk, "halves.yaml", &format!("{fixed}{policy}"));
        shown(&desk, &["flow", "apply", "halves.yaml"]);
        let done = shown(&desk, &["flow", "redrive", "halves"]);
        assert_eq!(
            (&done["redriven"], &done["dead_letters"]),
            (&json!(1), &json!(0)),
            "{done}"
        );
        let mut all: Vec<u64> = lines(&desk, "trunkline-data/halves.jsonl")
            .iter()
            .map(|line| line["number"].as_u64().unwrap())
            .collect();
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3, 4], "{policy}");
        let runs = shown(&desk, &["flow", "runs", "halves"]);
        assert_eq!(
            runs[0]["delivered"], 5,
            "what is redriven counts for the run that read it: {runs:#}"
        );
        assert_eq!(shown(&desk, &["flow", "redrive", "halves"])["redriven"], 0);
    }
}

#[test]
fn a_letter_goes_back_by_its_id_in_the_form_that_is_asked_for_and_serve_brings_it() {
    let desk = Desk::new();
    let flow = r#"
flow: to-a-table
source: { file: { path: numbers.jsonl } }
transforms:
  - map: { set: { name: '"number \(.number)"' } }
destinations:
  - sqlite: { path: out.db, table: numbers, key: .number }
"#;
    put(&desk, "flow.yaml", flow);
    shown(&desk, &["flow", "apply", "flow.yaml"]);
    put(
        &desk,
        "trunkline-data/numbers.jsonl",
        "{\"number\":1}\n{\"number\":null}\n{\"number\":2}\n",
    );
    desk.run(&["flow", "run", "to-a-table"]);
    let letters = shown(&desk, &["flow", "dead-letters"]);
    let id = letters[0]["id"].as_str().unwrap().to_owned();
    for (arguments, code, part) in [
        (vec!["flow", "redrive", "nobody"], 2, "TL0814"),
        (vec!["flow", "redrive", "to-a-table", "none"], 3, "TL0507"),
        (
            vec!["flow", "redrive", "to-a-table", &id, "--code", "TL0001"],
            2,
            "cannot be used with",
        ),
        (
            vec!["flow", "redrive", "to-a-table", "--since", "someday"],
            2,
            "someday",
        ),
    ] {
        let refused = desk.run(&arguments);
        assert_eq!(refused.code, code, "{arguments:?}: {}", refused.stderr);
        assert!(refused.stderr.contains(part), "{arguments:?}: {}", refused.stderr);
    }
    // The destination was at fault, and is another now.
    put(
        &desk,
        "flow.yaml",
        &flow
            .replace("key: .number", "key: .name")
            .replace("numbers, ", "named, "),
    );
    shown(&desk, &["flow", "apply", "flow.yaml"]);
    let arguments = [
        "flow",
        "redrive",
        "to-a-table",
        &id,
        "--as",
        "ready",
        "--queue-only",
    ];
    assert_eq!(shown(&desk, &arguments)["state"], "queued");
    let process = Process::start(&desk, &[]);
    let named = || {
        let file = rusqlite::Connection::open(desk.path().join("trunkline-data/out.db")).unwrap();
        file.query_row("SELECT name FROM named", [], |row| row.get::<_, String>(0))
            .ok()
    };
    until("serve to bring it", || named().is_some());
    assert_eq!(named().as_deref(), Some("number null"));
    assert_eq!(process.stop(), 0);
    assert_eq!(shown(&desk, &["flow", "dead-letters"]), json!([]));
}

#[test]
fn a_range_is_read_again_beside_the_flows_own_position() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    put(
        &desk,
        "contacts.yaml",
        "flow: contacts\nsource: { intercom: { operation: contacts.list } }\ndestinations:\n  - file: { path: contacts.jsonl }\n",
    );
    let run = |more: &[&str]| {
        let mut arguments = vec!["flow", "run", "contacts.yaml", "--base-url", simulator.base_url()];
        arguments.extend_from_slice(more);
        shown(&desk, &arguments)
    };
    let all = simulator.truth("contacts", "2.16");
    let mut times: Vec<i64> = all
        .iter()
        .map(|one| one["updated_at"].as_i64().unwrap())
        .collect();
    times.sort_unstable();
    let (since, until) = (times[times.len() / 4], times[times.len() / 2]);
    let within = times.iter().filter(|at| (since..until).contains(at)).count();
    assert!(within > 0);
    run(&[]);
    let before = lines(&desk, "contacts.jsonl").len();
    let moment = |second| jiff::Timestamp::from_second(second).unwrap().to_string();
    let (since, until) = (moment(since), moment(until));
    let again = run(&["--since", &since, "--until", &until]);
    assert_eq!(again["delivered"]["file"], within, "{again}");
    assert_eq!(lines(&desk, "contacts.jsonl").len(), before + within);
    let runs = shown(&desk, &["flow", "runs", "contacts"]);
    assert_eq!(runs[0]["cause"], "backfill");

    put(&desk, "halves.yaml", HALVES);
    put(&desk, "numbers.jsonl", &numbers(1..3));
    for (arguments, part) in [
        (vec!["--since", "2026-01-01"], "TL0819"),
        (vec!["--since", "2026-01-02", "--until", "2026-01-01"], "TL0819"),
        (vec!["--until", "2026-01-01"], "--since"),
        (
            vec!["--since", "2026-01-01", "--from-start"],
            "cannot be used with",
        ),
    ] {
        let mut all = vec!["flow", "run", "halves.yaml"];
        all.extend(arguments);
        let refused = desk.run(&all);
        assert_ne!(refused.code, 0, "{all:?}");
        assert!(refused.stderr.contains(part), "{all:?}: {}", refused.stderr);
    }
}
