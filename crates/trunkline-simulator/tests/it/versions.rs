//! What the versions show differently.

use serde_json::{Value, json};
use trunkline_catalog::Version;

use crate::harness::{Sim, id};

#[test]
fn owners_are_text_since_2_16_and_numbers_before() {
    let sim = Sim::new();
    let owned = sim
        .truth("contacts")
        .into_iter()
        .find(|contact| contact["owner_id"].is_string())
        .unwrap();
    let path = format!("/contacts/{}", id(&owned));
    for version in ["2.10", "2.14", "2.15"] {
        let shown = sim.at(version, "GET", &path, None).ok();
        assert_eq!(
            shown["owner_id"].to_string(),
            owned["owner_id"].as_str().unwrap(),
            "{version}"
        );
    }
}

#[test]
fn conversations_name_priorities_and_the_unassigned_by_version() {
    let sim = Sim::new();
    let all = sim.truth("conversations");
    let find = |holds: &dyn Fn(&Value) -> bool| id(all.iter().find(|row| holds(row)).unwrap());
    let high = find(&|row| row["priority"] != "none");
    let none = find(&|row| row["priority"] == "none");
    let unassigned = find(&|row| row["admin_assignee_id"] == 0);
    let at = |version: &str, conversation: &str, field: &str| {
        sim.at(version, "GET", &format!("/conversations/{conversation}"), None)
            .ok()[field]
            .clone()
    };
    assert_eq!(at("2.15", &high, "priority"), "priority");
    assert_eq!(at("2.15", &none, "priority"), "not_priority");
    assert!(["low", "medium", "high", "urgent"].contains(&at("2.16", &high, "priority").as_str().unwrap()));
    assert_eq!(at("2.15", &unassigned, "admin_assignee_id"), Value::Null);
    assert_eq!(at("2.16", &unassigned, "admin_assignee_id"), 0);
    assert!(
        sim.at("2.11", "GET", &format!("/conversations/{none}"), None)
            .ok()
            .get("ai_agent")
            .is_none()
    );
    assert!(
        sim.at("2.14", "GET", &format!("/conversations/{none}"), None)
            .ok()
            .get("company")
            .is_none()
    );
}

#[test]
fn tickets_show_states_and_assignees_by_version() {
    let sim = Sim::new();
    let ticket = sim
        .truth("tickets")
        .into_iter()
        .find(|ticket| ticket["admin_assignee_id"] != 0)
        .unwrap();
    let at = |version: &str| {
        sim.at(version, "GET", &format!("/tickets/{}", id(&ticket)), None)
            .ok()
    };
    assert_eq!(at("2.16")["admin_assignee_id"], ticket["admin_assignee_id"]);
    assert_eq!(
        at("2.15")["admin_assignee_id"],
        json!(ticket["admin_assignee_id"].to_string())
    );
    assert_eq!(at("2.12")["ticket_state"]["type"], "ticket_state");
    let old = at("2.11");
    assert!(
        old["ticket_state"].is_string()
            && old["ticket_state_internal_label"].is_string()
            && old["ticket_state_external_label"].is_string()
    );
}

#[test]
fn ticket_types_moved_their_rows_in_2_12() {
    let sim = Sim::new();
    assert!(sim.at("2.11", "GET", "/ticket_types", None).ok()["ticket_types"].is_array());
    assert!(sim.at("2.12", "GET", "/ticket_types", None).ok()["data"].is_array());
}

/// Holds that a field stands in an answer from `since` to `until` and at no other version that has the operation.
fn check_field(sim: &Sim, path: &str, field: &str, since: Version, until: Version) {
    let mut seen = 0;
    for version in Version::ALL {
        let got = sim.at(version.as_str(), "GET", path, None);
        if got.status == 400 {
            assert_eq!(got.refusal().1, "intercom_version_invalid", "{path} at {version}");
            continue;
        }
        seen += 1;
        let expected = since <= version && version <= until;
        let found = got.ok().pointer(field).is_some();
        assert_eq!(found, expected, "{field} of {path} at {version}");
    }
    assert!(seen > 0, "{path}");
}

#[test]
fn fields_come_and_go_with_their_versions() {
    let sim = Sim::new();
    let admin = sim.admin();
    let contact = sim.user("Ada");
    let said = json!({ "from": { "type": "user", "id": id(&contact) }, "body": "hello" });
    let conversation = sim.post("/conversations", &said)["conversation_id"].clone();
    let conversation = format!("/conversations/{}", conversation.as_str().unwrap());
    let reply = json!({ "message_type": "comment", "type": "admin", "admin_id": admin, "body": "hi" });
    sim.post(&format!("{conversation}/reply"), &reply);
    let part = |field: &str| format!("/conversation_parts/conversation_parts/0/{field}");
    let ticket = format!("/tickets/{}", id(&sim.truth("tickets")[0]));
    let ticket_type = format!("/ticket_types/{}", id(&sim.truth("ticket_types")[0]));
    let collection = format!("/help_center/collections/{}", id(&sim.truth("collections")[0]));
    let article = format!("/articles/{}", id(&sim.truth("articles")[0]));
    let teammate = format!("/admins/{admin}");
    let team = format!("/teams/{}", id(&sim.truth("teams")[0]));
    let (oldest, newest) = (Version::V2_7, Version::Preview);
    for (path, field, since, until) in [
        (teammate.as_str(), "/team_priority_level", Version::V2_8, newest),
        (&teammate, "/away_status_reason_id", Version::V2_14, newest),
        ("/admins", "/admins/0/team_priority_level", Version::V2_8, newest),
        (
            "/admins",
            "/admins/0/away_status_reason_id",
            Version::V2_14,
            newest,
        ),
        (&team, "/admin_priority_level", Version::V2_8, newest),
        ("/teams", "/teams/0/admin_priority_level", Version::V2_8, newest),
        (&conversation, "/ticket", Version::V2_9, newest),
        (&conversation, "/linked_objects", Version::V2_10, newest),
        (&conversation, "/ai_agent", Version::V2_12, newest),
        (&conversation, "/ai_agent_participated", Version::V2_12, newest),
        (&conversation, "/company", Version::V2_15, newest),
        (&conversation, &part("event_details"), Version::V2_13, newest),
        (&conversation, &part("app_package_code"), Version::V2_13, newest),
        (&conversation, &part("body"), oldest, newest),
        (&ticket, "/category", Version::V2_10, newest),
        (&ticket, "/linked_objects", Version::V2_10, newest),
        (&ticket, "/ticket_type/category", Version::V2_10, newest),
        (&ticket, "/contacts/contacts/0/role", Version::V2_9, Version::V2_9),
        (&ticket, "/contacts/contacts/0/type", Version::V2_10, newest),
        (&ticket, "/ticket_state/id", Version::V2_12, newest),
        (
            &ticket,
            "/ticket_state_internal_label",
            Version::V2_9,
            Version::V2_11,
        ),
        (&ticket_type, "/category", Version::V2_10, newest),
        (&ticket_type, "/ticket_states", Version::V2_12, newest),
        (&collection, "/parent_id", Version::V2_10, newest),
        (&collection, "/type", oldest, Version::V2_9),
        (
            "/help_center/collections",
            "/data/0/parent_id",
            Version::V2_10,
            newest,
        ),
        (&article, "/parent_ids", oldest, newest),
        (&article, "/parent_id", oldest, Version::V2_15),
        (&article, "/parent_type", oldest, Version::V2_15),
        (&article, "/tags", Version::V2_13, newest),
        ("/articles", "/data/0/parent_id", oldest, Version::V2_15),
        (
            "/export/reporting_data/get_datasets",
            "/data/0/attributes/0/qualified_id",
            Version::V2_16,
            newest,
        ),
    ] {
        check_field(&sim, path, field, since, until);
    }
}

#[test]
fn the_truth_of_a_version_is_what_its_lists_show() {
    let sim = Sim::new();
    for (stream, path, rows) in [
        ("admins", "/admins", "admins"),
        ("teams", "/teams", "teams"),
        ("collections", "/help_center/collections", "data"),
    ] {
        for version in ["2.7", "2.9", "2.13", "2.16"] {
            let listed = sim.at(version, "GET", path, None).ok();
            assert_eq!(
                json!(sim.truth_at(stream, version)),
                listed[rows],
                "{stream} at {version}"
            );
        }
    }
}

#[test]
fn fields_of_bodies_count_from_the_version_that_brought_them() {
    let sim = Sim::new();
    let admin = sim.admin();
    let contact = id(&sim.user("Ada"));
    let company = id(&sim.post("/companies", &json!({ "company_id": "acme", "name": "Acme" })));
    let kind = id(&sim.truth("ticket_types")[0]);
    let from = json!({ "type": "user", "id": contact });

    for (version, expected) in [("2.10", false), ("2.11", true), ("2.16", true)] {
        let body = json!({ "from": from, "body": "long ago", "created_at": 1_000_000_000 });
        let made = sim.at(version, "POST", "/conversations", Some(&body)).ok();
        assert_eq!(made["created_at"] == 1_000_000_000, expected, "{version}");
    }
    for (version, expected) in [("2.13", false), ("2.14", true)] {
        let made = sim.post("/conversations", &json!({ "from": from, "body": "hello" }));
        let path = format!("/conversations/{}", made["conversation_id"].as_str().unwrap());
        sim.at(version, "PUT", &path, Some(&json!({ "company_id": company })))
            .ok();
        assert_eq!(sim.get(&path)["company"].is_object(), expected, "{version}");

        let body = json!({
            "ticket_type_id": kind,
            "contacts": [{ "id": contact }],
            "ticket_attributes": { "_default_title_": "hello" },
            "assignment": { "admin_assignee_id": admin },
            "conversation_to_link_id": made["conversation_id"],
        });
        let ticket = sim.at(version, "POST", "/tickets", Some(&body)).ok();
        let ticket = sim.get(&format!("/tickets/{}", id(&ticket)));
        assert_eq!(ticket["admin_assignee_id"] != 0, expected, "{version}");
        assert_eq!(
            ticket["linked_objects"]["total_count"] == 1,
            expected,
            "{version}"
        );

        let body = json!({
            "message_type": "email", "subject": "s", "body": "b", "template": "plain",
            "from": { "type": "admin", "id": admin }, "to": [{ "type": "user", "id": contact }],
        });
        let sent = sim.at(version, "POST", "/messages", Some(&body));
        assert_eq!(
            sent.status,
            if expected { 200 } else { 400 },
            "{version}: {}",
            sent.text
        );

        let reason = sim.get("/away_status_reasons")["data"][0]["id"].clone();
        let body = json!({ "away_mode_enabled": true, "away_mode_reassign": false, "away_status_reason_id": reason });
        sim.at(version, "PUT", &format!("/admins/{admin}/away"), Some(&body))
            .ok();
        let shown = sim.get(&format!("/admins/{admin}"));
        assert_eq!(shown["away_status_reason_id"].is_u64(), expected, "{version}");
    }
}

#[test]
fn receipts_of_contacts_name_an_object_before_2_10() {
    let sim = Sim::new();
    for (version, field) in [
        ("2.7", "object"),
        ("2.9", "object"),
        ("2.10", "type"),
        ("2.16", "type"),
    ] {
        let contact = id(&sim.user(&format!("Ada {version}")));
        for (method, end) in [("POST", "/archive"), ("POST", "/unarchive"), ("DELETE", "")] {
            let path = format!("/contacts/{contact}{end}");
            let receipt = sim.at(version, method, &path, None).ok();
            assert_eq!(receipt[field], "contact", "{version} {path}: {receipt}");
            assert_eq!(receipt.get("external_id").is_some(), field == "type", "{receipt}");
        }
    }
}

#[test]
fn custom_objects_are_found_one_by_one_before_2_16() {
    let sim = Sim::new();
    let list = |version: &str, query: &str| {
        let path = format!("/custom_object_instances/Order{query}");
        sim.at(version, "GET", &path, None)
    };
    let body = json!({ "external_id": "order-1", "custom_attributes": { "order_number": "1" } });
    sim.post("/custom_object_instances/Order", &body);
    assert_eq!(
        list("2.15", "?external_id=order-1").ok()["external_id"],
        "order-1"
    );
    assert_eq!(
        list("2.15", "").refusal(),
        (400, "parameter_not_found".to_owned())
    );
    assert!(list("2.16", "").ok()["data"].is_array());
}

#[test]
fn every_simulated_list_answers_at_every_version_that_has_it() {
    let sim = Sim::new();
    sim.habit("scroll_lock", false);
    for version in Version::ALL {
        for operation in trunkline_catalog::Catalog::embedded().operations_in(version) {
            if operation.method != trunkline_catalog::Method::Get || operation.path.contains('{') {
                continue;
            }
            let query = match operation.id {
                "activity_logs.list" => "?created_at_after=0",
                "data_events.list" => "?type=user&user_id=user-1",
                "visitors.get" => "?user_id=nobody",
                "messages.list_status" => "?ruleset_id=1",
                "messages.get_whatsapp_status" => "?message_id=1",
                _ => "",
            };
            let got = sim.at(
                version.as_str(),
                "GET",
                &format!("{}{query}", operation.path),
                None,
            );
            let expected: &[u16] = match operation.id {
                "visitors.get" | "messages.get_whatsapp_status" | "data_events.list" => &[200, 404],
                _ => &[200, 501],
            };
            assert!(
                expected.contains(&got.status),
                "{version} {}: {} {}",
                operation.id,
                got.status,
                got.text
            );
        }
    }
}

/// The families that are to be simulated whole.
const WHOLE: &[&str] = &[
    "me",
    "contacts",
    "companies",
    "conversations",
    "conversation_attributes",
    "tickets",
    "ticket_types",
    "ticket_states",
    "tags",
    "segments",
    "admins",
    "activity_logs",
    "teams",
    "notes",
    "data_attributes",
    "data_events",
    "subscription_types",
    "articles",
    "collections",
    "help_centers",
    "help_center_redirects",
    "help_center_sections",
    "messages",
    "visitors",
];
/// Of other families, what a mirror reads.
const READS: &[&str] = &[
    "news_items.list",
    "news_items.get",
    "newsfeeds.list",
    "newsfeeds.get",
    "newsfeeds.list_items",
    "internal_articles.list",
    "internal_articles.get",
    "away_status_reasons.list",
    "brands.list",
    "brands.get",
    "emails.list",
    "emails.get",
    "macros.list",
    "macros.get",
    "conversations.list_deleted",
    "jobs.get",
];
/// What belongs to a family by its id but to another heading by its nature.
const ELSEWHERE: &[&str] = &[
    "contacts.bulk_create",
    "contacts.bulk_update",
    "contacts.bulk_delete",
    "contacts.get_bulk_job",
    "contacts.list_banners",
    "contacts.dismiss_banner",
    "contacts.list_activities",
    "companies.bulk_upsert",
    "companies.bulk_update",
    "companies.bulk_delete",
    "companies.get_bulk_job",
    "tags.attach_to_content_snippet",
    "tags.detach_from_content_snippet",
];

#[test]
fn no_operation_of_a_whole_family_is_left_out() {
    let sim = Sim::new();
    let mut lacking = Vec::new();
    for operation in trunkline_catalog::Catalog::embedded().operations() {
        let is_wanted = (WHOLE.contains(&operation.family()) && !ELSEWHERE.contains(&operation.id))
            || READS.contains(&operation.id);
        if !is_wanted {
            continue;
        }
        let path: String = operation
            .path
            .split('/')
            .map(|segment| if segment.starts_with('{') { "1" } else { segment })
            .collect::<Vec<_>>()
            .join("/");
        let version = operation.versions.1.as_str();
        let got = sim.at(version, operation.method.as_str(), &path, None);
        if got.status == 501 {
            lacking.push(operation.id);
        }
    }
    assert!(lacking.is_empty(), "{lacking:?}");
}
