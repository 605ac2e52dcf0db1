//! Visitors, and how they become contacts.

use serde_json::json;

use crate::harness::{Sim, id, ids};

#[test]
fn a_visitor_is_read_and_changed_by_either_id_and_is_no_contact() {
    let sim = Sim::new();
    let visitor = sim.truth("visitors")[0].clone();
    let user_id = visitor["user_id"].as_str().unwrap();
    assert_eq!(sim.get(&format!("/visitors?user_id={user_id}")), visitor);
    let changed = sim.put("/visitors", &json!({ "user_id": user_id, "name": "Gareth" }));
    assert_eq!(
        (&changed["type"], &changed["name"]),
        (&json!("visitor"), &json!("Gareth"))
    );
    assert_eq!(
        sim.put("/visitors", &json!({ "id": id(&visitor), "name": "Gary" }))["name"],
        "Gary"
    );
    assert_eq!(
        sim.try_get(&format!("/contacts/{}", id(&visitor))).refusal().0,
        404
    );
    assert_eq!(
        sim.try_get("/visitors?user_id=nobody").message(),
        "Visitor Not Found"
    );
    assert_eq!(
        sim.send("PUT", "/visitors", &json!({ "id": "none" })).refusal(),
        (404, "not_found".to_owned())
    );
}

#[test]
fn a_visitors_id_used_as_a_contacts_makes_it_a_lead() {
    let sim = Sim::new();
    let visitors: Vec<String> = sim.truth("visitors").iter().map(id).collect();
    let tag = id(&sim.get("/tags")["data"][0]);
    sim.post(&format!("/contacts/{}/tags", visitors[0]), &json!({ "id": tag }));
    sim.put(
        &format!("/contacts/{}", visitors[1]),
        &json!({ "name": "Known Now" }),
    );
    let begun = sim.post(
        "/conversations",
        &json!({ "from": { "type": "contact", "id": visitors[2] }, "body": "hi" }),
    );
    for visitor in &visitors[..3] {
        assert_eq!(sim.get(&format!("/contacts/{visitor}"))["role"], "lead");
    }
    let shown = sim.get(&format!(
        "/conversations/{}",
        begun["conversation_id"].as_str().unwrap()
    ));
    assert_eq!(ids(&shown["contacts"]["contacts"]), [visitors[2].clone()]);
    assert_eq!(sim.truth("visitors").len(), visitors.len() - 3);
}

#[test]
fn converting_makes_a_lead_a_user_or_merges_into_one() {
    let sim = Sim::new();
    let visitors = sim.truth("visitors");
    let named = |place: usize| json!({ "user_id": visitors[place]["user_id"] });
    let lead = sim.post(
        "/visitors/convert",
        &json!({ "visitor": named(0), "user": {}, "type": "lead" }),
    );
    assert_eq!((&lead["role"], id(&lead)), (&json!("lead"), id(&visitors[0])));
    let user = sim.post(
        "/visitors/convert",
        &json!({ "visitor": named(1), "user": { "email": "newcomer@people.example" }, "type": "user" }),
    );
    assert_eq!(
        (&user["role"], &user["email"]),
        (&json!("user"), &json!("newcomer@people.example"))
    );
    let existing = sim.user("Already Here");
    let merged = sim.post(
        "/visitors/convert",
        &json!({ "visitor": named(2), "user": { "email": existing["email"] }, "type": "user" }),
    );
    assert_eq!(merged["id"], existing["id"]);
    assert_eq!(
        sim.try_get(&format!("/contacts/{}", id(&visitors[2]))).status,
        410
    );
    for (body, status) in [
        (
            json!({ "visitor": { "user_id": "none" }, "user": {}, "type": "lead" }),
            404,
        ),
        (json!({ "visitor": named(3), "user": {}, "type": "planet" }), 400),
        (json!({ "user": {}, "type": "lead" }), 400),
    ] {
        assert_eq!(
            sim.send("POST", "/visitors/convert", &body).refusal().0,
            status,
            "{body}"
        );
    }
}
