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
