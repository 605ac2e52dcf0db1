//! Which change is told by which topics: exactly those, in this order.

use std::borrow::Borrow;

use serde_json::{Value, json};

use super::{Receiver, topics};
use crate::harness::{NOW, Sim, id};

/// A simulator whose every notification is received.
struct Told {
    sim: Sim,
    receiver: Receiver,
    webhook: u64,
}

impl Told {
    fn at(version: &str) -> Self {
        let (sim, receiver) = (Sim::new(), Receiver::new());
        let webhook = receiver.subscribe(&sim, &json!({ "topics": ["*"], "version": version }));
        Self {
            sim,
            receiver,
            webhook,
        }
    }

    fn new() -> Self {
        Self::at("2.16")
    }

    /// Forgets what preparing a test told.
    fn forget(&self) {
        self.receiver.drain(&self.sim, self.webhook);
    }

    /// A call at 2.16 is told by these topics, and by no others.
    #[track_caller]
    fn tells(&self, method: &str, path: &str, body: impl Borrow<Value>, expected: &[&str]) -> Value {
        let body = body.borrow();
        let got = self.sim.send(method, path, body);
        assert!(got.status < 300, "{method} {path} {body}: {}", got.text);
        let came = self.receiver.drain(&self.sim, self.webhook);
        assert_eq!(topics(&came), expected, "{method} {path} {body}");
        if got.text.is_empty() {
            Value::Null
        } else {
            got.json()
        }
    }
}

#[test]
fn changes_of_contacts_are_told_by_their_role() {
    let told = Told::new();
    let user = told.tells(
        "POST",
        "/contacts",
        json!({ "role": "user", "email": "a@people.example", "external_id": "a" }),
        &["contact.user.created"],
    );
    let user = format!("/contacts/{}", id(&user));
    told.tells("PUT", &user, json!({ "name": "A" }), &["contact.user.updated"]);
    told.tells(
        "PUT",
        &user,
        json!({ "email": "b@people.example" }),
        &["contact.user.updated", "contact.email.updated"],
    );
    for (unsubscribed, topic) in [(true, "contact.unsubscribed"), (false, "contact.subscribed")] {
        let body = json!({ "unsubscribed_from_emails": unsubscribed });
        told.tells("PUT", &user, body, &["contact.user.updated", topic]);
    }
    let lead = told.tells(
        "POST",
        "/contacts",
        json!({ "role": "lead" }),
        &["contact.lead.created"],
    );
    let lead_id = id(&lead);
    let lead = format!("/contacts/{lead_id}");
    told.tells(
        "PUT",
        &lead,
        json!({ "email": "c@people.example" }),
        &["contact.lead.updated", "contact.lead.added_email"],
    );
    told.tells(
        "PUT",
        &lead,
        json!({ "email": "d@people.example" }),
        &["contact.lead.updated", "contact.email.updated"],
    );
    told.tells(
        "PUT",
        &lead,
        json!({ "role": "user" }),
        &["contact.lead.signed_up", "contact.user.updated"],
    );
    told.tells(
        "POST",
        &format!("{user}/archive"),
        json!({}),
        &["contact.archived"],
    );
    told.tells("POST", &format!("{user}/archive"), json!({}), &[]);
    told.tells(
        "POST",
        &format!("{user}/unarchive"),
        json!({}),
        &["contact.unarchive"],
    );
    told.tells("DELETE", &user, Value::Null, &["contact.deleted"]);
    let (from, into) = (told.sim.lead("E"), told.sim.user("E"));
    told.forget();
    told.tells(
        "POST",
        "/contacts/merge",
        json!({ "from": id(&from), "into": id(&into), "skip_duplicate_validation": true }),
        &["contact.merged"],
    );
}

#[test]
fn a_refused_call_tells_nothing() {
    let told = Told::new();
    for (method, path, body) in [
        (
            "POST",
            "/contacts",
            json!({ "role": "user", "email": "no address" }),
        ),
        (
            "POST",
            "/contacts",
            json!({ "role": "user", "email": "x@people.example", "owner_id": 1 }),
        ),
        ("PUT", "/contacts/nobody", json!({ "name": "A" })),
        ("POST", "/companies", json!({ "company_id": "c", "unknown": 1 })),
        (
            "POST",
            "/conversations/1/reply",
            json!({ "message_type": "comment" }),
        ),
    ] {
        assert!(told.sim.send(method, path, &body).status >= 400, "{path} {body}");
    }
    assert!(told.receiver.drain(&told.sim, told.webhook).is_empty());
}

#[test]
fn tags_and_consents_of_contacts_are_told_once() {
    let told = Told::new();
    let (user, lead) = (told.sim.user("A"), told.sim.lead("B"));
    let tag = id(&told.sim.post("/tags", &json!({ "name": "told" })));
    told.forget();
    for (person, role) in [(&user, "user"), (&lead, "lead")] {
        let path = format!("/contacts/{}/tags", id(person));
        let body = json!({ "id": tag });
        told.tells(
            "POST",
            &path,
            body.clone(),
            &[&format!("contact.{role}.tag.created")],
        );
        told.tells("POST", &path, body, &[]);
        let path = format!("{path}/{tag}");
        told.tells(
            "DELETE",
            &path,
            Value::Null,
            &[&format!("contact.{role}.tag.deleted")],
        );
    }
    let types = told.sim.get("/subscription_types");
    let path = format!("/contacts/{}/subscriptions", id(&user));
    for (needs, turn_on, turn_off) in [
        ("opt_in", "granular.subscribe", "granular.unsubscribe"),
        ("opt_out", "granular.unsubscribe", "granular.subscribe"),
    ] {
        let kind = types["data"]
            .as_array()
            .unwrap()
            .iter()
            .find(|kind| kind["consent_type"] == needs)
            .unwrap();
        let body = json!({ "id": id(kind), "consent_type": needs });
        told.tells("POST", &path, body.clone(), &[turn_on]);
        told.tells("POST", &path, body, &[]);
        told.tells(
            "DELETE",
            &format!("{path}/{}", id(kind)),
            Value::Null,
            &[turn_off],
        );
    }
}

#[test]
fn visitors_are_told_when_they_become_somebody() {
    let told = Told::new();
    let mut visitors = told.sim.truth("visitors").into_iter();
    let mut next = || visitors.next().map(|visitor| id(&visitor));
    if let (Some(first), Some(second)) = (next(), next()) {
        told.tells(
            "POST",
            "/visitors/convert",
            json!({ "visitor": { "id": first }, "user": { "id": first }, "type": "lead" }),
            &["contact.lead.created"],
        );
        told.tells(
            "POST",
            "/visitors/convert",
            json!({ "visitor": { "id": second }, "user": { "user_id": "new-one" }, "type": "user" }),
            &["contact.user.created", "visitor.signed_up"],
        );
    } else {
        panic!("there are no visitors");
    }
}

#[test]
fn changes_of_companies_are_told() {
    let told = Told::new();
    let person = id(&told.sim.user("A"));
    told.forget();
    let body = json!({ "company_id": "c-1", "name": "C", "plan": "Gold" });
    let company = id(&told.tells("POST", "/companies", body.clone(), &["company.created"]));
    told.tells("POST", "/companies", body, &["company.updated"]);
    let path = format!("/companies/{company}");
    told.tells("PUT", &path, json!({ "size": 3 }), &["company.updated"]);
    let people = format!("/contacts/{person}/companies");
    told.tells(
        "POST",
        &people,
        json!({ "id": company }),
        &["company.contact.attached"],
    );
    told.tells("POST", &people, json!({ "id": company }), &[]);
    told.tells(
        "DELETE",
        &format!("{people}/{company}"),
        Value::Null,
        &["company.contact.detached"],
    );
    told.tells(
        "POST",
        "/tags",
        json!({ "name": "of a company", "companies": [{ "id": company }] }),
        &["company.updated"],
    );
    told.tells("DELETE", &path, Value::Null, &["company.deleted"]);
}

#[test]
fn changes_of_conversations_are_told_by_who_did_what() {
    let told = Told::new();
    let (person, other) = (id(&told.sim.user("A")), id(&told.sim.user("B")));
    let admin = told.sim.admin();
    let tag = id(&told.sim.post("/tags", &json!({ "name": "told" })));
    told.forget();
    let begun = told.tells(
        "POST",
        "/conversations",
        json!({ "from": { "type": "user", "id": person }, "body": "hello" }),
        &["conversation.user.created"],
    );
    let conversation = begun["conversation_id"].as_str().unwrap().to_owned();
    let path = format!("/conversations/{conversation}");
    let reply = format!("{path}/reply");
    let manage = format!("{path}/parts");
    let by_admin = |kind: &str, body: &str| json!({ "type": "admin", "admin_id": admin, "message_type": kind, "body": body });
    told.tells(
        "POST",
        &reply,
        by_admin("comment", "hi"),
        &["conversation.admin.replied", "conversation.admin.assigned"],
    );
    told.tells(
        "POST",
        &reply,
        by_admin("comment", "more"),
        &["conversation.admin.replied"],
    );
    told.tells(
        "POST",
        &reply,
        by_admin("note", "psst"),
        &["conversation.admin.noted"],
    );
    told.tells(
        "POST",
        &reply,
        json!({ "type": "user", "intercom_user_id": person, "message_type": "comment", "body": "thanks" }),
        &["conversation.user.replied"],
    );
    let act = |kind: &str| json!({ "type": "admin", "admin_id": admin, "message_type": kind });
    told.tells("POST", &manage, act("close"), &["conversation.admin.closed"]);
    told.tells("POST", &manage, act("open"), &["conversation.admin.opened"]);
    let snooze =
        json!({ "type": "admin", "admin_id": admin, "message_type": "snoozed", "snoozed_until": NOW + 60 });
    told.tells("POST", &manage, snooze, &["conversation.admin.snoozed"]);
    told.tells("POST", &manage, act("open"), &["conversation.admin.unsnoozed"]);
    let assign =
        json!({ "type": "admin", "admin_id": admin, "message_type": "assignment", "assignee_id": admin });
    told.tells("POST", &manage, assign, &["conversation.admin.assigned"]);
    told.tells("POST", &manage, act("close"), &["conversation.admin.closed"]);
    told.tells(
        "POST",
        &reply,
        by_admin("comment", "again"),
        &["conversation.admin.replied", "conversation.admin.opened"],
    );
    told.tells("PUT", &path, json!({ "read": true }), &["conversation.read"]);
    told.tells("PUT", &path, json!({ "read": true }), &[]);
    let company = id(&told.sim.post("/companies", &json!({ "company_id": "c-1" })));
    told.forget();
    told.tells(
        "PUT",
        &path,
        json!({ "company_id": company }),
        &["conversation.company.updated"],
    );
    told.tells(
        "POST",
        &format!("{path}/customers"),
        json!({ "admin_id": admin, "customer": { "intercom_user_id": other } }),
        &["conversation.contact.attached"],
    );
    told.tells(
        "DELETE",
        &format!("{path}/customers/{other}"),
        json!({ "admin_id": admin }),
        &["conversation.contact.detached"],
    );
    told.tells(
        "POST",
        &format!("{path}/tags"),
        json!({ "id": tag, "admin_id": admin }),
        &["conversation_part.tag.created"],
    );
    told.tells(
        "DELETE",
        &format!("{path}/tags/{tag}"),
        json!({ "admin_id": admin }),
        &[],
    );
    let part = told.sim.get(&path)["conversation_parts"]["conversation_parts"][0].clone();
    told.tells(
        "POST",
        "/conversations/redact",
        json!({ "type": "conversation_part", "conversation_id": conversation, "conversation_part_id": id(&part) }),
        &["conversation_part.redacted"],
    );
    told.tells("DELETE", &path, Value::Null, &["conversation.deleted"]);
    told.tells(
        "POST",
        "/messages",
        json!({ "message_type": "inapp", "body": "psst", "from": { "type": "admin", "id": admin },
            "to": { "type": "user", "id": person }, "create_conversation_without_contact_reply": true }),
        &["conversation.admin.single.created", "content_stat.chat"],
    );
}

#[test]
fn changes_of_tickets_are_told_by_version() {
    for (version, resolving, closing) in [
        ("2.14", &["ticket.state.updated", "ticket.closed"], [].as_slice()),
        (
            "2.15",
            &["ticket.state.updated", "ticket.resolved"],
            &["ticket.closed"],
        ),
    ] {
        let told = Told::at(version);
        let person = id(&told.sim.user("A"));
        let admin = told.sim.admin();
        let team = id(&told.sim.get("/teams")["teams"][0]);
        let kinds = told.sim.get("/ticket_types");
        let kind = kinds["data"]
            .as_array()
            .unwrap()
            .iter()
            .find(|kind| kind["category"] == "Customer")
            .unwrap();
        told.forget();
        let ticket = told.tells(
            "POST",
            "/tickets",
            json!({ "ticket_type_id": id(kind), "contacts": [{ "id": person }],
                "ticket_attributes": { "_default_title_": "Broken" } }),
            &["ticket.created"],
        );
        let path = format!("/tickets/{}", id(&ticket));
        let reply = format!("{path}/reply");
        let states = told.sim.get("/ticket_states");
        let resolved = states["data"]
            .as_array()
            .unwrap()
            .iter()
            .find(|state| state["category"] == "resolved")
            .unwrap();
        told.tells(
            "PUT",
            &path,
            json!({ "ticket_attributes": { "_default_title_": "More broken" } }),
            &["ticket.attribute.updated"],
        );
        told.tells(
            "PUT",
            &path,
            json!({ "assignee_id": admin }),
            &["ticket.admin.assigned"],
        );
        told.tells(
            "PUT",
            &path,
            json!({ "assignee_id": team }),
            &["ticket.team.assigned"],
        );
        let by_admin =
            |kind: &str| json!({ "type": "admin", "admin_id": admin, "message_type": kind, "body": "x" });
        told.tells("POST", &reply, by_admin("note"), &["ticket.note.created"]);
        told.tells("POST", &reply, by_admin("comment"), &["ticket.admin.replied"]);
        told.tells(
            "POST",
            &reply,
            json!({ "type": "user", "intercom_user_id": person, "message_type": "comment", "body": "y" }),
            &["ticket.contact.replied"],
        );
        told.tells(
            "PUT",
            &path,
            json!({ "ticket_state_id": id(resolved) }),
            resolving,
        );
        told.tells("PUT", &path, json!({ "open": false }), closing);
        told.tells("PUT", &path, json!({ "open": false }), &[]);
    }
}

#[test]
fn a_conversation_that_becomes_a_ticket_is_told_as_one() {
    let told = Told::new();
    let (person, other) = (id(&told.sim.user("A")), id(&told.sim.user("B")));
    let kinds = told.sim.get("/ticket_types");
    let kind = id(&kinds["data"][0]);
    let begun = told.sim.post(
        "/conversations",
        &json!({ "from": { "type": "user", "id": person }, "body": "hello" }),
    );
    let path = format!("/conversations/{}", begun["conversation_id"].as_str().unwrap());
    told.forget();
    told.tells(
        "POST",
        &format!("{path}/convert"),
        json!({ "ticket_type_id": kind }),
        &["ticket.created", "ticket.state.updated"],
    );
    let admin = told.sim.admin();
    told.tells(
        "POST",
        &format!("{path}/customers"),
        json!({ "admin_id": admin, "customer": { "intercom_user_id": other } }),
        &["ticket.contact.attached"],
    );
    told.tells(
        "DELETE",
        &format!("{path}/customers/{other}"),
        json!({ "admin_id": admin }),
        &["ticket.contact.detached"],
    );
}

#[test]
fn articles_teammates_events_and_jobs_are_told() {
    let told = Told::new();
    let admin = told.sim.admin();
    let author: u64 = admin.parse().unwrap();
    let article = told.tells(
        "POST",
        "/articles",
        json!({ "title": "T", "author_id": author }),
        &["article.created"],
    );
    let path = format!("/articles/{}", id(&article));
    told.tells("PUT", &path, json!({ "title": "U" }), &["article.updated"]);
    for (state, topic) in [
        ("published", "article.published"),
        ("draft", "article.unpublished"),
    ] {
        told.tells(
            "PUT",
            &path,
            json!({ "state": state }),
            &["article.updated", topic],
        );
    }
    told.tells("DELETE", &path, Value::Null, &["article.deleted"]);
    told.tells(
        "POST",
        "/articles",
        json!({ "title": "T", "author_id": author, "state": "published" }),
        &["article.created", "article.published"],
    );
    told.tells(
        "PUT",
        &format!("/admins/{admin}/away"),
        json!({ "away_mode_enabled": true, "away_mode_reassign": false }),
        &["admin.away_mode_updated", "admin.activity_log_event.created"],
    );
    let person = id(&told.sim.user("A"));
    told.forget();
    let event = json!({ "event_name": "ordered", "created_at": NOW, "id": person });
    told.tells("POST", "/events", event.clone(), &["event.created"]);
    told.tells("POST", "/events", event, &[]);
}

#[test]
fn calls_themselves_are_told_to_whoever_names_that_topic() {
    let (sim, receiver) = (Sim::new(), Receiver::new());
    let settings = json!({ "topics": ["api.request.completed"], "version": "2.15" });
    let webhook = receiver.subscribe(&sim, &settings);
    sim.get("/admins");
    sim.try_get("/contacts/nobody");
    let came = receiver.drain(&sim, webhook);
    let told: Vec<(Value, Value)> = came
        .iter()
        .map(|one| {
            (
                one.item()["request"]["path"].clone(),
                one.item()["response"]["status"].clone(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (json!("/admins"), json!(200)),
            (json!("/contacts/nobody"), json!(404))
        ]
    );
}

#[test]
fn the_workspaces_own_activity_is_told_too() {
    let told = Told::new();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..12 {
        told.sim
            .control("POST", "/activity", Some(&json!({ "steps": 100 })));
        seen.extend(topics(&told.receiver.drain(&told.sim, told.webhook)));
    }
    for topic in [
        "admin.away_mode_updated",
        "admin.logged_in",
        "admin.logged_out",
        "article.created",
        "article.updated",
        "call.ended",
        "call.recording_available",
        "call.started",
        "call.transcription_available",
        "company.created",
        "company.contact.attached",
        "company.updated",
        "contact.archived",
        "contact.deleted",
        "contact.lead.created",
        "contact.merged",
        "contact.unarchive",
        "contact.user.created",
        "contact.user.tag.created",
        "contact.user.updated",
        "conversation.admin.assigned",
        "conversation.admin.closed",
        "conversation.admin.noted",
        "conversation.admin.replied",
        "conversation.admin.snoozed",
        "conversation.deleted",
        "conversation.operator.replied",
        "conversation.priority.updated",
        "conversation.rating.added",
        "conversation.user.created",
        "conversation.user.replied",
        "conversation_part.tag.created",
        "event.created",
        "granular.subscribe",
        "ticket.created",
        "ticket.rating.provided",
        "ticket.resolved",
        "ticket.state.updated",
    ] {
        assert!(seen.contains(topic), "{topic} is not among {seen:?}");
    }
}

#[test]
fn what_only_newer_versions_have_is_told_to_them() {
    let told = Told::at("Preview");
    let tells = |method: &str, path: &str, body: Value, expected: &[&str]| -> Value {
        let got = told.sim.at("Preview", method, path, Some(&body));
        assert!(got.status < 300, "{method} {path}: {}", got.text);
        assert_eq!(
            topics(&told.receiver.drain(&told.sim, told.webhook)),
            expected,
            "{path}"
        );
        if got.text.is_empty() {
            Value::Null
        } else {
            got.json()
        }
    };
    let audience = tells(
        "POST",
        "/audiences",
        json!({ "name": "A" }),
        &["audience.created"],
    );
    let path = format!("/audiences/{}", id(&audience));
    tells("PUT", &path, json!({ "name": "B" }), &["audience.updated"]);
    tells("DELETE", &path, Value::Null, &["audience.deleted"]);
    let snippet = tells(
        "POST",
        "/content_snippets",
        json!({ "title": "T", "json_blocks": [{ "type": "paragraph", "text": "x" }] }),
        &["content_snippet.created"],
    );
    let path = format!("/content_snippets/{}", id(&snippet));
    tells(
        "PUT",
        &path,
        json!({ "title": "U" }),
        &["content_snippet.updated"],
    );
    tells("DELETE", &path, Value::Null, &["content_snippet.deleted"]);
    let kinds = told.sim.get("/ticket_types");
    let kind = kinds["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|kind| kind["category"] == "Customer")
        .unwrap();
    let person = id(&told.sim.user("A"));
    told.forget();
    let body = json!({ "ticket_type_id": id(kind), "contacts": [{ "id": person }],
        "ticket_attributes": { "_default_title_": "Broken" } });
    tells(
        "POST",
        "/tickets/enqueue",
        body,
        &["ticket.created", "job.completed"],
    );
}

#[test]
fn every_workspace_tells_under_its_own_code() {
    let receiver = Receiver::new();
    let tokens = ["dG9rOm9uZQ==", "dG9rOnR3bw=="];
    let sim = Sim::start(trunkline_simulator::Options {
        workspaces: 2,
        tokens: tokens.map(str::to_owned).to_vec(),
        ..crate::harness::small()
    });
    let webhook = receiver.subscribe(&sim, &json!({ "topics": ["contact.user.created"] }));
    let codes: Vec<Value> = tokens
        .iter()
        .map(|token| {
            let token = format!("Bearer {token}");
            let headers = [("authorization", token.as_str()), ("intercom-version", "2.16")];
            let body = json!({ "role": "user", "external_id": "same" }).to_string();
            assert_eq!(sim.raw("POST", "/contacts", &headers, &body).status, 200);
            sim.raw("GET", "/me", &headers, "").json()["app"]["id_code"].clone()
        })
        .collect();
    let came = receiver.drain(&sim, webhook);
    let told: Vec<Value> = came.iter().map(|one| one.json()["app_id"].clone()).collect();
    assert_eq!(told, codes);
    assert_ne!(told[0], told[1]);
}
