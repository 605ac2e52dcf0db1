//! The same person written from several places at once, or again after an answer was lost.

use serde_json::{Value, json};
use trunkline_actions::Workspace;

use super::Office;

/// Calls at once, each in its own process or all in one; the outcomes.
fn at_once(office: &Office, places: &[Workspace], inputs: Vec<Value>) -> Vec<Value> {
    office.actor.block_on(async {
        let mut all = tokio::task::JoinSet::new();
        for (number, input) in inputs.into_iter().enumerate() {
            let workspace = places[number % places.len()].clone();
            all.spawn(async move {
                workspace
                    .call("contacts.upsert", input, Default::default())
                    .await
                    .unwrap_or_else(|error| panic!("{} {error}", error.code()))
                    .output
            });
        }
        let mut outcomes = Vec::new();
        while let Some(done) = all.join_next().await {
            outcomes.push(done.unwrap());
        }
        outcomes
    })
}

#[test]
fn twenty_upserts_of_one_person_at_once_leave_one_contact_however_the_person_is_named() {
    for other in [
        json!({"email": "Ann@paper.example"}),
        json!({"external_id": "u-1"}),
    ] {
        let office = Office::new();
        let places = [office.actor.workspace.clone()];
        let inputs = (0..20)
            .map(|number| {
                let mut input = if number % 2 == 0 {
                    json!({"external_id": "u-1", "email": "ann@paper.example"})
                } else {
                    other.clone()
                };
                input["name"] = json!(format!("Ann {number}"));
                input
            })
            .collect();
        let outcomes = at_once(&office, &places, inputs);
        let id = &outcomes[0]["contact"]["id"];
        assert!(
            outcomes.iter().all(|outcome| outcome["contact"]["id"] == *id),
            "{other}"
        );
        assert_eq!(office.having("external_id", "u-1").len(), 1, "{other}");
        let address = office.contact(id)["email"]
            .as_str()
            .unwrap_or_default()
            .to_lowercase();
        assert_eq!(address, "ann@paper.example", "{other}");
    }
}

#[test]
fn twenty_upserts_by_one_external_id_make_one_contact_with_one_create() {
    let office = Office::new();
    office.calls();
    let places = [office.actor.workspace.clone()];
    let inputs = (0..20)
        .map(|number| json!({"external_id": "u-1", "email": "ann@paper.example", "name": format!("Ann {number}")}))
        .collect();
    let outcomes = at_once(&office, &places, inputs);
    let id = &outcomes[0]["contact"]["id"];
    assert!(outcomes.iter().all(|outcome| outcome["contact"]["id"] == *id));
    let calls = office.calls();
    // In one process nobody runs into a 409: one search, one create, then the id is known.
    assert_eq!(calls.iter().filter(|call| *call == "POST /contacts").count(), 1);
    assert_eq!(
        calls
            .iter()
            .filter(|call| *call == "POST /contacts/search")
            .count(),
        1
    );
    assert_eq!(office.having("external_id", "u-1").len(), 1);
}

#[test]
fn leads_by_one_address_at_once_are_one_lead() {
    let office = Office::new();
    let places = [office.actor.workspace.clone()];
    let inputs = (0..20)
        .map(|_| json!({"role": "lead", "email": "ann@paper.example", "name": "Ann"}))
        .collect();
    at_once(&office, &places, inputs);
    assert_eq!(office.having("email", "ann@paper.example").len(), 1);
}

#[test]
fn two_processes_at_once_end_at_the_contact_that_the_409_names() {
    for identity in [
        json!({"external_id": "u-1"}),
        json!({"email": "ann@paper.example"}),
        json!({"external_id": "u-1", "email": "ann@paper.example"}),
    ] {
        let office = Office::new();
        let places = [office.actor.workspace.clone(), office.another(), office.another()];
        let inputs = (0..12)
            .map(|number| {
                let mut input = identity.clone();
                input["phone"] = json!(format!("+1555000{number}"));
                input
            })
            .collect();
        let outcomes = at_once(&office, &places, inputs);
        let id = &outcomes[0]["contact"]["id"];
        assert!(
            outcomes.iter().all(|outcome| outcome["contact"]["id"] == *id),
            "{identity}"
        );
        let created = outcomes
            .iter()
            .filter(|outcome| outcome["outcome"] == "created")
            .count();
        assert_eq!(created, 1, "{identity}");
        for field in ["external_id", "email"] {
            if let Some(value) = identity[field].as_str() {
                assert_eq!(office.having(field, value).len(), 1, "{identity}");
            }
        }
    }
}

#[test]
fn a_person_made_by_another_process_a_moment_ago_is_found_through_the_409() {
    let office = Office::new();
    let ann = office.made_by_others(&json!({"external_id": "u-1", "email": "ann@paper.example"}));
    let id = ann["id"].as_str().unwrap();
    office.calls();
    let outcome = office.upsert(json!({"email": "ann@paper.example", "name": "Ann"}));
    assert_eq!(
        (&outcome["outcome"], &outcome["contact"]["id"]),
        (&json!("updated"), &ann["id"])
    );
    assert_eq!(
        office.calls(),
        [
            "POST /contacts/search".to_owned(),
            "POST /contacts".to_owned(),
            format!("GET /contacts/{id}"),
            format!("PUT /contacts/{id}"),
        ]
    );
    // From then on this process knows it.
    office.upsert(json!({"email": "ann@paper.example", "name": "Ann B."}));
    assert_eq!(
        office.calls(),
        [format!("GET /contacts/{id}"), format!("PUT /contacts/{id}")]
    );
}

#[test]
fn a_conflict_that_names_nobody_is_settled_by_the_external_id_or_told() {
    let office = Office::new();
    office
        .actor
        .simulator
        .control("PUT", "/habits", Some(&json!({"conflict_id": false})));
    let ann = office.made_by_others(&json!({"external_id": "u-1", "email": "ann@paper.example"}));
    let outcome = office.upsert(json!({"external_id": "u-1", "name": "Ann"}));
    assert_eq!(outcome["contact"]["id"], ann["id"]);
    let other = office.made_by_others(&json!({"email": "ben@paper.example"}));
    let error = office.actor.error(
        "contacts.upsert",
        json!({"email": "ben@paper.example", "name": "Ben"}),
    );
    assert_eq!(error.code(), "TL0738", "{error}");
    assert_eq!(office.contact(&other["id"])["name"], Value::Null);
    office.pass(120);
    assert_eq!(
        office.upsert(json!({"email": "ben@paper.example", "name": "Ben"}))["outcome"],
        "updated"
    );
}

#[test]
fn a_create_whose_answer_is_lost_leaves_one_contact() {
    for fault in [
        json!({"operation": "contacts.create", "status": 502, "applied": true}),
        json!({"operation": "contacts.create", "body": "cut"}),
        json!({"operation": "contacts.create", "body": "empty", "applied": true}),
        json!({"operation": "contacts.create", "status": 504, "applied": false}),
    ] {
        let office = Office::new();
        // Once: the call itself finds out. Again and again: it fails, and whoever repeats it finds out.
        for (times, email) in [(1, "ann@paper.example"), (9, "ben@paper.example")] {
            let mut set = fault.clone();
            set["times"] = json!(times);
            office.actor.simulator.faults(&json!([set]));
            let input = json!({"email": email, "name": "Ann"});
            let first = office.actor.call("contacts.upsert", input.clone());
            if times == 1 {
                assert_eq!(first.unwrap().output["outcome"], "created", "{fault}");
            }
            office.actor.simulator.faults(&json!([]));
            let place = office.another();
            let outcome = office.call_in(&place, "contacts.upsert", input).unwrap();
            assert_eq!(outcome.output["contact"]["name"], "Ann", "{fault}");
            assert_eq!(office.having("email", email).len(), 1, "{fault}");
        }
        // A lead that only an address tells apart is not sent twice.
        office.actor.simulator.faults(&json!([fault]));
        office.calls();
        let input = json!({"email": "lead@paper.example", "role": "lead"});
        assert!(office.actor.call("contacts.upsert", input).is_err(), "{fault}");
        let calls = office.calls();
        assert_eq!(
            calls.iter().filter(|call| *call == "POST /contacts").count(),
            1,
            "{fault}"
        );
        assert!(office.having("email", "lead@paper.example").len() <= 1, "{fault}");
    }
}

#[test]
fn a_contact_that_goes_away_between_finding_and_writing_is_made_anew() {
    let office = Office::new();
    let ann = office.made_by_others(&json!({"external_id": "u-1"}));
    office.pass(120);
    // The write is answered as if the contact were gone, while the search still shows it.
    office
        .actor
        .simulator
        .faults(&json!([{"operation": "contacts.update", "status": 404, "times": 1}]));
    let outcome = office.upsert(json!({"external_id": "u-1", "name": "Ann"}));
    // It was not gone after all, and a second one is not made: the 409 leads back to it.
    assert_eq!(outcome["contact"]["id"], ann["id"]);
    assert_eq!(office.having("external_id", "u-1").len(), 1);
    assert_eq!(office.contact(&ann["id"])["name"], "Ann");
}
