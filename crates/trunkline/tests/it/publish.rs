//! Rows of files and queries, published into a simulated workspace by the real binary: what is there afterwards is asked of
//! the simulator, not of what the command says.

mod bad_input;
mod crash;
mod leads;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::{Desk, Outcome, Simulator};

/// Publishes with these arguments, and how it ended.
fn publish(desk: &Desk, simulator: &Simulator, arguments: &[&str]) -> Outcome {
    let mut all = vec!["publish", "--base-url", simulator.base_url()];
    all.extend_from_slice(arguments);
    desk.run(&all)
}

/// Writes a file into the desk's folder.
fn write(desk: &Desk, name: &str, bytes: impl AsRef<[u8]>) {
    std::fs::write(desk.path().join(name), bytes).unwrap();
}

fn read(desk: &Desk, name: &str) -> String {
    std::fs::read_to_string(desk.path().join(name)).unwrap()
}

/// What became of each row, as the file of results says.
fn results(desk: &Desk, name: &str) -> Vec<Value> {
    read(desk, name)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The contacts whose external id begins with this, by that; there must be one of each.
fn people(simulator: &Simulator, prefix: &str) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for contact in simulator.truth("contacts", "2.16") {
        let id = contact["external_id"].as_str().unwrap_or_default().to_owned();
        if id.starts_with(prefix) {
            assert!(found.insert(id.clone(), contact).is_none(), "{id} is there twice");
        }
    }
    found
}

/// The outcomes in a summary.
fn counts(summary: &Value) -> [u64; 5] {
    ["rows", "created", "updated", "unchanged", "rejected"].map(|name| summary[name].as_u64().unwrap())
}

#[test]
fn each_row_is_written_once_and_what_became_of_it_is_told() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    write(
        &desk,
        "people.csv",
        "Mail;name;custom;signed_up_at\nann@p.example;Ann;x;\ndee@p.example;Dee;x;whenever\nann@p.example;Again;x;\nbo@p.example;\"Bo; \"\"B\"\"\";x;2026-01-01\n",
    );
    let outcome = publish(
        &desk,
        &simulator,
        &[
            "contacts.create",
            "--from",
            "people.csv",
            "--column",
            "email=Mail",
            "--ignore",
            "custom",
            "--set",
            "role=user",
            "--results",
            "results.jsonl",
            "--rejects",
            "rejects.csv",
            "--json",
        ],
    );
    assert_eq!(outcome.code, 1, "{}{}", outcome.stdout, outcome.stderr);
    let summary = outcome.json();
    assert_eq!(counts(&summary), [4, 2, 0, 0, 2], "{summary}");
    let results = results(&desk, "results.jsonl");
    let told: Vec<(u64, &str)> = results
        .iter()
        .map(|row| (row["line"].as_u64().unwrap(), row["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [(2, "created"), (3, "rejected"), (4, "rejected"), (5, "created")]
    );
    // The row that names the same person waits for the one before it, and meets what that made.
    assert_eq!(results[2]["code"], "TL0107");
    for (row, name) in [(0, "Ann"), (3, "Bo; \"B\"")] {
        let id = results[row]["id"].as_str().unwrap();
        let (_, contact) = simulator.api("GET", &format!("/contacts/{id}"), None);
        assert_eq!(contact["name"], name);
        let run = results[row]["run"].as_str().unwrap();
        let shown = desk.run(&["runs", "show", run, "--json"]);
        assert_eq!(shown.json()["batch"], summary["batch"], "{}", shown.stderr);
    }
    // The rejected rows are as they were; mended, they can be published.
    let rejects = read(&desk, "rejects.csv");
    assert!(
        rejects.starts_with("Mail,name,custom,signed_up_at,_error,_code\ndee@p.example,Dee,x,whenever,"),
        "{rejects}"
    );
    write(
        &desk,
        "mended.csv",
        rejects
            .replace("ann@p.example,Again", "cy@p.example,Cy")
            .replace("whenever", ""),
    );
    let again = publish(
        &desk,
        &simulator,
        &[
            "contacts.create",
            "--from",
            "mended.csv",
            "--column",
            "email=Mail",
            "--ignore",
            "custom",
            "--set",
            "role=user",
            "--json",
        ],
    );
    assert_eq!(counts(&again.json()), [2, 2, 0, 0, 0], "{}", again.stderr);
    assert_eq!(again.code, 0);
}

#[test]
fn rows_come_from_files_queries_and_pipes_in_any_encoding() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    let database = rusqlite::Connection::open(desk.path().join("crm.db")).unwrap();
    database
        .execute_batch("CREATE TABLE firms (id TEXT, title TEXT, size INTEGER); INSERT INTO firms VALUES ('zz-q1', 'Zoë', 12), ('zz-q2', NULL, NULL)")
        .unwrap();
    let csv = "external_id,name\nzz-{}1,Zoë\n";
    let utf16 = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let latin = |text: &str| -> Vec<u8> { text.chars().map(|letter| letter as u8).collect() };
    let named = |prefix: &str| csv.replace("{}", prefix);
    write(&desk, "bom.csv", format!("\u{feff}{}", named("b")));
    write(&desk, "utf16.csv", utf16(&named("u")));
    write(&desk, "latin.csv", latin(&named("l")));
    write(&desk, "tab.tsv", named("t").replace(',', "\t"));
    write(
        &desk,
        "lines.jsonl",
        "{\"external_id\":\"zz-j1\",\"name\":\"Zoë\"}\n\n{\"external_id\":\"zz-j2\",\"custom_attributes\":{}}\n",
    );
    write(
        &desk,
        "map.jq",
        "select(.id != \"none\") | {external_id: .id, name: .title}",
    );
    write(&desk, "mapped.csv", "id,title\nzz-m1,Zoë\nnone,x\n");
    let query = "SELECT id AS external_id, title AS name, size AS signed_up_at FROM firms ORDER BY id";
    let inline = format!("sqlite:crm.db?query={query}");
    for (prefix, rows, arguments) in [
        ("b", 1, &["--from", "bom.csv"][..]),
        ("u", 1, &["--from", "utf16.csv"]),
        ("l", 1, &["--from", "latin.csv"]),
        ("l", 1, &["--from", "latin.csv", "--encoding", "latin1"]),
        ("t", 1, &["--from", "tab.tsv"]),
        ("j", 2, &["--from", "lines.jsonl"]),
        ("m", 1, &["--from", "mapped.csv", "--map", "map.jq"]),
        ("q", 2, &["--from", "sqlite:crm.db", "--query", query]),
        ("q", 2, &["--from", &inline]),
    ] {
        let mut all = vec!["contacts.upsert", "--json"];
        all.extend_from_slice(arguments);
        let outcome = publish(&desk, &simulator, &all);
        assert_eq!(
            outcome.code, 0,
            "{arguments:?}: {}{}",
            outcome.stdout, outcome.stderr
        );
        let found = people(&simulator, &format!("zz-{prefix}"));
        assert_eq!(found.len(), rows, "{arguments:?}");
        assert_eq!(found[&format!("zz-{prefix}1")]["name"], "Zoë", "{arguments:?}");
    }
    let mut piped = desk.trunkline(&[
        "publish",
        "--base-url",
        simulator.base_url(),
        "contacts.upsert",
        "--from",
        "-",
        "--json",
    ]);
    let mut child = piped.stdin(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), named("p").as_bytes()).unwrap();
    drop(child.stdin.take());
    let outcome = Outcome::of(child.wait_with_output().unwrap());
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    assert_eq!(people(&simulator, "zz-p").len(), 1);
}

#[test]
fn a_dry_run_says_what_would_become_of_every_field_and_writes_nothing() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    let mut contacts = simulator.truth("contacts", "2.16");
    contacts.retain(|contact| contact["name"].is_string());
    let mut rows = "id,name\n".to_owned();
    for (contact, name) in contacts
        .iter()
        .zip([&json!("Somebody Else"), &contacts[1]["name"]])
    {
        rows.push_str(&format!(
            "{},{}\n",
            contact["id"].as_str().unwrap(),
            name.as_str().unwrap()
        ));
    }
    write(&desk, "people.csv", rows);
    let outcome = publish(
        &desk,
        &simulator,
        &[
            "contacts.update",
            "--from",
            "people.csv",
            "--dry-run",
            "--results",
            "plan.jsonl",
            "--json",
        ],
    );
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    let plan = outcome.json();
    assert_eq!(counts(&plan), [2, 0, 1, 1, 0], "{plan}");
    assert_eq!(
        plan["fields"]["name"],
        json!({"create": 0, "change": 1, "keep": 1}),
        "{plan}"
    );
    assert_eq!(
        results(&desk, "plan.jsonl")[0]["writes"][0]["operation"],
        "contacts.update"
    );
    let path = format!("/contacts/{}", contacts[0]["id"].as_str().unwrap());
    assert_eq!(simulator.api("GET", &path, None).1["name"], contacts[0]["name"]);
    assert!(
        !desk.path().join("trunkline-data").exists(),
        "a dry run made a data folder"
    );
}
