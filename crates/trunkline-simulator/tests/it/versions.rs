//! What the versions show differently.

use serde_json::{Value, json};

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

#[test]
fn every_simulated_list_answers_at_every_version_that_has_it() {
    let sim = Sim::new();
    sim.habit("scroll_lock", false);
    for version in trunkline_catalog::Version::ALL {
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
