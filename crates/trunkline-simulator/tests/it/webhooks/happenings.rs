//! What no call of the API brings about, and what happens at its own time.

use serde_json::{Value, json};

use super::{Receiver, topics};
use crate::harness::{NOW, Sim, id};

/// Everything that happens at a version is received.
fn listening(version: &str) -> (Sim, Receiver, u64) {
    let (sim, receiver) = (Sim::new(), Receiver::new());
    let webhook = receiver.subscribe(&sim, &json!({ "topics": ["*"], "version": version }));
    (sim, receiver, webhook)
}

fn names(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .map(|fields| fields.keys().map(String::as_str).collect())
        .unwrap_or_default()
}

#[test]
fn what_is_asked_for_happens_and_is_told() {
    let (sim, receiver, webhook) = listening("Preview");
    let ticket = id(&sim.truth("tickets")[0]);
    let conversation = id(&sim.truth("conversations")[0]);
    let contact = id(&sim.truth("contacts")[0]);
    let admin = sim.admin();
    for (asked, expected) in [
        (
            json!({ "what": "call", "contact_id": contact, "admin_id": admin, "seconds": 90 }),
            &[
                "conversation.user.created",
                "call.started",
                "call.ended",
                "call.recording_available",
                "call.transcription_available",
            ][..],
        ),
        (
            json!({ "what": "call", "seconds": 0, "outbound": true }),
            &["conversation.user.created", "call.started", "call.ended"],
        ),
        (
            json!({ "what": "login", "admin_id": admin }),
            &["admin.logged_in", "admin.activity_log_event.created"],
        ),
        (
            json!({ "what": "logout" }),
            &["admin.logged_out", "admin.activity_log_event.created"],
        ),
        (
            json!({ "what": "priority", "conversation_id": conversation, "priority": "high" }),
            &["conversation.priority.updated"],
        ),
        (
            json!({ "what": "fin_reply", "conversation_id": conversation, "body": "Look here." }),
            &["conversation.operator.replied"],
        ),
        (
            json!({ "what": "fin_rating", "conversation_id": conversation, "rating": 2 }),
            &[],
        ),
        (
            json!({ "what": "ticket_rating", "ticket_id": ticket, "rating": 4 }),
            &["ticket.rating.provided"],
        ),
        (
            json!({ "what": "data_connector", "conversation_id": conversation, "success": false }),
            &["data_connector.execution.completed"],
        ),
    ] {
        let got = sim.control("POST", "/happen", Some(&asked));
        assert_eq!(got.status, 200, "{asked}: {}", got.text);
        assert_eq!(topics(&receiver.drain(&sim, webhook)), expected, "{asked}");
    }
    let shown = sim.get(&format!("/conversations/{conversation}"));
    assert_eq!(shown["priority"], "high");
    let last = shown["conversation_parts"]["conversation_parts"]
        .as_array()
        .unwrap()
        .last()
        .unwrap();
    assert_eq!(
        (&last["author"]["type"], &last["body"]),
        (&json!("bot"), &json!("<p>Look here.</p>"))
    );
}

#[test]
fn every_kind_of_content_is_told_by_its_own_topic() {
    let (sim, receiver, webhook) = listening("2.14");
    let contact = id(&sim.truth("contacts")[0]);
    for kind in [
        "banner",
        "carousel",
        "chat",
        "checklist",
        "custom_bot",
        "email",
        "news_item",
        "post",
        "push",
        "series",
        "series.webhook",
        "sms",
        "survey",
        "tooltip_group",
        "tour",
    ] {
        let asked = json!({ "what": "content", "kind": kind, "contact_id": contact });
        assert_eq!(sim.control("POST", "/happen", Some(&asked)).status, 200, "{kind}");
        let came = receiver.drain(&sim, webhook);
        let topic = format!("content_stat.{kind}");
        assert_eq!(topics(&came), [topic.as_str()]);
        let item = came[0].item();
        assert_eq!(item["type"], topic);
        assert_eq!(item["created_at"], "2026-11-20T12:00:00.000Z", "{kind}");
        assert_eq!(item["contact"]["id"], contact.as_str(), "{kind}");
        let stat = &item["content_stat"];
        assert_eq!(stat["stat_type"], "receipt", "{kind}");
        assert_eq!(stat["content_type"], kind);
        assert_eq!(
            stat.get("series_id").is_some(),
            kind.starts_with("series"),
            "{kind}"
        );
    }
    for (stat, field) in [("answer", "answer"), ("completion", "answers")] {
        let asked = json!({ "what": "content", "kind": "survey", "stat": stat });
        sim.control("POST", "/happen", Some(&asked));
        let came = receiver.drain(&sim, webhook);
        assert_eq!(topics(&came), ["content_stat.survey"], "{stat}");
        let answered = &came[0].item()["content_stat"][field];
        let first = if field == "answers" {
            &answered[0]
        } else {
            answered
        };
        assert_eq!(
            names(first),
            ["answered_at", "question_id", "question_text", "response"],
            "{stat}"
        );
    }
}

#[test]
fn what_cannot_happen_is_refused_and_told_to_nobody() {
    let (sim, receiver, webhook) = listening("Preview");
    for (asked, status, message) in [
        (json!({ "what": "earthquake" }), 400, "unknown variant"),
        (
            json!({ "what": "call", "contact_id": "nobody" }),
            404,
            "no contact nobody",
        ),
        (json!({ "what": "call", "seconds": -1 }), 400, "cannot be read"),
        (json!({ "what": "call", "loud": true }), 400, "loud"),
        (json!({ "what": "login", "admin_id": "1" }), 404, "no admin 1"),
        (
            json!({ "what": "priority", "priority": "now" }),
            400,
            "no priority now",
        ),
        (
            json!({ "what": "priority", "conversation_id": "9" }),
            404,
            "no conversation 9",
        ),
        (
            json!({ "what": "fin_reply", "conversation_id": "9" }),
            404,
            "no conversation 9",
        ),
        (
            json!({ "what": "fin_reply", "outcome": "won" }),
            400,
            "does not end with won",
        ),
        (json!({ "what": "fin_rating", "rating": 6 }), 400, "not a rating"),
        (
            json!({ "what": "fin_rating", "conversation_id": "9" }),
            404,
            "no conversation 9",
        ),
        (
            json!({ "what": "ticket_rating", "ticket_id": "9" }),
            404,
            "no ticket 9",
        ),
        (
            json!({ "what": "ticket_rating", "rating": 6 }),
            400,
            "6 is not a rating",
        ),
        (
            json!({ "what": "data_connector", "data_connector_id": "9" }),
            404,
            "no data connector 9",
        ),
        (
            json!({ "what": "content", "kind": "poster" }),
            400,
            "no content poster",
        ),
        (
            json!({ "what": "content", "kind": "push", "stat": "click" }),
            400,
            "click does not happen to push",
        ),
        (json!([]), 400, "cannot be read"),
    ] {
        let got = sim.send("POST", "/_sim/happen", &asked);
        assert_eq!(got.status, status, "{asked}: {}", got.text);
        assert!(got.text.contains(message), "{asked}: {}", got.text);
    }
    assert!(receiver.drain(&sim, webhook).is_empty());
}

#[test]
fn a_call_is_told_as_far_as_it_is() {
    let (sim, receiver, webhook) = listening("2.16");
    let made = sim
        .control("POST", "/happen", Some(&json!({ "what": "call", "seconds": 60 })))
        .json();
    let shown = sim.get(&format!("/calls/{}", made["call_id"].as_str().unwrap()));
    assert_eq!(shown["ended_at"], NOW - 1);
    let came = receiver.drain(&sim, webhook);
    let told: Vec<(String, i64, [bool; 4])> = came[1..]
        .iter()
        .map(|one| {
            let item = one.item();
            let is_there = ["answered_at", "ended_at", "recording_url", "transcription_url"]
                .map(|field| !item[field].is_null());
            assert_eq!(names(&item), names(&shown), "{}", one.topic());
            assert_eq!(item["id"], made["call_id"]);
            (
                one.topic(),
                one.json()["created_at"].as_i64().unwrap() - NOW,
                is_there,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("call.started".to_owned(), -67, [false; 4]),
            ("call.ended".to_owned(), -1, [true, true, false, false]),
            (
                "call.recording_available".to_owned(),
                0,
                [true, true, true, false]
            ),
            ("call.transcription_available".to_owned(), 0, [true; 4]),
        ]
    );
}

#[test]
fn a_message_is_received_at_once_and_opened_later() {
    for (kind, topic, is_opened) in [
        ("inapp", "content_stat.chat", true),
        ("email", "content_stat.email", true),
        ("sms", "content_stat.sms", false),
    ] {
        let (sim, receiver, webhook) = listening("2.16");
        let person = id(&sim.user("A"));
        receiver.drain(&sim, webhook);
        sim.post(
            "/messages",
            &json!({ "message_type": kind, "subject": "News", "body": "b",
                "from": { "type": "admin", "id": sim.admin() }, "to": { "type": "user", "id": person } }),
        );
        let mut stats = Vec::new();
        for (seconds, status) in [(0, "receipt"), (29, ""), (1, "open")] {
            sim.control("PUT", "/clock", Some(&json!({ "advance_seconds": seconds })));
            let came = receiver.drain(&sim, webhook);
            let expected = (status == "receipt" || (status == "open" && is_opened)) as usize;
            assert_eq!(came.len(), expected, "{kind} {status}: {:?}", topics(&came));
            for one in came {
                assert_eq!(one.topic(), topic);
                stats.push((
                    one.item()["content_stat"].clone(),
                    one.json()["created_at"].clone(),
                ));
            }
        }
        assert_eq!(stats[0].0["content_title"], "News", "{kind}");
        assert_eq!(stats[0].1, NOW, "{kind}");
        if let Some((opened, at)) = stats.get(1) {
            assert_eq!(opened["receipt_id"], stats[0].0["receipt_id"], "{kind}");
            assert_eq!(*at, NOW + 30, "{kind}");
        }
    }
}

#[test]
fn a_bulk_job_is_told_when_its_last_task_is_done() {
    let (sim, receiver, webhook) = listening("Preview");
    let preview = |method: &str, path: &str, body: &Value| {
        let got = sim.at("Preview", method, path, Some(body));
        assert_eq!(got.status, 202, "{}", got.text);
        got.json()
    };
    let contact = |name: &str| json!({ "role": "user", "external_id": name });
    let job = preview("POST", "/contacts/bulk", &json!({ "contacts": [contact("a")] }));
    let more = json!({ "contacts": [contact("b")], "job": { "id": job["id"] } });
    preview("POST", "/contacts/bulk", &more);
    assert_eq!(
        topics(&receiver.drain(&sim, webhook)),
        ["contact.user.created"; 2]
    );
    sim.control("PUT", "/clock", Some(&json!({ "advance_seconds": 2 })));
    let more = json!({ "contacts": [contact("c")], "job": { "id": job["id"] } });
    preview("POST", "/contacts/bulk", &more);
    assert_eq!(topics(&receiver.drain(&sim, webhook)), ["contact.user.created"]);
    sim.control("PUT", "/clock", Some(&json!({ "advance_seconds": 1 })));
    assert!(receiver.drain(&sim, webhook).is_empty(), "a task still runs");
    sim.control("PUT", "/clock", Some(&json!({ "advance_seconds": 2 })));
    let came = receiver.drain(&sim, webhook);
    assert_eq!(topics(&came), ["job.completed"]);
    let item = came[0].item();
    assert_eq!((&item["id"], &item["state"]), (&job["id"], &json!("completed")));
    assert_eq!(item["tasks"].as_array().unwrap().len(), 3);
}

#[test]
fn content_is_told_of_with_its_audiences() {
    let (sim, receiver, webhook) = listening("Preview");
    let preview = |method: &str, path: &str, body: Value, expected: &[&str]| {
        let got = sim.at("Preview", method, path, Some(&body));
        assert!(got.status < 300, "{method} {path}: {}", got.text);
        let came = receiver.drain(&sim, webhook);
        assert_eq!(topics(&came), expected, "{method} {path} {body}");
        let made = if got.text.is_empty() {
            Value::Null
        } else {
            got.json()
        };
        (made, came.last().map(super::receiver::Received::item))
    };
    let (audience, _) = preview(
        "POST",
        "/audiences",
        json!({ "name": "A" }),
        &["audience.created"],
    );
    let number: u64 = id(&audience).parse().unwrap();
    let body = json!({ "title": "T", "json_blocks": [], "audience_ids": [number] });
    let (snippet, member) = preview(
        "POST",
        "/content_snippets",
        body,
        &["content_snippet.created", "audience.member_added"],
    );
    assert_eq!(
        member.unwrap(),
        json!({ "type": "audience_membership", "audience_id": id(&audience),
            "content": { "type": "content_snippet", "id": id(&snippet) } })
    );
    let path = format!("/content_snippets/{}", id(&snippet));
    preview(
        "PUT",
        &path,
        json!({ "title": "U" }),
        &["content_snippet.updated"],
    );
    let body = json!({ "audience_ids": [] });
    preview(
        "PUT",
        &path,
        body,
        &["content_snippet.updated", "audience.member_removed"],
    );
    let author: u64 = sim.admin().parse().unwrap();
    let body = json!({ "title": "T", "author_id": author, "audience_ids": [number] });
    let (article, member) = preview(
        "POST",
        "/articles",
        body,
        &["article.created", "audience.member_added"],
    );
    assert_eq!(member.unwrap()["content"]["type"], "article_content");
    preview(
        "DELETE",
        &format!("/articles/{}", id(&article)),
        Value::Null,
        &["audience.member_removed", "article.deleted"],
    );
    let body = json!({ "sync_behavior": "api", "url": "https://docs.example.com" });
    let (source, item) = preview(
        "POST",
        "/ai/content_import_sources",
        body.clone(),
        &["content_import_source.created"],
    );
    assert_eq!(item.unwrap(), source);
    let path = format!("/ai/content_import_sources/{}", source["id"]);
    preview("PUT", &path, body, &["content_import_source.updated"]);
    let (_, item) = preview("DELETE", &path, Value::Null, &["content_import_source.deleted"]);
    assert_eq!(
        item.unwrap(),
        json!({ "type": "content_import_source", "id": source["id"], "deleted": true })
    );
}

#[test]
fn a_procedure_that_waits_asks_for_an_answer_and_takes_one() {
    let (sim, receiver, webhook) = listening("Preview");
    let preview = |path: &str, body: &Value| sim.at("Preview", "POST", path, Some(body));
    let question = json!({ "conversation_id": "outside-1", "user": { "id": "u-1", "email": "u@people.example" },
        "message": { "author": "user", "body": "Please pay me back", "timestamp": "2026-11-20T12:00:00Z" } });
    let got = preview("/fin/procedures/12347/run", &question);
    assert_eq!(got.status, 200, "{}", got.text);
    let came = receiver.drain(&sim, webhook);
    assert_eq!(
        topics(&came),
        [
            "contact.user.created",
            "conversation.user.created",
            "procedure.hitl_notification.created"
        ]
    );
    let item = came[2].item();
    assert_eq!(item["type"], "procedure.hitl_notification");
    assert_eq!(item["app_id"], came[2].json()["app_id"]);
    let conversation = item["conversation_id"].as_str().unwrap();
    let path = format!("/procedures/{conversation}/collect_agent_input");
    assert!(item["callback_url"].as_str().unwrap().ends_with(&path), "{item}");
    let asked_for = &item["attributes_to_collect"];
    assert_eq!(
        (&asked_for[0]["data_type"], &asked_for[1]["data_type"]),
        (&json!("boolean"), &json!("string"))
    );
    let listed = sim.control("GET", "/procedures", None).json();
    assert_eq!(
        (
            &listed[0]["step_id"],
            &listed[0]["conversation_id"],
            &listed[0]["fulfilled"]
        ),
        (&item["step_id"], &item["conversation_id"], &json!(false))
    );
    let [approved, reason] = [0, 1].map(
        |place| move |value: Value| json!({ "identifier": asked_for[place]["identifier"], "value": value }),
    );
    let both = json!([approved(json!(true)), reason(json!("It broke"))]);
    for (path, step, values, status) in [
        (path.as_str(), &json!("no step"), &both, 404),
        ("/procedures/9/collect_agent_input", &item["step_id"], &both, 404),
        (&path, &item["step_id"], &json!([approved(json!(true))]), 400),
        (
            &path,
            &item["step_id"],
            &json!([approved(json!(true)), reason(Value::Null)]),
            400,
        ),
        (
            &path,
            &item["step_id"],
            &json!([approved(json!("maybe")), reason(json!("x"))]),
            400,
        ),
        (&path, &item["step_id"], &json!([]), 400),
        (&path, &item["step_id"], &both, 200),
        (&path, &item["step_id"], &both, 409),
    ] {
        let got = preview(path, &json!({ "step_id": step, "attribute_values": values }));
        assert_eq!(got.status, status, "{path} {step} {values}: {}", got.text);
    }
    assert_eq!(
        sim.control("GET", "/procedures", None).json()[0]["fulfilled"],
        true
    );
}
