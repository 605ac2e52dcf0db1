//! Data events: told, counted, listed.

use serde_json::{Value, json};

use crate::harness::{NOW, Sim, id};

#[test]
fn an_event_is_accepted_and_listed_once() {
    let sim = Sim::new();
    let contact = id(&sim.user("Eve Ent"));
    for named in [
        json!({ "id": contact }),
        json!({ "user_id": "own-eve.ent" }),
        json!({ "email": "eve.ent@people.example" }),
    ] {
        let mut body = json!({ "event_name": "ordered", "created_at": NOW - 60, "metadata": { "price": { "amount": 100, "currency": "eur" } } });
        body.as_object_mut()
            .unwrap()
            .extend(named.as_object().unwrap().clone());
        let got = sim.send("POST", "/events", &body);
        assert_eq!((got.status, got.text.as_str()), (202, ""), "{named}");
    }
    let listed = sim.get(&format!("/events?type=user&intercom_user_id={contact}"));
    assert_eq!(
        (&listed["type"], listed["events"].as_array().unwrap().len()),
        (&json!("event.list"), 1),
        "repeated events are ignored"
    );
    let event = &listed["events"][0];
    assert_eq!(
        (
            &event["event_name"],
            &event["created_at"],
            &event["intercom_user_id"]
        ),
        (&json!("ordered"), &json!(NOW - 60), &json!(contact))
    );
    assert_eq!(event["metadata"]["price"]["amount"], 100);
}

#[test]
fn an_event_keeps_ten_keys() {
    let sim = Sim::new();
    let contact = id(&sim.user("Eve Ent"));
    let metadata: serde_json::Map<String, Value> = (0..12)
        .map(|number| (format!("k{number:02}"), json!(number)))
        .collect();
    sim.send(
        "POST",
        "/events",
        &json!({ "event_name": "much", "created_at": NOW, "id": contact, "metadata": metadata }),
    );
    let listed = sim.get(&format!("/events?type=user&intercom_user_id={contact}"));
    assert_eq!(listed["events"][0]["metadata"].as_object().unwrap().len(), 10);
}

#[test]
fn pages_follow_their_next_address_and_old_events_are_not_given_out() {
    let sim = Sim::new();
    let contact = id(&sim.user("Eve Ent"));
    for number in 0..7 {
        sim.send(
            "POST",
            "/events",
            &json!({ "event_name": "tick", "created_at": NOW - number * 100, "id": contact }),
        );
    }
    sim.send(
        "POST",
        "/events",
        &json!({ "event_name": "tick", "created_at": NOW - 91 * 86_400, "id": contact }),
    );
    let mut path = format!("/events?type=user&intercom_user_id={contact}&per_page=3");
    let mut moments = Vec::new();
    loop {
        let page = sim.get(&path);
        moments.extend(
            page["events"]
                .as_array()
                .unwrap()
                .iter()
                .map(|event| event["created_at"].as_i64().unwrap()),
        );
        let Some(next) = page["pages"]["next"].as_str() else {
            break;
        };
        path = next[next.find("/events").unwrap()..].to_owned();
    }
    assert_eq!(
        moments,
        (0..7).map(|number| NOW - number * 100).collect::<Vec<_>>()
    );
}

#[test]
fn a_summary_counts_by_name() {
    let sim = Sim::new();
    let contact = id(&sim.user("Eve Ent"));
    for number in 0..3 {
        sim.send(
            "POST",
            "/events",
            &json!({ "event_name": "tick", "created_at": NOW - number, "id": contact }),
        );
    }
    let summary = sim.get(&format!(
        "/events?type=user&intercom_user_id={contact}&summary=true"
    ));
    assert_eq!(summary["type"], "event.summary");
    assert_eq!(
        (&summary["events"][0]["name"], &summary["events"][0]["count"]),
        (&json!("tick"), &json!(3))
    );
    assert!(
        summary["events"][0]["first"]
            .as_str()
            .unwrap()
            .starts_with("2026-11-20T11:59:58")
    );
    let got = sim.send("POST", "/events/summaries", &json!({ "user_id": "own-eve.ent", "event_summaries": { "event_name": "tock", "count": 4, "first": NOW - 9, "last": NOW } }));
    assert_eq!((got.status, got.text.as_str()), (200, ""));
    let all = sim.get(&format!(
        "/events?type=user&intercom_user_id={contact}&summary=true"
    ));
    let told = all["events"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "tock");
    assert_eq!(told.unwrap()["count"], 4);
}

#[test]
fn events_of_nobody_are_refused() {
    let sim = Sim::new();
    let contact = id(&sim.user("Eve Ent"));
    for (body, status) in [
        (json!({ "event_name": "x", "created_at": NOW }), 400),
        (
            json!({ "event_name": "x", "created_at": NOW, "email": "nobody@people.example" }),
            404,
        ),
        (json!({ "created_at": NOW, "id": contact }), 400),
        (
            json!({ "event_name": "x", "created_at": "now", "id": contact }),
            400,
        ),
    ] {
        assert_eq!(sim.send("POST", "/events", &body).refusal().0, status, "{body}");
    }
    assert_eq!(
        sim.try_get("/events?type=user&email=nobody@people.example")
            .refusal()
            .0,
        404
    );
    assert_eq!(
        sim.try_get("/events?type=company&email=a@b.example").refusal().0,
        400
    );
}
