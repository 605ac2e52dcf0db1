//! Runs that were cut between sending and answer: each is called again with its key, and nothing is done twice.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trunkline_actions::{ActionError, CallOptions, KeptWrite, NewRun, Outcome, WriteState};
use trunkline_catalog::Version;
use trunkline_client::{Clock as _, ManualClock};

use super::{Actor, memory::MemoryJournal};
use crate::harness::small;

/// An actor whose clock shows the simulated workspace's time, and whose journal is at hand.
struct Scene {
    actor: Actor,
    journal: Arc<MemoryJournal>,
    clock: Arc<ManualClock>,
}

impl Scene {
    fn new() -> Self {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let journal = Arc::new(MemoryJournal::default());
        let clock = Arc::new(ManualClock::new(now));
        let actor = Actor::with_clock(
            small(),
            Version::DEFAULT,
            Arc::clone(&journal) as _,
            Arc::clone(&clock) as _,
        );
        Self {
            actor,
            journal,
            clock,
        }
    }

    fn call(&self, key: &str, id: &str, input: &Value) -> Result<Outcome, ActionError> {
        let options = CallOptions {
            key: Some(key.to_owned()),
            ..CallOptions::default()
        };
        self.actor.call_with(id, input.clone(), options)
    }

    /// Lets the answer to the next write of an operation get lost after, or before, it was carried out.
    fn lose(&self, operation: &str, is_applied: bool) {
        self.actor
            .simulator
            .faults(&json!([{"operation": operation, "status": 502, "applied": is_applied}]));
    }

    /// Leaves a run with the key `k` as a process does that dies right before its one write, of the action itself unless told, is sent.
    fn begin_only(&self, action: &str, input: &Value, told: impl FnOnce(&mut KeptWrite)) {
        let at = self.clock.now();
        let mut write = KeptWrite {
            seq: 1,
            operation: action.to_owned(),
            path: Vec::new(),
            query: Vec::new(),
            payload: None,
            subject: None,
            before: None,
            after: None,
            inverse: None,
            state: WriteState::Sending,
            at,
        };
        told(&mut write);
        let run = NewRun {
            action: action.to_owned(),
            input: input.clone(),
            key: Some("k".to_owned()),
            undo_of: None,
            batch: None,
            by_whom: "test".to_owned(),
            at,
        };
        self.journal.begin_only(run, write);
    }

    fn wait(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
        self.actor.simulator.advance(seconds.unsigned_abs());
    }
}

/// How many things like the one that was made there are.
type Count = Box<dyn Fn(&Actor) -> usize>;

fn parts(id: &str, said: &'static str) -> Count {
    let id = id.to_owned();
    Box::new(move |actor| {
        let parts = actor.conversation(&id)["conversation_parts"]["conversation_parts"].clone();
        let all = parts.as_array().unwrap().iter();
        all.filter(|part| part.to_string().contains(said)).count()
    })
}

fn listed(path: String, said: &'static str) -> Count {
    Box::new(move |actor| {
        let list = actor.truth(&path)["data"].clone();
        let all = list.as_array().unwrap().iter();
        all.filter(|row| row.to_string().contains(said)).count()
    })
}

fn kept(stream: &'static str, said: &'static str) -> Count {
    Box::new(move |actor| {
        let all = actor.simulator.truth(stream, "2.16");
        all.iter().filter(|row| row.to_string().contains(said)).count()
    })
}

/// Actions whose one write is cut, with the operation of that write and what they make.
fn cases(actor: &Actor) -> Vec<(&'static str, Value, &'static str, Count)> {
    let (contact, id) = actor.begun();
    let admin = actor.teammate(0);
    let person = contact["id"].as_str().unwrap().to_owned();
    let ticket_types = actor.truth("/ticket_types")["data"].clone();
    let ticket_type = ticket_types
        .as_array()
        .unwrap()
        .iter()
        .find(|kind| kind["category"] == "Customer")
        .unwrap()["id"]
        .clone();
    let ticket = actor.simulator.truth("tickets", "2.16")[0]["id"].clone();
    let ticket_path = format!("/tickets/{}", ticket.as_str().unwrap());
    vec![
        (
            "conversations.answer",
            json!({"conversation_id": id, "admin_id": admin, "body": "Said once"}),
            "conversations.reply",
            parts(&id, "Said once"),
        ),
        (
            "conversations.answer",
            json!({"conversation_id": id, "as": "contact", "contact_id": person, "body": "Asked once"}),
            "conversations.reply",
            parts(&id, "Asked once"),
        ),
        (
            "conversations.answer",
            json!({"conversation_id": id, "admin_id": admin, "body": "Dated once", "created_at": "2026-01-05T10:00:00Z"}),
            "conversations.reply",
            parts(&id, "Dated once"),
        ),
        (
            "conversations.reply",
            json!({"id": id, "message_type": "note", "type": "admin", "admin_id": admin, "body": "Noted once"}),
            "conversations.reply",
            parts(&id, "Noted once"),
        ),
        (
            "conversations.close",
            json!({"conversation_id": id, "admin_id": admin, "body": "Closed once"}),
            "conversations.manage",
            parts(&id, "Closed once"),
        ),
        (
            "conversations.assign",
            json!({"conversation_id": id, "admin_id": admin, "assignee_id": actor.teammate(1), "note": "Given once"}),
            "conversations.manage",
            parts(&id, "Given once"),
        ),
        (
            "conversations.start",
            json!({"contact_id": person, "body": "Begun once"}),
            "conversations.create",
            kept("conversations", "Begun once"),
        ),
        (
            "messages.send",
            json!({"contact_id": person, "body": "Sent once", "create_conversation_without_contact_reply": true}),
            "messages.create",
            kept("conversations", "Sent once"),
        ),
        (
            "contacts.create_note",
            json!({"id": person, "admin_id": admin, "body": "Written once"}),
            "contacts.create_note",
            listed(format!("/contacts/{person}/notes"), "Written once"),
        ),
        (
            "contacts.create",
            json!({"external_id": "once-1", "name": "Made once"}),
            "contacts.create",
            kept("contacts", "once-1"),
        ),
        (
            "contacts.create",
            json!({"email": "once@guests.example", "role": "user"}),
            "contacts.create",
            kept("contacts", "once@guests.example"),
        ),
        (
            "tickets.create",
            json!({"ticket_type_id": ticket_type, "contacts": [{"id": person}], "ticket_attributes": {"_default_title_": "Opened once"}}),
            "tickets.create",
            kept("tickets", "Opened once"),
        ),
        (
            "tickets.create",
            json!({"ticket_type_id": ticket_type, "contacts": [{"email": contact["email"]}], "ticket_attributes": {"_default_title_": "Mailed once"}}),
            "tickets.create",
            kept("tickets", "Mailed once"),
        ),
        (
            "tickets.reply",
            json!({"id": ticket, "message_type": "note", "type": "admin", "admin_id": admin, "body": "Remarked once"}),
            "tickets.reply",
            Box::new(move |actor| {
                actor
                    .truth(&ticket_path)
                    .to_string()
                    .matches("Remarked once")
                    .count()
            }),
        ),
        (
            "articles.create",
            json!({"title": "Printed once", "author_id": admin}),
            "articles.create",
            listed("/articles?per_page=150".to_owned(), "Printed once"),
        ),
    ]
}

#[test]
fn a_write_whose_answer_was_lost_is_not_made_twice() {
    for number in 0..cases(&Scene::new().actor).len() {
        // The answer may be lost on the way, or with the process that waited for it.
        for dies in [false, true] {
            let scene = Scene::new();
            let (action, input, operation, count) = cases(&scene.actor).remove(number);
            if dies {
                scene.call("k", action, &input).unwrap();
                scene.journal.die();
            } else {
                scene.lose(operation, true);
                scene.call("k", action, &input).unwrap_err();
            }
            assert_eq!(count(&scene.actor), 1, "{action} {input}");
            let outcome = scene
                .call("k", action, &input)
                .unwrap_or_else(|error| panic!("{action} {input}: {} {error}", error.code()));
            assert_eq!(count(&scene.actor), 1, "{action} {input} {dies}");
            assert!(!outcome.output.is_null(), "{action} {input}");
            let writes = scene.journal.last_writes();
            assert!(
                writes
                    .iter()
                    .all(|write| write.state == WriteState::Done && write.inverse.is_some()),
                "{action}: {writes:?}"
            );
            let again = scene.call("k", action, &input).unwrap();
            assert!(again.repeated, "{action}");
            assert_eq!(again.output, outcome.output, "{action}");
        }
    }
}

#[test]
fn a_time_that_counts_from_now_counts_from_the_first_attempt() {
    let scene = Scene::new();
    let (_, id) = scene.actor.begun();
    let input = json!({
        "conversation_id": id, "admin_id": scene.actor.teammate(0), "body": "Dated from now", "created_at": "-1m",
    });
    scene.lose("conversations.reply", true);
    scene.call("k", "conversations.answer", &input).unwrap_err();
    scene.wait(90);
    scene.call("k", "conversations.answer", &input).unwrap();
    assert_eq!(parts(&id, "Dated from now")(&scene.actor), 1);
}

#[test]
fn a_write_that_may_be_repeated_is_repeated_and_still_put_back_to_what_was_first() {
    let scene = Scene::new();
    let contact = scene.actor.first("/contacts?per_page=1");
    let input = json!({"id": contact["id"], "name": "Renamed"});
    scene.call("k", "contacts.update", &input).unwrap();
    scene.journal.die();
    let outcome = scene.call("k", "contacts.update", &input).unwrap();
    let writes = scene.journal.last_writes();
    assert_eq!((writes.len(), writes[0].state), (1, WriteState::Done));
    scene.actor.output("runs.undo", json!({"run": outcome.run}));
    let path = format!("/contacts/{}", contact["id"].as_str().unwrap());
    assert_eq!(scene.actor.truth(&path)["name"], contact["name"]);
}

#[test]
fn a_write_that_never_arrived_is_made() {
    for number in 0..cases(&Scene::new().actor).len() {
        let scene = Scene::new();
        let (action, input, operation, count) = cases(&scene.actor).remove(number);
        scene.lose(operation, false);
        let error = scene.call("k", action, &input).unwrap_err();
        assert_eq!(count(&scene.actor), 0, "{action} {error}");
        scene.wait(600);
        scene
            .call("k", action, &input)
            .unwrap_or_else(|error| panic!("{action} {input}: {} {error}", error.code()));
        assert_eq!(count(&scene.actor), 1, "{action} {input}");
        let writes = scene.journal.last_writes();
        assert_eq!(writes.len(), 1, "{action}: it is the same write");
        assert_eq!(writes[0].state, WriteState::Done, "{action}");
    }
}

#[test]
fn what_searches_do_not_show_yet_stays_unknown_for_a_while() {
    let scene = Scene::new();
    let contact = scene.actor.first("/contacts?per_page=1");
    let input = json!({"contact_id": contact["id"], "body": "Perhaps"});
    scene.lose("conversations.create", false);
    scene.call("k", "conversations.start", &input).unwrap_err();
    let error = scene.call("k", "conversations.start", &input).unwrap_err();
    assert_eq!(error.code(), "TL0762", "{error}");
    assert!(error.to_string().contains("same key"), "{error}");
    scene.wait(120);
    scene.call("k", "conversations.start", &input).unwrap();
    assert_eq!(kept("conversations", "Perhaps")(&scene.actor), 1);
}

#[test]
fn what_nobody_can_tell_is_said_and_not_sent_again() {
    let scene = Scene::new();
    let contact = scene.actor.first("/contacts?per_page=1");
    for (number, (action, input, operation)) in [
        (
            "messages.send",
            json!({"contact_id": contact["id"], "body": "Quiet"}),
            "messages.create",
        ),
        ("contacts.create", json!({"role": "lead", "name": "Nameless"}), "contacts.create"),
        (
            "data_events.create_summary",
            json!({"user_id": contact["external_id"], "event_summaries": {"event_name": "bought", "count": 1, "first": 1_767_607_200, "last": 1_767_607_200}}),
            "data_events.create_summary",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let key = format!("k{number}");
        scene.lose(operation, true);
        scene.call(&key, action, &input).unwrap_err();
        scene.actor.received();
        scene.wait(600);
        let error = scene.call(&key, action, &input).unwrap_err();
        assert_eq!(error.code(), "TL0762", "{action}: {error}");
        let sent = scene.actor.received();
        assert!(sent.iter().all(|call| call.starts_with("GET ")), "{sent:?}");
    }
}

#[test]
fn a_lead_that_only_an_address_tells_apart_is_not_made_twice_while_the_search_lags() {
    let scene = Scene::new();
    for (action, email) in [
        ("contacts.create", "one@paper.example"),
        ("contacts.upsert", "two@paper.example"),
    ] {
        let input = json!({"role": "lead", "email": email});
        scene.lose("contacts.create", true);
        scene.call(action, action, &input).unwrap_err();
        let error = scene.call(action, action, &input).unwrap_err();
        assert_eq!(error.code(), "TL0762", "{action}: {error}");
        scene.wait(120);
        scene.call(action, action, &input).unwrap();
        assert_eq!(kept("contacts", email)(&scene.actor), 1, "{action}");
    }
}

#[test]
fn a_twin_from_before_is_not_taken_for_the_write() {
    let scene = Scene::new();
    let (_, id) = scene.actor.begun();
    let admin = scene.actor.teammate(0);
    let input = json!({"conversation_id": id, "admin_id": admin, "body": "Again"});
    scene.call("first", "conversations.answer", &input).unwrap();
    scene.lose("conversations.reply", false);
    scene.call("second", "conversations.answer", &input).unwrap_err();
    scene.call("second", "conversations.answer", &input).unwrap();
    assert_eq!(parts(&id, "Again")(&scene.actor), 2);

    // A contact who was there before is the reason of a refusal, not the write's own doing.
    let (_, old) = scene
        .actor
        .simulator
        .api("POST", "/contacts", Some(&json!({"external_id": "twin-1"})));
    assert!(old["id"].is_string());
    scene.wait(3600);
    let input = json!({"external_id": "twin-1", "name": "Second"});
    scene.lose("contacts.create", false);
    scene.call("third", "contacts.create", &input).unwrap_err();
    let error = scene.call("third", "contacts.create", &input).unwrap_err();
    assert!(error.to_string().contains("already exists"), "{error}");

    // Nor is one whom another call made a moment before: what this one brings would be lost.
    scene
        .call(
            "fourth",
            "contacts.create",
            &json!({"external_id": "twin-2", "name": "First"}),
        )
        .unwrap();
    let second = json!({"external_id": "twin-2", "name": "Second"});
    scene.lose("contacts.create", false);
    scene.call("fifth", "contacts.create", &second).unwrap_err();
    let error = scene.call("fifth", "contacts.create", &second).unwrap_err();
    assert!(error.to_string().contains("already exists"), "{error}");
}

#[test]
fn a_deletion_whose_answer_was_lost_is_seen_by_what_is_gone() {
    let scene = Scene::new();
    let (_, id) = scene.actor.begun();
    for is_applied in [true, false] {
        let key = format!("delete {is_applied}");
        let id = if is_applied {
            id.clone()
        } else {
            scene.actor.begun().1
        };
        let input = json!({"id": id});
        scene.lose("conversations.delete", is_applied);
        scene.call(&key, "conversations.delete", &input).unwrap_err();
        scene.call(&key, "conversations.delete", &input).unwrap();
        let (status, _) = scene
            .actor
            .simulator
            .api("GET", &format!("/conversations/{id}"), None);
        assert_eq!(status, 404, "{is_applied}");
    }
}

/// A scene with somebody whose external id is `leaving` and whom the search shows, and their id.
fn with_somebody() -> (Scene, String) {
    let scene = Scene::new();
    let person = scene
        .actor
        .made_contact(&json!({"role": "user", "external_id": "leaving"}));
    scene.wait(300);
    (scene, person)
}

#[test]
fn a_deletion_that_arrives_while_it_is_looked_for_is_seen() {
    let (scene, person) = with_somebody();
    let input = json!({"external_id": "leaving"});
    scene.begin_only("contacts.erase", &input, |write| {
        write.operation = "contacts.delete".to_owned();
        write.path = vec![("id".to_owned(), person.clone())];
        write.subject = Some(format!("contacts/{person}"));
    });
    let gone = scene
        .actor
        .simulator
        .api("DELETE", &format!("/contacts/{person}"), None);
    assert_eq!(gone.0, 200, "{gone:?}");
    // When the outcome is asked for, the contact is still there; when it is searched for, it is not.
    scene
        .actor
        .simulator
        .faults(&json!([{"operation": "contacts.get", "status": 200, "body": "no_rows"}]));
    let receipt = scene.call("k", "contacts.erase", &input).unwrap().output;
    assert_eq!(receipt["complete"], true, "{receipt}");
    assert_eq!(receipt["removed"][0]["id"], person, "{receipt}");
    assert_eq!(
        receipt["removed"][0]["how"], "by an attempt that was interrupted",
        "{receipt}"
    );
    let error = scene.call("another", "contacts.erase", &input).unwrap_err();
    assert_eq!(
        error.code(),
        "TL0730",
        "nobody else is taken for removed: {error}"
    );
}

#[test]
fn an_erasure_that_was_cut_after_the_journal_forgot_its_writes_ends_with_its_receipt() {
    let (scene, person) = with_somebody();
    let input = json!({"external_id": "leaving"});
    scene.call("k", "contacts.erase", &input).unwrap();
    assert!(scene.journal.last_writes()[0].path.is_empty(), "it was forgotten");
    scene.journal.die_before_the_end();
    let receipt = scene.call("k", "contacts.erase", &input).unwrap().output;
    assert_eq!(receipt["complete"], true, "{receipt}");
    assert_eq!(receipt["removed"][0]["id"], person, "{receipt}");
}

#[test]
fn a_deletion_that_arrives_after_it_was_looked_for_counts_when_it_is_sent_again() {
    let (scene, person) = with_somebody();
    let input = json!({"id": person});
    scene.call("k", "contacts.delete", &input).unwrap();
    scene.journal.die();
    // It seems to be there when it is asked for, and is not when it is deleted once more.
    scene
        .actor
        .simulator
        .faults(&json!([{"operation": "contacts.get", "status": 200, "body": "no_rows"}]));
    scene.call("k", "contacts.delete", &input).unwrap();
    let writes = scene.journal.last_writes();
    assert_eq!(writes.len(), 1);
    assert_eq!(writes[0].state, WriteState::Done);
    let error = scene.call("another", "contacts.delete", &input).unwrap_err();
    assert!(
        error.to_string().contains("404"),
        "nobody removed it for this one: {error}"
    );
}

#[test]
fn a_process_that_died_before_sending_is_taken_over() {
    let scene = Scene::new();
    let (_, id) = scene.actor.begun();
    let payload =
        json!({"message_type": "note", "type": "admin", "admin_id": scene.actor.teammate(0), "body": "Late"});
    let mut input = payload.clone();
    input["id"] = json!(id);
    scene.begin_only("conversations.reply", &input, |write| {
        write.path = vec![("id".to_owned(), id.clone())];
        write.payload = Some(payload);
    });
    scene.call("k", "conversations.reply", &input).unwrap();
    assert_eq!(parts(&id, "Late")(&scene.actor), 1);
    assert_eq!(scene.journal.last_writes().len(), 1);
}

#[test]
fn what_conversations_were_is_given_back() {
    let scene = Scene::new();
    let (contact, id) = scene.actor.begun();
    let (boss, other) = (scene.actor.teammate(0), scene.actor.teammate(1));
    let team = scene.actor.truth("/teams")["teams"][0]["id"].clone();
    let guest = scene.actor.truth("/contacts?per_page=5")["data"][3]["id"].clone();
    let one = |more: Value| {
        let mut input = json!({"conversation_id": id, "admin_id": boss});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        input
    };
    let look = || {
        let now = scene.actor.conversation(&id);
        json!([
            now["state"],
            now["snoozed_until"],
            now["admin_assignee_id"],
            now["team_assignee_id"],
            now["read"],
            now["custom_attributes"]["Topic"],
            now["tags"]["tags"].as_array().unwrap().len(),
            now["contacts"]["contacts"].as_array().unwrap().len(),
        ])
    };
    for (action, input) in [
        ("conversations.assign", one(json!({"assignee_id": other}))),
        ("conversations.assign", one(json!({"team_id": team}))),
        ("conversations.snooze", one(json!({"until": "+2d"}))),
        ("conversations.close", one(json!({}))),
        ("conversations.mark_read", json!({"conversation_id": id})),
        ("conversations.tag", one(json!({"tag_name": "Back and forth"}))),
        ("conversations.participant", one(json!({"contact_id": guest}))),
        (
            "conversations.set_attributes",
            json!({"conversation_id": id, "custom_attributes": {"Topic": "Billing"}}),
        ),
    ] {
        let before = look();
        let outcome = scene.actor.call(action, input.clone()).unwrap();
        assert_ne!(look(), before, "{action}");
        let report = scene
            .actor
            .call("runs.undo", json!({"run": outcome.run}))
            .unwrap_or_else(|error| panic!("{action}: {} {error}", error.code()));
        assert_eq!(look(), before, "{action} {}", report.output);
    }
    // What people have read is not unsaid.
    for (action, input) in [
        ("conversations.answer", one(json!({"body": "Said"}))),
        (
            "messages.send",
            json!({"contact_id": contact["id"], "body": "Sent"}),
        ),
    ] {
        let outcome = scene.actor.call(action, input).unwrap();
        let report = scene.actor.output("runs.undo", json!({"run": outcome.run}));
        assert!(report.to_string().contains("unsent"), "{action}: {report}");
    }
}

#[test]
fn a_lead_that_was_merged_before_the_answer_was_lost_is_merged() {
    let scene = Scene::new();
    let actor = &scene.actor;
    let user =
        actor.made_contact(&json!({ "role": "user", "external_id": "stays", "email": "one@example.com" }));
    let lead = actor.made_contact(&json!({ "role": "lead", "email": "one@example.com" }));
    scene.wait(700);
    scene.lose("contacts.merge", true);
    let merge = json!({ "lead_id": lead, "user_id": user });
    let first = scene.call("merge", "contacts.merge_lead", &merge);
    assert!(first.is_err(), "{first:?}");
    actor.simulator.faults(&json!([]));
    scene.wait(700);
    let merged = scene.call("merge", "contacts.merge_lead", &merge).unwrap();
    assert_eq!(merged.output["id"], user.as_str(), "{:?}", merged.output);
}
