//! Contacts: create, read, update, archive, block, delete, and what refuses to be created twice.

use serde_json::{Value, json};

use crate::harness::{NOW, Sim, id, ids};

#[test]
fn what_is_created_is_found_and_what_is_deleted_is_gone() {
    let sim = Sim::new();
    let created = sim.post(
        "/contacts",
        &json!({
            "role": "user", "email": "Nora@people.example", "external_id": "u-1", "name": "Nora Ek", "phone": "+15550100",
            "signed_up_at": 1_700_000_000, "unsubscribed_from_emails": true, "custom_attributes": { "Plan tier": "scale" },
        }),
    );
    assert_eq!(created["type"], "contact");
    let contact = id(&created);
    assert!(
        contact.len() == 24 && contact.chars().all(|digit| digit.is_ascii_hexdigit()),
        "{contact}"
    );
    assert_eq!(created["created_at"], NOW);
    assert_eq!(created["updated_at"], NOW);
    let read = sim.get(&format!("/contacts/{contact}"));
    assert_eq!(read, created);
    for (field, value) in [
        ("role", json!("user")),
        ("external_id", json!("u-1")),
        ("name", json!("Nora Ek")),
        ("phone", json!("+15550100")),
        ("signed_up_at", json!(1_700_000_000)),
        ("unsubscribed_from_emails", json!(true)),
        ("owner_id", Value::Null),
    ] {
        assert_eq!(read[field], value, "{field}");
    }
    assert_eq!(read["custom_attributes"]["Plan tier"], "scale");
    assert_eq!(
        read["tags"],
        json!({ "type": "list", "data": [], "url": format!("/contacts/{contact}/tags"), "total_count": 0, "has_more": false })
    );
    let gone = sim.delete(&format!("/contacts/{contact}"));
    assert_eq!(
        gone,
        json!({ "type": "contact", "id": contact, "external_id": "u-1", "deleted": true })
    );
    assert_eq!(
        sim.try_get(&format!("/contacts/{contact}")).refusal(),
        (404, "not_found".to_owned())
    );
}

#[test]
fn a_lead_gets_an_external_id_that_the_platform_made_up() {
    let sim = Sim::new();
    let lead = sim.lead("Visitor One");
    assert_eq!(lead["role"], "lead");
    assert_eq!(lead["external_id"].as_str().unwrap().len(), 36);
}

#[test]
fn an_update_changes_what_it_names_and_nothing_else() {
    let sim = Sim::new();
    let before = sim.user("Ines Prat");
    let path = format!("/contacts/{}", id(&before));
    sim.advance(60);
    let after = sim.put(
        &path,
        &json!({ "name": "Inès Prat", "custom_attributes": { "lifetime_value": 12 } }),
    );
    assert_eq!(after["name"], "Inès Prat");
    assert_eq!(after["custom_attributes"]["lifetime_value"], 12);
    assert_eq!(after["updated_at"], NOW + 60);
    for field in ["created_at", "email", "external_id", "role"] {
        assert_eq!(after[field], before[field], "{field}");
    }
    let cleared = sim.put(&path, &json!({ "name": Value::Null }));
    assert_eq!(cleared["name"], Value::Null);
    assert_eq!(sim.get(&path), cleared);
}

#[test]
fn a_generated_contact_can_be_changed_like_any_other() {
    let sim = Sim::new();
    let contact = id(&sim.truth("contacts")[0]);
    let changed = sim.put(
        &format!("/contacts/{contact}"),
        &json!({ "name": "Written Over", "phone": "+15550199" }),
    );
    assert_eq!(
        (&changed["name"], &changed["phone"]),
        (&json!("Written Over"), &json!("+15550199"))
    );
    assert_eq!(changed["updated_at"], NOW);
}

#[test]
fn a_lead_that_becomes_a_user_keeps_what_it_was_called() {
    let sim = Sim::new();
    for lead in sim
        .truth("contacts")
        .iter()
        .filter(|contact| contact["role"] == "lead")
        .take(8)
    {
        let path = format!("/contacts/{}", id(lead));
        let user = sim.put(&path, &json!({ "role": "user" }));
        assert_eq!(user["role"], "user");
        for field in ["name", "email", "external_id", "signed_up_at", "created_at"] {
            assert_eq!(user[field], lead[field], "{field}");
        }
        let external_id = lead["external_id"].as_str().unwrap();
        assert_eq!(
            sim.get(&format!("/contacts/find_by_external_id/{external_id}"))["id"],
            lead["id"]
        );
    }
}

#[test]
fn what_cannot_be_created_is_refused() {
    let sim = Sim::new();
    let twin = id(&sim.user("Twin One"));
    let shelved = id(&sim.user("Shelved One"));
    sim.post(&format!("/contacts/{shelved}/archive"), &json!({}));
    let exists = format!("A contact matching those details already exists with id={twin}");
    let archived = format!("An archived contact matching those details already exists with id={shelved}");
    for (body, status, code, message) in [
        (json!({}), 400, "parameter_not_found", None),
        (json!({ "name": "Only a name" }), 400, "parameter_not_found", None),
        (json!({ "role": "boss" }), 400, "parameter_invalid", None),
        (
            json!({ "role": "user", "email": 7 }),
            400,
            "parameter_invalid",
            None,
        ),
        (
            json!({ "role": "user", "external_id": "z-1", "email_verified": true }),
            400,
            "parameter_invalid",
            None,
        ),
        (
            json!({ "role": "user", "external_id": "z-2", "custom_attributes": { "Shoe size": 44 } }),
            400,
            "parameter_invalid",
            None,
        ),
        (
            json!({ "role": "user", "email": "twin.one@people.example" }),
            409,
            "conflict",
            Some(exists.as_str()),
        ),
        (
            json!({ "role": "user", "email": "TWIN.ONE@people.example" }),
            409,
            "conflict",
            Some(exists.as_str()),
        ),
        (
            json!({ "external_id": "own-twin.one" }),
            409,
            "conflict",
            Some(exists.as_str()),
        ),
        (
            json!({ "role": "user", "email": "shelved.one@people.example" }),
            409,
            "conflict",
            Some(archived.as_str()),
        ),
    ] {
        let got = sim.send("POST", "/contacts", &body);
        assert_eq!(got.refusal(), (status, code.to_owned()), "{body}");
        if let Some(message) = message {
            assert_eq!(got.message(), message, "{body}");
        }
    }
}

#[test]
fn an_update_cannot_take_what_belongs_to_another() {
    let sim = Sim::new();
    let first = id(&sim.user("First Owner"));
    let second = id(&sim.user("Second Owner"));
    let got = sim.send(
        "PUT",
        &format!("/contacts/{second}"),
        &json!({ "email": "first.owner@people.example" }),
    );
    assert_eq!(got.refusal(), (409, "conflict".to_owned()));
    assert!(
        got.message().ends_with(&format!("id={first}")),
        "{}",
        got.message()
    );
    let same = sim.send(
        "PUT",
        &format!("/contacts/{second}"),
        &json!({ "email": "second.owner@people.example" }),
    );
    assert_eq!(same.status, 200, "its own address is no conflict: {}", same.text);
}

#[test]
fn an_archived_contact_leaves_lists_and_comes_back() {
    let sim = Sim::new();
    sim.habit("search_lag", false);
    let contact = sim.user("Archie Lane");
    let path = format!("/contacts/{}", id(&contact));
    let query = json!({ "field": "id", "operator": "=", "value": id(&contact) });
    let is_found = || !sim.found("2.16", "/contacts/search", "data", &query).is_empty();
    assert!(is_found());
    let shelved = sim.post(&format!("{path}/archive"), &json!({}));
    assert_eq!(
        shelved,
        json!({ "type": "contact", "id": id(&contact), "external_id": contact["external_id"], "archived": true })
    );
    assert!(!is_found());
    assert!(
        !sim.truth("contacts")
            .iter()
            .any(|held| held["id"] == contact["id"]),
        "an archived contact is in no list"
    );
    let back = sim.post(&format!("{path}/unarchive"), &json!({}));
    assert_eq!(back["archived"], false);
    assert!(is_found());
}

#[test]
fn blocking_a_contact_archives_its_conversations() {
    let sim = Sim::new();
    let contact = sim.user("Rude Person");
    let started = sim.post(
        "/conversations",
        &json!({ "from": { "type": "user", "id": id(&contact) }, "body": "grr" }),
    );
    let blocked = sim.post(&format!("/contacts/{}/block", id(&contact)), &json!({}));
    assert_eq!(blocked["blocked"], true);
    assert_eq!(blocked["id"], contact["id"]);
    let conversation = started["conversation_id"].as_str().unwrap();
    let shown = sim.get("/conversations?per_page=150");
    assert!(!ids(&shown["conversations"]).contains(&conversation.to_owned()));
}

#[test]
fn an_external_id_finds_users_only() {
    let sim = Sim::new();
    let user = sim.user("Exter Nal");
    let lead = sim.lead("Lead Nal");
    let found = sim.get("/contacts/find_by_external_id/own-exter.nal");
    assert_eq!(found["id"], user["id"]);
    let path = format!(
        "/contacts/find_by_external_id/{}",
        lead["external_id"].as_str().unwrap()
    );
    assert_eq!(sim.try_get(&path).refusal(), (404, "not_found".to_owned()));
    assert_eq!(
        sim.try_get("/contacts/find_by_external_id/nobody").refusal().0,
        404
    );
    assert_eq!(
        sim.at("2.12", "GET", "/contacts/find_by_external_id/own-exter.nal", None)
            .refusal()
            .1,
        "intercom_version_invalid"
    );
}

#[test]
fn paths_with_an_unknown_contact_are_not_found() {
    let sim = Sim::new();
    let nobody = "64e1aa22bb33cc44dd55ee66";
    for (method, path, body) in [
        ("GET", format!("/contacts/{nobody}"), None),
        ("PUT", format!("/contacts/{nobody}"), Some(json!({ "name": "x" }))),
        ("DELETE", format!("/contacts/{nobody}"), None),
        ("POST", format!("/contacts/{nobody}/archive"), Some(json!({}))),
        ("POST", format!("/contacts/{nobody}/unarchive"), Some(json!({}))),
        ("POST", format!("/contacts/{nobody}/block"), Some(json!({}))),
        ("GET", format!("/contacts/{nobody}/tags"), None),
        ("GET", format!("/contacts/{nobody}/companies"), None),
        ("GET", format!("/contacts/{nobody}/segments"), None),
        ("GET", format!("/contacts/{nobody}/notes"), None),
        ("GET", format!("/contacts/{nobody}/subscriptions"), None),
        ("GET", format!("/contacts/{nobody}/merge_history"), None),
        ("GET", "/contacts/12".to_owned(), None),
    ] {
        let got = sim.at("2.16", method, &path, body.as_ref());
        assert_eq!(got.refusal(), (404, "not_found".to_owned()), "{method} {path}");
    }
}

#[test]
fn the_list_gives_every_contact_once() {
    let sim = Sim::new();
    let mut seen = Vec::new();
    let mut path = "/contacts?per_page=37".to_owned();
    loop {
        let page = sim.get(&path);
        assert_eq!(page["type"], "list");
        seen.extend(ids(&page["data"]));
        match page["pages"]["next"]["starting_after"].as_str() {
            Some(cursor) => {
                path = format!(
                    "/contacts?per_page=37&starting_after={}",
                    cursor.replace('=', "%3D").replace('+', "%2B")
                );
            }
            None => break,
        }
    }
    let mut expected: Vec<String> = sim.truth("contacts").iter().map(id).collect();
    expected.sort();
    seen.sort();
    assert_eq!(seen, expected);
}

#[test]
fn names_sent_as_numbers_are_kept_as_texts_and_moments_as_numbers() {
    let sim = Sim::new();
    let made = sim.post(
        "/contacts",
        &json!({ "external_id": 27, "name": 55, "phone": 15_551_234, "signed_up_at": "1700000000" }),
    );
    for (field, expected) in [
        ("external_id", json!("27")),
        ("name", json!("55")),
        ("phone", json!("15551234")),
        ("signed_up_at", json!(1_700_000_000)),
    ] {
        assert_eq!(made[field], expected, "{field}");
    }
    assert_eq!(id(&sim.get("/contacts/find_by_external_id/27")), id(&made));
    let again = sim.send("POST", "/contacts", &json!({ "external_id": "27" }));
    assert_eq!(again.refusal(), (409, "conflict".to_owned()));
    let company = sim.post(
        "/companies",
        &json!({ "company_id": 6, "name": 7, "remote_created_at": "9" }),
    );
    assert_eq!(
        (
            &company["company_id"],
            &company["name"],
            &company["remote_created_at"]
        ),
        (&json!("6"), &json!("7"), &json!(9))
    );
}

#[test]
fn whoever_a_call_made_was_never_seen() {
    let sim = Sim::new();
    let made = sim.user("Unseen");
    for field in ["browser", "browser_language", "os", "last_seen_at"] {
        assert_eq!(made[field], Value::Null, "{field}");
    }
    for field in ["country", "region", "city", "country_code"] {
        assert_eq!(made["location"][field], Value::Null, "{field}");
    }
    let company = sim.post("/companies", &json!({ "company_id": "fresh" }));
    assert_eq!(
        (&company["session_count"], &company["remote_created_at"]),
        (&json!(0), &Value::Null)
    );
}
