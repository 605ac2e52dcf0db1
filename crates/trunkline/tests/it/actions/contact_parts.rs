//! What hangs on a contact: companies, subscriptions, notes; and a lead that becomes part of a user.

use serde_json::{Value, json};
use trunkline_catalog::Version;

use super::Actor;

#[test]
fn a_contact_joins_a_company_and_leaves_it() {
    let actor = Actor::new();
    let contact = actor.made_contact(&json!({"role": "user", "external_id": "joiner"}));
    let company = actor.first("/companies");
    let id = text(&company["id"]);
    let belongs = || {
        let all = actor.truth(&format!("/contacts/{contact}/companies"));
        all["data"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["id"] == id.as_str())
    };
    for who in [
        json!({"contact_id": contact, "company_id": id}),
        json!({"contact_id": contact, "company_external_id": company["company_id"]}),
    ] {
        let joined = actor.output("contacts.attach_company", who.clone());
        assert_eq!(joined["id"], id.as_str(), "{who}");
        assert!(belongs(), "{who}");
        let again = actor.call("contacts.attach_company", who.clone()).unwrap();
        assert_eq!((again.writes, again.notes.len()), (0, 1));
        let mut leaving = who.clone();
        leaving["action"] = json!("detach");
        actor.output("contacts.attach_company", leaving.clone());
        assert!(!belongs(), "{who}");
        // Nobody leaves twice.
        assert_eq!(actor.call("contacts.attach_company", leaving).unwrap().writes, 0);
    }
    for (input, code) in [
        (json!({"contact_id": contact}), "TL0702"),
        (json!({"company_id": id}), "TL0702"),
        (
            json!({"contact_id": contact, "company_id": id, "company_external_id": "x"}),
            "TL0702",
        ),
        (
            json!({"contact_id": contact, "company_external_id": "nowhere"}),
            "TL0742",
        ),
        (json!({"contact_id": contact, "company_id": "0123"}), "TL0105"),
        (
            json!({"contact_id": contact, "company_id": id, "action": "depatch"}),
            "TL0702",
        ),
    ] {
        assert_eq!(
            actor.error("contacts.attach_company", input.clone()).code(),
            code,
            "{input}"
        );
    }
}

#[test]
fn a_choice_of_messages_is_recorded_and_taken_back() {
    let actor = Actor::new();
    let contact = actor.made_contact(&json!({"role": "user", "external_id": "chooser"}));
    let kinds = actor.truth("/subscription_types");
    for kind in kinds["data"].as_array().unwrap() {
        let id = text(&kind["id"]);
        let listed = || {
            let all = actor.truth(&format!("/contacts/{contact}/subscriptions"));
            all["data"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| one["id"] == id.as_str())
        };
        let who = json!({"contact_id": contact, "subscription_id": id});
        actor.output("contacts.attach_subscription", who.clone());
        assert!(listed(), "{kind}");
        let mut back = who.clone();
        back["action"] = json!("detach");
        actor.output("contacts.attach_subscription", back.clone());
        assert!(!listed(), "{kind}");
        let again = actor.call("contacts.attach_subscription", back).unwrap();
        assert_eq!((again.writes, again.notes.len()), (0, 1));
        let mut other = who;
        let turned = if kind["consent_type"] == "opt_in" {
            "opt_out"
        } else {
            "opt_in"
        };
        other["consent"] = json!(turned);
        actor.output("contacts.attach_subscription", other);
        assert!(!listed(), "{kind}: what the kind does by itself is no choice");
    }
    for input in [
        json!({"contact_id": contact, "subscription_id": "999999"}),
        json!({"contact_id": contact}),
        json!({"contact_id": contact, "subscription_id": "1", "consent": "maybe"}),
    ] {
        let error = actor.error("contacts.attach_subscription", input.clone());
        assert_eq!(error.code(), "TL0702", "{input}");
    }
}

#[test]
fn a_note_is_written_and_read_only_where_it_stands() {
    let actor = Actor::new();
    let [one, other] = ["noted", "bare"].map(|own| {
        actor
            .made_contact(&json!({"role": "user", "external_id": own, "email": format!("{own}@example.com")}))
    });
    let admin = actor.first("/admins")["id"].clone();
    actor.simulator.advance(120);
    let note = actor.output(
        "contacts.add_note",
        json!({"email": "noted@example.com", "text": "Likes tea", "admin_id": admin}),
    );
    let held = actor.truth(&format!("/contacts/{one}/notes"));
    assert_eq!(held["data"][0]["id"], note["id"]);
    assert_eq!(held["data"][0]["author"]["id"], admin);
    assert!(text(&held["data"][0]["body"]).contains("Likes tea"));
    let found = actor.output(
        "contacts.get_note",
        json!({"contact_id": one, "note_id": note["id"]}),
    );
    assert_eq!(found["body"], note["body"]);
    for (action, input, code) in [
        (
            "contacts.get_note",
            json!({"contact_id": other, "note_id": note["id"]}),
            "TL0739",
        ),
        (
            "contacts.get_note",
            json!({"contact_id": one, "note_id": "999999"}),
            "TL0105",
        ),
        ("contacts.get_note", json!({"contact_id": one}), "TL0702"),
        (
            "contacts.add_note",
            json!({"contact_id": one, "body": " "}),
            "TL0702",
        ),
        ("contacts.add_note", json!({"contact_id": one}), "TL0702"),
    ] {
        assert_eq!(
            actor.error(action, input.clone()).code(),
            code,
            "{action} {input}"
        );
    }
}

#[test]
fn a_lead_becomes_part_of_a_user() {
    for version in [Version::V2_14, Version::V2_16, Version::Preview] {
        let actor = Actor::at(version);
        let lead = actor
            .made_contact(&json!({"role": "lead", "email": "same@example.com", "phone": "+353861112222"}));
        let user =
            actor.made_contact(&json!({"role": "user", "external_id": "stays", "email": "same@example.com"}));
        let merged = actor.output("contacts.merge_lead", json!({"lead_id": lead, "user_id": user}));
        assert_eq!(merged["id"], user.as_str(), "{version}");
        assert_eq!(
            actor.truth(&format!("/contacts/{user}"))["phone"],
            "+353861112222"
        );
        let (status, _) = actor.simulator.api("GET", &format!("/contacts/{lead}"), None);
        assert_eq!(status, 410, "{version}");
        let error = actor.error("contacts.merge_lead", json!({"lead_id": lead, "user_id": user}));
        assert_eq!(error.code(), "TL0730", "{version}");
    }
}

#[test]
fn the_rule_that_stands_against_a_merge_is_named() {
    for version in [Version::V2_16, Version::Preview] {
        let actor = Actor::at(version);
        let lead = actor.made_contact(&json!({"role": "lead", "email": "lead@example.com"}));
        let user = actor.made_contact(&json!({"role": "user", "email": "user@example.com"}));
        let second = actor.made_contact(&json!({"role": "user", "email": "second@example.com"}));
        for (input, said) in [
            (json!({"lead_id": lead, "user_id": lead}), "the same contact"),
            (json!({"lead_id": user, "user_id": lead}), "names a user and"),
            (
                json!({"lead_id": second, "user_id": user}),
                "only a lead can be merged away",
            ),
            (
                json!({"lead_id": lead, "user_id": user}),
                "neither an email address nor a phone",
            ),
        ] {
            let error = actor.error("contacts.merge_lead", input.clone());
            assert_eq!(error.code(), "TL0740", "{version} {input}");
            assert!(error.to_string().contains(said), "{version} {input}: {error}");
            assert!(!error.to_string().contains("@example.com"), "{error}");
        }
        actor.truth(&format!("/contacts/{lead}"));
        actor.output(
            "contacts.merge_lead",
            json!({"lead_id": lead, "user_id": user, "skip_duplicate_validation": true}),
        );
        assert_eq!(
            actor.simulator.api("GET", &format!("/contacts/{lead}"), None).0,
            410
        );
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

impl Actor {
    /// A contact that somebody else made, by id.
    pub(crate) fn made_contact(&self, body: &Value) -> String {
        let (status, made) = self.simulator.api("POST", "/contacts", Some(body));
        assert_eq!(status, 200, "{made}");
        text(&made["id"])
    }
}
