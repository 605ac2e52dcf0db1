//! Attributes that a workspace adds.

use serde_json::{Value, json};

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

#[test]
fn values_that_are_not_of_the_attributes_type_are_refused_and_change_nothing() {
    let sim = Sim::new();
    let contact = id(&sim.user("Typed"));
    let company = id(&sim.truth("companies")[0]);
    let conversation = id(&sim.truth("conversations")[0]);
    let ticket = id(&sim.truth("tickets")[0]);
    sim.post(
        "/data_attributes",
        &json!({ "name": "Shirt", "model": "contact", "data_type": "options", "options": [{ "value": "S" }, { "value": "L" }] }),
    );
    sim.post(
        "/conversations/attributes",
        &json!({ "name": "Kind", "data_type": "list", "options": [{ "label": "A" }, { "label": "B" }] }),
    );
    let check = |path: &str, field: &str, name: &str, bad: Value, message: &str| {
        let before = sim.get(path)[field].clone();
        let refused = sim.send("PUT", path, &json!({ field: { name: bad } }));
        assert_eq!(
            refused.refusal(),
            (400, "parameter_invalid".to_owned()),
            "{path} {name}"
        );
        assert_eq!(refused.message(), message);
        assert_eq!(sim.get(path)[field], before, "{path} {name}");
    };
    let custom = "custom_attributes";
    let path = format!("/contacts/{contact}");
    check(
        &path,
        custom,
        "lifetime_value",
        json!("much"),
        "Custom attribute 'lifetime_value' must be a whole number",
    );
    check(
        &path,
        custom,
        "Plan tier",
        json!(["scale"]),
        "Custom attribute 'Plan tier' must be text",
    );
    check(
        &path,
        custom,
        "Fin AI Agent: Preview",
        json!(2),
        "Custom attribute 'Fin AI Agent: Preview' must be true or false",
    );
    check(
        &path,
        custom,
        "Shirt",
        json!("XL"),
        "Custom attribute 'Shirt' must be one of S, L",
    );
    let path = format!("/companies/{company}");
    check(
        &path,
        custom,
        "renewal_month",
        json!(1.5),
        "Custom attribute 'renewal_month' must be a whole number",
    );
    let path = format!("/conversations/{conversation}");
    check(
        &path,
        custom,
        "Kind",
        json!("C"),
        "Conversation attribute 'Kind' must be one of A, B",
    );
    check(
        &path,
        custom,
        "order",
        json!("21"),
        "Conversation attribute 'order' must be a list of ids",
    );
    check(
        &path,
        custom,
        "nowhere",
        json!("21"),
        "Conversation attribute 'nowhere' does not exist",
    );
    let path = format!("/tickets/{ticket}");
    check(
        &path,
        "ticket_attributes",
        "_default_title_",
        json!({}),
        "Ticket attribute '_default_title_' must be text",
    );
    let count = sim.truth("contacts").len();
    let made = json!({ "role": "lead", "custom_attributes": { "lifetime_value": [] } });
    assert_eq!(sim.send("POST", "/contacts", &made).status, 400);
    assert_eq!(sim.truth("contacts").len(), count);
}

#[test]
fn a_text_that_spells_a_value_becomes_one_and_null_clears() {
    let sim = Sim::new();
    let path = format!("/contacts/{}", id(&sim.user("Typed")));
    for (sent, kept) in [
        (json!("12"), json!(12)),
        (json!(13), json!(13)),
        (Value::Null, Value::Null),
    ] {
        let shown = sim.put(&path, &json!({ "custom_attributes": { "lifetime_value": sent } }));
        assert_eq!(shown["custom_attributes"]["lifetime_value"], kept);
    }
}

#[test]
fn generated_values_have_the_types_of_their_attributes() {
    let sim = Sim::new();
    let types = |path: &str| -> Vec<Value> { sim.get(path)["data"].as_array().unwrap().clone() };
    for (stream, path) in [
        ("contacts", "/data_attributes?model=contact"),
        ("companies", "/data_attributes?model=company"),
        ("conversations", "/conversations/attributes"),
    ] {
        let known = types(path);
        let mut seen = 0;
        for row in sim.truth(stream) {
            for (name, value) in row["custom_attributes"].as_object().unwrap() {
                let of = known.iter().find(|one| one["name"] == name.as_str());
                let Some(of) = of else {
                    assert_eq!(name, "Has attachments", "{stream}");
                    continue;
                };
                let fits = match of["data_type"].as_str().unwrap() {
                    "string" => value.is_string(),
                    "integer" => value.is_i64(),
                    "boolean" => value.is_boolean(),
                    "float" => value.is_number(),
                    "relationship" => value.is_array() || value.is_object(),
                    other => panic!("{stream} {name}: {other}"),
                };
                assert!(fits || value.is_null(), "{stream} {name}: {value} is not {of}");
                seen += 1;
            }
        }
        assert!(seen > 0, "{stream}");
    }
}
