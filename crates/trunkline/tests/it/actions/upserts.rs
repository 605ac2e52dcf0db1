//! One person, one contact: the pains that other connectors have with people who exist, half exist, or are made twice.

mod attributes;
mod races;
mod sequences;
mod shared;

use std::sync::Arc;

use serde_json::{Value, json};
use trunkline_actions::{ActionError, Journal, NoJournal, Outcome, Workspace};
use trunkline_catalog::Version;
use trunkline_client::{Client, Connection, ManualClock, Settings};

use super::Actor;
use crate::harness::{Simulator, TOKEN, small};

const START: &str = "2026-11-20T12:00:00Z";

/// A workspace with a few people in it, and a clock that shows the workspace's own time.
struct Office {
    actor: Actor,
    version: Version,
    clock: Arc<ManualClock>,
}

impl Office {
    fn new() -> Self {
        Self::at(Version::DEFAULT)
    }

    fn at(version: Version) -> Self {
        let simulator = Simulator::start(trunkline_simulator::Options {
            contacts: 12,
            companies: 2,
            conversations: 2,
            tickets: 2,
            ..small()
        });
        let clock = Arc::new(ManualClock::new(START.parse().unwrap()));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let workspace = process(&runtime, &simulator, version, &clock, Arc::new(NoJournal));
        let office = Self {
            actor: Actor {
                simulator,
                workspace,
                runtime,
            },
            version,
            clock,
        };
        // Whoever the generator made is in the search.
        office.pass(3_600);
        office
    }

    /// A second process that works in the same workspace and remembers nothing of the first.
    fn another(&self) -> Workspace {
        process(
            &self.actor.runtime,
            &self.actor.simulator,
            self.version,
            &self.clock,
            Arc::new(NoJournal),
        )
    }

    /// Lets time pass, here and there.
    fn pass(&self, seconds: u32) {
        self.actor.simulator.advance(u64::from(seconds));
        self.clock
            .advance(jiff::SignedDuration::from_secs(i64::from(seconds)));
    }

    fn upsert(&self, input: Value) -> Value {
        self.actor.output("contacts.upsert", input)
    }

    fn call_in(&self, workspace: &Workspace, id: &str, input: Value) -> Result<Outcome, ActionError> {
        self.actor
            .block_on(workspace.call(id, input, trunkline_actions::CallOptions::default()))
    }

    /// Somebody else makes a contact.
    fn made_by_others(&self, body: &Value) -> Value {
        let (status, contact) = self.actor.simulator.api("POST", "/contacts", Some(body));
        assert_eq!(status, 200, "{contact}");
        contact
    }

    /// The contacts that exist and have this value.
    fn having(&self, field: &str, value: &str) -> Vec<Value> {
        let all = self.actor.simulator.truth("contacts", "2.16");
        all.into_iter()
            .filter(|contact| contact[field] == value)
            .collect()
    }

    fn contact(&self, id: &Value) -> Value {
        self.actor
            .truth(&format!("/contacts/{}", id.as_str().unwrap_or_default()))
    }

    fn calls(&self) -> Vec<String> {
        self.actor.received()
    }
}

fn process(
    runtime: &tokio::runtime::Runtime,
    simulator: &Simulator,
    version: Version,
    clock: &Arc<ManualClock>,
    journal: Arc<dyn Journal>,
) -> Workspace {
    let connection = Connection::at(simulator.base_url(), TOKEN.to_owned().into(), version).unwrap();
    let clock: Arc<ManualClock> = Arc::clone(clock);
    let client = runtime
        .block_on(async { Client::new(connection, Settings::new(clock.clone())) })
        .unwrap();
    Workspace::new("sim", client, clock, journal)
}

#[test]
fn a_new_person_takes_two_calls_and_is_found_at_once_in_spite_of_the_search_that_lags() {
    let office = Office::new();
    office.calls();
    let made = office.upsert(json!({"external_id": "u-1", "email": "ann@paper.example", "name": "Ann"}));
    assert_eq!(made["outcome"], "created");
    assert_eq!(made["changed"], json!(["email", "external_id", "name"]));
    assert_eq!(office.calls(), ["POST /contacts/search", "POST /contacts"]);
    let again = office.upsert(json!({"external_id": "u-1", "name": "Ann B."}));
    assert_eq!(again["outcome"], "updated");
    assert_eq!(again["changed"], json!(["name"]));
    let id = made["contact"]["id"].as_str().unwrap();
    assert_eq!(
        office.calls(),
        [format!("GET /contacts/{id}"), format!("PUT /contacts/{id}")]
    );
    for who in [
        json!({"external_id": "u-1"}),
        json!({"email": "ANN@paper.example"}),
    ] {
        let found = office.actor.output("contacts.find", who);
        assert_eq!(found["id"], made["contact"]["id"]);
    }
    assert_eq!(office.having("external_id", "u-1").len(), 1);
    assert_eq!(office.contact(&made["contact"]["id"])["name"], "Ann B.");
}

#[test]
fn what_is_so_already_is_not_written() {
    let office = Office::new();
    let ann = office.made_by_others(&json!({
        "external_id": "u-1", "email": "ann@paper.example", "name": "Ann", "phone": "+15550001",
    }));
    office.pass(120);
    office.calls();
    let id = ann["id"].as_str().unwrap();
    for (input, calls) in [
        (
            json!({"contact_id": id, "name": "Ann", "phone": "+1 555-0001", "email": "Ann@Paper.example"}),
            vec![format!("GET /contacts/{id}")],
        ),
        (
            json!({"external_id": "u-1", "name": "Ann", "owner_id": null, "avatar": ""}),
            vec!["POST /contacts/search".to_owned(), format!("GET /contacts/{id}")],
        ),
    ] {
        let outcome = office.actor.call("contacts.upsert", input.clone()).unwrap();
        assert_eq!(outcome.output["outcome"], "unchanged", "{input}");
        assert_eq!((outcome.writes, office.calls()), (0, calls), "{input}");
    }
    let changed = office.upsert(json!({"contact_id": id, "name": "Ann B.", "phone": "+15550001"}));
    assert_eq!(
        (&changed["outcome"], &changed["changed"]),
        (&json!("updated"), &json!(["name"]))
    );
    assert_eq!(
        office.calls(),
        [format!("GET /contacts/{id}"), format!("PUT /contacts/{id}")]
    );
}

#[test]
fn a_contact_with_the_address_and_another_external_id_is_somebody_else() {
    let office = Office::new();
    let other =
        office.made_by_others(&json!({"external_id": "u-2", "email": "desk@paper.example", "name": "Desk"}));
    for waits in [false, true] {
        if waits {
            office.pass(120);
        }
        let error = office.actor.error(
            "contacts.upsert",
            json!({"external_id": "u-1", "email": "desk@paper.example", "name": "Ann"}),
        );
        assert_eq!(error.code(), "TL0734", "{error}");
        assert!(
            error.to_string().contains(other["id"].as_str().unwrap()),
            "{error}"
        );
        assert!(!error.to_string().contains("paper.example"), "{error}");
        assert_eq!(office.contact(&other["id"])["name"], "Desk");
        assert!(office.having("external_id", "u-1").is_empty());
    }
    // A person of one's own does not get somebody else's address either.
    let ann = office.made_by_others(&json!({"external_id": "u-1"}));
    let error = office.actor.error(
        "contacts.upsert",
        json!({"external_id": "u-1", "email": "desk@paper.example"}),
    );
    assert_eq!(error.code(), "TL0734", "{error}");
    assert_eq!(office.contact(&ann["id"])["email"], Value::Null);
}

#[test]
fn whoever_has_the_address_and_no_external_id_gets_it() {
    let office = Office::new();
    for (number, waits) in [(1, false), (2, true)] {
        let email = format!("ann{number}@paper.example");
        let ann = office.made_by_others(&json!({"email": email, "name": "Ann"}));
        if waits {
            office.pass(120);
        }
        let outcome =
            office.upsert(json!({"external_id": format!("u-{number}"), "email": email, "name": "Ann B."}));
        assert_eq!(outcome["outcome"], "updated");
        assert_eq!(outcome["contact"]["id"], ann["id"]);
        assert_eq!(office.having("email", &email).len(), 1);
        assert_eq!(office.contact(&ann["id"])["external_id"], format!("u-{number}"));
    }
}

#[test]
fn a_lead_with_the_same_address_is_left_alone_by_an_external_id_and_found_by_the_address() {
    let office = Office::new();
    let lead = office.made_by_others(&json!({"role": "lead", "email": "ann@paper.example"}));
    office.pass(120);
    let found = office.upsert(json!({"email": "ann@paper.example", "name": "Ann"}));
    assert_eq!(
        (&found["outcome"], &found["contact"]["id"]),
        (&json!("updated"), &lead["id"])
    );
    assert_eq!(office.contact(&lead["id"])["role"], "lead");
    let outcome = office
        .actor
        .call(
            "contacts.upsert",
            json!({"external_id": "u-1", "email": "ann@paper.example"}),
        )
        .unwrap();
    assert_eq!(outcome.output["outcome"], "created");
    assert!(
        outcome
            .notes
            .iter()
            .any(|note| note.contains("contacts.merge_lead")),
        "{:?}",
        outcome.notes
    );
    office.pass(120);
    // A user goes before leads, unless a lead is asked for.
    for (input, expected) in [
        (
            json!({"email": "ann@paper.example", "name": "A"}),
            &outcome.output["contact"]["id"],
        ),
        (
            json!({"email": "ann@paper.example", "name": "B", "role": "lead"}),
            &lead["id"],
        ),
    ] {
        assert_eq!(
            office.upsert(input.clone())["contact"]["id"],
            *expected,
            "{input}"
        );
    }
    // Looking for the address alone, both count.
    let error = office
        .actor
        .error("contacts.find", json!({"email": "ann@paper.example"}));
    assert_eq!(error.code(), "TL0731", "{error}");
}

#[test]
fn a_lead_becomes_a_user_and_a_user_stays_one() {
    let office = Office::new();
    let lead = office.made_by_others(&json!({"role": "lead", "email": "ann@paper.example"}));
    office.pass(120);
    let outcome = office.upsert(json!({"email": "ann@paper.example", "role": "user"}));
    assert_eq!(
        (&outcome["outcome"], &outcome["contact"]["id"]),
        (&json!("updated"), &lead["id"])
    );
    assert_eq!(office.contact(&lead["id"])["role"], "user");
    let outcome = office
        .actor
        .call(
            "contacts.upsert",
            json!({"contact_id": lead["id"], "role": "lead"}),
        )
        .unwrap();
    assert_eq!(outcome.output["outcome"], "unchanged");
    assert!(outcome.notes[0].contains("stays one"), "{:?}", outcome.notes);
    assert_eq!(office.contact(&lead["id"])["role"], "user");
}

#[test]
fn several_matches_are_refused_settled_by_age_or_listed_and_never_taken_for_none() {
    let office = Office::new();
    let email = "ann@paper.example";
    let mut leads = Vec::new();
    for _ in 0..3 {
        leads.push(office.made_by_others(&json!({"role": "lead", "email": email})));
        office.pass(120);
    }
    office.calls();
    for action in ["contacts.upsert", "contacts.find_or_create", "contacts.find"] {
        let error = office.actor.error(action, json!({"email": email}));
        assert_eq!(error.code(), "TL0731", "{action} {error}");
        assert!(
            error.to_string().contains(leads[0]["id"].as_str().unwrap()),
            "{error}"
        );
    }
    let listed = office.upsert(json!({"email": email, "name": "Ann", "on_several": "list"}));
    assert_eq!(
        (&listed["outcome"], &listed["contact"]),
        (&json!("several"), &Value::Null)
    );
    assert_eq!(listed["matches"].as_array().unwrap().len(), 3);
    let listed = office
        .actor
        .output("contacts.find", json!({"email": email, "on_several": "list"}));
    assert_eq!(listed.as_array().unwrap().len(), 3);
    assert!(office.calls().iter().all(|call| call == "POST /contacts/search"));
    let newest = office.upsert(json!({"email": email, "name": "Ann", "on_several": "newest"}));
    assert_eq!(newest["contact"]["id"], leads[2]["id"]);
    assert_eq!(office.having("email", email).len(), 3);
    assert_eq!(office.having("name", "Ann").len(), 1);
}

#[test]
fn an_archived_contact_comes_back_or_the_call_is_refused_and_no_second_one_is_made() {
    for (who, by_id) in [
        (json!({"external_id": "u-1"}), false),
        (json!({"email": "ann@paper.example"}), false),
        (json!({}), true),
    ] {
        let office = Office::new();
        let ann = office.made_by_others(&json!({"external_id": "u-1", "email": "ann@paper.example"}));
        office.pass(3_600);
        let path = format!("/contacts/{}/archive", ann["id"].as_str().unwrap());
        assert_eq!(office.actor.simulator.api("POST", &path, None).0, 200);
        let mut input = who.clone();
        input["name"] = json!("Ann B.");
        if by_id {
            input["contact_id"] = ann["id"].clone();
        }
        input["on_archived"] = json!("fail");
        let error = office.actor.error("contacts.upsert", input.clone());
        assert_eq!(error.code(), "TL0733", "{input} {error}");
        assert!(office.having("name", "Ann B.").is_empty());
        input["on_archived"] = json!("unarchive");
        let outcome = office.upsert(input.clone());
        assert_eq!(outcome["outcome"], "unarchived", "{input}");
        assert_eq!(outcome["contact"]["id"], ann["id"]);
        let listed = office.having("external_id", "u-1");
        assert_eq!(listed.len(), 1, "{input}");
        assert_eq!(listed[0]["name"], "Ann B.");
    }
}

#[test]
fn whoever_was_merged_or_removed_is_not_written_to() {
    let office = Office::new();
    let user = office.made_by_others(&json!({"external_id": "u-1", "email": "ann@paper.example"}));
    let lead = office.made_by_others(&json!({"role": "lead", "email": "ann@paper.example"}));
    let (status, _) = office.actor.simulator.api(
        "POST",
        "/contacts/merge",
        Some(&json!({"from": lead["id"], "into": user["id"]})),
    );
    assert_eq!(status, 200);
    let outcome = office
        .actor
        .call(
            "contacts.upsert",
            json!({"contact_id": lead["id"], "name": "Ann"}),
        )
        .unwrap();
    assert_eq!(outcome.output["contact"]["id"], user["id"]);
    assert!(
        outcome.notes[0].contains("was merged into"),
        "{:?}",
        outcome.notes
    );
    // Removed by others: the id leads nowhere, the external id to a new contact.
    let path = format!("/contacts/{}", user["id"].as_str().unwrap());
    assert_eq!(office.actor.simulator.api("DELETE", &path, None).0, 200);
    let error = office.actor.error(
        "contacts.upsert",
        json!({"contact_id": user["id"], "name": "Ann"}),
    );
    assert_eq!(error.code(), "TL0730", "{error}");
    let outcome = office.upsert(json!({"contact_id": user["id"], "external_id": "u-1"}));
    assert_eq!(outcome["outcome"], "created");
    assert_ne!(outcome["contact"]["id"], user["id"]);
    // Removed in this process: nobody is led to it, although it was just written.
    let path = json!({"id": outcome["contact"]["id"]});
    office.actor.output("contacts.delete", path);
    assert_eq!(
        office
            .actor
            .output("contacts.find", json!({"external_id": "u-1"})),
        Value::Null
    );
}

#[test]
fn fields_that_name_two_people_are_refused() {
    let office = Office::new();
    let ann = office.made_by_others(&json!({"external_id": "u-1"}));
    let ben = office.made_by_others(&json!({"external_id": "u-2"}));
    office.pass(120);
    let error = office.actor.error(
        "contacts.upsert",
        json!({"contact_id": ann["id"], "external_id": "u-2", "name": "X"}),
    );
    assert_eq!(error.code(), "TL0735", "{error}");
    assert_eq!(office.contact(&ann["id"])["name"], Value::Null);
    assert_eq!(office.contact(&ben["id"])["name"], Value::Null);
    // An external id that nobody has is a new one for the contact.
    let outcome = office.upsert(json!({"contact_id": ann["id"], "external_id": "u-3"}));
    assert_eq!(outcome["outcome"], "updated");
    assert_eq!(office.contact(&ann["id"])["external_id"], "u-3");
}

#[test]
fn find_or_create_leaves_who_exists_alone() {
    let office = Office::new();
    let input = json!({"email": "ann@paper.example", "name": "Ann"});
    let made = office.actor.output("contacts.find_or_create", input);
    assert_eq!(made["outcome"], "created");
    for waits in [false, true] {
        if waits {
            office.pass(120);
        }
        let found = office.actor.call(
            "contacts.find_or_create",
            json!({"email": "ann@paper.example", "name": "Somebody"}),
        );
        let found = found.unwrap();
        assert_eq!((&found.output["outcome"], found.writes), (&json!("found"), 0));
        assert_eq!(found.output["contact"]["id"], made["contact"]["id"]);
        assert_eq!(office.contact(&made["contact"]["id"])["name"], "Ann");
    }
}

#[test]
fn a_plan_says_what_would_happen_and_is_applied_as_it_is() {
    let office = Office::new();
    let ann = office.made_by_others(&json!({"external_id": "u-1", "name": "Ann"}));
    let cases = [
        (
            json!({"external_id": "u-9", "email": "new@paper.example", "name": "New"}),
            vec!["contacts.create"],
        ),
        // Made by others a moment ago: the search does not show it, the plan does.
        (
            json!({"external_id": "u-1", "name": "Ann B."}),
            vec!["contacts.update"],
        ),
        (json!({"contact_id": ann["id"], "name": "Ann B."}), vec![]),
        (
            json!({"external_id": "u-1", "custom_attributes": {"shoe": 42}, "unknown_attributes": "create"}),
            vec!["data_attributes.create", "contacts.update"],
        ),
    ];
    for (input, expected) in cases {
        let before = office.actor.simulator.truth("contacts", "2.16");
        let plan = office.actor.plan("contacts.upsert", input.clone());
        let planned: Vec<&str> = plan.writes.iter().map(|write| write.operation.as_str()).collect();
        assert_eq!(planned, expected, "{input}");
        assert_eq!(
            office.actor.simulator.truth("contacts", "2.16"),
            before,
            "a plan wrote"
        );
        let outcome = office.actor.apply(&plan).unwrap();
        assert_eq!(outcome.writes as usize, expected.len(), "{input}");
    }
    // An archived contact is planned to come back.
    office.pass(3_600);
    let path = format!("/contacts/{}/archive", ann["id"].as_str().unwrap());
    assert_eq!(office.actor.simulator.api("POST", &path, None).0, 200);
    let plan = office
        .actor
        .plan("contacts.upsert", json!({"external_id": "u-1", "name": "Ann"}));
    let planned: Vec<&str> = plan.writes.iter().map(|write| write.operation.as_str()).collect();
    assert_eq!(planned, ["contacts.unarchive", "contacts.update"]);
    assert_eq!(office.actor.apply(&plan).unwrap().output["outcome"], "unarchived");
    // Somebody else changes the person between plan and apply.
    let plan = office.actor.plan(
        "contacts.upsert",
        json!({"contact_id": ann["id"], "name": "Anna"}),
    );
    let path = format!("/contacts/{}", ann["id"].as_str().unwrap());
    office
        .actor
        .simulator
        .api("PUT", &path, Some(&json!({"name": "Annie"})));
    assert_eq!(office.actor.apply(&plan).unwrap_err().code(), "TL0763");
}

#[test]
fn fields_of_older_versions_are_accepted_and_explained() {
    let office = Office::new();
    let outcome = office
        .actor
        .call(
            "contacts.upsert",
            json!({
                "user_id": "u-1", "phone_number": "+15550001", "last_request_at": "2026-11-20T10:00:00Z",
                "update_last_request_at": true, "last_seen_ip": "192.0.2.1", "last_seen_user_agent": "x", "new_session": true,
            }),
        )
        .unwrap();
    let told = outcome.notes.join("\n");
    for field in [
        "update_last_seen_at",
        "last_seen_ip",
        "last_seen_user_agent",
        "new_session",
    ] {
        assert!(told.contains(field), "{field}: {told}");
    }
    let ann = office.contact(&outcome.output["contact"]["id"]);
    assert_eq!(
        (&ann["external_id"], &ann["phone"], &ann["last_seen_at"]),
        (&json!("u-1"), &json!("+15550001"), &json!(1_795_168_800))
    );
    office.upsert(json!({"external_id": "u-1", "update_last_seen_at": true}));
    assert_eq!(
        office.contact(&outcome.output["contact"]["id"])["last_seen_at"],
        1_795_176_000 + 3_600
    );
}

#[test]
fn every_field_is_written_in_the_form_that_the_version_wants() {
    for version in [Version::ALL[0], Version::V2_13, Version::V2_16, Version::Preview] {
        let office = Office::at(version);
        let admin = office.actor.first("/admins")["id"].clone();
        let made = office.upsert(json!({
            "external_id": 17, "email": "ann@paper.example", "role": "user", "phone": "+15550001", "name": "Ann",
            "avatar": "https://paper.example/a.png", "last_seen_at": 1_790_000_000, "signed_up_at": "2026-09-01T00:00:00Z",
            "owner_id": admin, "unsubscribed_from_emails": "yes", "language_override": "fr",
        }));
        let ann = office.contact(&made["contact"]["id"]);
        for (field, expected) in [
            ("external_id", json!("17")),
            ("email", json!("ann@paper.example")),
            ("role", json!("user")),
            ("phone", json!("+15550001")),
            ("name", json!("Ann")),
            ("last_seen_at", json!(1_790_000_000)),
            ("signed_up_at", json!(1_788_220_800)),
            ("owner_id", admin.clone()),
            ("unsubscribed_from_emails", json!(true)),
            ("language_override", json!("fr")),
        ] {
            assert_eq!(ann[field], expected, "{version} {field}");
        }
        assert_eq!(ann["avatar"]["image_url"], "https://paper.example/a.png");
        // The same again in this version's own shape is no change, and null takes away what may be taken away.
        let again = office
            .upsert(json!({"external_id": "17", "owner_id": admin, "avatar": "https://paper.example/a.png"}));
        assert_eq!(again["outcome"], "unchanged", "{version}");
        office.upsert(
            json!({"external_id": "17", "owner_id": null, "name": "", "phone": null, "signed_up_at": null}),
        );
        let ann = office.contact(&made["contact"]["id"]);
        for field in ["owner_id", "name", "phone", "signed_up_at"] {
            assert_eq!(ann[field], Value::Null, "{version} {field}");
        }
    }
}

#[test]
fn what_does_not_fit_is_refused_before_any_call() {
    let office = Office::new();
    office.calls();
    for (input, field) in [
        (json!({}), "external_id"),
        (json!({"external_id": " ", "email": ""}), "external_id"),
        (json!({"external_id": "u-1", "rôle": "user"}), "rôle"),
        (json!({"external_id": "u-1", "role": "admin"}), "role"),
        (json!({"external_id": ["u-1"]}), "external_id"),
        (json!({"external_id": null}), "external_id"),
        (json!({"external_id": "u-1", "user_id": "u-2"}), "user_id"),
        (
            json!({"external_id": "u-1", "signed_up_at": "soon-ish"}),
            "signed_up_at",
        ),
        (
            json!({"external_id": "u-1", "unsubscribed_from_emails": "perhaps"}),
            "unsubscribed_from_emails",
        ),
        (
            json!({"external_id": "u-1", "custom_attributes": [1]}),
            "custom_attributes",
        ),
        (json!({"external_id": "u-1", "on_several": "guess"}), "on_several"),
    ] {
        let error = office.actor.error("contacts.upsert", input.clone());
        assert_eq!(error.code(), "TL0702", "{input} {error}");
        assert!(error.to_string().contains(field), "{input} {error}");
    }
    assert!(office.calls().is_empty());
}
