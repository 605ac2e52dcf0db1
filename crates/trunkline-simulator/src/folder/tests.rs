//! Folders as people make them: what an account's own API answered, a few hand-written records, and mistakes.

use serde_json::{Value, json};

use super::{FolderError, disk, parse};
use crate::testing::TestSim;

fn sim() -> TestSim {
    TestSim::with(|options| {
        options.contacts = 0;
        options.companies = 0;
        options.conversations = 0;
        options.tickets = 0;
    })
}

fn load(document: &Value) -> Result<TestSim, FolderError> {
    sim().loaded(&document.to_string())
}

/// A contact as `GET /contacts/{id}` has it.
fn contact() -> Value {
    serde_json::from_str(include_str!("tests/contact.json")).expect("a fixture")
}

/// A conversation as `GET /conversations/{id}` has it, with parts that only the platform writes.
fn conversation() -> Value {
    serde_json::from_str(include_str!("tests/conversation.json")).expect("a fixture")
}

/// A ticket as `GET /tickets/{id}` has it.
fn ticket() -> Value {
    serde_json::from_str(include_str!("tests/ticket.json")).expect("a fixture")
}

/// Everything that the record says is said by the answer, but for these fields.
fn says(answer: &Value, record: &Value, but: &[&str]) {
    for (name, value) in record.as_object().into_iter().flatten() {
        if !but.contains(&name.as_str()) {
            assert_eq!(&answer[name], value, "{name}");
        }
    }
}

#[test]
fn records_of_the_api_are_read_as_they_were_dropped_in() {
    let sim = load(&json!({
        "contacts": { "type": "list", "data": [contact()], "total_count": 1, "pages": { "type": "pages", "page": 1 } },
        "conversations": conversation(),
        "tickets": [ticket()],
    }))
    .expect("records of the API load");
    let get = |path: &str| {
        let (status, body) = sim.json("GET", path, None);
        assert_eq!(status, 200, "{path}: {body}");
        body
    };
    let lists = [
        "tags",
        "notes",
        "companies",
        "opted_out_subscription_types",
        "opted_in_subscription_types",
        "workspace_id",
    ];
    let shown = get("/contacts/6762f0d01bb69f9f2193bb7d");
    says(&shown, &contact(), &lists);
    assert_eq!(shown["tags"]["data"][0]["id"], "17");
    assert_eq!(shown["companies"]["data"][0]["id"], "6762f07f1bb69f9f2193baf5");
    assert_eq!(shown["opted_out_subscription_types"]["total_count"], 1);
    assert_eq!(get("/companies/6762f07f1bb69f9f2193baf5")["user_count"], 1);
    let shown = get("/conversations/503");
    let worked_out = [
        "contacts",
        "first_contact_reply",
        "statistics",
        "teammates",
        "conversation_parts",
        "tags",
        "custom_attributes",
        "linked_objects",
        "ai_agent",
    ];
    says(&shown, &conversation(), &worked_out);
    says(
        &shown["ai_agent"],
        &conversation()["ai_agent"],
        &["resolution_state"],
    );
    assert_eq!(
        shown["ai_agent"]["resolution_state"], "escalated",
        "as 2.15 calls it"
    );
    let search = json!({ "query": { "field": "ai_agent.source_title", "operator": "=", "value": "Nights" } });
    let (_, found) = sim.json("POST", "/conversations/search", Some(&search));
    assert_eq!(found["total_count"], 1);
    assert_eq!(shown["custom_attributes"]["order"], "A-1");
    assert_eq!(shown["linked_objects"]["data"][0]["id"], "631");
    let parts = &shown["conversation_parts"]["conversation_parts"];
    let told = conversation();
    for place in 0..3 {
        says(
            &parts[place],
            &told["conversation_parts"]["conversation_parts"][place],
            &["id"],
        );
        assert_eq!(parts[place]["id"], (place + 1).to_string());
    }
    let shown = get("/tickets/631");
    says(
        &shown,
        &ticket(),
        &[
            "contacts",
            "ticket_parts",
            "linked_objects",
            "ticket_type",
            "admin_assignee_id",
            "team_assignee_id",
        ],
    );
    assert_eq!(shown["ticket_type"]["name"], "Repair");
    let search = json!({ "query": { "field": "location.city", "operator": "=", "value": "Porto" } });
    let (_, found) = sim.json("POST", "/contacts/search", Some(&search));
    assert_eq!(found["total_count"], 1);
    let reply =
        json!({ "message_type": "comment", "type": "admin", "admin_id": "991267645", "body": "more" });
    let (status, replied) = sim.json("POST", "/conversations/503/reply", Some(&reply));
    assert_eq!(status, 200, "{replied}");
    assert_eq!(get("/conversations/503")["conversation_parts"]["total_count"], 4);
}

#[test]
fn a_few_ids_and_addresses_are_a_workspace() {
    let sim = load(&json!({ "contacts": [{ "id": "a", "email": "a@example.com" }, { "id": 7, "email": "b@example.com" }] }))
        .expect("ids and addresses are enough");
    let (_, list) = sim.json("GET", "/contacts", None);
    assert_eq!(list["total_count"], 2);
    assert_eq!(sim.json("GET", "/contacts/7", None).1["email"], "b@example.com");
    let (status, made) = sim.json("POST", "/contacts", Some(&json!({ "email": "c@example.com" })));
    assert_eq!(status, 200, "{made}");
    let twin = sim.json(
        "POST",
        "/contacts",
        Some(&json!({ "email": "a@example.com", "role": "user" })),
    );
    assert_eq!(twin.0, 409);
    for path in [
        "/admins",
        "/teams",
        "/ticket_types",
        "/tags",
        "/segments",
        "/me",
        "/conversations",
        "/articles",
    ] {
        assert_eq!(sim.json("GET", path, None).0, 200, "{path}");
    }
}

#[test]
fn attributes_that_no_file_describes_have_the_type_of_their_values() {
    let sim = load(&json!({ "contacts": [
        { "id": "a", "custom_attributes": { "weight": 1, "tall": null, "note": 1 } },
        { "id": "b", "custom_attributes": { "weight": 1.5, "tall": true, "note": "x" } },
        { "id": "c", "custom_attributes": { "empty": null } },
    ] }))
    .expect("a few attributes load");
    let known = sim.json("GET", "/data_attributes?model=contact", None).1;
    for (name, data_type) in [
        ("weight", "float"),
        ("tall", "boolean"),
        ("note", "string"),
        ("empty", "string"),
    ] {
        let found = known["data"].as_array().into_iter().flatten();
        let found = found
            .filter(|one| one["name"] == name)
            .map(|one| &one["data_type"]);
        assert_eq!(found.collect::<Vec<_>>(), [data_type], "{name}");
    }
}

#[test]
fn custom_objects_of_any_type_are_loaded_and_used_like_those_that_are_there() {
    let mut sim = load(&json!({
        "contacts": [{ "id": "a", "email": "a@example.com" }],
        "custom_objects": [
            { "id": 7, "type": "Boat", "external_id": "b-7", "custom_attributes": { "name": "Gull", "owner": "a" } },
            { "id": "7", "type": "Berth", "custom_attributes": { "length": 9.5 } },
        ],
        "simulator": { "custom_object_types": ["Harbour"] },
    }))
    .expect("custom objects of any type load");
    for _ in 0..2 {
        let get = |path: &str| sim.json("GET", &format!("/custom_object_instances/{path}"), None);
        let (status, boat) = get("Boat/b-7");
        assert_eq!(
            (status, &boat["type"], &boat["id"]),
            (200, &json!("Boat"), &json!("7"))
        );
        assert_eq!(get("Boat?references_contact_id=a").1["data"][0], boat);
        assert_eq!(get("Berth/7").1["custom_attributes"]["length"], 9.5);
        assert_eq!(get("Harbour").1["data"], json!([]));
        assert_eq!(get("Order").0, 404, "the workspace has no such type");
        let made = json!({ "external_id": "h-1", "custom_attributes": { "place": "Ayr" } });
        let (status, harbour) = sim.json("POST", "/custom_object_instances/Harbour", Some(&made));
        assert_eq!((status, &harbour["type"]), (200, &json!("Harbour")));
        let (_, gone) = sim.json("DELETE", "/custom_object_instances/Harbour?external_id=h-1", None);
        assert_eq!(gone["object"], "Harbour");
        let saved = String::from_utf8(put_out(&sim)).expect("a saved workspace is text");
        sim =
            load(&serde_json::from_str(&saved).expect("a saved workspace is JSON")).expect("it loads again");
    }
}

/// The whole workspace as the control surface gives it.
fn put_out(sim: &TestSim) -> Vec<u8> {
    let get = &axum::http::Method::GET;
    crate::control::answer(&sim.state, get, "/_sim/workspace", "", b"")
        .body
        .to_vec()
}

#[test]
fn texts_are_records_in_every_form_that_the_api_gives() {
    let one = |text: &str, count: usize| {
        let records = parse::records(text, "contacts.json").expect(text);
        assert_eq!(records.len(), count, "{text}");
    };
    one(r#"[{"id":"1"},{"id":"2"}]"#, 2);
    one("{\"id\":\"1\"}\n{\"id\":\"2\"}\n\n", 2);
    one(r#"{"type":"list","data":[{"id":"1"}],"pages":{}}"#, 1);
    one(
        r#"{"type":"conversation.list","conversations":[{"id":"1"},{"id":"2"}]}"#,
        2,
    );
    one(r#"{"id":"1","tags":{"data":[]}}"#, 1);
    one("", 0);
    one("[]", 0);
}

#[test]
fn what_cannot_be_loaded_says_where_and_what_to_do() {
    let check = |document: Value, code: &str, parts: &[&str]| {
        let error = load(&document)
            .err()
            .unwrap_or_else(|| panic!("{document} loads"));
        let message = error.to_string();
        assert_eq!(error.code(), code, "{message}");
        for part in parts {
            assert!(message.contains(part), "{message} lacks {part}");
        }
        assert!(!error.advice().is_empty());
    };
    let person = json!({ "id": "a", "email": "a@example.com" });
    check(
        json!({ "contacts": ["a"] }),
        "TL0332",
        &["contacts.json", "record 1"],
    );
    check(json!({ "kontakte": [] }), "TL0333", &["kontakte"]);
    check(
        json!({ "contacts": [person, { "email": "b@example.com" }] }),
        "TL0334",
        &["contacts.json, record 2: id"],
    );
    check(
        json!({ "contacts": [{ "id": "a", "email": 5 }] }),
        "TL0334",
        &["email must be text"],
    );
    check(
        json!({ "contacts": [{ "id": "a", "created_at": "yesterday" }] }),
        "TL0334",
        &["created_at"],
    );
    check(
        json!({ "contacts": [{ "id": "a", "role": "boss" }] }),
        "TL0334",
        &["role"],
    );
    check(
        json!({ "tags": [{ "id": "x", "name": "vip" }] }),
        "TL0334",
        &["id must be a number"],
    );
    check(
        json!({ "simulator": { "time_zone": "Mars/Base" } }),
        "TL0334",
        &["time_zone"],
    );
    check(
        json!({ "contacts": [person, person] }),
        "TL0335",
        &["record 2", "the id a is that of record 1"],
    );
    check(
        json!({ "contacts": [{ "id": "a", "tags": [{ "id": "9" }] }], "tags": [] }),
        "TL0336",
        &["contacts.json, record 1: tags refers to 9", "tags.json"],
    );
    check(
        json!({ "contacts": [], "conversations": [{ "id": "1", "contacts": [{ "id": "zz" }] }] }),
        "TL0336",
        &["contacts refers to zz"],
    );
    check(
        json!({ "conversations": [{ "id": "1", "conversation_parts": [{ "id": "2" }] }] }),
        "TL0334",
        &["conversation_parts[0].part_type is missing"],
    );
    for (agent, reason) in [
        (
            json!({ "resolution_state": "won" }),
            "ai_agent.resolution_state must be one of assumed_resolution",
        ),
        (
            json!({ "source_type": "luck" }),
            "ai_agent.source_type must be one of essentials_plan_setup",
        ),
        (
            json!({ "rating": 9 }),
            "ai_agent.rating must be a number from 1 to 5",
        ),
        (json!("yes"), "ai_agent must be an object"),
    ] {
        check(
            json!({ "conversations": [{ "id": "1", "ai_agent": agent }] }),
            "TL0334",
            &[reason],
        );
    }
    check(
        json!({ "custom_objects": [{ "id": "1" }] }),
        "TL0334",
        &["custom_objects.json, record 1: type is missing"],
    );
    check(
        json!({ "simulator": { "custom_object_types": [5] } }),
        "TL0334",
        &["custom_object_types[0] must be text"],
    );
    check(
        json!({ "notes": [{ "id": "1", "body": "x" }] }),
        "TL0334",
        &["notes.json, record 1: contact is missing"],
    );
    check(json!({ "simulator": { "format": 99 } }), "TL0337", &["99"]);
    let text = |text: &str, place: &str| {
        let error = parse::records(text, "contacts.json").expect_err(text);
        assert_eq!(error.code(), "TL0332");
        assert!(error.to_string().contains(place), "{error}");
    };
    text("[{\"id\":\"1\"},\n{\"id\":]", "line 2");
    text("{\"id\":\"1\"}\n{\"id\":}", "line 2");
    text("5", "neither a list nor an object");
    let missing = disk::read(std::path::Path::new("/nowhere/at/all")).expect_err("there is no such folder");
    assert_eq!(missing.code(), "TL0330");
    let unwritable =
        disk::write(std::path::Path::new("/proc/nowhere"), &[]).expect_err("nobody writes there");
    assert_eq!(unwritable.code(), "TL0331");
}

#[test]
fn what_cannot_be_loaded_changes_nothing() {
    let sim = TestSim::new();
    let before = sim.json("GET", "/contacts", None);
    let bad = json!({ "contacts": [{ "id": "a" }, { "id": "a" }] }).to_string();
    let put = |body: &str| {
        crate::control::answer(
            &sim.state,
            &axum::http::Method::PUT,
            "/_sim/workspace",
            "",
            body.as_bytes(),
        )
    };
    let reply = put(&bad);
    assert_eq!(reply.status, 400);
    assert!(String::from_utf8_lossy(&reply.body).contains("TL0335"));
    assert_eq!(sim.json("GET", "/contacts", None), before);
    assert_eq!(
        put(&json!({ "contacts": [{ "id": "a" }] }).to_string()).status,
        204
    );
    assert_eq!(sim.json("GET", "/contacts", None).1["total_count"], 1);
}
