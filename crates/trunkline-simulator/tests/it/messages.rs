//! Messages that a teammate or a contact begins.

use serde_json::{Value, json};

use crate::harness::{Sim, id, ids};

#[test]
fn a_contacts_message_begins_a_conversation_and_an_admins_does_so_when_asked() {
    let sim = Sim::new();
    let contact = id(&sim.user("Messaged One"));
    let admin = sim.admin();
    let written = sim.post(
        "/messages",
        &json!({ "from": { "type": "user", "id": contact }, "body": "heyy" }),
    );
    assert_eq!(written["type"], "user_message");
    assert_eq!(
        sim.try_get(&format!(
            "/conversations/{}",
            written["conversation_id"].as_str().unwrap()
        ))
        .status,
        200
    );
    let message = |more: Value| {
        let mut body = json!({ "message_type": "inapp", "from": { "type": "admin", "id": admin }, "to": { "type": "user", "id": contact }, "body": "hello" });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        sim.post("/messages", &body)
    };
    let sent = message(json!({}));
    assert_eq!(
        (&sent["type"], &sent["message_type"], sent.get("conversation_id")),
        (&json!("admin_message"), &json!("inapp"), None)
    );
    let begun = message(
        json!({ "create_conversation_without_contact_reply": true, "to": [{ "type": "user", "id": contact }] }),
    );
    let shown = sim.get(&format!(
        "/conversations/{}",
        begun["conversation_id"].as_str().unwrap()
    ));
    assert_eq!(
        (&shown["source"]["author"]["id"], &shown["source"]["delivered_as"]),
        (&json!(admin), &json!("admin_initiated"))
    );
    assert_eq!(ids(&shown["contacts"]["contacts"]), [contact]);
}

#[test]
fn bad_messages_are_refused() {
    let sim = Sim::new();
    let contact = id(&sim.user("Messaged One"));
    let from = json!({ "type": "admin", "id": sim.admin() });
    let to = json!({ "type": "user", "id": contact });
    for (body, status, code) in [
        (json!({ "from": from, "to": to }), 400, "parameter_invalid"),
        (
            json!({ "message_type": "email", "from": from, "to": to, "body": "x" }),
            422,
            "parameter_not_found",
        ),
        (
            json!({ "message_type": "pigeon", "from": from, "to": to, "body": "x" }),
            400,
            "parameter_invalid",
        ),
        (
            json!({ "from": { "type": "admin", "id": "5" }, "to": to, "body": "x" }),
            404,
            "admin_not_found",
        ),
        (
            json!({ "from": from, "to": { "type": "user", "id": "64e1aa22bb33cc44dd55ee66" }, "body": "x" }),
            404,
            "not_found",
        ),
    ] {
        assert_eq!(
            sim.send("POST", "/messages", &body).refusal(),
            (status, code.to_owned()),
            "{body}"
        );
    }
    assert_eq!(sim.try_get("/messages/status").status, 400);
    assert_eq!(
        sim.try_get("/messages/whatsapp/status?message_id=1").refusal(),
        (404, "whatsapp_message_not_found".to_owned())
    );
}

#[test]
fn a_message_to_a_telephone_is_sent_delivered_and_read() {
    let sim = Sim::new();
    let admin = sim.admin();
    let before = sim.get("/messages/status?ruleset_id=12345");
    let sent = sim.post(
        "/messages",
        &json!({
            "from": { "type": "admin", "id": admin }, "to": { "phone": 5_547_999_998_888_u64, "name": "John Doe" },
            "message_type": "whatsapp", "template": "keep_live", "locale": "en",
            "components": [{ "type": "BODY", "parameters": [{ "type": "text", "text": "Hello John" }] }],
        }),
    );
    assert_eq!(sent["body"], "Hello John");
    let listed = sim.get("/messages/status?ruleset_id=12345&per_page=1");
    assert_eq!(
        listed["total_count"].as_u64().unwrap(),
        before["total_count"].as_u64().unwrap() + 1
    );
    let event = &listed["events"][0];
    assert_eq!(event["conversation_id"], sent["conversation_id"]);
    let address = format!(
        "/messages/whatsapp/status?message_id={}",
        event["whatsapp_message_id"].as_str().unwrap()
    );
    for (seconds, status) in [(0, "sent"), (5, "delivered"), (60, "read")] {
        sim.advance(seconds);
        assert_eq!(sim.get(&address)["status"], status);
    }
    let next = listed["pages"]["next"]["starting_after"].as_str().unwrap();
    let second = sim.get(&format!(
        "/messages/status?ruleset_id=12345&starting_after={next}"
    ));
    assert_eq!(second["events"], before["events"]);
    assert_eq!(
        sim.try_get("/messages/whatsapp/status?message_id=none").refusal(),
        (404, "whatsapp_message_not_found".to_owned())
    );
}
