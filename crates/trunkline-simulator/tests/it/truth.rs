//! The truth of the control surface is what the API gives out, object by object.

use serde_json::{Value, json};

use crate::harness::{Sim, id};

#[test]
fn counts_and_lines_agree_for_every_stream() {
    let sim = Sim::new();
    let counts = sim.control("GET", "/truth", None).json();
    for (stream, count) in counts.as_object().unwrap() {
        assert_eq!(
            sim.truth(stream).len() as u64,
            count.as_u64().unwrap(),
            "{stream}"
        );
        // What only calls and activity make is counted, and there may be none of it yet.
        let may_lack = [
            "ticket_conversations",
            "company_notes",
            "contact_merges",
            "handling_events",
        ];
        assert!(
            may_lack.contains(&stream.as_str()) || count.as_u64() > Some(0),
            "{stream} has nothing to mirror"
        );
    }
    let got = sim.raw("GET", "/_sim/truth/planets", &[], "");
    assert_eq!(got.status, 404);
}

/// Leaves of the addresses of files what the truth knows of them: neither the host nor the signature.
fn unsign(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if fields.get("type") == Some(&json!("upload"))
                && let Some(Value::String(address)) = fields.get_mut("url")
            {
                *address = url::Url::parse(address).unwrap().path().to_owned();
            }
            fields.values_mut().for_each(unsign);
        }
        Value::Array(entries) => entries.iter_mut().for_each(unsign),
        _ => {}
    }
}

#[test]
fn a_row_is_the_same_in_the_truth_in_lists_and_by_id_at_every_version_that_matters() {
    let sim = Sim::new();
    for version in ["2.10", "2.14", "2.16"] {
        for (stream, path, rows) in [
            ("contacts", "/contacts/search", "data"),
            ("conversations", "/conversations/search", "conversations"),
            ("tickets", "/tickets/search", "tickets"),
        ] {
            let body = json!({ "query": { "field": "created_at", "operator": ">", "value": 0 }, "pagination": { "per_page": 150 } });
            let (mut found, _) = sim.search_all(version, path, rows, &body);
            let mut truth = sim.truth_at(stream, version);
            found.iter_mut().for_each(unsign);
            found.sort_by_key(id);
            truth.sort_by_key(id);
            assert_eq!(found, truth, "{stream} at {version}");
            let mut one = sim
                .at(version, "GET", &format!("/{stream}/{}", id(&truth[0])), None)
                .ok();
            unsign(&mut one);
            for (field, value) in truth[0].as_object().unwrap() {
                assert_eq!(one[field], *value, "{stream}.{field} at {version}");
            }
        }
    }
}

#[test]
fn parts_carry_their_conversation_and_notes_their_contact() {
    let sim = Sim::new();
    let part = &sim.truth("conversation_parts")[0];
    let shown = sim.get(&format!(
        "/conversations/{}",
        part["conversation_id"].as_str().unwrap()
    ));
    let mut expected = shown["conversation_parts"]["conversation_parts"][0].clone();
    expected["conversation_id"] = part["conversation_id"].clone();
    assert_eq!(*part, expected);
    let note = &sim.truth("notes")[0];
    assert_eq!(note["contact"]["id"], note["contact_id"]);
    let ticket_part = &sim.truth("ticket_parts")[0];
    assert!(
        sim.try_get(&format!(
            "/tickets/{}",
            ticket_part["ticket_id"].as_str().unwrap()
        ))
        .status
            == 200
    );
}

#[test]
fn statistics_state_one_more_part_than_there_are() {
    let sim = Sim::new();
    for row in sim.truth("conversations").iter().take(30) {
        let whole = sim.get(&format!("/conversations/{}", id(row)));
        let total = whole["conversation_parts"]["total_count"].as_u64().unwrap();
        assert_eq!(row["statistics"]["count_conversation_parts"], total + 1);
        assert_eq!(whole["updated_at"], row["updated_at"]);
    }
}

#[test]
fn custom_attributes_have_names_that_need_quoting() {
    let sim = Sim::new();
    let names: Vec<String> = sim.get("/data_attributes")["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["custom"] == true)
        .map(|one| one["name"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        names.iter().any(|name| name.contains(' ')) && names.iter().any(|name| name.contains(':')),
        "{names:?}"
    );
    let used: Vec<Value> = sim
        .truth("contacts")
        .iter()
        .map(|contact| contact["custom_attributes"].clone())
        .collect();
    for attributes in used {
        for name in attributes.as_object().unwrap().keys() {
            assert!(names.contains(name), "{name} is not a data attribute");
        }
    }
}

#[test]
fn only_few_contacts_changed_in_the_last_two_days() {
    let sim = Sim::start(trunkline_simulator::Options {
        contacts: 20_000,
        companies: 100,
        conversations: 10,
        tickets: 10,
        ..crate::harness::small()
    });
    let fresh = sim
        .truth("contacts")
        .iter()
        .filter(|contact| contact["updated_at"].as_i64().unwrap() > crate::harness::NOW - 2 * 86_400)
        .count();
    assert!((1..100).contains(&fresh), "{fresh}");
}
