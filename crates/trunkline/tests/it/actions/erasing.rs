//! Everything of a person removed, and nothing of anybody else.

use serde_json::{Value, json};
use trunkline_catalog::Version;

use super::Actor;

#[test]
fn everything_of_a_person_goes_and_the_receipt_says_so() {
    let actor = Actor::new();
    let person =
        actor.made_contact(&json!({"role": "user", "external_id": "gone", "email": "gone@example.com"}));
    let other = actor.made_contact(&json!({"role": "user", "external_id": "stays"}));
    actor.output(
        "contacts.add_note",
        json!({"contact_id": person, "body": "Private"}),
    );
    let alone = actor.conversation_of(&person);
    let shared = actor.conversation_of(&person);
    actor.joined(&shared, &other);
    actor.simulator.advance(300);
    let plan = actor.plan(
        "contacts.erase",
        json!({"external_id": "gone", "conversations": true}),
    );
    let planned: Vec<&str> = plan.writes.iter().map(|write| write.operation.as_str()).collect();
    assert_eq!(planned, ["conversations.delete", "contacts.delete"]);
    let receipt = actor.output(
        "contacts.erase",
        json!({"external_id": "gone", "conversations": true}),
    );
    assert_eq!(receipt["complete"], false, "{receipt}");
    assert_eq!(receipt["found"][0]["contact"], person.as_str());
    assert_eq!(receipt["found"][0]["notes"].as_array().unwrap().len(), 1);
    let removed = |what: &str| named(&receipt["removed"], what);
    assert_eq!(removed("conversation"), std::slice::from_ref(&alone));
    assert_eq!(removed("contact"), std::slice::from_ref(&person));
    assert_eq!(removed("note").len(), 1);
    assert_eq!(
        named(&receipt["not_removed"], "conversation"),
        std::slice::from_ref(&shared)
    );
    assert!(receipt["removed"][0]["at"].is_string());
    assert!(!receipt.to_string().contains("gone@example.com"), "{receipt}");
    let status = |path: String| actor.simulator.api("GET", &path, None).0;
    assert_eq!(status(format!("/contacts/{person}")), 404);
    assert_eq!(status(format!("/conversations/{alone}")), 404);
    assert_eq!(status(format!("/conversations/{shared}")), 200);
    assert_eq!(status(format!("/contacts/{other}")), 200);
}

#[test]
fn several_with_one_address_must_be_confirmed() {
    let actor = Actor::new();
    let lead = actor.made_contact(&json!({"role": "lead", "email": "twin@example.com"}));
    let user =
        actor.made_contact(&json!({"role": "user", "external_id": "twin", "email": "twin@example.com"}));
    actor.simulator.advance(300);
    let error = actor.error("contacts.erase", json!({"email": "Twin@example.com"}));
    assert_eq!(error.code(), "TL0741");
    for id in [&lead, &user] {
        assert!(error.to_string().contains(id.as_str()), "{error}");
        actor.truth(&format!("/contacts/{id}"));
    }
    let receipt = actor.output(
        "contacts.erase",
        json!({"email": "twin@example.com", "all": true}),
    );
    assert_eq!(receipt["complete"], true, "{receipt}");
    for id in [&lead, &user] {
        assert_eq!(
            actor.simulator.api("GET", &format!("/contacts/{id}"), None).0,
            404
        );
    }
}

#[test]
fn an_archived_contact_is_found_by_the_own_id_and_can_only_be_put_away() {
    let actor = Actor::new();
    let person = actor.made_contact(&json!({"role": "user", "external_id": "shelved"}));
    actor.output(
        "contacts.add_note",
        json!({"contact_id": person, "body": "Private"}),
    );
    actor.simulator.advance(300);
    let receipt = actor.output(
        "contacts.erase",
        json!({"external_id": "shelved", "mode": "archive"}),
    );
    assert_eq!(receipt["removed"][0]["how"], "archived");
    assert_eq!(named(&receipt["not_removed"], "note").len(), 1);
    let receipt = actor.output("contacts.erase", json!({"external_id": "shelved"}));
    assert_eq!(receipt["complete"], true, "{receipt}");
    assert_eq!(
        actor.simulator.api("GET", &format!("/contacts/{person}"), None).0,
        404
    );
}

#[test]
fn what_cannot_be_removed_stands_in_the_receipt() {
    let actor = Actor::at(Version::V2_12);
    let person = actor.made_contact(&json!({"role": "user", "external_id": "old"}));
    let thread = actor.conversation_of(&person);
    actor.simulator.advance(300);
    let receipt = actor.output(
        "contacts.erase",
        json!({"contact_id": person, "conversations": true}),
    );
    assert_eq!(receipt["not_removed"][0]["id"], thread.as_str(), "{receipt}");
    assert!(
        receipt["not_removed"][0]["why"]
            .as_str()
            .unwrap()
            .contains("2.12")
    );
    assert_eq!(named(&receipt["removed"], "contact"), [person]);
}

#[test]
fn nobody_is_never_somebody_else() {
    let actor = Actor::new();
    let before = actor.simulator.counts();
    for (input, code) in [
        (json!({}), "TL0702"),
        (json!({"email": "nobody@nowhere.example"}), "TL0730"),
        (json!({"external_id": "nobody"}), "TL0730"),
        (json!({"contact_id": "0123"}), "TL0730"),
        (json!({"contact_id": "1", "email": "a@b.example"}), "TL0702"),
        (json!({"contact_id": "1", "mode": "burn"}), "TL0702"),
    ] {
        assert_eq!(
            actor.error("contacts.erase", input.clone()).code(),
            code,
            "{input}"
        );
    }
    assert_eq!(actor.simulator.counts(), before);
}

fn named(list: &Value, what: &str) -> Vec<String> {
    list.as_array()
        .unwrap()
        .iter()
        .filter(|one| one["what"] == what)
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

impl Actor {
    fn conversation_of(&self, contact: &str) -> String {
        let (status, made) = self.simulator.api(
            "POST",
            "/conversations",
            Some(&json!({"from": {"type": "user", "id": contact}, "body": "Hello"})),
        );
        assert_eq!(status, 200, "{made}");
        made["conversation_id"].as_str().unwrap().to_owned()
    }

    fn joined(&self, conversation: &str, contact: &str) {
        let admin = self.first("/admins")["id"].clone();
        let (status, body) = self.simulator.api(
            "POST",
            &format!("/conversations/{conversation}/customers"),
            Some(&json!({"admin_id": admin, "customer": {"intercom_user_id": contact}})),
        );
        assert_eq!(status, 200, "{body}");
    }
}
