//! Flows on a mirror: what happens in the workspace comes out of it, whoever reads, and whenever it dies.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Stdio,
};

use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use super::{connected, lines, put};
use crate::{
    harness::{Desk, Simulator},
    process::{Process, json as shown, until},
};

/// Creates, changes and deletes contacts, and merges a lead into a user; the ids in this order.
fn happen(simulator: &Simulator) -> [String; 4] {
    let contacts = simulator.truth("contacts", "2.16");
    let of_role = |role: &str| {
        let contact = contacts.iter().find(|contact| contact["role"] == role).unwrap();
        contact["id"].as_str().unwrap().to_owned()
    };
    let (lead, user) = (of_role("lead"), of_role("user"));
    let last = contacts.last().unwrap()["id"].as_str().unwrap().to_owned();
    assert!(last != lead && last != user);
    let call = |method: &str, path: &str, body: Option<&Value>| {
        let (status, answer) = simulator.api(method, path, body);
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    };
    let new = json!({ "role": "user", "email": "new@feed.example", "name": "New" });
    let created = call("POST", "/contacts", Some(&new));
    let merge = json!({ "from": lead, "into": user, "skip_duplicate_validation": true });
    call("POST", "/contacts/merge", Some(&merge));
    call(
        "PUT",
        &format!("/contacts/{user}"),
        Some(&json!({ "name": "Renamed" })),
    );
    call("DELETE", &format!("/contacts/{last}"), None);
    simulator.advance(600);
    [created["id"].as_str().unwrap().to_owned(), user, last, lead]
}

/// Who reads the mirror's changes.
fn readers(desk: &Desk) -> Vec<String> {
    let mirror = desk.open();
    let is_on: bool = mirror
        .query_row(
            "select exists (select 1 from sqlite_schema where name = '_trunkline_readers')",
            [],
            |row| row.get(0),
        )
        .unwrap();
    if !is_on {
        return Vec::new();
    }
    let mut names = mirror
        .prepare("select name from _trunkline_readers order by name")
        .unwrap();
    let names = names.query_map([], |row| row.get(0)).unwrap();
    names.collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_flow_that_is_removed_is_no_reader_any_more() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    desk.sync(&simulator, &["--streams", "contacts,tags"]);
    let mirror = desk.mirror();
    for (name, reads) in [("changes", "changes: [contacts]"), ("records", "stream: tags")] {
        let text = format!(
            "flow: {name}\nsource: {{ mirror: {{ file: {}, {reads} }} }}\ndestinations:\n  - file: {{ path: {name}.jsonl }}\n",
            mirror.display()
        );
        put(&desk, &format!("{name}.yaml"), &text);
        shown(&desk, &["flow", "apply", &format!("{name}.yaml")]);
        shown(&desk, &["flow", "run", name]);
    }
    assert_eq!(readers(&desk), ["flow:changes", "flow:records"]);
    assert_eq!(desk.run(&["flow", "remove", "changes", "--with-state"]).code, 0);
    assert_eq!(readers(&desk), ["flow:records"]);
    // A mirror that is gone keeps nobody from removing, and is not made again.
    std::fs::remove_file(&mirror).unwrap();
    assert_eq!(desk.run(&["flow", "remove", "records", "--with-state"]).code, 0);
    assert!(!mirror.exists());
}

#[test]
fn what_happens_in_the_workspace_is_told_as_it_came_to_the_mirror() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    desk.sync(&simulator, &[]);
    put(
        &desk,
        "changes.yaml",
        "flow: changes\nsource: { mirror: { file: mirror.db, changes: [contacts] } }\ndestinations:\n  - file: { path: changes.jsonl }\n",
    );
    put(
        &desk,
        "records.yaml",
        "flow: records\nsource: { mirror: { file: mirror.db, stream: contacts } }\ndestinations:\n  - file: { path: records.jsonl }\n",
    );
    let dry = desk.run(&["flow", "run", "changes.yaml", "--dry-run"]);
    assert_eq!((dry.code, dry.stdout.as_str()), (0, ""), "{}", dry.stderr);
    let dry = desk.run(&["flow", "run", "records.yaml", "--dry-run", "--json"]);
    assert_eq!(dry.code, 0, "{}", dry.stderr);
    assert!(
        dry.stdout.lines().count() > 100,
        "each record is shown: {}",
        dry.stdout
    );
    assert_eq!(
        readers(&desk),
        [] as [String; 0],
        "whoever tries a flow out reads for nobody"
    );
    assert_eq!(shown(&desk, &["flow", "run", "changes.yaml"])["read"], 0);
    let all = simulator.truth("contacts", "2.16").len();
    assert_eq!(shown(&desk, &["flow", "run", "records.yaml"])["read"], all);
    let [created, user, deleted, lead] = happen(&simulator);
    desk.sync(&simulator, &["--full"]);
    // Trying it out takes nothing from the run that follows.
    assert_eq!(desk.run(&["flow", "run", "changes.yaml", "--dry-run"]).code, 0);
    shown(&desk, &["flow", "run", "changes.yaml"]);
    let told = lines(&desk, "changes.jsonl");
    let of = |id: &str| -> &Value {
        let mut of_it = told.iter().filter(|told| told["id"] == id);
        of_it
            .next_back()
            .unwrap_or_else(|| panic!("nothing of {id}: {told:?}"))
    };
    assert_eq!(of(&created)["change"], "created");
    assert_eq!(of(&created)["after"]["email"], "new@feed.example");
    assert_eq!(of(&user)["change"], "updated");
    assert_eq!(of(&user)["after"]["name"], "Renamed");
    assert_ne!(of(&user)["before"]["name"], "Renamed");
    assert!(of(&user)["changed"].as_array().unwrap().contains(&json!("name")));
    assert_eq!(of(&deleted)["change"], "deleted");
    assert_eq!(of(&deleted)["before"]["id"], json!(deleted));
    assert_eq!(
        (&of(&lead)["change"], &of(&lead)["merged_into"]),
        (&json!("merged"), &json!(user))
    );
    assert_eq!(shown(&desk, &["flow", "run", "changes.yaml"])["read"], 0);
    shown(&desk, &["flow", "run", "records.yaml"]);
    let records: BTreeMap<String, Value> = lines(&desk, "records.jsonl")
        .into_iter()
        .map(|record| (record["id"].as_str().unwrap().to_owned(), record))
        .collect();
    assert_eq!(records[&user]["name"], "Renamed");
    assert_eq!(records.len(), all + 1);

    // A mirror that was made anew does not have what happened in between.
    for suffix in ["", "-wal", "-shm"] {
        std::fs::remove_file(desk.path().join(format!("mirror.db{suffix}"))).ok();
    }
    desk.sync(&simulator, &[]);
    let lost = desk.run(&["flow", "run", "changes.yaml"]);
    assert!(
        lost.code != 0 && lost.stderr.contains("TL0892"),
        "{}",
        lost.stderr
    );
    assert_eq!(desk.run(&["flow", "run", "changes.yaml", "--from-start"]).code, 0);
}

/// Whenever the process dies, each row and each change is there in the end.
#[test]
fn kills_at_random_points_lose_no_change() {
    let seed = std::env::var("TRUNKLINE_SEED").map_or(20_261_122, |text| text.parse().unwrap());
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let simulator = Simulator::small();
    let desk = Desk::new();
    desk.sync(&simulator, &[]);
    // Slow enough to be killed on the way: each record is on the disk before the next.
    put(
        &desk,
        "all.yaml",
        "flow: all\nsource: { mirror: { file: mirror.db, changes: [contacts, conversations, conversation_parts, tickets], from_start: true } }\ndestinations:\n  - file: { path: all.jsonl }\n",
    );
    let arguments = ["flow", "run", "all.yaml", "--json"];
    let written = || std::fs::metadata(desk.path().join("all.jsonl")).map_or(0, |file| file.len());
    let mut cut_short = 0;
    for round in 0..12 {
        if round == 6 {
            happen(&simulator);
            desk.sync(&simulator, &["--full"]);
        }
        let until = written() + rng.random_range(1..600_000_u64);
        let mut child = desk
            .trunkline(&arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while child.try_wait().unwrap().is_none() && written() < until {
            std::thread::yield_now();
        }
        cut_short += u32::from(child.try_wait().unwrap().is_none());
        child.kill().ok();
        child.wait().unwrap();
        crate::killing::free(&desk);
    }
    assert!(cut_short > 2, "seed {seed}: it was too quick to be killed");
    let last = desk.run(&arguments);
    assert_eq!(last.code, 0, "seed {seed}: {}{}", last.stdout, last.stderr);
    // What is there in the end, by the last that was told of each.
    let mut there: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for told in lines(&desk, "all.jsonl") {
        let ids = there
            .entry(told["stream"].as_str().unwrap().to_owned())
            .or_default();
        let id = told["id"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned();
        match told["change"].as_str().unwrap() {
            "created" | "updated" => ids.insert(id),
            _ => ids.remove(&id),
        };
    }
    for stream in ["contacts", "conversations", "tickets"] {
        let truth: BTreeSet<String> = simulator
            .truth(stream, "2.16")
            .iter()
            .map(|record| record["id"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(there[stream], truth, "seed {seed}: {stream}");
    }
}

#[test]
fn a_process_that_runs_follows_the_mirror_of_its_data_folder() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    connected(&desk, &simulator);
    let sync = |more: &[&str]| {
        let mut arguments = vec![
            "sync",
            "--connection",
            "acme",
            "--to",
            "sqlite:trunkline-data/mirror.db",
            "--streams",
            "contacts",
        ];
        arguments.extend_from_slice(more);
        let synced = desk
            .trunkline(&arguments)
            .env_remove("INTERCOM_TOKEN")
            .output()
            .unwrap();
        assert!(
            synced.status.success(),
            "{}",
            String::from_utf8_lossy(&synced.stderr)
        );
    };
    sync(&[]);
    put(
        &desk,
        "new.yaml",
        "flow: new-contacts\nsource: { mirror: { connection: acme, changes: [contacts], kinds: [created, merged] } }\ndestinations:\n  - file: { path: new.jsonl }\n",
    );
    let process = Process::start(&desk, &[]);
    shown(&desk, &["flow", "apply", "new.yaml"]);
    let runs = || shown(&desk, &["flow", "runs", "new-contacts"]);
    until("the flow to begin", || runs()[0]["state"] == "running");
    let begun = || {
        let store = rusqlite::Connection::open(desk.path().join("trunkline-data/trunkline.db")).unwrap();
        let select = "select count(*) from flow_checkpoints";
        store.query_row(select, [], |row| row.get::<_, i64>(0)).unwrap() > 0
    };
    until("the flow to keep where it begins", begun);
    let [created, user, _, lead] = happen(&simulator);
    sync(&["--full"]);
    let told = || lines(&desk, "trunkline-data/new.jsonl");
    until("both to be told", || told().len() >= 2);
    assert_eq!(process.stop(), 0);
    let told: BTreeSet<(String, String)> = told()
        .iter()
        .map(|told| {
            let into = told["merged_into"].as_str().unwrap_or_default().to_owned();
            (told["id"].as_str().unwrap().to_owned(), into)
        })
        .collect();
    assert_eq!(told, BTreeSet::from([(created, String::new()), (lead, user)]));
}
