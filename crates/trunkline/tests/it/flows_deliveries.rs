//! What became of a flow's records, from outside: listed, narrowed, and one with its whole way.

use std::fs;

use serde_json::{Value, json};

use crate::{
    harness::{Desk, Simulator},
    process::json as shown,
};

const SPLIT: &str = r#"
flow: split
source: { file: { path: in.jsonl, stream: numbers } }
transforms:
  - filter: '.id != 2'
  - map: { set: { twice: '.id * 2' } }
destinations:
  - name: small
    when: '.id < 3'
    transforms: [ { map: { set: { size: '"small"' } } } ]
    file: { path: small.jsonl }
  - name: halves
    when: '.id != 4'
    transforms: [ { map: { set: { half: 'if .id == 3 then error("no half") else .id / 2 end' } } } ]
    file: { path: halves.jsonl }
"#;

fn put(desk: &Desk, name: &str, text: &str) {
    fs::write(desk.path().join(name), text).unwrap();
}

/// A desk on which numbers from 1 to 5 were split: 2 and 4 are let go, 3 is a dead letter of one destination.
fn split(policy: &str) -> Desk {
    let desk = Desk::new();
    put(&desk, "split.yaml", &format!("{SPLIT}{policy}"));
    let numbers: String = (1..=5).map(|id| format!("{}\n", json!({ "id": id }))).collect();
    put(&desk, "in.jsonl", &numbers);
    let ran = desk.run(&["flow", "run", "split.yaml", "--json"]);
    assert_eq!(ran.json()["dead_letters"], 1, "{}{}", ran.stdout, ran.stderr);
    desk
}

fn deliveries(desk: &Desk, more: &[&str]) -> Vec<Value> {
    let found = shown(desk, &[&["flow", "deliveries", "split"], more].concat());
    found.as_array().unwrap().clone()
}

fn outcomes(found: &[Value]) -> Vec<(String, String, String)> {
    let word = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    let mut outcomes: Vec<_> = found
        .iter()
        .map(|one| {
            (
                word(one, "record_id"),
                word(one, "destination"),
                word(one, "outcome"),
            )
        })
        .collect();
    outcomes.sort();
    outcomes
}

#[test]
fn it_is_told_of_every_record_where_it_came() {
    for policy in ["", "policy: { queue: true }\n"] {
        let desk = split(policy);
        let expected = [
            ("1", "halves", "delivered"),
            ("1", "small", "delivered"),
            ("2", "-", "let_go"),
            ("3", "halves", "dead"),
            ("4", "-", "let_go"),
            ("5", "halves", "delivered"),
        ];
        let expected = expected.map(|(id, way, outcome)| (id.to_owned(), way.to_owned(), outcome.to_owned()));
        assert_eq!(outcomes(&deliveries(&desk, &[])), expected, "{policy}");
        let run = shown(&desk, &["flow", "runs", "split"])[0].clone();
        assert_eq!((&run["followed"], &run["read"]), (&json!(5), &json!(5)));
        let run = run["id"].as_str().unwrap().to_owned();
        for (narrowed, count) in [
            (vec!["--record", "1"], 2),
            (vec!["--record", "9"], 0),
            (vec!["--outcome", "let-go"], 2),
            (vec!["--outcome", "dead"], 1),
            (vec!["--destination", "small"], 1),
            (vec!["--run", run.as_str()], 6),
            (vec!["--run", "another"], 0),
            (vec!["--since", "1h", "--record", "5"], 1),
            (vec!["--until", "2020-01-01T00:00:00Z"], 0),
            (vec!["--key", "none"], 0),
            (vec!["--limit", "3"], 3),
        ] {
            assert_eq!(deliveries(&desk, &narrowed).len(), count, "{policy} {narrowed:?}");
        }
        let table = desk.run(&["flow", "deliveries", "split"]);
        assert_eq!(table.code, 0);
        assert!(
            table.stdout.contains("let go") && table.stdout.contains("halves"),
            "{}",
            table.stdout
        );
        assert_eq!(table.stderr, "", "all of them are kept");
    }
}

#[test]
fn one_record_is_shown_with_its_whole_way() {
    for policy in ["", "policy: { queue: true }\n"] {
        let desk = split(policy);
        let one = deliveries(&desk, &["--record", "1", "--destination", "halves"]).remove(0);
        let way: Value = desk
            .run(&["flow", "delivery", one["id"].as_str().unwrap()])
            .json();
        assert_eq!(way["source_record"], json!({ "id": 1 }), "{way}");
        assert_eq!(way["note"], Value::Null, "{way}");
        let steps = &way["steps"];
        assert_eq!(steps[0]["transform"], "filter");
        assert_eq!(steps[1]["after"], json!([{ "id": 1, "twice": 2 }]));
        let places = way["places"].as_array().unwrap();
        assert_eq!(places.len(), 2, "{way}");
        for (destination, record) in [
            ("small", json!({ "id": 1, "twice": 2, "size": "small" })),
            ("halves", json!({ "id": 1, "twice": 2, "half": 0.5 })),
        ] {
            let place = places
                .iter()
                .find(|place| place["destination"] == destination)
                .unwrap();
            assert_eq!(
                (&place["record"], &place["attempts"]),
                (&record, &json!(1)),
                "{way}"
            );
            assert_eq!(place["steps"][0]["after"], json!([record]));
        }

        let dead = deliveries(&desk, &["--outcome", "dead"]).remove(0);
        let way = desk
            .run(&["flow", "delivery", dead["id"].as_str().unwrap()])
            .json();
        assert_eq!(way["source_record"], json!({ "id": 3 }), "{way}");
        let letter = way["places"][0]["letter"].as_str().unwrap().to_owned();
        let letter = desk.run(&["flow", "dead-letters", &letter]).json();
        assert_eq!(letter["source_record"], json!({ "id": 3 }));
        assert_eq!(
            letter["delivery"], dead["id"],
            "a letter leads to its record's way"
        );
    }
}

#[test]
fn a_record_that_a_transform_gave_up_is_shown_as_its_dead_letter_has_it() {
    let desk = Desk::new();
    let broken = SPLIT.replace("'.id != 2'", "'.id | error'");
    put(&desk, "split.yaml", &broken);
    put(&desk, "in.jsonl", "{\"id\": 7}\n");
    assert_eq!(
        desk.run(&["flow", "run", "split.yaml", "--json"]).json()["dead_letters"],
        1
    );
    let dead = deliveries(&desk, &[]).remove(0);
    let way = desk
        .run(&["flow", "delivery", dead["id"].as_str().unwrap()])
        .json();
    assert_eq!(
        (&way["source_record"], &way["note"]),
        (&json!({ "id": 7 }), &Value::Null),
        "{way}"
    );
    assert_eq!(way["steps"][0]["transform"], "filter", "{way}");
    assert_eq!(way["steps"][0]["before"], json!([{ "id": 7 }]), "{way}");
    assert_ne!(way["steps"][0]["errors"], json!([]), "{way}");
}

#[test]
fn what_is_not_there_is_answered_with_the_command_that_lists_what_is() {
    let desk = split("");
    for (asked, lists) in [
        (&["flow", "export", "nothing"][..], "flow list"),
        (&["flow", "dead-letters", "nothing"], "flow dead-letters"),
        (&["flow", "delivery", "nothing"], "flow deliveries"),
        (&["batches", "show", "nothing"], "batches list"),
        (&["people", "link", "nobody"], "people list"),
        (&["mirrors", "show", "nothing"], "mirrors list"),
        (&["notifications", "show", "nothing"], "notifications list"),
        (&["runs", "show", "nothing"], "runs list"),
    ] {
        let refused = desk.run(asked);
        let told = refused.stderr;
        assert!(
            told.contains("TL0507") && told.contains(&format!("`trunkline {lists}")),
            "{asked:?}: {told}"
        );
        let words: Vec<&str> = lists.split(' ').chain(["--help"]).collect();
        assert_eq!(desk.run(&words).code, 0, "{lists}");
    }
}

#[test]
fn a_redriven_record_and_a_changed_flow_are_told_apart() {
    let desk = split("");
    let mended = SPLIT.replace(r#"if .id == 3 then error("no half") else .id / 2 end"#, ".id / 2");
    put(&desk, "split.yaml", &mended);
    shown(&desk, &["flow", "apply", "split.yaml"]);
    let redriven = shown(&desk, &["flow", "redrive", "split"]);
    assert_eq!(redriven["redriven"], 1, "{redriven}");
    let of_three = deliveries(&desk, &["--record", "3"]);
    let told: Vec<_> = of_three
        .iter()
        .map(|one| (&one["outcome"], &one["version"]))
        .collect();
    assert_eq!(
        told,
        [(&json!("delivered"), &json!(2)), (&json!("dead"), &json!(1))]
    );
    let way = desk
        .run(&["flow", "delivery", of_three[0]["id"].as_str().unwrap()])
        .json();
    assert_eq!(
        way["places"][1]["record"],
        json!({ "id": 3, "twice": 6, "half": 1.5 }),
        "{way}"
    );
    assert_eq!(way["note"], Value::Null, "{way}");
    let old = deliveries(&desk, &["--record", "5"]).remove(0);
    let way = desk
        .run(&["flow", "delivery", old["id"].as_str().unwrap()])
        .json();
    assert!(way["note"].as_str().unwrap().contains("version 2"), "{way}");
}

#[test]
fn a_policy_that_keeps_nothing_says_so_and_what_is_not_there_is_refused() {
    let desk = split("policy: { history: { records: none } }\n");
    assert_eq!(deliveries(&desk, &[]), [] as [Value; 0]);
    let told = desk.run(&["flow", "deliveries", "split"]);
    assert!(told.stderr.contains("0 of its 5 records"), "{}", told.stderr);
    for arguments in [
        ["flow", "deliveries", "nobody"],
        ["flow", "delivery", "nothing"],
        ["flow", "deliveries", "split --outcome"],
    ] {
        let outcome = desk.run(&arguments);
        assert_ne!(outcome.code, 0, "{arguments:?}: {}", outcome.stdout);
        assert!(
            outcome.stderr.contains("TL0507"),
            "{arguments:?}: {}",
            outcome.stderr
        );
    }
    put(
        &desk,
        "split.yaml",
        &format!("{SPLIT}policy: {{ history: {{ records: some }} }}\n"),
    );
    let wrong = desk.run(&["flow", "check", "split.yaml"]);
    assert_eq!(wrong.code, 2, "{}", wrong.stdout);
    assert!(
        format!("{}{}", wrong.stdout, wrong.stderr).contains("recent"),
        "{}",
        wrong.stdout
    );
}

#[test]
fn calls_and_errors_of_a_queue_count_for_the_run_whose_records_waited() {
    let counted = |policy: &str| {
        let simulator = Simulator::small();
        let desk = Desk::new();
        put(
            &desk,
            "people.yaml",
            &format!(
                "flow: people\nsource: {{ file: {{ path: people.jsonl }} }}\ndestinations:\n  - intercom:\n      \
                 action: contacts.create\n      with: {{ external_id: .id, email: .email, role: '\"user\"' }}\n      key: .id\n\
                 policy: {{ history: {{ records: all }}{policy} }}\n"
            ),
        );
        let people = (0..7).map(|number| match number {
            3 => format!("{}\n", json!({ "id": "person-3", "email": "not an address" })),
            _ => format!(
                "{}\n",
                json!({ "id": format!("person-{number}"), "email": format!("{number}@way.example") })
            ),
        });
        put(&desk, "people.jsonl", &people.collect::<String>());
        let arguments = [
            "flow",
            "run",
            "people.yaml",
            "--base-url",
            simulator.base_url(),
            "--json",
        ];
        let ran = desk.run(&arguments);
        assert_eq!(ran.json()["dead_letters"], 1, "{}{}", ran.stdout, ran.stderr);
        let run = shown(&desk, &["flow", "runs", "people"])[0].clone();
        let answered = shown(&desk, &["flow", "deliveries", "people", "--record", "person-5"]);
        assert!(
            answered[0]["answer"].as_str().unwrap().contains("person-5"),
            "{answered}"
        );
        (
            run["calls"].as_u64().unwrap(),
            run["errors"].clone(),
            run["delivered"].clone(),
        )
    };
    let straight = counted("");
    assert!(straight.0 >= 7, "{straight:?}");
    assert_ne!(straight.1, json!({}));
    assert_eq!(counted(", queue: true"), straight);
}
