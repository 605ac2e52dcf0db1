//! Filters as people write them, and what they find held against every row of the workspace.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use trunkline_catalog::Version;

use super::Actor;

/// The ids of all rows of a stream that pass.
fn all(actor: &Actor, stream: &str, passes: impl Fn(&Value) -> bool) -> BTreeSet<String> {
    actor
        .simulator
        .truth(stream, "2.16")
        .iter()
        .filter(|row| row["archived"] != true && passes(row))
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

fn ids(rows: &Value) -> BTreeSet<String> {
    let rows = rows.as_array().unwrap();
    let ids: BTreeSet<String> = rows
        .iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), rows.len(), "a row came twice");
    ids
}

#[test]
fn times_of_contacts_are_exact_to_the_second_in_every_version() {
    for version in [Version::V2_10, Version::V2_16, Version::Preview] {
        let actor = Actor::at(version);
        actor.simulator.advance(600);
        let mut times: Vec<i64> = actor
            .simulator
            .truth("contacts", "2.16")
            .iter()
            .map(|row| row["updated_at"].as_i64().unwrap())
            .collect();
        times.sort_unstable();
        let middle = times[times.len() / 2];
        let at = |row: &Value| row["updated_at"].as_i64().unwrap();
        for (operator, passes) in [
            (
                "greater_than",
                Box::new(move |one: i64| one > middle) as Box<dyn Fn(i64) -> bool>,
            ),
            (">=", Box::new(move |one| one >= middle)),
            ("less than", Box::new(move |one| one < middle)),
            ("at_most", Box::new(move |one| one <= middle)),
            ("Equals to", Box::new(move |one| one == middle)),
        ] {
            let found = actor.output(
                "contacts.filter",
                json!({"field": "updated_at", "operator": operator, "value": middle}),
            );
            let expected = all(&actor, "contacts", |row| passes(at(row)));
            assert_eq!(ids(&found), expected, "{version} {operator}");
            assert!(operator == "Equals to" || expected.len() > 50, "{operator}");
        }
    }
}

#[test]
fn a_day_is_all_of_it_in_the_zone_of_the_caller() {
    let actor = Actor::new();
    actor.simulator.advance(600);
    let some = actor.simulator.truth("contacts", "2.16")[5]["created_at"]
        .as_i64()
        .unwrap();
    let day = jiff::Timestamp::from_second(some)
        .unwrap()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    let first = day
        .to_zoned(jiff::tz::TimeZone::UTC)
        .unwrap()
        .timestamp()
        .as_second();
    let found = actor.output(
        "contacts.filter",
        json!({"field": "created_at", "value": day.to_string()}),
    );
    let expected = all(&actor, "contacts", |row| {
        let at = row["created_at"].as_i64().unwrap();
        first <= at && at < first + 86_400
    });
    assert!(!expected.is_empty());
    assert_eq!(ids(&found), expected);
}

#[test]
fn groups_of_filters_find_what_they_say() {
    let actor = Actor::new();
    actor.simulator.advance(600);
    let middle = actor.simulator.truth("contacts", "2.16")[100]["created_at"]
        .as_i64()
        .unwrap();
    let role = |row: &Value| row["role"].as_str().unwrap().to_owned();
    let at = |row: &Value| row["created_at"].as_i64().unwrap();
    let late = json!({"field": "created_at", "operator": ">", "value": middle});
    let leads = json!({"field": "role", "operator": "=", "value": "lead"});
    let both = actor.output("contacts.filter", json!({"filters": [late, leads]}));
    assert_eq!(
        ids(&both),
        all(&actor, "contacts", |row| at(row) > middle && role(row) == "lead")
    );
    let any = actor
        .call(
            "contacts.filter",
            json!({"filters": [late, leads], "match": "any"}),
        )
        .unwrap();
    let expected = all(&actor, "contacts", |row| at(row) > middle || role(row) == "lead");
    assert_eq!(ids(&any.output), expected);
    assert!(any.notes[0].contains("2 searches"), "{:?}", any.notes);
    let named = actor.simulator.truth("contacts", "2.16")[3]["email"]
        .as_str()
        .unwrap()
        .to_owned();
    let nested = json!({"filters": [
        {"match": "any", "filters": [leads, {"field": "email", "operator": "IN", "value": [named]}]},
        late,
    ]});
    let found = actor.output("contacts.filter", nested);
    let expected = all(&actor, "contacts", |row| {
        at(row) > middle && (role(row) == "lead" || row["email"] == named.as_str())
    });
    assert_eq!(ids(&found), expected);
}

#[test]
fn rows_come_sorted_whether_intercom_sorts_or_not() {
    let actor = Actor::new();
    actor.simulator.advance(600);
    for (sort_by, order, notes) in [
        ("created_at", "asc", 0),
        ("updated_at", "desc", 0),
        ("name", "asc", 1),
        ("email", "desc", 1),
    ] {
        let outcome = actor
            .call(
                "contacts.filter",
                json!({"field": "role", "value": "user", "sort_by": sort_by, "order": order, "limit": 20}),
            )
            .unwrap();
        let rows = outcome.output.as_array().unwrap();
        assert_eq!((rows.len(), outcome.notes.len()), (20, notes), "{sort_by}");
        let key = |row: &Value| match &row[sort_by] {
            Value::Number(number) => (number.as_i64().unwrap(), String::new()),
            Value::String(text) => (0, text.to_lowercase()),
            _ => (i64::MAX, String::new()),
        };
        let is_sorted = rows.is_sorted_by(|left, right| {
            if order == "asc" {
                key(left) <= key(right)
            } else {
                key(left) >= key(right)
            }
        });
        assert!(is_sorted, "{sort_by} {order}");
    }
}

#[test]
fn conversations_and_tickets_are_found_too() {
    let actor = Actor::new();
    let conversations = actor.simulator.truth("conversations", "2.16");
    let middle = conversations[conversations.len() / 2]["updated_at"]
        .as_i64()
        .unwrap();
    let found = actor.output(
        "conversations.filter",
        json!({"filters": [
            {"field": "updated_at", "operator": "greater_than", "value": middle},
            {"field": "open", "operator": "equals", "value": "true"},
        ]}),
    );
    let expected = all(&actor, "conversations", |row| {
        row["updated_at"].as_i64().unwrap() > middle && row["open"] == true
    });
    assert_eq!(ids(&found), expected);
    let either = actor
        .call(
            "conversations.filter",
            json!({"match": "any", "filters": [
                {"field": "updated_at", "operator": ">", "value": middle},
                {"field": "state", "operator": "is", "value": "snoozed"},
            ]}),
        )
        .unwrap();
    let expected = all(&actor, "conversations", |row| {
        row["updated_at"].as_i64().unwrap() > middle || row["state"] == "snoozed"
    });
    assert_eq!((ids(&either.output), either.notes.len()), (expected, 0));
    let tickets = actor.simulator.truth("tickets", "2.16");
    let middle = tickets[tickets.len() / 2]["created_at"].as_i64().unwrap();
    let found = actor.output(
        "tickets.filter",
        json!({"field": "created_at", "operator": "at_least", "value": middle, "order": "asc", "sort_by": "created_at"}),
    );
    assert_eq!(
        ids(&found),
        all(&actor, "tickets", |row| row["created_at"].as_i64().unwrap()
            >= middle)
    );
}

#[test]
fn own_attributes_are_compared_by_their_type() {
    let actor = Actor::new();
    actor.simulator.api(
        "POST",
        "/data_attributes",
        Some(&json!({"name": "Seats", "model": "contact", "data_type": "integer"})),
    );
    for (own, seats) in [("few", 2), ("many", 30)] {
        actor.made_contact(
            &json!({"role": "user", "external_id": own, "custom_attributes": {"Seats": seats}}),
        );
    }
    actor.simulator.advance(600);
    let found = actor.output(
        "contacts.filter",
        json!({"field": "custom_attributes.Seats", "operator": "greater_than", "value": "9"}),
    );
    assert_eq!(found[0]["external_id"], "many");
    assert_eq!(found.as_array().unwrap().len(), 1);
    for (field, value, said) in [
        ("custom_attributes.Seats", "lots", "must be a number"),
        ("custom_attributes.Nowhere", "x", "do not have"),
    ] {
        let error = actor.error("contacts.filter", json!({"field": field, "value": value}));
        assert_eq!(error.code(), "TL0702", "{field}");
        assert!(error.to_string().contains(said), "{field}: {error}");
    }
}

#[test]
fn what_cannot_be_compared_is_told_before_any_call() {
    let actor = Actor::new();
    actor.received();
    let name = json!({"field": "name", "value": "x"});
    for (input, said) in [
        (json!({}), "`filters` is missing"),
        (json!({"field": "name"}), "`value` is missing"),
        (json!({"value": "x"}), "`field` is missing"),
        (json!({"field": "nmae", "value": "x"}), "did you mean `name`"),
        (
            json!({"field": "name", "operator": "===", "value": "x"}),
            "is no operator",
        ),
        (
            json!({"field": "name", "operator": ">", "value": "x"}),
            "can be compared by",
        ),
        (
            json!({"field": "tag_id", "operator": "contains", "value": "x"}),
            "equals, not_equals",
        ),
        (json!({"field": "created_at", "value": "soon"}), "`value`"),
        (
            json!({"field": "created_at", "operator": "contains", "value": 1}),
            "can be compared by",
        ),
        (
            json!({"field": "has_hard_bounced", "value": "maybe"}),
            "true or false",
        ),
        (json!({"field": "name", "value": ["a"]}), "one plain value"),
        (
            json!({"field": "name", "operator": "in", "value": []}),
            "at least one value",
        ),
        (
            json!({"field": "name", "value": "x", "filters": [name]}),
            "stands beside",
        ),
        (json!({"filters": []}), "at least one filter"),
        (json!({"filters": vec![name.clone(); 16]}), "can hold 15"),
        (
            json!({"filters": [{"filters": [{"filters": [name]}]}]}),
            "too deep",
        ),
        (
            json!({"filters": [{"filters": [name], "match": "some"}]}),
            "all, any",
        ),
        (json!({"filters": ["x"]}), "must be an object"),
        (
            json!({"filters": [{"field": "name", "vlaue": "x"}]}),
            "filters[0].vlaue",
        ),
        (
            json!({"field": "name", "value": "x", "sort_by": "shoe"}),
            "sort_by",
        ),
    ] {
        let error = actor.error("contacts.filter", input.clone());
        assert_eq!(error.code(), "TL0702", "{input}");
        assert!(error.to_string().contains(said), "{input}: {error}");
    }
    let error = actor.error(
        "conversations.filter",
        json!({"field": "source.body", "operator": "contains", "value": "two words"}),
    );
    assert!(error.to_string().contains("one word"), "{error}");
    assert_eq!(actor.received(), Vec::<String>::new());
}
