//! Conversations: begin, reply, manage, people, redaction, merge, conversion, deletion.

use serde_json::{Value, json};

use crate::harness::{NOW, Sim, id, ids};

/// A conversation that a new user has just begun.
fn begun(sim: &Sim) -> (String, String) {
    let contact = id(&sim.user("Wendy Writer"));
    let message = sim.post(
        "/conversations",
        &json!({ "from": { "type": "user", "id": contact }, "body": "Help <me> & you" }),
    );
    assert_eq!(message["type"], "user_message");
    assert_eq!(
        (&message["message_type"], &message["body"]),
        (&json!("inapp"), &json!("Help <me> & you"))
    );
    (message["conversation_id"].as_str().unwrap().to_owned(), contact)
}

fn parts(conversation: &Value) -> &Vec<Value> {
    conversation["conversation_parts"]["conversation_parts"]
        .as_array()
        .unwrap()
}

#[test]
fn a_new_conversation_is_open_unassigned_and_without_parts() {
    let sim = Sim::new();
    let (conversation, contact) = begun(&sim);
    let shown = sim.get(&format!("/conversations/{conversation}"));
    for (field, value) in [
        ("type", json!("conversation")),
        ("state", json!("open")),
        ("open", json!(true)),
        ("created_at", json!(NOW)),
        ("admin_assignee_id", json!(0)),
        ("team_assignee_id", json!(0)),
        ("priority", json!("none")),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
    assert_eq!(shown["source"]["body"], "<p>Help &lt;me&gt; &amp; you</p>");
    assert_eq!(shown["source"]["author"]["id"], contact);
    assert_eq!(ids(&shown["contacts"]["contacts"]), [contact]);
    assert_eq!(shown["conversation_parts"]["total_count"], 0);
    assert_eq!(shown["statistics"]["count_conversation_parts"], 1);
    let plain = sim.get(&format!("/conversations/{conversation}?display_as=plaintext"));
    assert_eq!(plain["source"]["body"], "Help <me> & you");
}

#[test]
fn rows_of_lists_and_searches_have_no_parts() {
    let sim = Sim::new();
    let (conversation, _) = begun(&sim);
    let query = json!({ "query": { "field": "id", "operator": "=", "value": conversation } });
    let found = sim.post("/conversations/search", &query);
    assert_eq!(found["type"], "conversation.list");
    assert!(found["conversations"][0].get("conversation_parts").is_none());
    assert!(
        sim.get("/conversations")["conversations"][0]
            .get("conversation_parts")
            .is_none()
    );
}

#[test]
fn what_cannot_be_begun_is_refused() {
    let sim = Sim::new();
    let contact = id(&sim.user("Careful One"));
    for (body, status) in [
        (json!({}), 400),
        (json!({ "body": "x" }), 400),
        (json!({ "from": { "type": "user", "id": contact } }), 400),
        (
            json!({ "from": { "type": "robot", "id": contact }, "body": "x" }),
            400,
        ),
        (
            json!({ "from": { "type": "user", "id": "64e1aa22bb33cc44dd55ee66" }, "body": "x" }),
            404,
        ),
        (
            json!({ "from": { "type": "user", "id": contact }, "body": "x", "created_at": "yesterday" }),
            400,
        ),
    ] {
        assert_eq!(
            sim.send("POST", "/conversations", &body).refusal().0,
            status,
            "{body}"
        );
    }
}

#[test]
fn an_admins_reply_takes_an_unassigned_conversation_and_opens_a_closed_one() {
    let sim = Sim::new();
    let (conversation, _) = begun(&sim);
    let path = format!("/conversations/{conversation}/reply");
    let admin = sim.admin();
    let comment =
        |text: &str| json!({ "message_type": "comment", "type": "admin", "admin_id": admin, "body": text });
    sim.advance(10);
    let first = sim.post(&path, &comment("on it"));
    let part = parts(&first).last().unwrap();
    assert_eq!(
        (&part["part_type"], &part["body"]),
        (&json!("assignment"), &json!("<p>on it</p>"))
    );
    assert_eq!(part["assigned_to"], json!({ "type": "admin", "id": admin }));
    assert_eq!(first["admin_assignee_id"].to_string(), admin);
    assert_eq!(first["updated_at"], NOW + 10);
    let second = sim.post(&path, &comment("<p>still</p>"));
    assert_eq!(parts(&second).last().unwrap()["part_type"], "comment");
    assert_eq!(parts(&second).last().unwrap()["body"], "<p>still</p>");
    sim.post(
        &format!("/conversations/{conversation}/parts"),
        &json!({ "message_type": "close", "type": "admin", "admin_id": admin }),
    );
    let third = sim.post(&path, &comment("one more thing"));
    assert_eq!(parts(&third).last().unwrap()["part_type"], "open");
    assert_eq!(third["state"], "open");
    let noted = sim.post(
        &path,
        &json!({ "message_type": "note", "type": "admin", "admin_id": admin, "body": "internal" }),
    );
    assert_eq!(parts(&noted).last().unwrap()["part_type"], "note");
    assert_eq!(
        noted["statistics"]["count_conversation_parts"],
        parts(&noted).len() + 1
    );
}

#[test]
fn a_contact_replies_by_any_of_its_names_and_to_its_last_conversation() {
    let sim = Sim::new();
    let (conversation, contact) = begun(&sim);
    for (place, name) in [
        (conversation.as_str(), json!({ "intercom_user_id": contact })),
        (conversation.as_str(), json!({ "user_id": "own-wendy.writer" })),
        (
            conversation.as_str(),
            json!({ "email": "wendy.writer@people.example" }),
        ),
        ("last", json!({ "intercom_user_id": contact })),
    ] {
        let mut body = json!({ "message_type": "comment", "type": "user", "body": "hello?" });
        body.as_object_mut()
            .unwrap()
            .extend(name.as_object().unwrap().clone());
        let answered = sim.post(&format!("/conversations/{place}/reply"), &body);
        assert_eq!(id(&answered), conversation, "{name}");
        assert_eq!(
            parts(&answered).last().unwrap()["author"]["id"],
            contact,
            "{name}"
        );
    }
}

#[test]
fn a_reply_carries_up_to_ten_files() {
    let sim = Sim::new();
    let (conversation, _) = begun(&sim);
    let path = format!("/conversations/{conversation}/reply");
    let reply = |count: usize| {
        let urls: Vec<String> = (0..count)
            .map(|number| format!("https://files.example/{number}.png"))
            .collect();
        json!({ "message_type": "comment", "type": "admin", "admin_id": sim.admin(), "attachment_urls": urls, "body": "see" })
    };
    let shown = sim.post(&path, &reply(2));
    let files = &parts(&shown).last().unwrap()["attachments"];
    assert_eq!(
        (&files[1]["name"], &files[1]["content_type"]),
        (&json!("1.png"), &json!("image/png"))
    );
    assert_eq!(
        sim.send("POST", &path, &reply(11)).refusal(),
        (400, "parameter_invalid".to_owned())
    );
}

#[test]
fn managing_closes_snoozes_opens_and_assigns() {
    let sim = Sim::new();
    let (conversation, _) = begun(&sim);
    let path = format!("/conversations/{conversation}/parts");
    let admin = sim.admin();
    let team = id(&sim.get("/teams")["teams"][0]);
    let check = |body: Value, part_type: &str, expected: &[(&str, Value)]| {
        let mut body = body;
        body["admin_id"] = json!(admin);
        let shown = sim.post(&path, &body);
        assert_eq!(parts(&shown).last().unwrap()["part_type"], part_type, "{body}");
        for (field, value) in expected {
            assert_eq!(shown[*field], *value, "{field} after {body}");
        }
        shown
    };
    check(
        json!({ "message_type": "snoozed", "snoozed_until": NOW + 3_600 }),
        "snoozed",
        &[
            ("state", json!("snoozed")),
            ("snoozed_until", json!(NOW + 3_600)),
            ("open", json!(false)),
        ],
    );
    check(
        json!({ "message_type": "open" }),
        "open",
        &[("state", json!("open")), ("snoozed_until", Value::Null)],
    );
    let team_number: u64 = team.parse().unwrap();
    let shown = check(
        json!({ "message_type": "assignment", "type": "team", "assignee_id": team }),
        "assignment",
        &[("team_assignee_id", json!(team_number))],
    );
    assert_eq!(
        parts(&shown).last().unwrap()["assigned_to"],
        json!({ "type": "team", "id": team })
    );
    let shown = check(
        json!({ "message_type": "assignment", "type": "team", "assignee_id": "0" }),
        "assignment",
        &[("team_assignee_id", json!(0))],
    );
    assert_eq!(
        parts(&shown).last().unwrap()["assigned_to"],
        json!({ "type": "nobody_admin", "id": Value::Null })
    );
    let shown = check(
        json!({ "message_type": "close", "type": "admin", "body": "bye" }),
        "close",
        &[("state", json!("closed")), ("open", json!(false))],
    );
    assert_eq!(parts(&shown).last().unwrap()["body"], "<p>bye</p>");
    assert_eq!(shown["statistics"]["last_closed_by_id"].to_string(), admin);
    for (body, status, code) in [
        (
            json!({ "message_type": "snoozed", "admin_id": admin }),
            400,
            "parameter_not_found",
        ),
        (
            json!({ "message_type": "assignment", "type": "admin", "admin_id": admin, "assignee_id": "5" }),
            404,
            "assignee_not_found",
        ),
        (
            json!({ "message_type": "dance", "admin_id": admin }),
            400,
            "parameter_invalid",
        ),
        (
            json!({ "message_type": "close", "type": "admin", "admin_id": "5" }),
            404,
            "admin_not_found",
        ),
    ] {
        assert_eq!(
            sim.send("POST", &path, &body).refusal(),
            (status, code.to_owned()),
            "{body}"
        );
    }
}

#[test]
fn an_update_sets_what_it_names() {
    let sim = Sim::new();
    let (conversation, _) = begun(&sim);
    let path = format!("/conversations/{conversation}");
    let company = id(&sim.truth("companies")[0]);
    let shown = sim.put(&path, &json!({ "read": true, "title": "Import", "custom_attributes": { "Topic": "Billing" }, "company_id": company }));
    assert_eq!(
        (&shown["read"], &shown["title"]),
        (&json!(true), &json!("Import"))
    );
    assert_eq!(shown["custom_attributes"]["Topic"], "Billing");
    assert_eq!(shown["company"]["id"], company);
    assert_eq!(
        sim.put(&path, &json!({ "company_id": Value::Null }))["company"],
        Value::Null
    );
    assert_eq!(
        sim.send("PUT", &path, &json!({ "custom_attributes": { "Shoe size": 1 } }))
            .refusal(),
        (400, "parameter_invalid".to_owned())
    );
}

#[test]
fn people_join_and_leave_but_the_last_one_stays() {
    let sim = Sim::new();
    let (conversation, contact) = begun(&sim);
    let path = format!("/conversations/{conversation}/customers");
    let admin = sim.admin();
    let other = id(&sim.user("Second Person"));
    let joined = sim.post(
        &path,
        &json!({ "admin_id": admin, "customer": { "intercom_user_id": other } }),
    );
    assert_eq!(joined["customers"].as_array().unwrap().len(), 2);
    let stranger = sim.post(
        &path,
        &json!({ "admin_id": admin, "customer": { "email": "stranger@people.example" } }),
    );
    assert_eq!(
        stranger["customers"][2]["type"], "lead",
        "an unknown address becomes a lead"
    );
    for gone in [other, id(&stranger["customers"][2])] {
        let left = sim
            .send("DELETE", &format!("{path}/{gone}"), &json!({ "admin_id": admin }))
            .ok();
        assert!(!ids(&left["contacts"]["contacts"]).contains(&gone));
    }
    let last = sim.send(
        "DELETE",
        &format!("{path}/{contact}"),
        &json!({ "admin_id": admin }),
    );
    assert_eq!(last.refusal(), (422, "parameter_invalid".to_owned()));
    assert_eq!(last.message(), "Removing the last customer is not allowed");
}

#[test]
fn nobody_joins_or_leaves_by_an_admin_who_is_not_there() {
    let sim = Sim::new();
    let (conversation, _) = begun(&sim);
    let path = format!("/conversations/{conversation}/customers");
    let other = id(&sim.user("Second Person"));
    let customer = json!({ "intercom_user_id": other });
    let stranger = json!({ "email": "stranger@people.example" });
    for (admin, customer) in [
        (json!("1"), &customer),
        (json!("x"), &customer),
        (json!("1"), &stranger),
    ] {
        let body = json!({ "admin_id": admin, "customer": customer });
        let refused = sim.send("POST", &path, &body).refusal();
        assert_eq!(refused, (404, "admin_not_found".to_owned()), "{body}");
    }
    // Who acts need not be said.
    let joined = sim.post(&path, &json!({ "customer": customer }));
    assert_eq!(
        joined["customers"].as_array().unwrap().len(),
        2,
        "no lead was made"
    );
    let refused = sim.send("DELETE", &format!("{path}/{other}"), &json!({ "admin_id": "1" }));
    assert_eq!(refused.refusal(), (404, "admin_not_found".to_owned()));
    let shown = sim.get(&format!("/conversations/{conversation}"));
    assert_eq!(shown["contacts"]["contacts"].as_array().unwrap().len(), 2);
}

#[test]
fn redaction_takes_back_parts_and_first_messages() {
    let sim = Sim::new();
    let (conversation, _) = begun(&sim);
    let admin = sim.admin();
    let shown = sim.post(
        &format!("/conversations/{conversation}/reply"),
        &json!({ "message_type": "comment", "type": "admin", "admin_id": admin, "body": "secret" }),
    );
    let part = id(parts(&shown).last().unwrap());
    let shown = sim.post("/conversations/redact", &json!({ "type": "conversation_part", "conversation_id": conversation, "conversation_part_id": part }));
    let redacted = parts(&shown).last().unwrap();
    assert_eq!(
        (&redacted["redacted"], &redacted["body"]),
        (&json!(true), &json!("<p><i>This message was deleted</i></p>"))
    );
    let source = id(&shown["source"]);
    let shown = sim.post(
        "/conversations/redact",
        &json!({ "type": "source", "conversation_id": conversation, "source_id": source }),
    );
    assert_eq!(shown["source"]["redacted"], true);
    let closed = sim.post(
        &format!("/conversations/{conversation}/parts"),
        &json!({ "message_type": "close", "type": "admin", "admin_id": admin }),
    );
    let empty = id(parts(&closed).last().unwrap());
    for (body, code) in [
        (
            json!({ "type": "conversation_part", "conversation_id": conversation, "conversation_part_id": "1" }),
            "conversation_part_or_message_not_found",
        ),
        (
            json!({ "type": "source", "conversation_id": conversation, "source_id": "1" }),
            "conversation_part_or_message_not_found",
        ),
        (
            json!({ "type": "conversation_part", "conversation_id": conversation, "conversation_part_id": empty }),
            "conversation_part_not_redactable",
        ),
    ] {
        assert_eq!(
            sim.send("POST", "/conversations/redact", &body).refusal().1,
            code,
            "{body}"
        );
    }
}

#[test]
fn a_deleted_conversation_is_gone_and_remembered() {
    let sim = Sim::new();
    let (conversation, _) = begun(&sim);
    let gone = sim.delete(&format!("/conversations/{conversation}"));
    assert_eq!(
        gone,
        json!({ "id": conversation, "object": "conversation", "deleted": true })
    );
    assert_eq!(
        sim.try_get(&format!("/conversations/{conversation}")).refusal().0,
        404
    );
    let newest = &sim.get("/conversations/deleted")["conversations"][0];
    assert_eq!(
        (id(newest), &newest["deleted_at"]),
        (conversation.clone(), &json!(NOW))
    );
    let oldest = &sim.get("/conversations/deleted?order=asc&per_page=1")["conversations"][0];
    assert_ne!(id(oldest), conversation);
}

#[test]
fn merging_closes_one_conversation_into_another() {
    let sim = Sim::new();
    let (first, _) = begun(&sim);
    let second = sim.post(
        "/conversations",
        &json!({ "from": { "type": "user", "user_id": "own-wendy.writer" }, "body": "again" }),
    )["conversation_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/conversations/{second}/merge");
    let into = |number: Value| sim.send("POST", &path, &json!({ "merge_into_conversation_id": number }));
    let number: u64 = first.parse().unwrap();
    for (number, code) in [
        (json!("words"), "parameter_invalid"),
        (json!(second.parse::<u64>().unwrap()), "merge_failed"),
        (json!(12), "merge_failed"),
    ] {
        assert_eq!(into(number.clone()).refusal().1, code, "{number}");
    }
    let primary = into(json!(number)).ok();
    assert_eq!(id(&primary), first);
    assert_eq!(
        parts(&primary).last().unwrap()["part_type"],
        "merged_primary_conversation"
    );
    assert_eq!(sim.get(&format!("/conversations/{second}"))["state"], "closed");
    assert_eq!(
        into(json!(number)).message(),
        "Secondary conversation has already been merged"
    );
}

#[test]
fn converting_makes_a_ticket_with_the_conversations_id() {
    let sim = Sim::new();
    let (conversation, contact) = begun(&sim);
    let types = sim.get("/ticket_types")["data"].clone();
    let of = |category: &str| {
        id(types
            .as_array()
            .unwrap()
            .iter()
            .find(|kind| kind["category"] == category)
            .unwrap())
    };
    let path = format!("/conversations/{conversation}/convert");
    let refused = sim.send("POST", &path, &json!({ "ticket_type_id": of("Back-office") }));
    assert_eq!(refused.message(), "Ticket type is not a customer ticket type");
    let ticket = sim.post(
        &path,
        &json!({ "ticket_type_id": of("Customer"), "attributes": { "_default_title_": "From chat" } }),
    );
    assert_eq!(
        (id(&ticket), &ticket["type"]),
        (conversation.clone(), &json!("ticket"))
    );
    assert_eq!(ids(&ticket["contacts"]["contacts"]), [contact]);
    assert_eq!(
        sim.get(&format!("/tickets/{conversation}"))["ticket_attributes"]["_default_title_"],
        "From chat"
    );
    assert_eq!(
        sim.get(&format!("/conversations/{conversation}"))["ticket"]["id"],
        conversation
    );
}

#[test]
fn assignment_rules_could_be_run_up_to_2_11() {
    let sim = Sim::new();
    let (conversation, _) = begun(&sim);
    let path = format!("/conversations/{conversation}/run_assignment_rules");
    let ran = sim.at("2.11", "POST", &path, Some(&json!({}))).ok();
    assert!(ran["team_assignee_id"].is_u64());
    assert_eq!(
        sim.at("2.12", "POST", &path, Some(&json!({}))).refusal().1,
        "intercom_version_invalid"
    );
}

#[test]
fn handling_events_and_side_conversations_can_be_read() {
    let sim = Sim::new();
    let (conversation, _) = begun(&sim);
    sim.post(
        &format!("/conversations/{conversation}/parts"),
        &json!({ "message_type": "snoozed", "admin_id": sim.admin(), "snoozed_until": NOW + 60 }),
    );
    let events = sim.get(&format!("/conversations/{conversation}/handling_events"));
    assert_eq!(events["handling_events"][0]["type"], "paused");
    assert!(
        events["handling_events"][0]["timestamp"]
            .as_str()
            .unwrap()
            .ends_with('Z')
    );
    let side = sim.get(&format!("/conversations/{conversation}/side_conversations"));
    assert_eq!(
        (&side["type"], &side["side_conversations"]),
        (&json!("side_conversation.list"), &json!([]))
    );
}

#[test]
fn conversation_attributes_are_managed_since_2_16() {
    let sim = Sim::new();
    let path = "/conversations/attributes";
    let made = sim.post(path, &json!({ "name": "Severity", "data_type": "list", "options": [{ "label": "Low" }, { "label": "High" }] }));
    let one = format!("{path}/{}", made["id"]);
    assert_eq!(made["options"].as_array().unwrap().len(), 2);
    let with_three = sim.post(&format!("{one}/options"), &json!({ "label": "Huge" }));
    let option = with_three["options"][2]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        sim.put(&format!("{one}/options/{option}"), &json!({ "label": "Vast" }))["options"][2]["label"],
        "Vast"
    );
    assert_eq!(
        sim.delete(&format!("{one}/options/{option}"))["options"][2]["archived"],
        true
    );
    assert_eq!(
        sim.put(&one, &json!({ "description": "how bad" }))["description"],
        "how bad"
    );
    let first = made["options"][0]["id"].as_str().unwrap();
    let text = sim.post(path, &json!({ "name": "Remark", "data_type": "string" }));
    for (method, path, body, status, code) in [
        (
            "DELETE",
            format!("{one}/options/{first}"),
            json!({}),
            422,
            "parameter_invalid",
        ),
        (
            "DELETE",
            format!("{one}/options/none"),
            json!({}),
            404,
            "conversation_attribute_not_found",
        ),
        (
            "POST",
            format!("{one}/options"),
            json!({}),
            422,
            "parameter_invalid",
        ),
        (
            "POST",
            format!("{one}/options"),
            json!({ "label": 1 }),
            422,
            "parameter_invalid",
        ),
        (
            "POST",
            format!("{one}/options"),
            json!({ "label": "x", "color": "red" }),
            422,
            "parameter_invalid",
        ),
        (
            "POST",
            format!("{path}/{}/options", text["id"]),
            json!({ "label": "x" }),
            422,
            "parameter_invalid",
        ),
        (
            "POST",
            path.to_owned(),
            json!({ "name": "Bad", "data_type": "invalid_type" }),
            422,
            "parameter_invalid",
        ),
        (
            "GET",
            format!("{path}/999999"),
            json!({}),
            404,
            "conversation_attribute_not_found",
        ),
    ] {
        assert_eq!(
            sim.send(method, &path, &body).refusal(),
            (status, code.to_owned()),
            "{method} {path} {body}"
        );
    }
    assert_eq!(sim.delete(&one)["archived"], true);
}

#[test]
fn side_conversations_are_read_with_their_parts_and_most_conversations_have_none() {
    let sim = Sim::new();
    let rows = sim.truth("conversations");
    let counts: Vec<usize> = rows
        .iter()
        .map(|row| {
            let list = sim.get(&format!("/conversations/{}/side_conversations", id(row)));
            assert_eq!(list["type"], "side_conversation.list");
            let all = list["side_conversations"].as_array().unwrap();
            assert_eq!(list["total_count"], all.len());
            for one in all {
                let parts = one["conversation_parts"].as_array().unwrap();
                assert_eq!(one["total_count"], parts.len());
                assert!(parts.iter().all(|part| part["author"]["type"] == "admin"));
            }
            all.len()
        })
        .collect();
    let with = counts.iter().filter(|count| **count > 0).count();
    assert!(0 < with && with < rows.len() / 5, "{with}");
    assert_eq!(
        sim.try_get("/conversations/1/side_conversations").refusal(),
        (404, "not_found".to_owned())
    );
}

#[test]
fn people_wait_since_the_first_thing_that_was_not_answered() {
    let sim = Sim::new();
    let (conversation, contact) = begun(&sim);
    let path = format!("/conversations/{conversation}");
    let admin = sim.admin();
    let now = || sim.control("GET", "/clock", None).json()["now"].as_i64().unwrap();
    let began = now();
    let mut asked = began;
    assert_eq!(sim.get(&path)["waiting_since"], began, "a new conversation waits");
    for (who, kind, waits) in [
        ("user", "comment", true),
        ("admin", "note", true),
        ("admin", "comment", false),
        ("admin", "note", false),
        ("user", "comment", true),
        ("user", "comment", true),
        ("admin", "comment", false),
    ] {
        sim.advance(60);
        let was_waiting = !sim.get(&path)["waiting_since"].is_null();
        if who == "user" && !was_waiting {
            asked = now();
        }
        let reply = json!({ "message_type": kind, "type": who, "admin_id": admin, "intercom_user_id": contact, "body": "x" });
        let shown = sim.post(&format!("{path}/reply"), &reply);
        let expected = if waits { json!(asked) } else { Value::Null };
        assert_eq!(shown["waiting_since"], expected, "{who} {kind}");
    }
}
