//! Custom attributes of people: unknown names, values of another type, values that are taken away.

use serde_json::{Value, json};

use super::Office;

fn known(office: &Office) -> Vec<String> {
    let list = office.actor.truth("/data_attributes?model=contact");
    list["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|row| row["name"].as_str().map(str::to_owned))
        .collect()
}

#[test]
fn a_name_that_the_workspace_lacks_is_refused_before_anything_is_written() {
    let office = Office::new();
    office.calls();
    let input = json!({"external_id": "u-1", "custom_attributes": {"shoe size": 42, "hat size": 7}});
    for _ in 0..5 {
        let error = office.actor.error("contacts.upsert", input.clone());
        assert_eq!(error.code(), "TL0736", "{error}");
        for name in ["shoe size", "hat size"] {
            assert!(error.to_string().contains(name), "{error}");
        }
    }
    // The list is asked for once, not once a row.
    assert_eq!(office.calls(), ["GET /data_attributes"]);
    // What somebody adds meanwhile is seen soon.
    let made = json!({"name": "shoe size", "model": "contact", "data_type": "integer"});
    office
        .actor
        .simulator
        .api("POST", "/data_attributes", Some(&made));
    office.pass(11);
    let input = json!({"external_id": "u-1", "custom_attributes": {"shoe size": "42"}});
    let outcome = office.upsert(input);
    assert_eq!(outcome["contact"]["custom_attributes"]["shoe size"], 42);
}

#[test]
fn a_name_that_the_workspace_lacks_is_made_or_left_out_by_choice() {
    let office = Office::new();
    let outcome = office
        .actor
        .call(
            "contacts.upsert",
            json!({
                "external_id": "u-1", "unknown_attributes": "leave_out", "custom_attributes": {"shoe size": 42},
            }),
        )
        .unwrap();
    assert!(outcome.notes[0].contains("shoe size"), "{:?}", outcome.notes);
    assert!(!known(&office).contains(&"shoe size".to_owned()));
    let outcome = office.upsert(json!({
        "external_id": "u-1", "unknown_attributes": "create",
        "custom_attributes": {"shoe size": 42, "ratio": 1.5, "is here": true, "since": "2026-11-20", "word": "12", "nothing": null},
    }));
    assert_eq!(outcome["outcome"], "updated");
    let list = office.actor.truth("/data_attributes?model=contact");
    for (name, data_type) in [
        ("shoe size", "integer"),
        ("ratio", "float"),
        ("is here", "boolean"),
        ("since", "date"),
        ("word", "string"),
    ] {
        let found = list["data"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["name"] == name);
        assert_eq!(found.unwrap()["data_type"], data_type, "{name}");
    }
    assert!(!known(&office).contains(&"nothing".to_owned()));
    let ann = office.contact(&outcome["contact"]["id"]);
    assert_eq!(ann["custom_attributes"]["shoe size"], 42);
    assert_eq!(ann["custom_attributes"]["since"], 1_795_132_800);
    // What cannot be an attribute is refused, with its name and without its value.
    for (name, value) in [
        ("list", json!(["secret"])),
        ("object", json!({"secret": 1})),
        ("a.b", json!("secret")),
    ] {
        let error = office.actor.error(
            "contacts.upsert",
            json!({"external_id": "u-2", "unknown_attributes": "create", "custom_attributes": {name: value}}),
        );
        assert_eq!(error.code(), "TL0737", "{error}");
        assert!(
            error.to_string().contains(name) && !error.to_string().contains("secret"),
            "{error}"
        );
    }
    assert!(office.having("external_id", "u-2").is_empty());
}

#[test]
fn a_value_of_another_type_is_refused_with_its_field() {
    let office = Office::new();
    for (name, data_type) in [("shoe size", "integer"), ("is here", "boolean")] {
        let made = json!({"name": name, "model": "contact", "data_type": data_type});
        office
            .actor
            .simulator
            .api("POST", "/data_attributes", Some(&made));
    }
    let made = json!({"name": "plan of hers", "model": "contact", "data_type": "options", "options": [{"value": "gold"}, {"value": "silver"}]});
    assert_eq!(
        office
            .actor
            .simulator
            .api("POST", "/data_attributes", Some(&made))
            .0,
        200
    );
    for (attributes, said) in [
        (json!({"shoe size": "large"}), "a whole number"),
        (json!({"is here": 1}), "true or false"),
        (json!({"plan of hers": "lead"}), "gold, silver"),
    ] {
        let error = office.actor.error(
            "contacts.upsert",
            json!({"external_id": "u-1", "custom_attributes": attributes}),
        );
        assert_eq!(error.code(), "TL0737", "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
    let outcome = office.upsert(json!({
        "external_id": "u-1", "custom_attributes.shoe size": "42", "custom_attributes.plan of hers": "gold",
    }));
    assert_eq!(outcome["contact"]["custom_attributes"]["shoe size"], 42);
}

#[test]
fn null_takes_a_value_away_also_from_a_lead_to_whom_null_may_not_be_sent() {
    let office = Office::new();
    for (name, data_type) in [("shoe size", "integer"), ("word", "string")] {
        let made = json!({"name": name, "model": "contact", "data_type": data_type});
        office
            .actor
            .simulator
            .api("POST", "/data_attributes", Some(&made));
    }
    for (role, email, kept) in [
        ("user", "user@paper.example", Value::Null),
        ("lead", "lead@paper.example", json!("")),
    ] {
        let full = json!({"shoe size": 42, "word": "x"});
        office.upsert(json!({"email": email, "role": role, "custom_attributes": full}));
        for given in [Value::Null, json!("")] {
            let empty = json!({"shoe size": given, "word": given});
            let outcome = office.upsert(json!({"email": email, "role": role, "custom_attributes": empty}));
            let ann = office.contact(&outcome["contact"]["id"]);
            assert_eq!(ann["custom_attributes"]["shoe size"], Value::Null, "{role}");
            // Text shows what was sent: an empty text to a lead, null to a user.
            assert_eq!(ann["custom_attributes"]["word"], kept, "{role}");
        }
        assert_eq!(office.having("email", email).len(), 1);
    }
}

#[test]
fn twenty_rows_with_one_new_name_make_one_attribute() {
    let office = Office::new();
    let workspace = office.actor.workspace.clone();
    office.actor.block_on(async {
        let mut all = tokio::task::JoinSet::new();
        for number in 0..20 {
            let workspace = workspace.clone();
            let input = json!({
                "external_id": format!("u-{number}"), "unknown_attributes": "create", "custom_attributes": {"shoe size": number},
            });
            all.spawn(async move { workspace.call("contacts.upsert", input, Default::default()).await });
        }
        while let Some(done) = all.join_next().await {
            done.unwrap().unwrap();
        }
    });
    let names = known(&office);
    assert_eq!(names.iter().filter(|name| *name == "shoe size").count(), 1);
    let creations = office.calls();
    assert_eq!(
        creations
            .iter()
            .filter(|call| *call == "POST /data_attributes")
            .count(),
        1
    );
}
