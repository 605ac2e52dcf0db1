//! The recipes that are shipped: each is in order, has its samples, and does what it says in a simulated workspace.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    harness::{Desk, Simulator},
    process::json as shown,
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes")
}

#[test]
fn every_recipe_is_in_order_and_makes_of_its_input_what_it_says() {
    let desk = Desk::new();
    let mut count = 0;
    for entry in fs::read_dir(folder()).unwrap() {
        let recipe = entry.unwrap().path();
        let name = recipe.file_name().unwrap().to_string_lossy().into_owned();
        for part in ["flow.yaml", "README.md", "input.jsonl", "output.json"] {
            assert!(recipe.join(part).is_file(), "{name} has no {part}");
        }
        let flow = recipe.join("flow.yaml");
        let flow = flow.to_str().unwrap();
        let checked = desk.run(&["flow", "check", flow]);
        assert_eq!(checked.code, 0, "{}", checked.stdout);
        let tested = desk.run(&["flow", "test", flow]);
        assert_eq!(tested.code, 0, "{}{}", tested.stdout, tested.stderr);
        let text = fs::read_to_string(recipe.join("flow.yaml")).unwrap();
        assert!(
            text.contains(&format!("flow: {name}\n")),
            "{name} is called otherwise in its file"
        );
        count += 1;
    }
    assert!(count >= 2);
}

#[test]
fn sign_ups_become_contacts_and_change_them() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    for part in ["flow.yaml", "input.jsonl"] {
        fs::copy(
            folder().join("contact-enrichment").join(part),
            desk.path().join(part),
        )
        .unwrap();
    }
    // Followed, it would wait for more.
    let flow = fs::read_to_string(desk.path().join("flow.yaml")).unwrap();
    fs::write(desk.path().join("flow.yaml"), flow.replace(", follow: true", "")).unwrap();
    let signups = desk.path().join("signups.jsonl");
    fs::rename(desk.path().join("input.jsonl"), &signups).unwrap();
    let run = ["flow", "run", "flow.yaml", "--base-url", simulator.base_url()];
    assert_eq!(shown(&desk, &run)["delivered"]["intercom"], 3);
    let more = "{\"id\":\"1002\",\"email\":\"bo@example.com\",\"first_name\":\"Bo\",\"last_name\":\"Ray\",\"at\":\"2026-11-02T10:00:00Z\"}\n";
    let text = fs::read_to_string(&signups).unwrap() + more;
    fs::write(&signups, text).unwrap();
    simulator.advance(700);
    assert_eq!(shown(&desk, &run)["read"], 1);
    let there: Vec<Value> = simulator
        .truth("contacts", "2.16")
        .into_iter()
        .filter(|contact| {
            contact["external_id"]
                .as_str()
                .is_some_and(|id| id.starts_with("100"))
        })
        .collect();
    let names: BTreeSet<_> = there
        .iter()
        .map(|contact| contact["name"].as_str().unwrap_or("·"))
        .collect();
    assert_eq!(names, BTreeSet::from(["Ann Lee", "Bo Ray", "·"]), "{there:?}");
}
