//! Operations as actions: by flat names, by `{path, query, payload}`, and what is refused before anything is sent.

use serde_json::{Value, json};
use trunkline_actions::CallOptions;
use trunkline_catalog::Version;

use super::Actor;

#[test]
fn the_publishers_two_examples_become_the_requests_that_they_name() {
    let actor = Actor::new();
    let ticket = actor.first_ticket();
    let tag = actor.first("/tags")["id"].clone();
    actor.received();
    actor.output("tickets.get", json!({"path": {"id": ticket}}));
    actor.output(
        "tags.attach_to_ticket",
        json!({"path": {"ticket_id": ticket}, "payload": {"id": tag, "admin_id": actor.admin()}}),
    );
    let received = actor.received();
    assert!(
        received.contains(&format!("GET /tickets/{ticket}")),
        "{received:?}"
    );
    assert!(
        received.contains(&format!("POST /tickets/{ticket}/tags")),
        "{received:?}"
    );
    let tags = actor.truth(&format!("/tickets/{ticket}"))["ticket_attributes"].clone();
    assert!(tags.is_object());
}

#[test]
fn flat_names_and_records_say_the_same() {
    let actor = Actor::new();
    let id = actor.first("/contacts?per_page=1")["id"].clone();
    for (input, name) in [
        (json!({"id": id, "name": "One"}), "One"),
        (json!({"path": {"id": id}, "payload": {"name": "Two"}}), "Two"),
        (json!({"path.id": id, "payload.name": "Three"}), "Three"),
    ] {
        actor.output("contacts.update", input.clone());
        let now = actor.truth(&format!("/contacts/{}", id.as_str().unwrap()));
        assert_eq!(now["name"], name, "{input}");
    }
}

#[test]
fn a_list_is_read_to_its_limit_and_a_named_page_as_it_is() {
    let actor = Actor::new();
    let rows = actor.output("contacts.list", json!({"limit": "7"}));
    assert_eq!(rows.as_array().unwrap().len(), 7);
    let all = actor.output("contacts.list", json!({}));
    assert!(all.as_array().unwrap().len() > 50);
    let page = actor.output("companies.list", json!({"page": 1, "per_page": 3}));
    assert_eq!(page["data"].as_array().unwrap().len(), 3);
}

#[test]
fn what_does_not_fit_is_refused_before_any_call() {
    let actor = Actor::new();
    actor.received();
    for (action, input, said) in [
        ("tickets.get", json!({}), "`path.id` is missing"),
        (
            "tickets.get",
            json!({"id": "1", "nam": "x"}),
            "`nam` is not a field",
        ),
        (
            "tickets.get",
            json!({"path": {"id": "1"}, "payload": {"a": 1}}),
            "`payload`",
        ),
        (
            "contacts.update",
            json!({"id": "1", "nme": "x"}),
            "did you mean `name`",
        ),
        (
            "contacts.update",
            json!({"id": "1", "signed_up_at": "soon"}),
            "`signed_up_at`",
        ),
        (
            "contacts.update",
            json!({"id": "1", "custom_attributes": 3}),
            "must be an object",
        ),
        ("conversations.reply", json!({"id": "1"}), "is missing"),
        (
            "admins.set_away",
            json!({"id": "1", "away_mode_enabled": "maybe", "away_mode_reassign": true}),
            "true or false",
        ),
        ("contacts.list", json!({"limit": 0}), "`limit`"),
        ("tickets.get", json!({"id": "1", "limit": 3}), "`limit`"),
        ("tags.attach_to_ticket", json!([1]), "must be an object"),
    ] {
        let error = actor.error(action, input.clone());
        assert_eq!(error.code(), "TL0702", "{action} {input}");
        assert!(error.to_string().contains(said), "{action} {input}: {error}");
    }
    assert_eq!(actor.error("nothing.at_all", json!({})).code(), "TL0701");
    assert_eq!(actor.received(), Vec::<String>::new());
}

#[test]
fn every_problem_is_told_at_once() {
    let actor = Actor::new();
    let error = actor.error(
        "tags.attach_to_ticket",
        json!({"payload": {"admin_id": true, "nmae": 1}}),
    );
    let said = error.to_string();
    for part in ["path.ticket_id", "`id` is missing", "admin_id", "nmae"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_version_that_lacks_the_operation_or_the_field_is_named() {
    let actor = Actor::at(Version::V2_11);
    let error = actor.error("ip_allowlist.get", json!({}));
    assert_eq!(error.code(), "TL0703");
    assert!(error.to_string().contains("2.11"), "{error}");
    let error = actor.error(
        "contacts.create",
        json!({"role": "user", "external_id": "x", "email_verified": true}),
    );
    assert!(error.to_string().contains("2.16"), "{error}");
}

#[test]
fn names_that_nobody_knows_are_sent_when_that_is_asked() {
    let actor = Actor::new();
    actor.received();
    let options = CallOptions {
        allow_unknown: true,
        ..CallOptions::default()
    };
    actor
        .call_with(
            "tickets.get",
            json!({"id": actor.first_ticket(), "display_as": "plaintext"}),
            options,
        )
        .unwrap();
    let sent = actor.simulator.requests();
    assert!(
        sent.iter()
            .any(|request| request.to_string().contains("display_as")),
        "{sent:?}"
    );
}

#[test]
fn a_plan_is_applied_as_it_is_or_not_at_all() {
    let actor = Actor::new();
    let id = actor.first("/contacts?per_page=1")["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let plan = actor.plan("contacts.update", json!({"id": id, "name": "Planned"}));
    assert_eq!(plan.writes.len(), 1);
    assert_ne!(actor.truth(&format!("/contacts/{id}"))["name"], "Planned");
    let text = serde_json::to_string(&plan).unwrap();
    actor.apply(&serde_json::from_str(&text).unwrap()).unwrap();
    assert_eq!(actor.truth(&format!("/contacts/{id}"))["name"], "Planned");

    let plan = actor.plan("contacts.update", json!({"id": id, "name": "Later"}));
    actor.simulator.api(
        "PUT",
        &format!("/contacts/{id}"),
        Some(&json!({"phone": "+353861234567"})),
    );
    let error = actor.apply(&plan).unwrap_err();
    assert_eq!(error.code(), "TL0763", "{error}");
    assert_eq!(actor.truth(&format!("/contacts/{id}"))["name"], "Planned");
}

#[test]
fn a_search_takes_one_filter_or_several_and_values_of_every_type() {
    let actor = Actor::new();
    let all = actor.output(
        "tickets.search",
        json!({"payload": {"query": filter("created_at", ">", json!(1))}}),
    );
    let all = all.as_array().unwrap().len();
    let ticket = actor.first_ticket();
    for (query, expected) in [
        (filter("created_at", ">", json!("1")), all),
        (filter("id", "=", json!(ticket)), 1),
        (filter("id", "IN", json!([ticket])), 1),
        (
            json!({"operator": "AND", "value": [
                filter("id", "=", json!(ticket)),
                {"operator": "OR", "value": [filter("open", "=", json!(true)), filter("open", "=", json!(false))]},
            ]}),
            1,
        ),
    ] {
        let found = actor.output("tickets.search", json!({"payload": {"query": query}}));
        assert_eq!(found.as_array().unwrap().len(), expected, "{query}");
    }
}

fn filter(field: &str, operator: &str, value: Value) -> Value {
    let mut filter = json!({"field": field, "operator": operator});
    filter["value"] = value;
    filter
}

impl Actor {
    fn first_ticket(&self) -> String {
        let (_, found) = self.simulator.api(
            "POST",
            "/tickets/search",
            Some(&json!({"query": {"field": "created_at", "operator": ">", "value": "1"}})),
        );
        found["tickets"][0]["id"].as_str().unwrap().to_owned()
    }

    fn admin(&self) -> String {
        self.first("/admins")["id"].as_str().unwrap().to_owned()
    }
}
