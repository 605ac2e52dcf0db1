//! What puts a write back, carried out: afterwards the workspace is as it was.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use trunkline_actions::{Begun, Inverse, Journal, JournalFuture, KeptWrite, NewRun, RunEnd, WriteEnd};
use trunkline_catalog::Version;

use super::Actor;
use crate::harness::small;

/// A journal that keeps what puts the writes back.
#[derive(Debug, Default)]
struct Kept(Mutex<Vec<Inverse>>);

impl Journal for Kept {
    fn begin(&self, _: NewRun) -> JournalFuture<'_, Begun> {
        Box::pin(async { Ok(Begun::New("run".to_owned())) })
    }

    fn sending<'a>(&'a self, _: &'a str, write: KeptWrite) -> JournalFuture<'a, u32> {
        Box::pin(async move { Ok(write.seq) })
    }

    fn ended<'a>(&'a self, _: &'a str, _: u32, end: WriteEnd) -> JournalFuture<'a, ()> {
        self.0.lock().unwrap().extend(end.inverse);
        Box::pin(async { Ok(()) })
    }

    fn finish<'a>(&'a self, _: &'a str, _: RunEnd, _: Timestamp) -> JournalFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn writes<'a>(&'a self, _: &'a str) -> JournalFuture<'a, Option<Vec<KeptWrite>>> {
        Box::pin(async { Ok(None) })
    }

    fn forget<'a>(&'a self, _: &'a str) -> JournalFuture<'a, u64> {
        Box::pin(async { Ok(0) })
    }
}

/// Puts the last run's writes back, last first.
fn put_back(actor: &Actor, kept: &Kept) {
    let all: Vec<Inverse> = kept.0.lock().unwrap().drain(..).collect();
    assert!(!all.is_empty());
    for inverse in all.into_iter().rev() {
        match inverse {
            Inverse::Call {
                operation,
                path,
                payload,
            } => {
                let path: Map<String, Value> = path
                    .into_iter()
                    .map(|(name, value)| (name, Value::String(value)))
                    .collect();
                let mut input = json!({ "path": path });
                if let Some(payload) = payload {
                    input["payload"] = payload;
                }
                actor.output(&operation, input);
            }
            Inverse::Nothing => {}
            Inverse::Cannot(reason) => panic!("{reason}"),
        }
    }
    kept.0.lock().unwrap().clear();
}

#[test]
fn what_modules_write_can_be_put_back() {
    let kept = Arc::new(Kept::default());
    let actor = Actor::start(small(), Version::DEFAULT, kept.clone());
    let contact = actor.made_contact(&json!({"role": "user", "external_id": "undone"}));
    let company = actor.first("/companies");
    let id = company["id"].as_str().unwrap().to_owned();
    let kind = actor.first("/subscription_types")["id"].clone();
    actor.output(
        "data_attributes.save",
        json!({"model": "contact", "name": "Undone", "options": ["a", "b"]}),
    );
    kept.0.lock().unwrap().clear();
    let look = || {
        let mut company = actor.truth(&format!("/companies/{id}"));
        for passing in ["updated_at", "last_request_at"] {
            company.as_object_mut().unwrap().remove(passing);
        }
        let attributes = actor.truth("/data_attributes?model=contact&include_archived=true");
        let options: Vec<Value> = attributes["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| json!([one["name"], one["options"], one["description"]]))
            .filter(|one| one[0] == "Undone")
            .collect();
        json!([
            company,
            actor.truth(&format!("/contacts/{contact}/companies"))["data"],
            actor.truth(&format!("/contacts/{contact}/subscriptions"))["data"],
            options,
        ])
    };
    let own = &company["company_id"];
    for (action, input) in [
        (
            "contacts.attach_company",
            json!({"contact_id": contact, "company_id": id}),
        ),
        (
            "companies.attach_to_contact",
            json!({"path": {"id": contact}, "payload": {"id": id}}),
        ),
        (
            "contacts.attach_subscription",
            json!({"contact_id": contact, "subscription_id": kind}),
        ),
        (
            "companies.upsert",
            json!({"company_id": own, "name": "Other", "plan": "Other", "size": 3, "monthly_spend": 4}),
        ),
        (
            "companies.upsert",
            json!({"company_id": own, "attach_contacts": [contact]}),
        ),
        (
            "companies.tag",
            json!({"company_ids": [id], "tag_name": "Undone"}),
        ),
        (
            "data_attributes.save",
            json!({"model": "contact", "name": "Undone", "options": ["c"], "description": "x"}),
        ),
    ] {
        let before = look();
        actor.output(action, input.clone());
        assert_ne!(look(), before, "{action} {input} did nothing");
        put_back(&actor, &kept);
        assert_eq!(look(), before, "{action} {input}");
    }
}

#[test]
fn what_is_made_is_removed_again_or_put_away() {
    let kept = Arc::new(Kept::default());
    let actor = Actor::start(small(), Version::DEFAULT, kept.clone());
    actor.output("companies.upsert", json!({"company_id": "made-and-undone"}));
    put_back(&actor, &kept);
    let (status, _) = actor
        .simulator
        .api("GET", "/companies?company_id=made-and-undone", None);
    assert_eq!(status, 404);
    let made = actor.output(
        "data_attributes.save",
        json!({"model": "contact", "name": "Short", "data_type": "date"}),
    );
    put_back(&actor, &kept);
    let all = actor.truth("/data_attributes?model=contact&include_archived=true");
    let all = all["data"].as_array().unwrap();
    let now = all.iter().find(|one| one["id"] == made["id"]).unwrap();
    assert_eq!(now["archived"], true);
}
