//! Fin as an agent for outside systems.

use serde_json::{Value, json};

use crate::harness::{NOW, Sim};

fn question(id: &str) -> Value {
    json!({
        "conversation_id": id,
        "message": { "author": "user", "body": "How?", "timestamp": "2026-01-24T10:01:20.000Z" },
        "user": { "id": "own-1", "name": "Jo", "email": "jo@people.example" },
    })
}

#[test]
fn a_conversation_begins_goes_on_and_is_rated_once_fin_has_answered() {
    let sim = Sim::new();
    let rate = |remark: Option<&str>| {
        let mut body = json!({ "conversation_id": "ext-1", "rating": "good" });
        if let Some(remark) = remark {
            body["remark"] = json!(remark);
        }
        sim.send("POST", "/fin/csat", &body)
    };
    assert_eq!(
        rate(None).json()["errors"]["external_conversation_id"],
        "Conversation not found for the given external_conversation_id"
    );
    let begun = sim.post("/fin/start", &question("ext-1"));
    assert_eq!(
        (&begun["status"], &begun["user_id"]),
        (&json!("thinking"), &json!("own-1"))
    );
    assert_eq!(sim.post("/fin/reply", &question("ext-1"))["status"], "thinking");
    assert_eq!(rate(None).status, 422);
    sim.advance(6);
    assert_eq!(rate(None).ok()["status"], "rated");
    assert_eq!(rate(Some("quick")).status, 200);
    assert_eq!(rate(None).status, 422, "a remark closes it");
}

#[test]
fn attributes_that_do_not_exist_are_named_and_the_rest_goes_on() {
    let sim = Sim::new();
    let mut body = question("ext-2");
    body["user"]["attributes"] = json!({ "Plan tier": "pro", "no_such": 1 });
    body["conversation_metadata"] = json!({ "attributes": { "bad": 1 } });
    let begun = sim.post("/fin/start", &body);
    assert_eq!(
        begun["errors"],
        json!({
            "user": { "attributes": { "no_such": "User attribute 'no_such' does not exist" } },
            "conversation": { "attributes": { "bad": "Conversation attribute 'bad' does not exist" } },
        })
    );
    let unknown = sim.send("POST", "/fin/reply", &question("never"));
    assert_eq!(unknown.refusal(), (400, "parameter_invalid".to_owned()));
    let nameless = sim.send("POST", "/fin/start", &json!({}));
    assert_eq!(nameless.message(), "conversation_id is required");
}

#[test]
fn what_preview_adds_answers_there_and_nowhere_else() {
    let sim = Sim::new();
    let preview = |path: &str, body: &Value| sim.at("Preview", "POST", path, Some(body));
    let refused = sim.send("POST", "/fin/ask", &question("a"));
    assert_eq!(refused.refusal(), (400, "intercom_version_invalid".to_owned()));
    assert_eq!(preview("/fin/ask", &question("a")).ok()["status"], "thinking");
    let known = preview("/fin/capabilities", &json!({ "user": { "id": "1" } })).ok();
    assert_eq!(known["capabilities"][0]["endpoint"], "/fin/procedures/12345/run");
    let escalated = preview(
        "/fin/escalate",
        &json!({ "user": { "id": "new-1", "email": "n@people.example" }, "message": "Help" }),
    )
    .ok();
    let id = escalated["intercom_conversation_id"].as_str().unwrap();
    let conversation = sim.get(&format!("/conversations/{id}"));
    assert_eq!(conversation["source"]["author"]["email"], "n@people.example");
    assert_eq!(conversation["created_at"], NOW);
    for (procedure, status) in [("12345", 200), ("12346", 400), ("1", 400)] {
        let got = preview(&format!("/fin/procedures/{procedure}/run"), &question("p"));
        assert_eq!(got.status, status, "{procedure}");
    }
}
