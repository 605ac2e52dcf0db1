//! Tickets, their types, attributes and states.

use serde_json::{Value, json};

use crate::harness::{NOW, Sim, id, ids};

/// The id of a ticket type of a category.
fn kind(sim: &Sim, category: &str) -> String {
    let types = sim.get("/ticket_types");
    id(types["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|kind| kind["category"] == category)
        .unwrap())
}

/// A new ticket of a category, with its contact.
fn ticket(sim: &Sim, category: &str) -> (String, String) {
    let contact = id(&sim.user(&format!("Owner {category}")));
    let body = json!({
        "ticket_type_id": kind(sim, category), "contacts": [{ "id": contact }],
        "ticket_attributes": { "_default_title_": "Broken", "_default_description_": "It is broken" },
    });
    (id(&sim.post("/tickets", &body)), contact)
}

fn state(sim: &Sim, category: &str) -> String {
    let states = sim.get("/ticket_states");
    id(states["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|state| state["category"] == category)
        .unwrap())
}

#[test]
fn a_created_ticket_is_read_back_and_can_be_deleted() {
    let sim = Sim::new();
    let (made, contact) = ticket(&sim, "Customer");
    let shown = sim.get(&format!("/tickets/{made}"));
    assert_eq!(
        (&shown["type"], &shown["category"], &shown["created_at"]),
        (&json!("ticket"), &json!("Customer"), &json!(NOW))
    );
    assert_eq!(shown["ticket_attributes"]["_default_title_"], "Broken");
    assert_eq!(shown["ticket_state"]["category"], "submitted");
    assert_eq!(ids(&shown["contacts"]["contacts"]), [contact]);
    assert_eq!(
        (&shown["admin_assignee_id"], &shown["team_assignee_id"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(
        sim.delete(&format!("/tickets/{made}")),
        json!({ "id": made, "object": "ticket", "deleted": true })
    );
    assert_eq!(sim.try_get(&format!("/tickets/{made}")).refusal().0, 404);
}

#[test]
fn a_ticket_is_made_for_contacts_by_any_name() {
    let sim = Sim::new();
    let contact = id(&sim.user("Named Thrice"));
    let kind = kind(&sim, "Customer");
    for named in [
        json!({ "id": contact }),
        json!({ "external_id": "own-named.thrice" }),
        json!({ "email": "named.thrice@people.example" }),
    ] {
        let made = sim.post(
            "/tickets",
            &json!({ "ticket_type_id": kind, "contacts": [named] }),
        );
        assert_eq!(
            ids(&made["contacts"]["contacts"]),
            std::slice::from_ref(&contact),
            "{named}"
        );
    }
}

#[test]
fn what_cannot_be_created_is_refused() {
    let sim = Sim::new();
    let contact = id(&sim.user("Refused One"));
    let kind = kind(&sim, "Customer");
    for (body, status, code) in [
        (
            json!({ "contacts": [{ "id": contact }] }),
            400,
            "parameter_not_found",
        ),
        (json!({ "ticket_type_id": kind }), 400, "parameter_not_found"),
        (
            json!({ "ticket_type_id": kind, "contacts": [] }),
            400,
            "parameter_not_found",
        ),
        (
            json!({ "ticket_type_id": "1", "contacts": [{ "id": contact }] }),
            404,
            "not_found",
        ),
        (
            json!({ "ticket_type_id": kind, "contacts": [{ "id": "64e1aa22bb33cc44dd55ee66" }] }),
            404,
            "not_found",
        ),
        (
            json!({ "ticket_type_id": kind, "contacts": [{ "id": contact }], "ticket_attributes": { "Shoe size": 1 } }),
            400,
            "parameter_invalid",
        ),
        (
            json!({ "ticket_type_id": kind, "contacts": [{ "id": contact }], "assignment": { "admin_assignee_id": "5" } }),
            404,
            "assignee_not_found",
        ),
    ] {
        assert_eq!(
            sim.send("POST", "/tickets", &body).refusal(),
            (status, code.to_owned()),
            "{body}"
        );
    }
}

#[test]
fn a_queued_ticket_comes_by_a_job() {
    let sim = Sim::new();
    let contact = id(&sim.user("Patient One"));
    let job = sim.post(
        "/tickets/enqueue",
        &json!({ "ticket_type_id": kind(&sim, "Customer"), "contacts": [{ "id": contact }] }),
    );
    assert_eq!(
        (&job["type"], &job["status"], &job["resource_id"]),
        (&json!("job"), &json!("pending"), &Value::Null)
    );
    let done = sim.get(&format!("/jobs/status/{}", id(&job)));
    assert_eq!(done["status"], "success");
    assert_eq!(
        sim.try_get(&format!("/tickets/{}", done["resource_id"].as_str().unwrap()))
            .status,
        200
    );
    assert_eq!(
        sim.try_get("/jobs/status/none").refusal(),
        (404, "job_not_found".to_owned())
    );
}

#[test]
fn an_update_moves_assigns_and_fills_in() {
    let sim = Sim::new();
    let (made, _) = ticket(&sim, "Customer");
    let path = format!("/tickets/{made}");
    let admin = sim.admin();
    let number: u64 = admin.parse().unwrap();
    sim.advance(9);
    let moved = sim.put(&path, &json!({ "ticket_state_id": state(&sim, "resolved"), "admin_id": number, "assignee_id": admin, "ticket_attributes": { "Severity": "high" } }));
    assert_eq!(moved["ticket_state"]["category"], "resolved");
    assert_eq!(moved["admin_assignee_id"], number);
    assert_eq!(moved["ticket_attributes"]["Severity"], "high");
    assert_eq!(moved["updated_at"], NOW + 9);
    let parts = moved["ticket_parts"]["ticket_parts"].as_array().unwrap();
    // The first part tells the state that the ticket began in.
    let change = parts[1..]
        .iter()
        .find(|part| part["part_type"] == "ticket_state_updated_by_admin")
        .unwrap();
    assert_eq!(
        (&change["previous_ticket_state"], &change["ticket_state"]),
        (&json!("submitted"), &json!("resolved"))
    );
    assert!(
        parts
            .iter()
            .any(|part| part["part_type"] == "assignment" && part["assigned_to"]["id"] == admin.as_str())
    );
    assert!(
        !parts.iter().any(|part| part.get("body").is_some()),
        "empty fields of ticket parts are left out"
    );
    for (body, status, code) in [
        (json!({ "ticket_state_id": "1" }), 400, "ticket_state_id_invalid"),
        (json!({ "assignee_id": "5" }), 404, "assignee_not_found"),
        (json!({ "admin_id": 5 }), 404, "admin_not_found"),
    ] {
        assert_eq!(
            sim.send("PUT", &path, &body).refusal(),
            (status, code.to_owned()),
            "{body}"
        );
    }
    let old = sim
        .at(
            "2.13",
            "PUT",
            &path,
            Some(&json!({ "assignment": { "admin_id": admin, "assignee_id": "0" } })),
        )
        .ok();
    assert_eq!(old["admin_assignee_id"], "0");
    let oldest = sim
        .at("2.11", "PUT", &path, Some(&json!({ "state": "in_progress" })))
        .ok();
    assert_eq!(oldest["ticket_state"], "in_progress");
}

#[test]
fn a_reply_answers_with_its_part() {
    let sim = Sim::new();
    let (customer, contact) = ticket(&sim, "Customer");
    let part = sim.post(&format!("/tickets/{customer}/reply"), &json!({ "message_type": "comment", "type": "user", "intercom_user_id": contact, "body": "any news?" }));
    assert_eq!(
        (&part["type"], &part["part_type"], &part["body"]),
        (
            &json!("ticket_part"),
            &json!("comment"),
            &json!("<p>any news?</p>")
        )
    );
    let note = sim.post(
        &format!("/tickets/{customer}/reply"),
        &json!({ "message_type": "note", "type": "admin", "admin_id": sim.admin(), "body": "hm" }),
    );
    assert_eq!(note["part_type"], "note");
    assert_eq!(
        ids(&sim.get(&format!("/tickets/{customer}"))["ticket_parts"]["ticket_parts"])[1..],
        [id(&part), id(&note)]
    );
    let (internal, contact) = ticket(&sim, "Back-office");
    let got = sim.send(
        "POST",
        &format!("/tickets/{internal}/reply"),
        &json!({ "message_type": "comment", "type": "user", "intercom_user_id": contact, "body": "x" }),
    );
    assert_eq!(got.refusal(), (400, "parameter_mismatch".to_owned()));
    assert_eq!(
        got.message(),
        "User replies are not allowed on Backoffice tickets"
    );
}

#[test]
fn only_trackers_link_conversations_and_only_once() {
    let sim = Sim::new();
    let (tracker, _) = ticket(&sim, "Tracker");
    let (second, _) = ticket(&sim, "Customer");
    let conversation = id(&sim.truth("conversations")[0]);
    let path = format!("/tickets/{tracker}/linked_conversations");
    let linked = sim.post(&path, &json!({ "conversation_id": conversation }));
    assert_eq!(
        (id(&linked), id(&linked["linked_objects"]["data"][0])),
        (conversation.clone(), tracker.clone())
    );
    assert_eq!(
        sim.get(&format!("/tickets/{tracker}"))["linked_objects"]["data"][0]["id"],
        conversation
    );
    for (path, body, status, code) in [
        (
            path.clone(),
            json!({ "conversation_id": conversation }),
            400,
            "already_linked_to_tracker",
        ),
        (
            path.clone(),
            json!({ "conversation_id": "1" }),
            404,
            "conversation_not_found",
        ),
        (path.clone(), json!({}), 400, "parameter_not_found"),
        (
            format!("/tickets/{second}/linked_conversations"),
            json!({ "conversation_id": conversation }),
            400,
            "invalid_ticket_type",
        ),
        (
            "/tickets/1/linked_conversations".to_owned(),
            json!({ "conversation_id": conversation }),
            404,
            "ticket_not_found",
        ),
    ] {
        assert_eq!(
            sim.send("POST", &path, &body).refusal(),
            (status, code.to_owned()),
            "{path} {body}"
        );
    }
    sim.delete(&format!("{path}/{conversation}"));
    let again = sim.at("2.16", "DELETE", &format!("{path}/{conversation}"), None);
    assert_eq!(again.refusal(), (404, "conversation_not_found".to_owned()));
}

#[test]
fn a_ticket_changes_its_type_within_its_category() {
    let sim = Sim::new();
    let (made, _) = ticket(&sim, "Customer");
    let other = id(&sim.post(
        "/ticket_types",
        &json!({ "name": "Complaint", "category": "Customer" }),
    ));
    let path = format!("/tickets/{made}/change_type");
    let submitted = state(&sim, "submitted");
    let changed = sim.post(
        &path,
        &json!({ "ticket_type_id": other, "ticket_state_id": submitted }),
    );
    assert_eq!(changed["ticket_type"]["name"], "Complaint");
    for (body, code) in [
        (json!({ "ticket_state_id": submitted }), "parameter_not_found"),
        (json!({ "ticket_type_id": other }), "parameter_not_found"),
        (
            json!({ "ticket_type_id": other, "ticket_state_id": submitted }),
            "parameter_invalid",
        ),
        (
            json!({ "ticket_type_id": kind(&sim, "Tracker"), "ticket_state_id": submitted }),
            "parameter_invalid",
        ),
        (
            json!({ "ticket_type_id": kind(&sim, "Customer"), "ticket_state_id": "1" }),
            "parameter_invalid",
        ),
    ] {
        assert_eq!(sim.send("POST", &path, &body).refusal().1, code, "{body}");
    }
}

#[test]
fn types_and_attributes_are_made_changed_and_archived() {
    let sim = Sim::new();
    let made = sim.post("/ticket_types", &json!({ "name": "Return", "description": "goods come back", "category": "Back-office", "icon": "📦", "is_internal": true }));
    let path = format!("/ticket_types/{}", id(&made));
    let names: Vec<&str> = made["ticket_type_attributes"]["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["_default_title_", "_default_description_"]);
    assert_eq!(sim.get(&path), made);
    assert_eq!(sim.put(&path, &json!({ "name": "Returns" }))["name"], "Returns");
    let list = sim.post(
        &format!("{path}/attributes"),
        &json!({ "name": "Reason", "description": "why", "data_type": "list", "list_items": "broken, late" }),
    );
    assert_eq!(list["input_options"]["list_options"][1]["name"], "late");
    let changed = sim.put(
        &format!("{path}/attributes/{}", id(&list)),
        &json!({ "archived": true, "description": "why not" }),
    );
    assert_eq!(
        (&changed["archived"], &changed["description"]),
        (&json!(true), &json!("why not"))
    );
    for (path, body, status) in [
        ("/ticket_types".to_owned(), json!({}), 400),
        (
            "/ticket_types".to_owned(),
            json!({ "name": "x", "category": "Friends" }),
            400,
        ),
        (
            format!("{path}/attributes"),
            json!({ "name": "x", "description": "y", "data_type": "colour" }),
            400,
        ),
        (
            format!("{path}/attributes"),
            json!({ "name": "Reason", "description": "y", "data_type": "string" }),
            400,
        ),
        (
            "/ticket_types/1/attributes".to_owned(),
            json!({ "name": "x", "description": "y", "data_type": "string" }),
            404,
        ),
    ] {
        assert_eq!(
            sim.send("POST", &path, &body).refusal().0,
            status,
            "{path} {body}"
        );
    }
    assert_eq!(sim.put(&path, &json!({ "archived": true }))["archived"], true);
    let contact = id(&sim.user("Too Late"));
    let refused = sim.send(
        "POST",
        "/tickets",
        &json!({ "ticket_type_id": id(&made), "contacts": [{ "id": contact }] }),
    );
    assert_eq!(refused.refusal().0, 404, "an archived type makes no tickets");
}

#[test]
fn a_ticket_for_several_people_is_made_for_all_of_them_or_leaves_nothing_behind() {
    let sim = Sim::new();
    let known = id(&sim.user("Known"));
    let make = |contacts: Value| {
        let body = json!({ "ticket_type_id": kind(&sim, "Customer"), "contacts": contacts,
            "ticket_attributes": { "_default_title_": "Broken" } });
        sim.send("POST", "/tickets", &body)
    };
    let count = || (sim.truth("contacts").len(), sim.truth("tickets").len());
    let before = count();
    for (contacts, status) in [
        (
            json!([{ "email": "new@people.example" }, { "id": "nobody" }]),
            404,
        ),
        (
            json!([{ "email": "new@people.example" }, { "external_id": "nobody" }]),
            404,
        ),
        (
            json!([{ "id": known }, { "email": "new@people.example" }, { "email": "no address" }]),
            400,
        ),
        (json!([{ "email": "new@people.example" }, {}]), 400),
    ] {
        let got = make(contacts.clone());
        assert_eq!(got.refusal().0, status, "{contacts}");
        assert_eq!(count(), before, "{contacts}");
    }
    let made = make(json!([
        { "id": known }, { "email": "new@people.example" }, { "email": "new@people.example" }
    ]))
    .ok();
    let people = ids(&made["contacts"]["contacts"]);
    assert_eq!((people.len(), &people[0]), (2, &known), "{made}");
    assert_eq!(count(), (before.0 + 1, before.1 + 1));
}

#[test]
fn a_part_tells_which_attribute_changed_and_to_what() {
    let sim = Sim::new();
    let (made, _) = ticket(&sim, "Customer");
    let path = format!("/tickets/{made}");
    for (name, value, shown, previous) in [
        (
            "_default_title_",
            json!("More broken"),
            json!("More broken"),
            "Broken",
        ),
        ("_default_title_", Value::Null, json!(""), "More broken"),
        (
            "_default_description_",
            json!("Still"),
            json!("Still"),
            "It is broken",
        ),
    ] {
        let body = json!({ "ticket_attributes": { name: value } });
        let told = sim.put(&path, &body);
        let parts = told["ticket_parts"]["ticket_parts"].as_array().unwrap();
        let part = parts.last().unwrap();
        assert_eq!(part["part_type"], "ticket_attribute_updated_by_admin", "{name}");
        let data = &part["updated_attribute_data"];
        let attribute = &data["attribute"];
        assert_eq!(
            (&attribute["type"], &attribute["label"]),
            (&json!("attribute"), &json!(name))
        );
        let is_id = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        assert!(attribute["id"].as_str().is_some_and(is_id), "{data}");
        let expected = json!({ "type": "value", "id": shown, "label": shown, "previous": previous });
        assert_eq!(data["value"], expected, "{name}");
        let old = sim.at("2.13", "GET", &path, None).ok();
        let parts = old["ticket_parts"]["ticket_parts"].as_array().unwrap();
        assert!(
            parts.last().unwrap().get("updated_attribute_data").is_none(),
            "{name}"
        );
    }
    let both = json!({ "ticket_attributes": { "_default_title_": "A", "_default_description_": "B" } });
    let before = sim.get(&path)["ticket_parts"]["total_count"].as_u64().unwrap();
    let after = sim.put(&path, &both)["ticket_parts"]["total_count"]
        .as_u64()
        .unwrap();
    assert_eq!(after, before + 2, "a part for each attribute");
}
