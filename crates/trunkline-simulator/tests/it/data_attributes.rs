//! Attributes that a workspace adds.

use serde_json::json;

use crate::harness::{Sim, id};

#[test]
fn a_new_attribute_can_be_filled_in_at_once() {
    let sim = Sim::new();
    let made = sim.post(
        "/data_attributes",
        &json!({ "name": "Shoe size", "model": "contact", "data_type": "integer" }),
    );
    assert_eq!(
        (&made["full_name"], &made["custom"], &made["messenger_writable"]),
        (&json!("custom_attributes.Shoe size"), &json!(true), &json!(false))
    );
    let contact = sim.post(
        "/contacts",
        &json!({ "role": "lead", "custom_attributes": { "Shoe size": 44 } }),
    );
    assert_eq!(contact["custom_attributes"]["Shoe size"], 44);
    let listed = sim.get("/data_attributes?model=contact");
    assert!(
        listed["data"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["name"] == "Shoe size")
    );
    assert!(
        !sim.get("/data_attributes?model=company")
            .to_string()
            .contains("Shoe size")
    );
    let options = sim.post("/data_attributes", &json!({ "name": "Size class", "model": "company", "data_type": "options", "options": [{ "value": "1-10" }, { "value": "11+" }] }));
    assert_eq!(
        (&options["data_type"], &options["options"]),
        (&json!("string"), &json!(["1-10", "11+"]))
    );
}

#[test]
fn an_archived_attribute_is_hidden_and_cannot_be_filled_in() {
    let sim = Sim::new();
    let made = sim.post(
        "/data_attributes",
        &json!({ "name": "Old one", "model": "contact", "data_type": "string" }),
    );
    let shown = sim.put(
        &format!("/data_attributes/{}", id(&made)),
        &json!({ "archived": true, "description": "unused" }),
    );
    assert_eq!(
        (&shown["archived"], &shown["description"]),
        (&json!(true), &json!("unused"))
    );
    assert!(!sim.get("/data_attributes").to_string().contains("Old one"));
    assert!(
        sim.get("/data_attributes?include_archived=true")
            .to_string()
            .contains("Old one")
    );
    assert_eq!(
        sim.send(
            "POST",
            "/contacts",
            &json!({ "role": "lead", "custom_attributes": { "Old one": "x" } })
        )
        .refusal()
        .0,
        400
    );
}

#[test]
fn bad_attributes_are_refused() {
    let sim = Sim::new();
    for (body, status, code) in [
        (
            json!({ "model": "contact", "data_type": "string" }),
            400,
            "parameter_not_found",
        ),
        (
            json!({ "name": "x", "model": "planet", "data_type": "string" }),
            400,
            "parameter_invalid",
        ),
        (
            json!({ "name": "x", "model": "contact", "data_type": "colour" }),
            400,
            "parameter_invalid",
        ),
        (
            json!({ "name": "a.b", "model": "contact", "data_type": "string" }),
            400,
            "parameter_invalid",
        ),
        (
            json!({ "name": "Plan tier", "model": "contact", "data_type": "string" }),
            400,
            "parameter_invalid",
        ),
        (
            json!({ "name": "x", "model": "contact", "data_type": "options", "options": "many" }),
            400,
            "parameter_invalid",
        ),
    ] {
        assert_eq!(
            sim.send("POST", "/data_attributes", &body).refusal(),
            (status, code.to_owned()),
            "{body}"
        );
    }
    assert_eq!(
        sim.send("PUT", "/data_attributes/1", &json!({})).refusal(),
        (404, "field_not_found".to_owned())
    );
}

#[test]
fn up_to_2_10_the_messenger_could_write_by_default() {
    let sim = Sim::new();
    let body = json!({ "name": "Early", "model": "contact", "data_type": "string" });
    assert_eq!(
        sim.at("2.10", "POST", "/data_attributes", Some(&body)).ok()["messenger_writable"],
        true
    );
}

#[test]
fn attributes_of_conversations_moved_away_in_2_16() {
    let sim = Sim::new();
    assert_eq!(
        sim.try_get("/data_attributes?model=conversation").refusal(),
        (422, "parameter_invalid".to_owned())
    );
    assert_eq!(
        sim.at("2.15", "GET", "/data_attributes?model=conversation", None)
            .status,
        200
    );
    assert!(
        !sim.get("/conversations/attributes")["data"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}
