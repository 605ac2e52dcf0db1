//! Events, attributes, segments and the log of what teammates did.

use serde_json::{Value, json};
use trunkline_catalog::Version;

use super::Actor;

#[test]
fn an_event_is_recorded_with_metadata_of_every_type() {
    let actor = Actor::new();
    let contact =
        actor.made_contact(&json!({"role": "user", "external_id": "buyer", "email": "buyer@example.com"}));
    actor.simulator.advance(300);
    for (place, who) in [
        json!({"contact_id": contact}),
        json!({"external_id": "buyer"}),
        json!({"email": "buyer@example.com"}),
    ]
    .into_iter()
    .enumerate()
    {
        let mut input = who.clone();
        input["event_name"] = json!("ordered-item");
        input["created_at"] = json!(format!("2026-11-20T10:00:0{place}Z"));
        input["metadata"] = json!({
            "order_date": "2026-11-19T00:00:00Z",
            "article": {"url": "https://example.com/orders/1", "value": "Order 1"},
            "price": {"amount": "1250", "currency": "EUR"},
            "count": 3,
            "gift": true,
        });
        actor.output("data_events.submit", input);
        let seen = actor.truth(&format!("/events?type=user&intercom_user_id={contact}"));
        assert_eq!(seen["events"].as_array().unwrap().len(), place + 1, "{who}");
        let kept = &seen["events"][0]["metadata"];
        assert_eq!(kept["order_date"], 1_795_046_400, "{kept}");
        assert_eq!(kept["price"], json!({"amount": 1250, "currency": "eur"}));
        assert_eq!(kept["article"]["value"], "Order 1");
        assert_eq!(seen["events"][0]["created_at"], 1_795_168_800 + place);
    }
    let listed = actor.output(
        "data_events.list_of_contact",
        json!({"email": "buyer@example.com", "limit": 2}),
    );
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let summed = actor.output(
        "data_events.list_of_contact",
        json!({"external_id": "buyer", "summary": "yes"}),
    );
    assert_eq!(summed[0]["name"], "ordered-item");
    assert_eq!(summed[0]["count"], 3);
}

#[test]
fn an_event_that_intercom_would_cut_is_refused() {
    let actor = Actor::new();
    let contact = actor.first("/contacts?per_page=1")["id"].clone();
    actor.received();
    let eleven: Value = (0..11)
        .map(|number| (format!("key{number}"), json!(number)))
        .collect();
    for (metadata, said) in [
        (eleven, "Intercom keeps 10"),
        (json!({"list": [1]}), "must not be a list"),
        (json!({"none": null}), "must not be null"),
        (json!({"nested": {"a": 1}}), "must be a plain value"),
        (
            json!({"price": {"amount": 12.5, "currency": "eur"}}),
            "whole cents",
        ),
        (
            json!({"price": {"amount": 1250, "currency": "euro"}}),
            "three letters",
        ),
        (
            json!({"link": {"url": "javascript:x", "value": "y"}}),
            "begins with https",
        ),
        (json!({"due_date": "some day"}), "metadata.due_date"),
    ] {
        let error = actor.error(
            "data_events.submit",
            json!({"contact_id": contact, "event_name": "x", "metadata": metadata}),
        );
        assert_eq!(error.code(), "TL0702", "{metadata}");
        assert!(error.to_string().contains(said), "{metadata}: {error}");
    }
    for input in [
        json!({"contact_id": contact}),
        json!({"event_name": "x"}),
        json!({"contact_id": contact, "event_name": "  "}),
    ] {
        assert_eq!(
            actor.error("data_events.submit", input.clone()).code(),
            "TL0702",
            "{input}"
        );
    }
    assert_eq!(actor.received(), Vec::<String>::new());
    let error = actor.error(
        "data_events.submit",
        json!({"email": "nobody@nowhere.example", "event_name": "x"}),
    );
    assert_eq!(error.code(), "TL0105");
    let error = actor.error(
        "data_events.list_of_contact",
        json!({"email": "nobody@nowhere.example"}),
    );
    assert_eq!(error.code(), "TL0730");
}

#[test]
fn an_address_of_several_people_names_none_of_them() {
    let actor = Actor::new();
    actor.made_contact(&json!({"role": "lead", "email": "twin@example.com"}));
    actor.made_contact(&json!({"role": "user", "email": "twin@example.com"}));
    actor.simulator.advance(300);
    for (action, input) in [
        (
            "data_events.submit",
            json!({"email": "twin@example.com", "event_name": "x"}),
        ),
        (
            "data_events.list_of_contact",
            json!({"email": "twin@example.com"}),
        ),
    ] {
        assert_eq!(actor.error(action, input).code(), "TL0731", "{action}");
    }
}

#[test]
fn an_attribute_is_defined_changed_and_put_away() {
    for version in [Version::V2_10, Version::V2_16] {
        let actor = Actor::at(version);
        let held = |name: &str| {
            let all = actor.truth("/data_attributes?model=contact&include_archived=true");
            let all = all["data"].as_array().unwrap().clone();
            all.into_iter().find(|one| one["name"] == name)
        };
        let made = actor.call(
            "data_attributes.save",
            json!({"model": "contact", "name": "Tier", "options": "gold,silver", "label": "Their tier"}),
        );
        let made = made.unwrap();
        assert_eq!(made.notes.len(), 1, "the label: {:?}", made.notes);
        assert_eq!(
            held("Tier").unwrap()["options"],
            json!(["gold", "silver"]),
            "{version}"
        );
        actor.output(
            "data_attributes.save",
            json!({"action": "update", "model": "contact", "name": "Tier", "description": "How good", "options": ["gold", {"value": "tin"}]}),
        );
        let now = held("Tier").unwrap();
        assert_eq!(now["options"], json!(["gold", "tin"]), "{version}");
        assert_eq!(now["description"], "How good");
        actor.output("data_attributes.save", json!({"id": now["id"], "archived": true}));
        assert_eq!(held("Tier").unwrap()["archived"], true);
        actor.output(
            "data_attributes.save",
            json!({"model": "contact", "name": "Shelf", "data_type": "integer", "archived": "yes"}),
        );
        assert_eq!(held("Shelf").unwrap()["archived"], true, "{version}");
        for (input, code) in [
            (json!({"model": "contact", "name": "Bare"}), "TL0702"),
            (json!({"name": "Bare", "data_type": "string"}), "TL0702"),
            (json!({"model": "contact", "data_type": "string"}), "TL0702"),
            (
                json!({"model": "contact", "name": "Empty", "data_type": "options"}),
                "TL0702",
            ),
            (
                json!({"model": "contact", "name": "Tier", "data_type": "integer"}),
                "TL0702",
            ),
            (
                json!({"model": "contact", "name": "Tier", "action": "create", "data_type": "string"}),
                "TL0702",
            ),
            (
                json!({"model": "contact", "name": "Twice", "options": ["a", "a"]}),
                "TL0702",
            ),
            (
                json!({"model": "contact", "name": "Wrong", "data_type": "integer", "options": ["a"]}),
                "TL0702",
            ),
            (
                json!({"model": "contact", "name": "Nowhere", "action": "update", "description": "x"}),
                "TL0743",
            ),
            (json!({"id": "999999", "description": "x"}), "TL0743"),
        ] {
            assert_eq!(
                actor.error("data_attributes.save", input.clone()).code(),
                code,
                "{version} {input}"
            );
        }
    }
}

#[test]
fn segments_are_listed_by_whom_they_hold() {
    let actor = Actor::new();
    let all = actor.truth("/segments");
    let all = all["segments"].as_array().unwrap();
    let of = |kind: &str| {
        let rows = actor.output("segments.list_of_type", json!({"type": kind}));
        let rows = rows.as_array().unwrap();
        rows.iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("contact").len(), all.len());
    let (users, leads, companies) = (of("user"), of("lead"), of("company"));
    assert_eq!(users.len() + leads.len(), all.len());
    assert!(!leads.is_empty() && !companies.is_empty());
    for id in &companies {
        let inside = actor.truth(&format!("/companies?segment_id={id}"));
        assert_ne!(inside["total_count"], 0);
    }
    assert_eq!(
        actor
            .output("segments.list_of_type", json!({"type": "contact", "limit": 1}))
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let got = actor.output(
        "segments.get_of_type",
        json!({"type": "lead", "segment_id": leads[0]}),
    );
    assert_eq!(got["id"], leads[0].as_str());
    for (kind, id, code) in [
        ("user", leads[0].as_str(), "TL0745"),
        ("lead", users[0].as_str(), "TL0745"),
        ("company", leads[0].as_str(), "TL0745"),
        ("lead", "0123", "TL0105"),
        ("crowd", leads[0].as_str(), "TL0702"),
    ] {
        let error = actor.error("segments.get_of_type", json!({"type": kind, "segment_id": id}));
        assert_eq!(error.code(), code, "{kind} {id}");
    }
}

#[test]
fn both_ends_belong_to_the_span_of_a_log() {
    let actor = Actor::new();
    let all = actor.truth("/admins/activity_logs?created_at_after=0&per_page=150");
    let all = all["activity_logs"].as_array().unwrap();
    let times: Vec<i64> = all
        .iter()
        .map(|one| one["created_at"].as_i64().unwrap())
        .collect();
    let (last, first) = (times[1], times[times.len().min(6) - 1]);
    let expected = times.iter().filter(|at| first <= **at && **at <= last).count();
    for (after, before) in [
        (json!(first), json!(last)),
        (
            json!(jiff::Timestamp::from_second(first).unwrap().to_string()),
            json!(last.to_string().parse::<i64>().unwrap()),
        ),
    ] {
        let rows = actor.output(
            "activity_logs.between",
            json!({"created_after": after, "created_before": before}),
        );
        assert_eq!(rows.as_array().unwrap().len(), expected, "{after} {before}");
    }
    let one = actor.output(
        "activity_logs.between",
        json!({"created_at_after": first, "limit": 1}),
    );
    assert_eq!(one.as_array().unwrap().len(), 1);
    for input in [
        json!({}),
        json!({"created_after": last, "created_before": first - 1}),
        json!({"created_after": "soon"}),
    ] {
        assert_eq!(
            actor.error("activity_logs.between", input.clone()).code(),
            "TL0702",
            "{input}"
        );
    }
}
