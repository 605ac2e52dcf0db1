//! Many contacts in one call, each with its outcome, by jobs or one by one.

use serde_json::{Value, json};
use trunkline_catalog::Version;

use super::Actor;

#[test]
fn many_contacts_are_made_and_changed_each_with_its_outcome() {
    for version in [Version::V2_12, Version::V2_16, Version::Preview] {
        let actor = Actor::moving(version);
        let held = actor.truth("/contacts?per_page=20");
        let held: Vec<Value> = held["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["role"] == "user")
            .cloned()
            .collect();
        assert!(held.len() > 3, "{version}");
        let mut rows: Vec<Value> = (0..8)
            .map(|number| json!({"external_id": format!("bulk-{number}"), "name": format!("Bulk {number}")}))
            .collect();
        rows.push(json!({"external_id": held[0]["external_id"], "name": "By own id"}));
        rows.push(json!({"email": held[1]["email"], "name": "By address"}));
        rows.push(json!({"contact_id": held[2]["id"], "name": "By id"}));
        rows.push(
            json!({"external_id": held[3]["external_id"], "name": "Seen", "update_last_seen_at": true}),
        );
        // Twice the same person: one after the other.
        rows.push(json!({"external_id": "bulk-0", "name": "Bulk again"}));
        actor.received();
        let outcomes = actor.output("contacts.bulk_upsert", json!({"rows": rows}));
        let outcomes = outcomes.as_array().unwrap();
        let words: Vec<&str> = outcomes
            .iter()
            .map(|one| one["outcome"].as_str().unwrap())
            .collect();
        assert_eq!(words[..8], ["created"; 8], "{version}: {outcomes:?}");
        assert_eq!(words[8..], ["updated"; 5], "{version}: {outcomes:?}");
        for (number, outcome) in outcomes.iter().enumerate() {
            assert_eq!(outcome["row"], number);
        }
        let received = actor.received();
        let is_job = received.iter().any(|one| one == "POST /contacts/bulk");
        assert_eq!(is_job, version == Version::Preview, "{version}");
        for (place, name) in [(0, "By own id"), (1, "By address"), (2, "By id"), (3, "Seen")] {
            let now = actor.truth(&format!("/contacts/{}", held[place]["id"].as_str().unwrap()));
            assert_eq!(now["name"], name, "{version}");
        }
        let all = actor.simulator.truth("contacts", "2.16");
        for number in 0..8 {
            let own = format!("bulk-{number}");
            let mut named = all.iter().filter(|one| one["external_id"] == own.as_str());
            let one = named
                .next()
                .unwrap_or_else(|| panic!("{version}: {own} is missing"));
            let name = if number == 0 {
                "Bulk again".to_owned()
            } else {
                format!("Bulk {number}")
            };
            assert_eq!(one["name"], name.as_str(), "{version}");
            assert!(named.next().is_none(), "{version}: {own} stands twice");
        }
    }
}

#[test]
fn a_row_that_fails_tells_why_and_keeps_nobody_else() {
    for version in [Version::V2_16, Version::Preview] {
        let actor = Actor::moving(version);
        let rows = json!([
            {"external_id": "good-1", "name": "Good"},
            {"external_id": "bad", "name": "x".repeat(300)},
            {"external_id": "good-2", "custom_attributes": {"Nowhere": 1}, "unknown_attributes": "leave_out"},
            {"contact_id": "0123", "name": "Nobody"},
            {"external_id": "good-3"},
        ]);
        let outcomes = actor.output("contacts.bulk_upsert", json!({"rows": rows}));
        let words: Vec<&str> = outcomes
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["outcome"].as_str().unwrap())
            .collect();
        assert_eq!(
            words,
            ["created", "failed", "created", "failed", "created"],
            "{version}: {outcomes}"
        );
        assert_eq!(outcomes[1]["error"]["code"], "TL0108", "{version}: {outcomes}");
        assert_eq!(outcomes[3]["error"]["code"], "TL0730", "{version}: {outcomes}");
        let all = actor.simulator.truth("contacts", "2.16");
        for (own, times) in [("good-1", 1), ("good-2", 1), ("good-3", 1), ("bad", 0)] {
            let found = all.iter().filter(|one| one["external_id"] == own).count();
            assert_eq!(found, times, "{version} {own}");
        }
    }
}

#[test]
fn rows_are_checked_all_together_before_the_first() {
    for version in [Version::V2_16, Version::Preview] {
        let actor = Actor::at(version);
        actor.received();
        for (rows, said) in [
            (json!([]), "at least one row"),
            (json!("x"), "rows"),
            (json!([{"external_id": "a"}, {"nmae": "b"}]), "rows[1].nmae"),
            (json!([{"external_id": "a", "role": "boss"}]), "rows[0].role"),
            (json!([{"external_id": "a"}, 3]), "rows[1]"),
            (json!([{"path": {}, "payload": {}}]), "rows[0]"),
        ] {
            let error = actor.error("contacts.bulk_upsert", json!({"rows": rows}));
            assert_eq!(error.code(), "TL0702", "{rows}");
            assert!(error.to_string().contains(said), "{rows}: {error}");
        }
        assert_eq!(actor.received(), Vec::<String>::new());
    }
}

#[test]
fn a_plan_of_many_rows_sends_nothing() {
    for (version, operation) in [
        (Version::V2_16, "contacts.create"),
        (Version::Preview, "contacts.bulk_create"),
    ] {
        let actor = Actor::at(version);
        let before = actor.simulator.counts();
        let plan = actor.plan(
            "contacts.bulk_upsert",
            json!({"rows": [{"external_id": "p-1"}, {"external_id": "p-2"}]}),
        );
        assert_eq!(plan.writes[0].operation, operation);
        assert_eq!(actor.simulator.counts(), before);
    }
}
