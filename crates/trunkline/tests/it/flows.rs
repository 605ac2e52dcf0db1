//! Flows from outside: files checked and tried, runs that go on where they were, webhooks that are acted upon, kills.

mod intercom;
mod mirror;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use serde_json::{Value, json};

use crate::{
    harness::{CLIENT_SECRET, Desk, Simulator},
    killing,
    process::{Process, json as shown, until},
};

const COPY: &str = r#"
flow: copy
source: { file: { path: in.jsonl, stream: numbers } }
transforms:
  - filter: '.number % 2 == 1'
  - map: { set: { twice: '.number * 2' }, remove: [noise] }
destinations:
  - file: { path: out/copy.jsonl }
tests:
  - name: what is odd is doubled
    input: [ { number: 1, noise: x }, { number: 2 } ]
    output: { file: [ { number: 1, twice: 2 } ] }
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
        .map(|number| format!("{}\n", json!({ "number": number, "noise": "…" })))
        .collect()
}

#[test]
fn a_run_goes_on_where_the_one_before_it_was() {
    let desk = Desk::new();
    put(&desk, "copy.yaml", COPY);
    put(&desk, "in.jsonl", &numbers(0..5));
    let first = shown(&desk, &["flow", "run", "copy.yaml"]);
    assert_eq!(
        (&first["read"], &first["filtered"]),
        (&json!(5), &json!(3)),
        "{first}"
    );
    assert_eq!(shown(&desk, &["flow", "run", "copy.yaml"])["read"], 0);
    put(&desk, "in.jsonl", &numbers(0..8));
    assert_eq!(shown(&desk, &["flow", "run", "copy.yaml"])["read"], 3);
    let expected: Vec<Value> = [1, 3, 5, 7]
        .map(|number| json!({ "number": number, "twice": number * 2 }))
        .to_vec();
    assert_eq!(lines(&desk, "out/copy.jsonl"), expected);
    let runs = shown(&desk, &["flow", "runs", "copy"]);
    let read: Vec<_> = runs
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["read"].clone())
        .collect();
    assert_eq!(read, [3, 0, 5]);

    let again = shown(&desk, &["flow", "run", "copy.yaml", "--from-start"]);
    assert_eq!(again["read"], 8);
    assert_eq!(lines(&desk, "out/copy.jsonl").len(), 8);
}

#[test]
fn mistakes_are_told_with_their_place_before_anything_is_made() {
    let check = |from: &str, to: &str, expected: &[&str]| {
        let desk = Desk::new();
        assert!(COPY.contains(from), "{from}");
        put(&desk, "copy.yaml", &COPY.replacen(from, to, 1));
        for command in ["check", "test", "run", "apply"] {
            let outcome = desk.run(&["flow", command, "copy.yaml"]);
            let said = format!("{}{}", outcome.stdout, outcome.stderr);
            assert_eq!(outcome.code, 2, "{command}: {said}");
            for part in expected {
                assert!(said.contains(part), "{command}: {said}");
            }
            assert!(
                !desk.path().join("trunkline-data").exists(),
                "{command} made a store"
            );
        }
    };
    check(
        "filter:",
        "filtr:",
        &["copy.yaml:5:5:", "no transform filtr", "Did you mean filter?"],
    );
    check(
        "path: in.jsonl",
        "pth: in.jsonl",
        &["copy.yaml:3:19:", "no key pth", "Did you mean path?"],
    );
    check("% 2 == 1", "% 2 ==", &["copy.yaml:5:13:", "expression"]);
    check("{ number: 2 }", "{ number: 2 ", &["copy.yaml:", "YAML"]);
    check(
        "file: { path: out/copy.jsonl }",
        "intercom: { action: contacts.upsrt }",
        &["copy.yaml:8:25:", "contacts.upsrt", "contacts.upsert"],
    );
    check(
        "file: { path: out/copy.jsonl }",
        "intercom: { action: contacts.upsert, with: { emial: .mail } }",
        &["copy.yaml:8:50:", "no field emial", "email"],
    );
    check(
        "file: { path: in.jsonl, stream: numbers }",
        "intercom: { operation: contacts.delete }",
        &["copy.yaml:3:34:", "a source only reads"],
    );
    check(
        "file: { path: in.jsonl, stream: numbers }",
        "webhook: { topics: [conversation.user.craeted] }",
        &["copy.yaml:3:31:", "conversation.user.craeted"],
    );
}

#[test]
fn samples_pass_or_say_what_differs() {
    let desk = Desk::new();
    put(&desk, "copy.yaml", COPY);
    let fine = desk.run(&["flow", "test", "copy.yaml"]);
    assert_eq!(
        (fine.code, fine.stdout.as_str()),
        (0, "passed  copy.yaml: what is odd is doubled\n")
    );
    put(&desk, "wrong.yaml", &COPY.replace("twice: 2 }", "twice: 3 }"));
    let wrong = desk.run(&["flow", "test", "wrong.yaml"]);
    assert_eq!(wrong.code, 1, "{}", wrong.stderr);
    assert!(
        wrong
            .stdout
            .contains(r#"file was to get [{"number":1,"twice":3}]"#),
        "{}",
        wrong.stdout
    );
    assert!(
        wrong
            .stdout
            .contains(r#"file would get  [{"number":1,"twice":2}]"#),
        "{}",
        wrong.stdout
    );
    put(&desk, "none.yaml", COPY.split("tests:").next().unwrap());
    let none = desk.run(&["flow", "test", "none.yaml"]);
    assert_eq!(none.code, 2);
    assert!(none.stderr.contains("TL0813"), "{}", none.stderr);
}

#[test]
fn a_bad_record_becomes_a_dead_letter_with_its_whole_way() {
    let desk = Desk::new();
    put(&desk, "copy.yaml", COPY);
    let input = format!("{}{{\"number\":\"x\"}}\nbroken\n{}", numbers(0..2), numbers(2..4));
    put(&desk, "in.jsonl", &input);
    let run = desk.run(&["flow", "run", "copy.yaml", "--json"]);
    assert_eq!(run.code, 1, "something was given up: {}", run.stderr);
    let run = run.json();
    assert_eq!(
        (&run["read"], &run["dead_letters"]),
        (&json!(6), &json!(2)),
        "{run}"
    );
    assert_eq!(lines(&desk, "out/copy.jsonl").len(), 2, "the good ones went on");
    let letters = desk
        .run(&[
            "flow",
            "dead-letters",
            "--flow",
            "copy",
            "--code",
            "TL0811",
            "--json",
        ])
        .json();
    let id = letters[0]["id"].as_str().unwrap();
    let letter = desk.run(&["flow", "dead-letters", id]).json();
    assert_eq!(letter["source_record"], json!({ "number": "x" }));
    assert_eq!(letter["steps"][0]["transform"], "filter", "{letter}");
    assert!(
        letter["message"]
            .as_str()
            .unwrap()
            .contains("transform 1 (filter)"),
        "{letter}"
    );
    assert_eq!(
        desk.run(&["flow", "dead-letters", "--drop"]).stdout,
        "2 dropped\n"
    );
    assert_eq!(shown(&desk, &["flow", "dead-letters"]), json!([]));
}

#[test]
fn tickets_are_read_and_tagged_by_records_of_path_and_payload() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    put(
        &desk,
        "tag.yaml",
        r#"
flow: tag-open-tickets
source:
  intercom:
    operation: tickets.search
    payload: { query: { operator: AND, value: [ { field: open, operator: "=", value: true } ] } }
    checkpoint: .updated_at
transforms:
  - jq: '{ path: { ticket_id: .id }, payload: { id: "1", admin_id: "ADMIN" } }'
destinations:
  - intercom: { action: tags.attach_to_ticket }
"#,
    );
    let (_, tag) = simulator.api("POST", "/tags", Some(&json!({ "name": "seen" })));
    let admin = simulator.truth("admins", "2.16")[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let text = fs::read_to_string(desk.path().join("tag.yaml")).unwrap();
    let text = text
        .replace("ADMIN", &admin)
        .replace("id: \"1\"", &format!("id: {}", tag["id"]));
    put(&desk, "tag.yaml", &text);
    let open: Vec<Value> = simulator
        .truth("tickets", "2.16")
        .into_iter()
        .filter(|ticket| ticket["open"] == true)
        .collect();
    assert!(open.len() > 3);
    simulator.forget_requests();
    let run = shown(
        &desk,
        &["flow", "run", "tag.yaml", "--base-url", simulator.base_url()],
    );
    assert_eq!(run["delivered"]["intercom"], json!(open.len()), "{run}");
    let mut tagged: Vec<String> = simulator
        .requests()
        .iter()
        .filter(|request| request["method"] == "POST")
        .filter_map(|request| request["path"].as_str().map(str::to_owned))
        .filter(|path| path.ends_with("/tags"))
        .collect();
    tagged.sort();
    let mut expected: Vec<String> = open
        .iter()
        .map(|ticket| format!("/tickets/{}/tags", ticket["id"].as_str().unwrap()))
        .collect();
    expected.sort();
    assert_eq!(tagged, expected);
}

/// A data folder with a connection whose webhooks are signed with the app's secret.
pub(crate) fn connected(desk: &Desk, simulator: &Simulator) {
    let added = desk
        .trunkline(&[
            "apps",
            "add",
            "mine",
            "--client-id",
            "simulated-client-id",
            "--client-secret-env",
            "APP_SECRET",
        ])
        .env("APP_SECRET", CLIENT_SECRET)
        .output()
        .unwrap();
    assert!(
        added.status.success(),
        "{}",
        String::from_utf8_lossy(&added.stderr)
    );
    let kept = desk.run(&[
        "connect",
        "acme",
        "--app",
        "mine",
        "--token-env",
        "INTERCOM_TOKEN",
        "--base-url",
        simulator.base_url(),
    ]);
    assert_eq!(kept.code, 0, "{}", kept.stderr);
}

#[test]
fn what_a_webhook_tells_is_acted_upon() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    connected(&desk, &simulator);
    let admins = simulator.truth("admins", "2.16");
    let admin = admins[0]["id"].as_str().unwrap();
    put(
        &desk,
        "vip.yaml",
        &format!(
            r#"
flow: note-what-customers-say
source: {{ webhook: {{ connection: acme, topics: [conversation.user.*] }} }}
transforms:
  - filter: .type == "conversation"
destinations:
  - intercom:
      connection: acme
      action: conversations.answer
      with: {{ conversation_id: .id, as: '"admin"', kind: '"note"', admin_id: '"{admin}"', body: '"seen by a flow"' }}
policy: {{ order: per_key, key: .id }}
"#
        ),
    );
    let process = Process::start(&desk, &[]);
    shown(&desk, &["flow", "apply", "vip.yaml"]);
    let runs = || shown(&desk, &["flow", "runs", "note-what-customers-say"]);
    until("the flow to begin", || runs()[0]["state"] == "running");
    let wanted = json!({ "url": format!("{}/webhooks/intercom", process.url()), "topics": ["conversation.user.replied"] });
    simulator.control("POST", "/webhooks", Some(&wanted));
    let conversations = simulator.truth("conversations", "2.16");
    let mut talked = BTreeMap::new();
    for conversation in conversations.iter().filter(|one| one["open"] == true).take(5) {
        let id = conversation["id"].as_str().unwrap();
        let contact = conversation["contacts"]["contacts"][0]["id"].as_str().unwrap();
        let reply = json!({
            "message_type": "comment", "type": "user", "intercom_user_id": contact, "body": "Are you there?"
        });
        let (status, answer) = simulator.api("POST", &format!("/conversations/{id}/reply"), Some(&reply));
        assert_eq!(status, 200, "{answer}");
        talked.insert(id.to_owned(), 0);
    }
    let noted = || {
        for (id, count) in &mut talked {
            let (_, conversation) = simulator.api("GET", &format!("/conversations/{id}"), None);
            let parts = conversation["conversation_parts"]["conversation_parts"]
                .as_array()
                .unwrap()
                .clone();
            *count = parts
                .iter()
                .filter(|part| {
                    part["body"]
                        .as_str()
                        .unwrap_or_default()
                        .contains("seen by a flow")
                })
                .count();
        }
        talked.values().all(|count| *count > 0)
    };
    until("a note in each conversation", noted);
    until("the run to be noted", || {
        runs()[0]["delivered"].as_u64() == Some(5)
    });
    desk.run(&["flow", "pause", "note-what-customers-say"]);
    until("the paused flow to end", || runs()[0]["state"] == "stopped");
    assert_eq!(process.stop(), 0);
    assert!(talked.values().all(|count| *count == 1), "{talked:?}");
}

#[test]
fn a_scheduled_flow_runs_by_itself_and_a_file_does_not_overwrite_what_is_not_from_one() {
    let desk = Desk::new();
    put(
        &desk,
        "copy.yaml",
        &COPY.replace("transforms:\n", "schedule: { every: 1s }\ntransforms:\n"),
    );
    let folder = desk.path().join("trunkline-data");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("in.jsonl"), numbers(0..4)).unwrap();
    shown(&desk, &["flow", "apply", "copy.yaml"]);
    assert_eq!(
        shown(&desk, &["flow", "apply", "copy.yaml"])[0]["outcome"],
        "unchanged"
    );
    let process = Process::start(&desk, &[]);
    let delivered = || lines(&desk, "trunkline-data/out/copy.jsonl").len();
    until("the first run", || delivered() == 2);
    fs::write(folder.join("in.jsonl"), numbers(0..6)).unwrap();
    until("a later run", || delivered() == 3);
    assert_eq!(process.stop(), 0);
    let exported = desk.run(&["flow", "export", "copy"]).stdout;
    assert!(exported.contains("every: 1s"), "{exported}");
    let conflict = desk.run(&["flow", "apply", "copy.yaml", "--replaces", "7"]);
    put(&desk, "copy.yaml", COPY);
    let refused = desk.run(&["flow", "apply", "copy.yaml", "--replaces", "7"]);
    assert_eq!((conflict.code, refused.code), (0, 3), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("TL0816") && refused.stderr.contains("version 1"),
        "{}",
        refused.stderr
    );
    assert_eq!(shown(&desk, &["flow", "apply", "copy.yaml"])[0]["version"], 2);
}

#[test]
fn kills_at_random_points_leave_every_person_there_once() {
    check_kills("{ concurrency: 16, history: { records: all } }");
}

#[test]
fn kills_at_random_points_leave_every_person_of_a_queue_there_once() {
    check_kills(
        "{ concurrency: 16, queue: true, order: per_key, key: .id, dedupe_key: .id, history: { records: all } }",
    );
}

/// The destination has each person once, whenever the process dies, and the way of each is kept.
fn check_kills(policy: &str) {
    let simulator = Simulator::small();
    let desk = Desk::new();
    put(
        &desk,
        "people.yaml",
        &format!(
            r#"
flow: people
source: {{ file: {{ path: people.jsonl }} }}
destinations:
  - intercom:
      action: contacts.create
      with: {{ external_id: .id, email: .email, role: '"user"' }}
      key: .id
policy: {policy}
"#
        ),
    );
    let people: String = (0..1000)
        .map(|number| {
            format!(
                "{}\n",
                json!({ "id": format!("person-{number}"), "email": format!("{number}@kill.example") })
            )
        })
        .collect();
    put(&desk, "people.jsonl", &people);
    let arguments = [
        "flow",
        "run",
        "people.yaml",
        "--base-url",
        simulator.base_url(),
        "--request-log",
        "requests.log",
        "--json",
    ];
    let log = desk.path().join("requests.log");
    let forget = |_| drop(fs::remove_file(&log));
    killing::at_random(&desk, &arguments, &[], 24, forget, |_| {
        killing::lines(&desk, "requests.log")
    });
    let last = desk.run(&arguments);
    assert_eq!(last.code, 0, "{}{}", last.stdout, last.stderr);
    let mut there: Vec<String> = simulator
        .truth("contacts", "2.16")
        .iter()
        .filter_map(|contact| contact["external_id"].as_str().map(str::to_owned))
        .filter(|id| id.starts_with("person-"))
        .collect();
    there.sort();
    let mut expected: Vec<String> = (0..1000).map(|number| format!("person-{number}")).collect();
    expected.sort();
    assert_eq!(there, expected);
    assert_eq!(shown(&desk, &["flow", "dead-letters"]), json!([]));
    let deliveries = shown(
        &desk,
        &[
            "flow",
            "deliveries",
            "people",
            "--outcome",
            "delivered",
            "--limit",
            "100000",
        ],
    );
    let deliveries = deliveries.as_array().unwrap();
    let kept: BTreeSet<&str> = deliveries
        .iter()
        .map(|delivery| delivery["record_id"].as_str().unwrap())
        .collect();
    assert_eq!(kept.into_iter().collect::<Vec<_>>(), expected);
}

/// Every flow that the guide shows is in order, and the first one does what it says.
#[test]
fn the_guide_shows_flows_that_work() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/flows/README.md");
    let text = fs::read_to_string(page).unwrap();
    let desk = Desk::new();
    let mut names = Vec::new();
    for block in text.split("```yaml\n").skip(1) {
        let flow = block.split("```").next().unwrap();
        let name = flow.lines().next().unwrap().strip_prefix("flow: ").unwrap();
        let file = format!("{name}.yaml");
        put(&desk, &file, flow);
        let checked = desk.run(&["flow", "check", &file]);
        assert_eq!(checked.code, 0, "{}", checked.stdout);
        if flow.contains("\ntests:") {
            let tested = desk.run(&["flow", "test", &file]);
            assert_eq!(tested.code, 0, "{}", tested.stdout);
        }
        names.push(name.to_owned());
    }
    assert!(names.len() >= 5, "{names:?}");
    put(
        &desk,
        "numbers.jsonl",
        "{\"number\":1}\n{\"number\":2}\n{\"number\":3}\n",
    );
    let dry = desk.run(&["flow", "run", "doubled.yaml", "--dry-run"]);
    assert_eq!(dry.code, 0, "{}", dry.stderr);
    assert_eq!(dry.stdout.lines().count(), 2, "{}", dry.stdout);
    assert!(!desk.path().join("doubled.jsonl").exists(), "nothing was brought");
    assert_eq!(desk.run(&["flow", "run", "doubled.yaml"]).code, 0);
    let expected: Vec<Value> = [1, 3]
        .map(|number| json!({ "number": number, "twice": number * 2 }))
        .to_vec();
    assert_eq!(lines(&desk, "doubled.jsonl"), expected);
}
