//! Messages of teammates, and tickets made of conversations.

use serde_json::{Value, json};
use trunkline_catalog::Version;

use super::Actor;

/// The input with more fields.
fn with(base: &Value, more: Value) -> Value {
    let mut input = base.clone();
    if let (Value::Object(input), Value::Object(more)) = (&mut input, more) {
        input.extend(more);
    }
    input
}

#[test]
fn a_message_reaches_a_contact_by_any_of_three_names() {
    let actor = Actor::new();
    let contact = actor.first("/contacts?per_page=1");
    let admin = actor.teammate(1);
    for who in [
        json!({"contact_id": contact["id"]}),
        json!({"external_id": contact["external_id"]}),
        json!({"email": contact["email"]}),
    ] {
        let quiet = actor
            .call(
                "messages.send",
                with(&who, json!({"body": "Hello", "from_admin_id": admin})),
            )
            .unwrap();
        assert_eq!(quiet.output["owner"]["id"], *admin, "{who}");
        assert!(quiet.output["conversation_id"].is_null(), "{who}");
        assert!(
            quiet.notes[0].contains("until the contact answers"),
            "{:?}",
            quiet.notes
        );

        let made = actor.output(
            "messages.send",
            with(
                &who,
                json!({"type": "in_app", "body": "Hello", "create_conversation_without_contact_reply": true}),
            ),
        );
        let kept = actor.conversation(made["conversation_id"].as_str().unwrap());
        assert_eq!(kept["source"]["author"]["type"], "admin", "{who}");
        assert_eq!(kept["contacts"]["contacts"][0]["id"], contact["id"], "{who}");
    }
    let mail = actor.output(
        "messages.send",
        json!({"email": contact["email"], "type": "email", "subject": "News", "body": "<p>Hello</p>", "template": "personal"}),
    );
    assert_eq!(
        (&mail["message_type"], &mail["subject"]),
        (&json!("email"), &json!("News"))
    );
}

#[test]
fn copies_of_an_email_go_to_contacts_by_id_or_address() {
    let actor = Actor::new();
    let list = actor.truth("/contacts?per_page=3");
    let [to, first, second] = [0, 1, 2].map(|at| list["data"][at].clone());
    let mail = json!({"contact_id": to["id"], "type": "email", "subject": "News", "body": "Hello"});
    let input = with(
        &mail,
        json!({"cc": [first["id"]], "bcc": [second["email"], first["email"]]}),
    );
    let plan = actor.plan("messages.send", input);
    let sent = plan.writes[0].payload.as_ref().unwrap();
    let copy = |contact: &Value| json!({"type": contact["role"], "id": contact["id"]});
    assert_eq!(sent["cc"], json!([copy(&first)]), "{sent}");
    assert_eq!(sent["bcc"], json!([copy(&second), copy(&first)]), "{sent}");
    assert_eq!(actor.apply(&plan).unwrap().output["message_type"], "email");
    actor.refused(
        "messages.send",
        &[
            (with(&mail, json!({"cc": [7]})), "TL0702", "cc[0]"),
            (
                with(&mail, json!({"bcc": ["nobody@nowhere.example"]})),
                "TL0702",
                "bcc[0]",
            ),
            (
                with(&mail, json!({"cc": ["no-such-contact"]})),
                "TL0105",
                "Check the id",
            ),
            (
                json!({"contact_id": to["id"], "body": "x", "cc": [first["id"]]}),
                "TL0702",
                "does not go with",
            ),
        ],
    );
    let old = Actor::at(Version::V2_13);
    let error = old.error("messages.send", with(&mail, json!({"cc": [first["id"]]})));
    assert!(error.to_string().contains("2.14"), "{error}");
}

#[test]
fn a_message_that_cannot_be_sent_is_refused() {
    let actor = Actor::new();
    let contact = actor.first("/contacts?per_page=1");
    let (_, bare) = actor
        .simulator
        .api("POST", "/contacts", Some(&json!({"external_id": "no-address-1"})));
    let who = json!({"contact_id": contact["id"], "body": "x"});
    let whatsapp = json!({"contact_id": bare["id"], "type": "whatsapp", "template": "welcome"});
    actor.refused(
        "messages.send",
        &[
            (json!({"body": "x"}), "TL0702", "give one of them"),
            (
                json!({"contact_id": contact["id"]}),
                "TL0702",
                "`body` is missing",
            ),
            (with(&who, json!({"type": "pigeon"})), "TL0702", "in_app"),
            (with(&who, json!({"type": "sms"})), "TL0702", "Preview"),
            (
                with(&who, json!({"type": "email"})),
                "TL0702",
                "`subject` is missing",
            ),
            (
                with(&who, json!({"type": "email", "subject": "s", "template": "loud"})),
                "TL0702",
                "plain, personal",
            ),
            (with(&who, json!({"subject": "s"})), "TL0702", "does not go with"),
            (
                with(&who, json!({"components": []})),
                "TL0702",
                "does not go with",
            ),
            (
                with(&who, json!({"type": "whatsapp"})),
                "TL0702",
                "`template` is missing",
            ),
            (
                json!({"contact_id": bare["id"], "type": "email", "subject": "s", "body": "x"}),
                "TL0753",
                "no email",
            ),
            (whatsapp, "TL0753", "no phone"),
            (
                json!({"email": "nobody@nowhere.example", "body": "x"}),
                "TL0730",
                "no contact",
            ),
        ],
    );
    let old = Actor::at(Version::V2_15);
    let error = old.error(
        "messages.send",
        json!({"contact_id": "1", "type": "whatsapp", "template": "welcome"}),
    );
    assert!(error.to_string().contains("2.16"), "{error}");
}

#[test]
fn whatsapp_and_sms_go_to_the_contacts_phone() {
    let actor = Actor::at(Version::Preview);
    let (_, contact) = actor.simulator.api(
        "POST",
        "/contacts",
        Some(&json!({"external_id": "phone-1", "phone": "+353861234567"})),
    );
    let sent = actor.output(
        "messages.send",
        json!({"contact_id": contact["id"], "type": "sms", "body": "On its way"}),
    );
    assert_eq!(sent["message_type"], "sms");
    let sent = actor.output(
        "messages.send",
        json!({"contact_id": contact["id"], "type": "whatsapp", "template": "welcome",
            "components": [{"type": "body", "parameters": [{"type": "text", "text": "Ann"}]}]}),
    );
    let kept = actor.conversation(sent["conversation_id"].as_str().unwrap());
    assert_eq!(kept["contacts"]["contacts"][0]["id"], contact["id"]);
}

impl Actor {
    /// A ticket type of this category.
    fn ticket_type(&self, category: &str) -> Value {
        let types = self.truth("/ticket_types")["data"].clone();
        types
            .as_array()
            .unwrap()
            .iter()
            .find(|kind| kind["category"] == category)
            .unwrap()
            .clone()
    }
}

#[test]
fn a_conversation_becomes_a_ticket_of_a_type_by_id_or_name() {
    let actor = Actor::new();
    let kind = actor.ticket_type("Customer");
    for ticket_type in [kind["id"].clone(), kind["name"].clone()] {
        let (contact, id) = actor.begun();
        let target = if ticket_type == kind["id"] {
            json!({"conversation_id": id})
        } else {
            json!({"conversation_id": "last", "contact_id": contact["id"]})
        };
        let input = with(
            &target,
            json!({"ticket_type_id": ticket_type, "attributes": {"title": "Broken", "_default_description_": "Very"}, "state": "resolved"}),
        );
        let outcome = actor.call("tickets.create_from_conversation", input.clone());
        let made = outcome
            .unwrap_or_else(|error| panic!("{input}: {error} {}", error.advice()))
            .output;
        let kept = actor.truth(&format!("/tickets/{}", made["id"].as_str().unwrap()));
        assert_eq!(kept["ticket_attributes"]["_default_title_"], "Broken", "{input}");
        assert_eq!(kept["ticket_type"]["id"], kind["id"], "{input}");
        assert_eq!(kept["ticket_state"]["category"], "resolved", "{input}");
        let again = actor.call("tickets.create_from_conversation", input).unwrap();
        assert_eq!(again.writes, 0);
    }
    let (_, id) = actor.begun();
    let one = json!({"conversation_id": id});
    let back = actor.ticket_type("Back-office")["name"].clone();
    actor.refused(
        "tickets.create_from_conversation",
        &[
            (one.clone(), "TL0702", "`ticket_type_id` is missing"),
            (
                with(&one, json!({"ticket_type_id": "Nothing"})),
                "TL0752",
                "Types for customers",
            ),
            (
                with(&one, json!({"ticket_type_id": back})),
                "TL0752",
                "Back-office",
            ),
            (
                with(
                    &one,
                    json!({"ticket_type_id": kind["id"], "attributes": {"Colour": "red"}}),
                ),
                "TL0750",
                "no attribute Colour",
            ),
            (
                with(
                    &one,
                    json!({"ticket_type_id": kind["id"], "attributes": {"title": ["x"]}}),
                ),
                "TL0751",
                "must be text",
            ),
            (
                with(&one, json!({"ticket_type_id": kind["id"], "state": "asleep"})),
                "TL0752",
                "no ticket state",
            ),
            (
                json!({"conversation_id": "last", "ticket_type_id": kind["id"]}),
                "TL0702",
                "which needs one of",
            ),
        ],
    );
}

#[test]
fn a_ticket_changes_its_state_by_name() {
    let actor = Actor::new();
    let ticket = actor.simulator.truth("tickets", "2.16")[0]["id"].clone();
    let path = format!("/tickets/{}", ticket.as_str().unwrap());
    let states = actor.truth("/ticket_states")["data"].clone();
    for state in states.as_array().unwrap() {
        for name in [&state["id"], &state["internal_label"]] {
            actor
                .call(
                    "tickets.change_state",
                    json!({"ticket_id": ticket, "state": name}),
                )
                .unwrap();
            assert_eq!(actor.truth(&path)["ticket_state"]["id"], state["id"], "{name}");
        }
    }
    let again = json!({"id": ticket, "ticket_state_id": states[0]["id"]});
    actor.output("tickets.change_state", again.clone());
    assert_eq!(actor.call("tickets.change_state", again).unwrap().writes, 0);
    actor.refused(
        "tickets.change_state",
        &[
            (json!({"ticket_id": ticket}), "TL0702", "`state` is missing"),
            (
                json!({"ticket_id": ticket, "state": "asleep"}),
                "TL0752",
                "There are",
            ),
            (
                json!({"ticket_id": "404404", "state": states[0]["id"]}),
                "TL0105",
                "",
            ),
        ],
    );
}
