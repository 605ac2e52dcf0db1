//! Items held against the shapes that were really delivered: the fields, their order, their types.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Receiver;
use crate::harness::{NOW, Sim, id};

const TABLE: &str = include_str!("items.tsv");

/// What the table says of one path.
#[derive(Clone, Debug)]
struct Row {
    path: String,
    types: Vec<&'static str>,
    optional: bool,
}

/// The rows of a shape, with those of the shapes that it refers to.
fn shape(name: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let mut cells = line.split('\t');
        let (Some(of), Some(path), Some(types)) = (cells.next(), cells.next(), cells.next()) else {
            panic!("{line}");
        };
        if of != name {
            continue;
        }
        let optional = types.ends_with('?');
        let types = types.trim_end_matches('?');
        if !types.starts_with('@') {
            let types = types.split('|').collect();
            rows.push(Row {
                path: path.to_owned(),
                types,
                optional,
            });
            continue;
        }
        if !path.is_empty() {
            rows.push(Row {
                path: path.to_owned(),
                types: vec!["object"],
                optional,
            });
        }
        for inner in shape(types.trim_end_matches('+')) {
            let is_phone = inner.path == "phone";
            let path = [path, &inner.path].join(if path.is_empty() { "" } else { "." });
            rows.push(Row { path, ..inner });
            if is_phone && types.ends_with('+') {
                rows.push(Row {
                    path: "contact.formatted_phone".to_owned(),
                    types: vec!["null"],
                    optional: false,
                });
            }
        }
    }
    rows
}

/// The topics of the table.
fn topics() -> Vec<&'static str> {
    let mut names: Vec<&str> = TABLE
        .lines()
        .filter(|line| !line.starts_with(['#', '@']))
        .skip(1)
        .filter_map(|line| line.split('\t').next())
        .collect();
    names.dedup();
    names
}

fn kind(value: &Value) -> &'static str {
    let is_moment = |text: &str| {
        text.len() >= 20 && text.as_bytes()[10] == b'T' && text.parse::<jiff::Timestamp>().is_ok()
    };
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "decimal",
        Value::Number(_) => "integer",
        Value::String(text) if is_moment(text) => "date",
        Value::String(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => "digits",
        Value::String(text) if text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            "hex24"
        }
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

fn fits(seen: &str, types: &[&str]) -> bool {
    seen == "null"
        || types == ["null"]
        || types.contains(&seen)
        || (types.contains(&"text") && ["digits", "hex24", "date"].contains(&seen))
}

/// Complains of everything in which a value differs from a shape, but for the order.
fn differences(rows: &[Row], value: &Value, path: &str, complaints: &mut Vec<String>) {
    let join = |name: &str| [path, name].join(if path.is_empty() { "" } else { "." });
    match value {
        Value::Object(fields) => {
            let own = |row: &&Row| {
                let rest = match path {
                    "" => Some(row.path.as_str()),
                    path => row
                        .path
                        .strip_prefix(path)
                        .and_then(|rest| rest.strip_prefix('.')),
                };
                rest.is_some_and(|rest| !rest.contains(['.', '[']))
            };
            let known: Vec<&Row> = rows.iter().filter(own).collect();
            if known.is_empty() || known[0].path.ends_with('*') {
                return;
            }
            for row in &known {
                let name = row.path.rsplit('.').next().unwrap_or_default();
                match fields.get(name) {
                    None if row.optional => {}
                    None => complaints.push(format!("{} is missing", row.path)),
                    Some(held) if !fits(kind(held), &row.types) => {
                        complaints.push(format!("{} is {}, not {:?}", row.path, kind(held), row.types));
                    }
                    Some(held) => differences(rows, held, &row.path, complaints),
                }
            }
            for name in fields.keys() {
                if !known.iter().any(|row| row.path == join(name)) {
                    complaints.push(format!("{} is not known", join(name)));
                }
            }
        }
        Value::Array(entries) => {
            for entry in entries {
                differences(rows, entry, &format!("{path}[]"), complaints);
            }
        }
        _ => {}
    }
}

/// The fields of an object of the sent text, in their order.
fn order(text: &str) -> Vec<String> {
    struct Names;
    impl<'de> serde::de::Visitor<'de> for Names {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Vec<String>, A::Error> {
            let mut names = Vec::new();
            while let Some(name) = map.next_key()? {
                map.next_value::<serde::de::IgnoredAny>()?;
                names.push(name);
            }
            Ok(names)
        }
    }
    use serde::Deserializer as _;
    serde_json::Deserializer::from_str(text)
        .deserialize_map(Names)
        .unwrap()
}

/// The fields of an item that stand in another order than in the table.
fn misplaced(rows: &[Row], body: &str) -> Option<String> {
    let start = body.find("\"item\":").unwrap() + "\"item\":".len();
    let sent: Vec<String> = {
        let mut values = serde_json::Deserializer::from_str(&body[start..]).into_iter::<Value>();
        values.next().unwrap().unwrap();
        order(&body[start..start + values.byte_offset()])
    };
    let place = |name: &String| rows.iter().position(|row| row.path == *name);
    let places: Vec<usize> = sent.iter().filter_map(place).collect();
    (!places.is_sorted()).then(|| sent.join(", "))
}

/// Lets every captured topic happen, and gives the first body of each.
fn everything(version: &str) -> BTreeMap<String, String> {
    let (sim, receiver) = (Sim::new(), Receiver::new());
    let topics: &[&str] = if version >= "2.15" {
        &["*", "api.request.completed"]
    } else {
        &["*"]
    };
    let webhook = receiver.subscribe(&sim, &json!({ "topics": topics, "version": version }));
    happen(&sim);
    let mut first = BTreeMap::new();
    for one in receiver.drain(&sim, webhook) {
        let body = String::from_utf8(one.body.to_vec()).unwrap();
        first.entry(one.topic()).or_insert(body);
    }
    first
}

fn happen(sim: &Sim) {
    let admin = sim.admin();
    let tag = json!({ "id": id(&sim.post("/tags", &json!({ "name": "told" }))) });
    let (user, other, lead) = (id(&sim.user("A")), id(&sim.user("B")), id(&sim.lead("C")));
    for (person, body) in [
        (
            &user,
            json!({ "email": "new@people.example", "unsubscribed_from_emails": true }),
        ),
        (&lead, json!({ "email": "lead@people.example" })),
    ] {
        sim.put(&format!("/contacts/{person}"), &body);
        sim.post(&format!("/contacts/{person}/tags"), &tag);
    }
    sim.delete(&format!("/contacts/{user}/tags/{}", id(&tag)));
    let types = sim.get("/subscription_types");
    let kind = types["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|kind| kind["consent_type"] == "opt_in")
        .unwrap();
    let consent = json!({ "id": id(kind), "consent_type": "opt_in" });
    sim.post(&format!("/contacts/{user}/subscriptions"), &consent);
    let company =
        json!({ "id": id(&sim.post("/companies", &json!({ "company_id": "c-1", "plan": "Gold" }))) });
    sim.put(
        &format!("/companies/{}", id(&company)),
        &json!({ "name": "C", "size": 3 }),
    );
    sim.post(&format!("/contacts/{user}/companies"), &company);
    sim.delete(&format!("/companies/{}", id(&company)));
    conversations(sim, &admin, &user, &other, &tag);
    tickets(sim, &admin, &user, &other);
    let author: u64 = admin.parse().unwrap();
    let article = sim.post(
        "/articles",
        &json!({ "title": "T", "author_id": author, "body": "<p>b</p>" }),
    );
    let path = format!("/articles/{}", id(&article));
    sim.put(&path, &json!({ "title": "U" }));
    sim.delete(&path);
    let away = json!({ "away_mode_enabled": true, "away_mode_reassign": false });
    sim.put(&format!("/admins/{admin}/away"), &away);
    sim.send(
        "POST",
        "/events",
        &json!({ "event_name": "ordered", "created_at": NOW, "id": user }),
    );
    let visitor = id(&sim.truth("visitors")[0]);
    sim.post(
        "/visitors/convert",
        &json!({ "visitor": { "id": visitor }, "user": { "user_id": "new" }, "type": "user" }),
    );
    let merge = json!({ "from": lead, "into": user, "skip_duplicate_validation": true });
    sim.post("/contacts/merge", &merge);
    sim.post(&format!("/contacts/{user}/archive"), &json!({}));
    sim.delete(&format!("/contacts/{other}"));
}

fn conversations(sim: &Sim, admin: &str, user: &str, other: &str, tag: &Value) {
    let begun = sim.post(
        "/conversations",
        &json!({ "from": { "type": "user", "id": user }, "body": "hello <you>" }),
    );
    let conversation = begun["conversation_id"].as_str().unwrap();
    let path = format!("/conversations/{conversation}");
    for kind in ["comment", "note"] {
        let reply = json!({ "type": "admin", "admin_id": admin, "message_type": kind, "body": "<b>hi</b>" });
        sim.post(&format!("{path}/reply"), &reply);
    }
    sim.put(&path, &json!({ "read": true }));
    for what in ["fin_reply", "priority"] {
        let happening = json!({ "what": what, "conversation_id": conversation });
        sim.control("POST", "/happen", Some(&happening));
    }
    let reply =
        json!({ "type": "user", "intercom_user_id": user, "message_type": "comment", "body": "thanks" });
    sim.post(&format!("{path}/reply"), &reply);
    for (kind, more) in [
        ("close", Value::Null),
        ("open", Value::Null),
        ("snoozed", json!(NOW + 60)),
    ] {
        let act = json!({ "type": "admin", "admin_id": admin, "message_type": kind, "snoozed_until": more });
        sim.post(&format!("{path}/parts"), &act);
    }
    let mut tagging = tag.clone();
    tagging["admin_id"] = json!(admin);
    sim.post(&format!("{path}/tags"), &tagging);
    let part = sim.get(&path)["conversation_parts"]["conversation_parts"][0].clone();
    sim.post(
        "/conversations/redact",
        &json!({ "type": "conversation_part", "conversation_id": conversation, "conversation_part_id": id(&part) }),
    );
    let customer = json!({ "admin_id": admin, "customer": { "intercom_user_id": other } });
    sim.post(&format!("{path}/customers"), &customer);
    sim.delete(&path);
}

fn tickets(sim: &Sim, admin: &str, user: &str, other: &str) {
    let kinds = sim.get("/ticket_types");
    let begun = sim.post(
        "/conversations",
        &json!({ "from": { "type": "user", "id": user }, "body": "broken" }),
    );
    let conversation = format!("/conversations/{}", begun["conversation_id"].as_str().unwrap());
    let ticket = sim.post(
        &format!("{conversation}/convert"),
        &json!({ "ticket_type_id": id(&kinds["data"][0]) }),
    );
    let customer = json!({ "admin_id": admin, "customer": { "intercom_user_id": other } });
    sim.post(&format!("{conversation}/customers"), &customer);
    let path = format!("/tickets/{}", id(&ticket));
    sim.put(&path, &json!({ "assignee_id": admin }));
    let note = json!({ "type": "admin", "admin_id": admin, "message_type": "note", "body": "psst" });
    sim.post(&format!("{path}/reply"), &note);
    let reply = json!({ "type": "user", "intercom_user_id": user, "message_type": "comment", "body": "y" });
    sim.post(&format!("{path}/reply"), &reply);
    let states = sim.get("/ticket_states");
    let resolved = states["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|state| state["category"] == "resolved")
        .unwrap();
    sim.put(&path, &json!({ "ticket_state_id": id(resolved) }));
}

#[test]
fn every_captured_topic_has_the_captured_shape() {
    let mut told = everything("2.14");
    // Only later versions have it.
    let calls = everything("2.16").remove("api.request.completed").unwrap();
    told.insert("api.request.completed".to_owned(), calls);
    let mut complaints = Vec::new();
    for topic in topics().into_iter().filter(|topic| *topic != "ping") {
        let Some(body) = told.get(topic) else {
            complaints.push(format!("{topic} was not told"));
            continue;
        };
        let item = serde_json::from_str::<Value>(body).unwrap()["data"]["item"].clone();
        let rows = shape(topic);
        let mut found = Vec::new();
        differences(&rows, &item, "", &mut found);
        found.extend(misplaced(&rows, body).map(|names| format!("the order is {names}")));
        complaints.extend(found.into_iter().map(|complaint| format!("{topic}: {complaint}")));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn since_2_15_conversations_are_plain_and_their_moments_are_numbers() {
    for (version, source, reply, is_number) in [
        ("2.14", "<p>hello &lt;you&gt;</p>", "<b>hi</b>", false),
        ("2.15", "hello <you>", "hi", true),
        ("Preview", "hello <you>", "hi", true),
    ] {
        let told = everything(version);
        let item = |topic: &str| -> Value {
            serde_json::from_str::<Value>(&told[topic]).unwrap()["data"]["item"].clone()
        };
        assert_eq!(
            item("conversation.user.created")["source"]["body"],
            source,
            "{version}"
        );
        let answered = item("conversation.admin.replied");
        let parts = &answered["conversation_parts"];
        assert_eq!(parts["total_count"], 1, "{version}");
        assert_eq!(parts["conversation_parts"][0]["body"], reply, "{version}");
        let at = &answered["statistics"]["first_admin_reply_at"];
        assert_eq!(at.is_i64(), is_number, "{version} {at}");
        assert_eq!(
            item("contact.merged").get("merged_from").is_some(),
            is_number,
            "{version}"
        );
        assert_eq!(answered.get("company").is_some(), is_number, "{version}");
    }
}

#[test]
fn what_is_gone_is_told_in_few_words() {
    let told = everything("2.16");
    for (topic, fields) in [
        (
            "contact.deleted",
            ["id", "external_id", "type", "deleted"].as_slice(),
        ),
        ("contact.archived", &["id", "external_id", "type", "archived"]),
        ("company.deleted", &["id", "type", "deleted"]),
        ("conversation.deleted", &["type", "conversation_id"]),
    ] {
        let body = &told[topic];
        let start = body.find("\"item\":").unwrap() + "\"item\":".len();
        let end = start + body[start..].find('}').unwrap() + 1;
        assert_eq!(order(&body[start..end]), fields, "{topic}");
    }
}
