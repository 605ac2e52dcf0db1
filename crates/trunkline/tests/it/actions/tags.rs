//! Tags put on and taken off by name.

use serde_json::json;

use super::Actor;

#[test]
fn a_tag_is_put_on_and_taken_off_however_the_contact_is_named() {
    let actor = Actor::new();
    let contact = actor.first("/contacts?per_page=1");
    let id = contact["id"].as_str().unwrap();
    for (action, who) in [
        ("contacts.tag", json!({"contact_id": id})),
        ("contacts.tag", json!({"email": contact["email"]})),
        ("contacts.tag_by_id", json!({"id": id})),
        (
            "contacts.tag_by_external_id",
            json!({"user_id": contact["external_id"]}),
        ),
        ("contacts.tag_by_email", json!({"email": contact["email"]})),
    ] {
        let worn = || {
            let tags = actor.truth(&format!("/contacts/{id}/tags"));
            tags["data"]
                .as_array()
                .unwrap()
                .iter()
                .any(|tag| tag["name"] == "Fresh")
        };
        let mut input = who.clone();
        input["tag_name"] = json!("Fresh");
        actor.output(action, input.clone());
        assert!(worn(), "{action} {who}");
        input["untag"] = json!(true);
        actor.output(action, input.clone());
        assert!(!worn(), "{action} {who}");
        // What is not on is no error.
        let again = actor.call(action, input).unwrap();
        assert_eq!(again.writes, 0);
        assert_eq!(again.notes.len(), 1);
    }
}

#[test]
fn a_tag_that_is_new_is_made_only_when_that_is_wanted() {
    let actor = Actor::new();
    let id = actor.first("/contacts?per_page=1")["id"].clone();
    let error = actor.error(
        "contacts.tag",
        json!({"contact_id": id, "tag_name": "Nowhere", "create_tag": "no"}),
    );
    assert_eq!(error.code(), "TL0732");
    let plan = actor.plan("contacts.tag", json!({"contact_id": id, "tag_name": "Nowhere"}));
    let planned: Vec<&str> = plan.writes.iter().map(|write| write.operation.as_str()).collect();
    assert_eq!(planned, ["tags.upsert", "tags.attach_to_contact"]);
    let tags = actor.truth("/tags");
    assert!(
        tags["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|tag| tag["name"] != "Nowhere"),
        "a plan made a tag"
    );
}

#[test]
fn nobody_and_too_much_are_refused() {
    let actor = Actor::new();
    for (input, code) in [
        (json!({"tag_name": "x"}), "TL0702"),
        (json!({"contact_id": "1"}), "TL0702"),
        (
            json!({"contact_id": "1", "email": "a@b.example", "tag_name": "x"}),
            "TL0702",
        ),
        (json!({"contact_id": "1", "tag_id": "1", "name": "x"}), "TL0702"),
        (json!({"contact_id": "1", "tag_name": "x", "name": "x"}), "TL0702"),
        (
            json!({"contact_id": "1", "tag_name": "x", "action": "glue"}),
            "TL0702",
        ),
        (
            json!({"email": "nobody@nowhere.example", "tag_name": "x"}),
            "TL0730",
        ),
        (json!({"contact_id": "0123", "tag_name": "x"}), "TL0105"),
    ] {
        assert_eq!(actor.error("contacts.tag", input.clone()).code(), code, "{input}");
    }
}
