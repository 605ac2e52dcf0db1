//! Notifications as a real receiver gets them: what they say, how they are signed, when they come.

mod happenings;
mod receiver;
mod sending;
mod shapes;
mod subscribing;
mod topics;

use serde_json::{Value, json};

use self::receiver::{Receiver, SECRET, signature};
use crate::harness::{NOW, Sim, id};

fn topics(received: &[receiver::Received]) -> Vec<String> {
    received.iter().map(receiver::Received::topic).collect()
}

#[test]
fn a_webhook_is_checked_and_pinged_when_it_is_set() {
    let (sim, receiver) = (Sim::new(), Receiver::new());
    let wanted =
        json!({ "url": receiver.url(), "client_secret": SECRET, "topics": ["contact.user.created"] });
    let made = sim.control("POST", "/webhooks", Some(&wanted)).json();
    assert_eq!(made["state"], "live", "{made}");
    assert!(made.get("client_secret").is_none(), "{made}");
    let came = receiver.requests(2);
    assert_eq!(came[0].method, "HEAD");
    let ping = came[1].json();
    assert_eq!(ping["topic"], "ping");
    assert_eq!(ping["id"], Value::Null);
    assert_eq!(ping["delivery_status"], Value::Null);
    assert_eq!(ping["data"]["item"]["type"], "ping");
}

#[test]
fn a_new_user_is_told_in_a_signed_envelope() {
    let (sim, receiver) = (Sim::new(), Receiver::new());
    receiver.subscribe(&sim, &json!({ "topics": ["contact.user.created"] }));
    let user = sim.user("Ada Green");
    let came = &receiver.events(1)[0];
    assert_eq!(came.header("user-agent"), "intercom-parrot-service-client/1.0");
    assert_eq!(came.header("accept"), "application/json");
    assert_eq!(came.header("content-type"), "application/json");
    assert_eq!(came.header("x-hub-signature"), signature(SECRET, &came.body));
    let told = came.json();
    assert_eq!(told["type"], "notification_event");
    assert_eq!(told["app_id"], sim.get("/me")["app"]["id_code"]);
    assert_eq!(told["data"]["type"], "notification_event_data");
    assert_eq!(told["links"], json!({}));
    assert_eq!(told["delivery_status"], "pending");
    assert_eq!(told["delivery_attempts"], 1);
    assert_eq!(told["delivered_at"], 0);
    assert_eq!(
        (&told["first_sent_at"], &told["created_at"]),
        (&json!(NOW), &json!(NOW))
    );
    assert_eq!(told["self"], Value::Null);
    let number = told["id"].as_str().unwrap().strip_prefix("notif_").unwrap();
    assert_eq!(
        number.split('-').map(str::len).collect::<Vec<_>>(),
        [8, 4, 4, 4, 12]
    );
    let item = &told["data"]["item"];
    assert_eq!(id(item), id(&user));
    assert_eq!(item["email"], "ada.green@people.example");
    assert_eq!(item["created_at"], "2026-11-20T12:00:00.000+00:00");
}

#[test]
fn only_topics_that_somebody_subscribed_to_are_told() {
    let (sim, receiver) = (Sim::new(), Receiver::new());
    let webhook = receiver.subscribe(
        &sim,
        &json!({ "topics": ["contact.lead.created", "contact.deleted"] }),
    );
    let user = sim.user("Ada Green");
    let lead = sim.lead("Bo");
    sim.delete(&format!("/contacts/{}", id(&user)));
    let came = receiver.drain(&sim, webhook);
    assert_eq!(topics(&came), ["contact.lead.created", "contact.deleted"]);
    assert_eq!(came[0].subject(), id(&lead));
    assert_eq!(came[1].subject(), id(&user));
}
