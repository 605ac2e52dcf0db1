//! What becomes of notifications: retries, throttles, pauses, and what goes wrong on purpose.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Receiver, receiver::PATIENCE, topics};
use crate::harness::{NOW, Sim, id};

fn deliveries(sim: &Sim, since: u64) -> Vec<Value> {
    let got = sim.control("GET", &format!("/deliveries?since={since}"), None);
    got.text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn state(sim: &Sim, webhook: u64) -> Value {
    sim.control("GET", &format!("/webhooks/{webhook}"), None).json()
}

/// Waits until something holds for the webhook.
#[track_caller]
fn until(sim: &Sim, webhook: u64, done: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let shown = state(sim, webhook);
        if done(&shown) {
            return shown;
        }
        assert!(began.elapsed() < PATIENCE, "it never came to that: {shown}");
    }
}

#[test]
fn a_failed_notification_is_sent_once_more_after_a_minute_and_then_dropped() {
    for (answers, delivered, attempts) in [
        ([500, 200].as_slice(), 1, 2),
        (&[404, 503], 0, 2),
        (&[302, 204], 1, 2),
        (&[201], 1, 1),
    ] {
        let (sim, receiver) = (Sim::new(), Receiver::new());
        let webhook = receiver.subscribe(&sim, &json!({ "topics": ["contact.user.created"] }));
        let before = state(&sim, webhook)["counts"]["delivered"].as_u64().unwrap();
        receiver.answer_next(answers);
        sim.user("A");
        receiver.events(1);
        if attempts == 2 {
            until(&sim, webhook, |shown| shown["counts"]["retried"] == 1);
            sim.advance(59);
            assert_eq!(receiver.events(1).len(), 1, "{answers:?}");
            sim.advance(1);
        }
        let came = receiver.events(attempts);
        let shown = until(&sim, webhook, |shown| {
            shown["waiting"] == 0
                && shown["counts"]["delivered"].as_u64().unwrap()
                    + shown["counts"]["dropped"].as_u64().unwrap()
                    == before + 1
        });
        assert_eq!(shown["counts"]["delivered"], before + delivered, "{answers:?}");
        let told: Vec<Value> = came.iter().map(super::receiver::Received::json).collect();
        assert!(told.iter().all(|one| one["id"] == told[0]["id"]));
        if attempts == 2 {
            assert_eq!(told[1]["delivery_attempts"], 2);
            assert_eq!(told[1]["first_sent_at"], NOW);
            assert_ne!(
                came[0].header("x-hub-signature"),
                came[1].header("x-hub-signature")
            );
        }
        sim.advance(600);
        assert_eq!(receiver.drain(&sim, webhook).len(), attempts, "{answers:?}");
    }
}

#[test]
fn every_attempt_is_shown_with_what_came_of_it() {
    let (sim, receiver) = (Sim::new(), Receiver::new());
    let webhook = receiver.subscribe(&sim, &json!({ "topics": ["contact.user.created"] }));
    until(&sim, webhook, |shown| shown["counts"]["delivered"] == 1);
    let seen = deliveries(&sim, 0).len() as u64;
    receiver.answer_next(&[500]);
    sim.user("A");
    until(&sim, webhook, |shown| shown["counts"]["retried"] == 1);
    sim.advance(60);
    until(&sim, webhook, |shown| shown["counts"]["delivered"] == 2);
    let (came, shown) = (receiver.events(2), deliveries(&sim, seen));
    assert_eq!(shown.len(), 2);
    for (place, (attempt, received)) in shown.iter().zip(&came).enumerate() {
        assert_eq!(attempt["number"], seen + place as u64 + 1);
        assert_eq!(attempt["webhook"], webhook);
        assert_eq!(attempt["topic"], "contact.user.created");
        assert_eq!(attempt["attempt"], place + 1);
        assert_eq!(attempt["status"], [500, 200][place]);
        assert_eq!(attempt["signature"], received.header("x-hub-signature"));
        assert_eq!(attempt["body"], received.json());
        assert_eq!(attempt["notification"], received.json()["id"]);
        assert!(attempt["milliseconds"].is_u64());
    }
    sim.control("DELETE", "/deliveries", None);
    assert!(deliveries(&sim, 0).is_empty());
}

#[test]
fn who_does_not_answer_in_time_has_failed() {
    let sim = Sim::new();
    // A socket that takes connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let wanted = json!({ "url": url, "check": false, "timeout_ms": 50 });
    let made = sim.control("POST", "/webhooks", Some(&wanted)).json();
    let webhook = made["id"].as_u64().unwrap();
    until(&sim, webhook, |shown| shown["counts"]["retried"] == 1);
    let attempt = &deliveries(&sim, 0)[0];
    assert_eq!(attempt["error"], "no answer in time");
    assert_eq!(attempt["status"], Value::Null);
}

#[test]
fn gone_disables_until_it_is_enabled_again() {
    let (sim, receiver) = (Sim::new(), Receiver::new());
    let webhook = receiver.subscribe(&sim, &json!({ "topics": ["contact.user.created"] }));
    receiver.answer_next(&[410]);
    sim.user("A");
    until(&sim, webhook, |shown| shown["state"] == "disabled");
    sim.user("B");
    let path = format!("/_sim/webhooks/{webhook}/ping");
    assert_eq!(sim.raw("POST", &path, &[], "").status, 409);
    sim.advance(90_000);
    sim.control("POST", &format!("/webhooks/{webhook}/enable"), None);
    let last = sim.user("C");
    let came = receiver.drain(&sim, webhook);
    assert_eq!(came.len(), 2, "{:?}", topics(&came));
    assert_eq!(came[1].subject(), id(&last));
}

#[test]
fn too_many_throttles_longer_each_time_and_keeps_what_is_not_too_old() {
    let (sim, receiver) = (Sim::new(), Receiver::new());
    let webhook = receiver.subscribe(&sim, &json!({ "topics": ["contact.user.created"] }));
    receiver.answer_next(&[429, 429]);
    sim.user("A");
    let shown = until(&sim, webhook, |shown| shown["throttled_until"].is_i64());
    assert_eq!(shown["throttled_until"], NOW + 60);
    sim.user("B");
    sim.advance(59);
    assert_eq!(receiver.events(1).len(), 1);
    sim.advance(1);
    let shown = until(&sim, webhook, |shown| shown["throttled_until"] == NOW + 60 + 120);
    assert_eq!(shown["waiting"], 2);
    sim.advance(120);
    let shown = until(&sim, webhook, |shown| {
        shown["waiting"] == 0 && shown["counts"]["delivered"] == 3
    });
    assert_eq!(shown["throttled_until"], Value::Null);
    assert_eq!(receiver.drain(&sim, webhook).len(), 4);

    receiver.answer_next(&[429]);
    sim.user("C");
    until(&sim, webhook, |shown| shown["throttled_until"].is_i64());
    sim.advance(7_201);
    let shown = until(&sim, webhook, |shown| shown["waiting"] == 0);
    assert_eq!(shown["counts"]["dropped"], 1);
}

#[test]
fn a_thousand_errors_in_a_row_pause_for_a_quarter_of_an_hour() {
    let (sim, receiver) = (Sim::new(), Receiver::new());
    let webhook = receiver.subscribe(&sim, &json!({ "topics": ["contact.user.created"] }));
    receiver.answer_always(500);
    for name in 0..501 {
        sim.post(
            "/contacts",
            &json!({ "role": "user", "external_id": format!("many-{name}") }),
        );
    }
    until(&sim, webhook, |shown| shown["counts"]["retried"] == 501);
    sim.advance(60);
    let shown = until(&sim, webhook, |shown| shown["state"] == "paused");
    assert_eq!(shown["until"], NOW + 60 + 900);
    receiver.answer_always(200);
    sim.user("Dropped");
    sim.advance(900);
    let last = sim.user("Kept");
    let came = receiver.drain(&sim, webhook);
    assert_eq!(came.last().unwrap().subject(), id(&last));
    assert_eq!(state(&sim, webhook)["state"], "live");
}

#[test]
fn every_third_notification_comes_twice_with_the_same_id() {
    let (sim, receiver) = (Sim::new(), Receiver::new());
    // The ping is the first of them.
    let settings = json!({ "topics": ["contact.user.created"], "duplicate_every": 3 });
    let webhook = receiver.subscribe(&sim, &settings);
    for name in ["A", "B", "C", "D", "E"] {
        sim.user(name);
    }
    let ids: Vec<Value> = receiver
        .drain(&sim, webhook)
        .iter()
        .map(|one| one.json()["id"].clone())
        .collect();
    assert_eq!(ids.len(), 7);
    assert_eq!((&ids[1], &ids[5]), (&ids[2], &ids[6]));
    assert_eq!(ids.iter().map(Value::to_string).collect::<BTreeSet<_>>().len(), 5);
}

#[test]
fn reordered_notifications_all_come_and_none_is_later_than_it_may() {
    let (sim, receiver) = (Sim::new(), Receiver::new());
    let settings = json!({ "topics": ["contact.user.created", "contact.lead.created"], "reorder": 4 });
    receiver.subscribe(&sim, &settings);
    let made: Vec<String> = (0..40)
        .map(|number| {
            id(&sim.post(
                "/contacts",
                &json!({ "role": "user", "external_id": format!("r-{number}") }),
            ))
        })
        .collect();
    let came: Vec<String> = receiver
        .events(40)
        .iter()
        .map(super::receiver::Received::subject)
        .collect();
    assert_ne!(came, made);
    assert_eq!(
        came.iter().collect::<BTreeSet<_>>(),
        made.iter().collect::<BTreeSet<_>>()
    );
}

#[test]
fn lost_notifications_never_come_and_are_counted() {
    let (sim, receiver) = (Sim::new(), Receiver::new());
    let webhook = receiver.subscribe(&sim, &json!({ "topics": ["contact.user.created"], "lost": 0.5 }));
    for number in 0..60 {
        sim.post(
            "/contacts",
            &json!({ "role": "user", "external_id": format!("l-{number}") }),
        );
    }
    let came = receiver.drain(&sim, webhook).len() as u64;
    let lost = state(&sim, webhook)["counts"]["lost"].as_u64().unwrap();
    assert_eq!(came + lost, 60);
    assert!((15..46).contains(&lost), "{lost}");
}

#[test]
fn the_same_seed_tells_the_same_notifications() {
    let run = || {
        let (sim, receiver) = (Sim::new(), Receiver::new());
        let settings = json!({ "topics": ["*"], "lost": 0.2, "duplicates": 0.2 });
        let webhook = receiver.subscribe(&sim, &settings);
        sim.control("POST", "/activity", Some(&json!({ "steps": 80 })));
        receiver
            .drain(&sim, webhook)
            .iter()
            .map(|one| one.json()["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}
