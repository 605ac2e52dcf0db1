//! `trunkline call`, `runs` and `undo` as a person uses them, with a real journal.

use serde_json::{Value, json};

use crate::{
    harness::{Desk, Outcome, Simulator},
    process::until,
};

/// A person at a desk, and the simulated workspace that is called.
struct Caller {
    desk: Desk,
    simulator: Simulator,
}

impl Caller {
    fn new() -> Self {
        Self {
            desk: Desk::new(),
            simulator: Simulator::small(),
        }
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        self.desk.run(&self.with_address(arguments))
    }

    fn with_address<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        let mut all = arguments.to_vec();
        if arguments[0] != "runs" {
            all.extend(["--base-url", self.simulator.base_url()]);
        }
        all
    }

    /// What a command prints as JSON, which must succeed.
    fn json(&self, arguments: &[&str]) -> Value {
        let mut all = arguments.to_vec();
        all.push("--json");
        let outcome = self.run(&all);
        assert_eq!(
            outcome.code, 0,
            "{arguments:?}: {}{}",
            outcome.stdout, outcome.stderr
        );
        outcome.json()
    }

    fn contact(&self) -> String {
        let (_, list) = self.simulator.api("GET", "/contacts?per_page=1", None);
        list["data"][0]["id"].as_str().unwrap().to_owned()
    }

    fn truth(&self, path: &str) -> Value {
        self.simulator.api("GET", path, None).1
    }

    fn notes(&self, contact: &str, said: &str) -> usize {
        let notes = self.truth(&format!("/contacts/{contact}/notes"));
        let notes = notes["data"].as_array().unwrap();
        notes
            .iter()
            .filter(|note| note.to_string().contains(said))
            .count()
    }
}

#[test]
fn what_a_call_wrote_is_listed_shown_and_put_back() {
    let caller = Caller::new();
    let id = caller.contact();
    let before = caller.truth(&format!("/contacts/{id}"))["name"].clone();
    let assignment = format!("id={id}");
    let given = caller.json(&["call", "contacts.update", &assignment, "name=Changed by hand"]);
    assert_eq!(given["name"], "Changed by hand");
    let runs = caller.json(&["runs", "list"]);
    assert_eq!(
        (&runs[0]["action"], &runs[0]["state"]),
        (&json!("contacts.update"), &json!("done"))
    );
    let run = runs[0]["id"].as_str().unwrap();
    let shown = caller.json(&["runs", "show", run]);
    assert_eq!(shown["journal"][0]["before"]["name"], before);
    let planned = caller.json(&["undo", run, "--dry-run"]);
    assert_eq!(planned["writes"][0]["fields"][0]["after"], before);
    assert_ne!(caller.truth(&format!("/contacts/{id}"))["name"], before);
    let undone = caller.json(&["undo", run]);
    assert_eq!(undone[0]["outcome"], "put back");
    assert_eq!(caller.truth(&format!("/contacts/{id}"))["name"], before);
    // A second time nothing is left to do, and nothing is done.
    let again = caller.run(&["undo", run]);
    assert_ne!(again.code, 0, "{}{}", again.stdout, again.stderr);
    assert_eq!(caller.truth(&format!("/contacts/{id}"))["name"], before);
    let missing = caller.run(&["undo", "01941f2e-7c3b-7d61-a8a2-5a6f0f1c9b52"]);
    assert!(missing.stderr.contains("TL0765"), "{}", missing.stderr);
}

#[test]
fn what_somebody_changed_since_is_left_as_it_is() {
    let caller = Caller::new();
    let id = caller.contact();
    caller.json(&[
        "call",
        "contacts.update",
        &format!("id={id}"),
        "name=Ours",
        "phone=+353861234567",
    ]);
    let run = caller.json(&["runs", "list"])[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    caller.simulator.api(
        "PUT",
        &format!("/contacts/{id}"),
        Some(&json!({ "name": "Theirs" })),
    );
    let undone = caller.run(&["undo", &run, "--json"]);
    assert_eq!(undone.code, 1, "{}{}", undone.stdout, undone.stderr);
    assert!(undone.stdout.contains("was changed since"), "{}", undone.stdout);
    assert_eq!(caller.truth(&format!("/contacts/{id}"))["name"], "Theirs");
}

#[test]
fn a_call_that_was_killed_before_the_answer_came_runs_once() {
    let caller = Caller::new();
    let id = caller.contact();
    caller.simulator.faults(&json!([
        { "operation": "contacts.create_note", "latency_ms": 60_000, "times": 1 }
    ]));
    let assignment = format!("id={id}");
    let call = [
        "call",
        "contacts.create_note",
        &assignment,
        "body=Killed once",
        "--key",
        "k",
    ];
    let mut child = caller
        .desk
        .trunkline(&caller.with_address(&call))
        .spawn()
        .unwrap();
    until("the note", || caller.notes(&id, "Killed once") == 1);
    child.kill().unwrap();
    child.wait().unwrap();
    // The dead process's lease ends by itself; until then somebody may be at it.
    until("the end of the lease", || {
        let outcome = caller.run(&call);
        assert!(
            outcome.code == 0 || outcome.stderr.contains("TL0761"),
            "{}",
            outcome.stderr
        );
        outcome.code == 0
    });
    assert_eq!(caller.notes(&id, "Killed once"), 1);
    let other = caller.run(&[
        "call",
        "contacts.create_note",
        &assignment,
        "body=Another",
        "--key",
        "k",
    ]);
    assert!(other.stderr.contains("TL0760"), "{}", other.stderr);
    assert_eq!(other.code, 2);
}

#[test]
fn a_plan_in_a_file_is_applied_once_and_only_as_it_is() {
    let caller = Caller::new();
    let id = caller.contact();
    let plan = caller.json(&[
        "call",
        "contacts.update",
        &format!("id={id}"),
        "name=Planned",
        "--dry-run",
    ]);
    let file = caller.desk.path().join("plan.json");
    std::fs::write(&file, plan.to_string()).unwrap();
    caller.json(&["call", "--apply", "plan.json"]);
    assert_eq!(caller.truth(&format!("/contacts/{id}"))["name"], "Planned");
    let moved = caller.run(&["call", "--apply", "plan.json"]);
    assert!(moved.stderr.contains("TL0763"), "{}", moved.stderr);
    std::fs::write(&file, "{}").unwrap();
    let bad = caller.run(&["call", "--apply", "plan.json"]);
    assert!(bad.stderr.contains("TL0764"), "{}", bad.stderr);
    assert_eq!(bad.code, 2);
}

#[test]
fn an_input_is_transformed_and_an_output_shaped() {
    let caller = Caller::new();
    let emails = caller.run(&["call", "contacts.list", "limit=3", "--jq", ".[].email", "--jsonl"]);
    assert_eq!(
        emails.stdout.lines().count(),
        3,
        "{}{}",
        emails.stdout,
        emails.stderr
    );
    let rows = caller.run(&["call", "contacts.list", "limit=3", "--csv"]);
    assert_eq!(rows.stdout.lines().count(), 4, "{}", rows.stdout);
    let id = caller.contact();
    let given = format!(r#"{{"who":"{id}"}}"#);
    let found = caller.json(&[
        "call",
        "contacts.get",
        "--input",
        &given,
        "--map",
        "{path: {id: .who}}",
    ]);
    assert_eq!(found["id"], id.as_str());
    for (map, code) in [
        ("{path:", "TL0801"),
        (".who, .who", "TL0007"),
        ("empty", "TL0007"),
    ] {
        let outcome = caller.run(&["call", "contacts.get", "--input", &given, "--map", map]);
        assert!(outcome.stderr.contains(code), "{map}: {}", outcome.stderr);
        assert_eq!(outcome.code, 2, "{map}");
    }
}

#[test]
fn nothing_of_an_erased_person_stays_in_the_journal() {
    let caller = Caller::new();
    let email = "gone.for.good@example.com";
    let made = caller.json(&[
        "call",
        "contacts.upsert",
        &format!("email={email}"),
        "name=Gone Forgood",
    ]);
    let id = made["contact"]["id"].as_str().unwrap();
    assert!(
        caller
            .json(&["runs", "list"])
            .to_string()
            .contains("contacts.upsert"),
        "it was kept"
    );
    caller.json(&[
        "call",
        "contacts.update",
        &format!("id={id}"),
        "phone=+353861112222",
    ]);
    caller.json(&["call", "contacts.erase", &format!("contact_id={id}")]);
    for run in caller.json(&["runs", "list"]).as_array().unwrap() {
        let shown = caller
            .json(&["runs", "show", run["id"].as_str().unwrap()])
            .to_string();
        for word in [email, "Forgood", "+353861112222"] {
            assert!(!shown.contains(word), "{word}: {shown}");
        }
    }
}
