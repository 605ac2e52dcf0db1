//! What a contact is a member of: segments, subscriptions, and lists longer than ten.

use serde_json::{Value, json};

use crate::harness::{Sim, id, ids, small};

#[test]
fn lists_inside_a_contact_stop_at_ten_and_are_whole_at_their_own_address() {
    let sim = Sim::start(trunkline_simulator::Options {
        contacts: 2_000,
        ..small()
    });
    for (list, path) in [("tags", "tags"), ("companies", "companies")] {
        let contact = sim
            .truth("contacts")
            .into_iter()
            .find(|contact| contact[list]["has_more"] == true)
            .unwrap();
        let total = contact[list]["total_count"].as_u64().unwrap();
        assert_eq!(ids(&contact[list]["data"]).len(), 10, "{list}");
        assert!(total > 10, "{list}");
        let whole = sim.get(&format!(
            "{}?per_page=150",
            contact[list]["url"].as_str().unwrap()
        ));
        assert_eq!(ids(&whole["data"]).len() as u64, total, "{list}");
        sim.habit("ten_items", false);
        let shown = sim.get(&format!("/contacts/{}", id(&contact)));
        assert_eq!(ids(&shown[path]["data"]).len() as u64, total, "{list}");
        assert_eq!(shown[path]["has_more"], false);
        sim.habit("ten_items", true);
    }
}

#[test]
fn notes_are_listed_newest_first_as_html() {
    let sim = Sim::new();
    let contact = id(&sim.user("Noted One"));
    let path = format!("/contacts/{contact}/notes");
    let first = sim.post(&path, &json!({ "body": "first", "admin_id": sim.admin() }));
    sim.advance(1);
    let second = sim.post(&path, &json!({ "body": "<p>second</p>" }));
    assert_eq!(
        (&first["body"], &second["body"]),
        (&json!("<p>first</p>"), &json!("<p>second</p>"))
    );
    assert_eq!(first["contact"]["id"], contact);
    assert_eq!(ids(&sim.get(&path)["data"]), [id(&second), id(&first)]);
    assert_eq!(id(&sim.get(&format!("/notes/{}", id(&first)))), id(&first));
    assert_eq!(
        sim.get(&format!("/contacts/{contact}"))["notes"]["total_count"],
        2
    );
    assert_eq!(
        sim.send("POST", &path, &json!({})).refusal(),
        (400, "parameter_not_found".to_owned())
    );
    assert_eq!(
        sim.send("POST", &path, &json!({ "body": "x", "admin_id": "5" }))
            .refusal(),
        (404, "admin_not_found".to_owned())
    );
    assert_eq!(sim.try_get("/notes/1").refusal().0, 404);
}

#[test]
fn segments_are_counted_and_hold_those_who_fit() {
    let sim = Sim::new();
    let segments = sim.get("/segments?include_count=true");
    assert_eq!(segments["type"], "segment.list");
    let pairs = sim.truth("contact_segments");
    let companies = sim.truth("companies");
    for segment in segments["segments"].as_array().unwrap() {
        let people = pairs
            .iter()
            .filter(|pair| pair["segment_id"] == segment["id"])
            .count();
        assert_eq!(segment["count"], people, "{segment}");
        let of_companies = companies
            .iter()
            .filter(|company| ids(&company["segments"]["segments"]).contains(&id(segment)))
            .count();
        assert!(people + of_companies > 0, "{segment}");
        let one = sim.get(&format!("/segments/{}", id(segment)));
        assert_eq!((&one["name"], one.get("count")), (&segment["name"], None));
    }
    let pair = &pairs[0];
    let of_contact = sim.get(&format!(
        "/contacts/{}/segments",
        pair["contact_id"].as_str().unwrap()
    ));
    assert!(ids(&of_contact["data"]).contains(&pair["segment_id"].as_str().unwrap().to_owned()));
    assert_eq!(
        sim.try_get("/segments/none").refusal(),
        (404, "not_found".to_owned())
    );
}

#[test]
fn a_segments_members_can_be_searched() {
    let sim = Sim::new();
    let pairs = sim.truth("contact_segments");
    let segment = &pairs[0]["segment_id"];
    let query = json!({ "field": "segment_id", "operator": "=", "value": segment });
    let mut found = sim.found("2.16", "/contacts/search", "data", &query);
    let mut expected: Vec<String> = pairs
        .iter()
        .filter(|pair| pair["segment_id"] == *segment)
        .map(|pair| pair["contact_id"].as_str().unwrap().to_owned())
        .collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn consent_is_given_and_taken_back() {
    let sim = Sim::new();
    let contact = id(&sim.user("Consenting One"));
    let path = format!("/contacts/{contact}/subscriptions");
    let types = sim.get("/subscription_types")["data"].clone();
    let of = |consent: &str| {
        id(types
            .as_array()
            .unwrap()
            .iter()
            .find(|kind| kind["consent_type"] == consent)
            .unwrap())
    };
    let listed = || ids(&sim.get(&path)["data"]);
    let consent =
        |kind: &str, wanted: &str| sim.post(&path, &json!({ "id": of(kind), "consent_type": wanted }));
    assert_eq!(listed(), Vec::<String>::new());
    assert_eq!(id(&consent("opt_in", "opt_in")), of("opt_in"));
    assert_eq!(listed(), [of("opt_in")], "opted in to what needs consent");
    consent("opt_out", "opt_out");
    assert_eq!(listed().len(), 2, "opted out of what comes by itself");
    let shown = sim.get(&format!("/contacts/{contact}"));
    assert_eq!(ids(&shown["opted_in_subscription_types"]["data"]), [of("opt_in")]);
    assert_eq!(
        ids(&shown["opted_out_subscription_types"]["data"]),
        [of("opt_out")]
    );
    consent("opt_out", "opt_in");
    assert_eq!(listed(), [of("opt_in")]);
    sim.delete(&format!("{path}/{}", of("opt_in")));
    assert_eq!(listed(), Vec::<String>::new());
    for (body, status) in [
        (json!({ "id": "1", "consent_type": "opt_in" }), 404),
        (json!({ "id": of("opt_in") }), 400),
        (
            json!({ "id": of("opt_in"), "consent_type": Value::from("maybe") }),
            400,
        ),
    ] {
        assert_eq!(sim.send("POST", &path, &body).refusal().0, status, "{body}");
    }
}
