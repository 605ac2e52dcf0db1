//! `trunkline lookup`: every list of the API, read from the simulator and held against its account of the truth.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::harness::{Desk, Outcome, Simulator};

fn lookup(simulator: &Simulator, desk: &Desk, arguments: &[&str]) -> Outcome {
    let mut all = vec!["lookup"];
    all.extend_from_slice(arguments);
    all.extend(["--base-url", simulator.base_url()]);
    desk.run(&all)
}

fn ids(rows: &[Value]) -> BTreeSet<String> {
    rows.iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

fn choices(outcome: &Outcome) -> Vec<Value> {
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    outcome.json().as_array().unwrap().clone()
}

#[test]
fn every_list_is_read_whole_and_by_name() {
    let (simulator, desk) = (Simulator::small(), Desk::new());
    let lists = desk.run(&["lookup", "--json"]).json();
    let lists = lists.as_array().unwrap();
    assert!(lists.len() > 20, "{lists:?}");
    for list in lists {
        let name = list["name"].as_str().unwrap();
        // Folders are a list of Preview alone.
        let version = if name == "folders" { "Preview" } else { "2.16" };
        let arguments = [name, "--json", "--limit", "10000", "--api-version", version];
        let found = choices(&lookup(&simulator, &desk, &arguments));
        let names: Vec<String> = found
            .iter()
            .map(|choice| choice["name"].as_str().unwrap().to_lowercase())
            .collect();
        if !["articles", "companies", "contacts"].contains(&name) {
            assert!(names.is_sorted(), "{name}: {names:?}");
        }
        if ["admins", "teams", "tags", "segments", "companies", "contacts"].contains(&name) {
            assert_eq!(ids(&found), ids(&simulator.truth(name, "2.16")), "{name}");
        }
    }
    let admin = &choices(&lookup(&simulator, &desk, &["teammates", "--json"]))[0];
    assert!(
        admin["details"]["email"].as_str().unwrap().contains('@'),
        "{admin}"
    );
}

#[test]
fn words_narrow_a_list_and_a_limit_ends_it() {
    let (simulator, desk) = (Simulator::small(), Desk::new());
    for name in ["Alpha one", "alpha two", "Beta"] {
        simulator.api("POST", "/tags", Some(&json!({ "name": name })));
    }
    for (words, names) in [
        (&["ALPHA"] as &[&str], &["Alpha one", "alpha two"] as &[&str]),
        (&["alpha", "two"], &["alpha two"]),
        (&["alpha two"], &["alpha two"]),
        (&["gamma"], &[]),
    ] {
        let arguments: Vec<&str> = ["tags", "--json"].iter().chain(words).copied().collect();
        let found = choices(&lookup(&simulator, &desk, &arguments));
        let found: Vec<&str> = found
            .iter()
            .map(|choice| choice["name"].as_str().unwrap())
            .collect();
        assert_eq!(found, names, "{words:?}");
    }
    for (list, more) in [
        ("tags", true),
        ("contacts", true),
        ("companies", true),
        ("teams", false),
    ] {
        let limit = if more { "2" } else { "500" };
        let outcome = lookup(&simulator, &desk, &[list, "--limit", limit, "--json"]);
        assert_eq!(choices(&outcome).len() == 2, more, "{list}");
        assert_eq!(
            outcome.stderr.contains("--limit"),
            more,
            "{list}: {}",
            outcome.stderr
        );
    }
    let table = lookup(&simulator, &desk, &["tags", "alpha"]);
    assert!(
        table.stdout.contains("id") && table.stdout.contains("Alpha one"),
        "{}",
        table.stdout
    );
}

#[test]
fn a_contact_is_found_by_what_people_know_of_it() {
    let (simulator, desk) = (Simulator::small(), Desk::new());
    let contact = json!({
        "role": "user", "external_id": "lookup-1", "email": "Zenobia.Quill@lookup.example", "name": "Zenobia Quill"
    });
    let (_, made) = simulator.api("POST", "/contacts", Some(&contact));
    let id = made["id"].as_str().unwrap();
    // What was just written is found by a search only later.
    simulator.advance(600);
    for words in [
        &["zenobia"] as &[&str],
        &["quill", "zenobia"],
        &["lookup.example"],
        &["lookup-1"],
        &[id],
    ] {
        let arguments: Vec<&str> = ["contacts", "--json"].iter().chain(words).copied().collect();
        let found = choices(&lookup(&simulator, &desk, &arguments));
        assert_eq!(ids(&found), BTreeSet::from([id.to_owned()]), "{words:?}");
        assert_eq!(found[0]["details"]["external_id"], "lookup-1");
    }
    let none = lookup(&simulator, &desk, &["contacts", "zenobia", "nobody", "--json"]);
    assert!(choices(&none).is_empty());
}

#[test]
fn an_older_version_is_asked_in_its_own_way_and_a_missing_list_is_said() {
    let (simulator, desk) = (Simulator::small(), Desk::new());
    let old = ["conversation_attributes", "--json", "--api-version", "2.14"];
    choices(&lookup(&simulator, &desk, &old));
    let sent = simulator.requests().pop().unwrap();
    assert_eq!(
        (&sent["path"], &sent["query"]),
        (&json!("/data_attributes"), &json!("model=conversation"))
    );
    simulator.forget_requests();
    for (arguments, exit, code, said) in [
        (&["admns"] as &[&str], 2, "TL0729", "admins"),
        (&["custom_object_types"], 2, "TL0729", "lists no types"),
        (&["macros", "--api-version", "2.14"], 3, "TL0116", "2.16"),
    ] {
        let outcome = lookup(&simulator, &desk, arguments);
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (exit, ""),
            "{}",
            outcome.stderr
        );
        assert!(
            outcome.stderr.contains(&format!("error[{code}]")),
            "{}",
            outcome.stderr
        );
        assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    }
    assert!(simulator.requests().is_empty());
}
