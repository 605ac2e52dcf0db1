//! The search language, as contacts, conversations and tickets speak it.

use serde_json::{Value, json};

use crate::harness::{Sim, id, small};

fn leaf(field: &str, operator: &str, value: impl Into<Value>) -> Value {
    json!({ "field": field, "operator": operator, "value": value.into() })
}

/// Four people who differ in every way that the cases ask for.
fn people() -> (Sim, Vec<String>) {
    let sim = Sim::start(trunkline_simulator::Options {
        contacts: 0,
        companies: 0,
        conversations: 0,
        tickets: 0,
        ..small()
    });
    sim.habit("search_lag", false);
    let tag = id(&sim.post("/tags", &json!({ "name": "searched" })));
    let mut all = Vec::new();
    for (role, name, email, phone, tier, value) in [
        (
            "user",
            "Ada Okafor",
            "ada@north.example",
            Some("+15550001"),
            Some("scale"),
            Some(10),
        ),
        (
            "user",
            "Bo Larsen",
            "bo@south.example",
            None,
            Some("free"),
            Some(20),
        ),
        ("lead", "Ada Moreau", "ada@south.example", None, None, None),
        (
            "user",
            "Éva Novák",
            "eva@north.example",
            None,
            Some("scale"),
            None,
        ),
    ] {
        let mut body = json!({ "role": role, "name": name, "email": email, "custom_attributes": {} });
        if let Some(phone) = phone {
            body["phone"] = json!(phone);
        }
        if let Some(tier) = tier {
            body["custom_attributes"]["Plan tier"] = json!(tier);
        }
        if let Some(value) = value {
            body["custom_attributes"]["lifetime_value"] = json!(value);
        }
        all.push(id(&sim.post("/contacts", &body)));
    }
    sim.post(&format!("/contacts/{}/tags", all[1]), &json!({ "id": tag }));
    sim.put(
        &format!("/contacts/{}", all[0]),
        &json!({ "owner_id": sim.admin() }),
    );
    (sim, all)
}

#[test]
fn contact_filters_find_whom_they_describe() {
    let (sim, all) = people();
    let tag = id(&sim.get("/tags")["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|tag| tag["name"] == "searched")
        .unwrap()
        .clone());
    let check = |query: Value, expected: &[usize]| {
        let mut found: Vec<usize> = sim
            .found("2.16", "/contacts/search", "data", &query)
            .iter()
            .map(|found| all.iter().position(|known| known == found).unwrap())
            .collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{query}");
    };
    check(leaf("role", "=", json!("user")), &[0, 1, 3]);
    check(leaf("role", "!=", json!("user")), &[2]);
    check(leaf("id", "=", json!(all[2])), &[2]);
    check(leaf("id", "IN", json!([all[0], all[3]])), &[0, 3]);
    check(leaf("id", "NIN", json!([all[0], all[3]])), &[1, 2]);
    check(leaf("name", "=", json!("Bo Larsen")), &[1]);
    check(leaf("name", "~", json!("Ada")), &[0, 2]);
    check(leaf("name", "!~", json!("Ada")), &[1, 3]);
    check(leaf("name", "^", json!("Ada")), &[0, 2]);
    check(leaf("name", "$", json!("Larsen")), &[1]);
    check(leaf("name", "~", json!("novák")), &[3]);
    check(leaf("email", "=", json!("ADA@north.example")), &[0]);
    check(leaf("email_domain", "=", json!("south.example")), &[1, 2]);
    check(leaf("phone", "=", json!(null)), &[1, 2, 3]);
    check(leaf("phone", "!=", json!(null)), &[0]);
    check(leaf("owner_id", "=", json!(sim.admin())), &[0]);
    check(leaf("tag_id", "=", json!(tag)), &[1]);
    check(leaf("tag_id", "!=", json!(tag)), &[0, 2, 3]);
    check(leaf("custom_attributes.Plan tier", "=", json!("scale")), &[0, 3]);
    check(leaf("custom_attributes.lifetime_value", ">", json!(10)), &[1]);
    check(leaf("custom_attributes.lifetime_value", ">=", json!(10)), &[0, 1]);
    check(leaf("custom_attributes.lifetime_value", "<", json!(20)), &[0]);
    check(
        json!({ "operator": "AND", "value": [leaf("role", "=", json!("user")), leaf("email_domain", "=", json!("north.example"))] }),
        &[0, 3],
    );
    check(
        json!({ "operator": "OR", "value": [leaf("name", "=", json!("Bo Larsen")), leaf("role", "=", json!("lead"))] }),
        &[1, 2],
    );
    check(
        json!({ "operator": "AND", "value": [
            leaf("role", "=", json!("user")),
            { "operator": "OR", "value": [leaf("name", "^", json!("Ada")), leaf("name", "^", json!("Bo"))] },
        ] }),
        &[0, 1],
    );
    check(json!({ "operator": "AND", "value": [] }), &[0, 1, 2, 3]);
}

#[test]
fn queries_beyond_the_language_are_refused() {
    let sim = Sim::new();
    let name = leaf("name", "=", json!("x"));
    let group = |members: Vec<Value>| json!({ "operator": "AND", "value": members });
    let nested = |inner: Value| group(vec![inner]);
    for (query, code) in [
        (json!({}), "parameter_invalid"),
        (json!({ "field": "name", "value": "x" }), "parameter_invalid"),
        (leaf("shoe_size", "=", json!(44)), "invalid_field"),
        (leaf("name", "=>", json!("x")), "parameter_invalid"),
        (leaf("name", "IN", json!("x")), "parameter_invalid"),
        (leaf("name", "=", json!(["x"])), "parameter_invalid"),
        (leaf("created_at", ">", json!("yesterday")), "parameter_invalid"),
        (leaf("created_at", "~", json!(1)), "parameter_invalid"),
        (leaf("created_at", ">", json!(i64::MAX)), "parameter_invalid"),
        (leaf("tag_id", "~", json!("1")), "parameter_invalid"),
        (json!({ "operator": "XOR", "value": [name] }), "parameter_invalid"),
        (json!({ "operator": "AND", "value": "x" }), "parameter_invalid"),
        (group(vec![name.clone(); 16]), "parameter_invalid"),
        (nested(nested(nested(name.clone()))), "parameter_invalid"),
    ] {
        let got = sim.send("POST", "/contacts/search", &json!({ "query": query }));
        assert_eq!(got.refusal(), (400, code.to_owned()), "{query}");
    }
    let got = sim.send(
        "POST",
        "/contacts/search",
        &json!({ "query": group(vec![name.clone(); 15]) }),
    );
    assert_eq!(got.status, 200, "fifteen filters are allowed");
    let got = sim.send(
        "POST",
        "/contacts/search",
        &json!({ "query": nested(nested(name)) }),
    );
    assert_eq!(got.status, 200, "two levels are allowed");
    assert_eq!(sim.send("POST", "/contacts/search", &json!({})).refusal().0, 400);
}

#[test]
fn an_order_that_does_not_exist_is_refused() {
    let sim = Sim::new();
    let body = json!({ "query": leaf("role", "=", json!("user")), "sort": { "field": "updated_at", "order": "desc" } });
    let got = sim.send("POST", "/contacts/search", &body);
    assert_eq!(got.refusal(), (400, "invalid_sort_order".to_owned()));
    assert_eq!(
        got.message(),
        "Invalid sort order 'desc'. Must be one of: ascending, descending"
    );
}

/// A workspace in Los Angeles with one person who changed at 20:00 of 19 November there, the 20th in UTC.
fn late() -> (Sim, String, i64) {
    let at = "2026-11-20T04:00:00Z"
        .parse::<jiff::Timestamp>()
        .unwrap()
        .as_second();
    let sim = Sim::start(trunkline_simulator::Options {
        contacts: 0,
        companies: 0,
        conversations: 0,
        tickets: 0,
        start: Some(jiff::Timestamp::from_second(at).unwrap()),
        ..small()
    });
    sim.habit("search_lag", false);
    let contact = id(&sim.user("Late Riser"));
    (sim, contact, at)
}

#[test]
fn contact_times_are_days_of_the_workspace_up_to_2_16_and_exact_in_preview() {
    let (sim, contact, at) = late();
    let second = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_second();
    let check = |version: &str, operator: &str, value: i64, is_found: bool| {
        let query = leaf("updated_at", operator, json!(value));
        let found = sim.found(version, "/contacts/search", "data", &query);
        assert_eq!(
            found == [contact.clone()],
            is_found,
            "{version} {operator} {value}: {found:?}"
        );
    };
    let morning = second("2026-11-19T08:00:00Z");
    let next = second("2026-11-20T08:00:00Z");
    for version in ["2.10", "2.14", "2.16"] {
        check(version, "=", at, true);
        check(version, "=", morning, true);
        check(version, "=", next - 1, true);
        check(version, "=", next, false);
        check(version, "=", morning - 1, false);
        check(version, ">", at - 1, false);
        check(version, ">", morning, false);
        check(version, ">", morning - 1, true);
        check(version, "<", at + 1, false);
        check(version, "<", next - 1, false);
        check(version, "<", next, true);
    }
    check("Preview", ">", at - 1, true);
    check("Preview", ">", at, false);
    check("Preview", "<", at + 1, true);
    sim.habit("day_search", false);
    check("2.16", ">", at - 1, true);
    check("2.16", ">", at, false);
}

#[test]
fn conversations_and_tickets_are_exact_to_the_second() {
    let sim = Sim::new();
    for (path, rows, stream) in [
        ("/conversations/search", "conversations", "conversations"),
        ("/tickets/search", "tickets", "tickets"),
    ] {
        let row = sim.truth(stream).into_iter().nth(5).unwrap();
        let at = row["updated_at"].as_i64().unwrap();
        let check = |operator: &str, value: i64, is_found: bool| {
            let found = sim.found("2.16", path, rows, &leaf("updated_at", operator, json!(value)));
            assert_eq!(
                found.contains(&id(&row)),
                is_found,
                "{stream} {operator} {}",
                value - at
            );
        };
        check("=", at, true);
        check("=", at + 1, false);
        check(">", at - 1, true);
        check(">", at + 1, false);
        check("<", at + 1, true);
        check("<", at - 1, false);
    }
}

#[test]
fn a_new_contact_is_missing_from_search_for_a_while() {
    let sim = Sim::new();
    let contact = id(&sim.user("Brand New"));
    let query = leaf("id", "=", json!(contact));
    let is_found = || !sim.found("2.16", "/contacts/search", "data", &query).is_empty();
    assert!(!is_found(), "just created");
    assert_eq!(
        sim.try_get(&format!("/contacts/{contact}")).status,
        200,
        "but it can be read"
    );
    sim.advance(300);
    assert!(is_found());
}

#[test]
fn conversation_filters_find_what_they_describe() {
    let sim = Sim::new();
    let all = sim.truth("conversations");
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let check = |query: Value, expected: &dyn Fn(&Value) -> bool| {
        let mut found = sim.found("2.16", "/conversations/search", "conversations", &query);
        let mut wanted: Vec<String> = all.iter().filter(|row| expected(row)).map(id).collect();
        found.sort();
        wanted.sort();
        assert!(!wanted.is_empty(), "{query} has nothing to find");
        assert_eq!(found, wanted, "{query}");
    };
    let first = &all[0];
    check(leaf("id", "=", first["id"].clone()), &|row| {
        row["id"] == first["id"]
    });
    check(leaf("state", "=", json!("snoozed")), &|row| {
        row["state"] == "snoozed"
    });
    check(leaf("open", "=", json!(true)), &|row| row["open"] == true);
    check(leaf("read", "=", json!(false)), &|row| row["read"] == false);
    let admin = all.iter().find(|row| row["admin_assignee_id"] != 0).unwrap()["admin_assignee_id"].clone();
    check(leaf("admin_assignee_id", "=", json!(admin)), &|row| {
        row["admin_assignee_id"] == admin
    });
    check(leaf("admin_assignee_id", "=", json!(0)), &|row| {
        row["admin_assignee_id"] == 0
    });
    let contact = first["contacts"]["contacts"][0]["id"].clone();
    check(leaf("contact_ids", "=", contact.clone()), &|row| {
        row["contacts"]["contacts"][0]["id"] == contact
    });
    check(leaf("source.author.id", "=", contact.clone()), &|row| {
        row["source"]["author"]["id"] == contact
    });
    let tag =
        all.iter().find(|row| row["tags"]["tags"][0].is_object()).unwrap()["tags"]["tags"][0]["id"].clone();
    let has_tag = |row: &Value| {
        row["tags"]["tags"]
            .as_array()
            .unwrap()
            .iter()
            .any(|held| held["id"] == tag)
    };
    check(leaf("tag_ids", "=", tag.clone()), &has_tag);
    check(
        leaf("statistics.count_conversation_parts", ">", json!(8)),
        &|row| row["statistics"]["count_conversation_parts"].as_i64() > Some(8),
    );
    check(leaf("priority", "=", json!("none")), &|row| {
        row["priority"] == "none"
    });
    check(leaf("conversation_rating.score", "=", json!(5)), &|row| {
        row["conversation_rating"]["rating"] == 5
    });
    check(leaf("ai_agent_participated", "=", json!(true)), &|row| {
        row["ai_agent_participated"] == true
    });
    for name in ["escalated", "routed_to_team"] {
        check(leaf("ai_agent.resolution_state", "=", json!(name)), &|row| {
            row["ai_agent"]["resolution_state"] == "escalated"
                || name == "routed_to_team" && row["ai_agent"]["resolution_state"] == "procedure_handoff"
        });
    }
    check(leaf("ai_agent.rating", ">", json!(2)), &|row| {
        row["ai_agent"]["rating"].as_i64() > Some(2)
    });
    for field in ["last_answer_type", "rating_remark", "source_type", "source_title"] {
        let held = all
            .iter()
            .find_map(|row| row["ai_agent"][field].as_str())
            .unwrap();
        let name = format!("ai_agent.{field}");
        check(leaf(&name, "=", json!(held)), &|row| {
            row["ai_agent"][field] == held
        });
    }
    let close = all
        .iter()
        .find_map(|row| row["statistics"]["last_close_at"].as_i64())
        .unwrap();
    check(leaf("statistics.last_close_at", "=", json!(close)), &|row| {
        row["statistics"]["last_close_at"] == close
    });
    let word = "invoice";
    let tokens = |row: &Value| {
        text(&row["source"]["body"])
            .to_lowercase()
            .split(|letter: char| !letter.is_alphanumeric())
            .any(|token| token == "account" || token == word)
    };
    if all.iter().any(tokens) {
        check(
            json!({ "operator": "OR", "value": [leaf("source.body", "=", json!("account")), leaf("source.body", "=", json!(word))] }),
            &tokens,
        );
    }
    let got = sim.send(
        "POST",
        "/conversations/search",
        &json!({ "query": leaf("colour", "=", json!("red")) }),
    );
    assert_eq!(got.refusal(), (400, "invalid_field".to_owned()));
}

#[test]
fn ticket_filters_find_what_they_describe() {
    let sim = Sim::new();
    let all = sim.truth("tickets");
    let check = |query: Value, expected: &dyn Fn(&Value) -> bool| {
        let mut found = sim.found("2.16", "/tickets/search", "tickets", &query);
        let mut wanted: Vec<String> = all.iter().filter(|row| expected(row)).map(id).collect();
        found.sort();
        wanted.sort();
        assert!(!wanted.is_empty(), "{query} has nothing to find");
        assert_eq!(found, wanted, "{query}");
    };
    let first = &all[0];
    check(leaf("id", "=", first["id"].clone()), &|row| {
        row["id"] == first["id"]
    });
    check(leaf("open", "=", json!(true)), &|row| row["open"] == true);
    let kind = first["ticket_type"]["id"].clone();
    check(leaf("ticket_type_id", "=", kind.clone()), &|row| {
        row["ticket_type"]["id"] == kind
    });
    let contact = first["contacts"]["contacts"][0]["id"].clone();
    check(leaf("contact_ids", "=", contact.clone()), &|row| {
        row["contacts"]["contacts"][0]["id"] == contact
    });
    check(leaf("category", "=", json!("request")), &|row| {
        row["category"] == "Customer"
    });
    check(leaf("category", "=", json!("task")), &|row| {
        row["category"] == "Back-office"
    });
    let title = first["ticket_attributes"]["_default_title_"].clone();
    check(leaf("title", "=", title.clone()), &|row| {
        row["ticket_attributes"]["_default_title_"] == title
    });
    let at = first["created_at"].as_i64().unwrap();
    check(leaf("created_at", ">=", json!(at)), &|row| {
        row["created_at"].as_i64() >= Some(at)
    });
    let got = sim.send(
        "POST",
        "/tickets/search",
        &json!({ "query": leaf("ticket_state", "=", json!("resolved")) }),
    );
    assert_eq!(got.refusal(), (400, "invalid_field".to_owned()));
}

#[test]
fn sorting_by_another_field_orders_by_it() {
    let sim = Sim::new();
    for (field, order) in [("created_at", "ascending"), ("created_at", "descending")] {
        let body = json!({ "query": leaf("created_at", ">", json!(0)), "sort": { "field": field, "order": order }, "pagination": { "per_page": 33 } });
        let (rows, _) = sim.search_all("2.16", "/contacts/search", "data", &body);
        let values: Vec<i64> = rows.iter().map(|row| row[field].as_i64().unwrap()).collect();
        let mut ordered = values.clone();
        ordered.sort_unstable();
        if order == "descending" {
            ordered.reverse();
        }
        assert_eq!(values, ordered, "{field} {order}");
    }
}

#[test]
fn a_word_of_the_first_message_is_found_whatever_its_case_and_in_pieces() {
    let sim = Sim::new();
    let ann = sim.user("Ann");
    let made = sim.post(
        "/conversations",
        &json!({ "from": { "type": "user", "id": ann["id"] }, "body": "Refund of april" }),
    );
    let wanted = made["conversation_id"].as_str().unwrap().to_owned();
    for (operator, value, is_found) in [
        ("=", "Refund", true),
        ("=", "refund", true),
        ("~", "EFUN", true),
        ("^", "apr", true),
        ("$", "fund", true),
        ("=", "refund of", false),
        ("!~", "refund", false),
    ] {
        let query = json!({ "field": "source.body", "operator": operator, "value": value });
        let found = sim.found("2.14", "/conversations/search", "conversations", &query);
        assert_eq!(found.contains(&wanted), is_found, "{operator} {value}");
    }
}
