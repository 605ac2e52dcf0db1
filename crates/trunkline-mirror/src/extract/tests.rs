//! Records of several versions and what their columns hold.

use serde_json::{Value as Json, json};

use super::{List, Plan, Value};
use crate::tables;

fn show(value: &Value<'_>) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(value) => json!(value),
        Value::Real(value) => json!(value),
        other => json!(other.as_str()),
    }
}

/// Checks the named columns; everything else is not looked at.
fn check(stream: &str, record: &Json, expected: &Json) {
    let table = tables::table(stream).unwrap();
    let text = record.to_string();
    let extracted = Plan::of(table).extract(&text).unwrap();
    for (name, expected) in expected.as_object().unwrap() {
        let place = table
            .position(name)
            .unwrap_or_else(|| panic!("{stream} has no column {name}"));
        assert_eq!(
            show(&extracted.values[place]),
            *expected,
            "{stream}.{name} of {text}"
        );
    }
}

#[test]
fn contacts_of_every_version_fill_the_same_columns() {
    let old = json!({
        "type": "contact", "id": "64f0c1a2b3c4d5e6f7a8b9c0", "workspace_id": "abcd1234", "external_id": "u-17",
        "role": "user", "email": "ada@example.com", "phone": null, "name": "Ada \"Countess\" Lovelace",
        "avatar": "https://example.com/ada.png", "owner_id": 814_860, "has_hard_bounced": false,
        "created_at": 1_571_672_154, "updated_at": 1_571_672_158, "last_seen_at": null,
        "location": {"type": "location", "country": "Ireland", "region": null, "city": "Dublin"},
        "custom_attributes": {"Plan tier": "gold", "seats": 5}, "unknown_later": {"deep": [1, {"id": 9}]},
    });
    let new = json!({
        "type": "contact", "id": "64f0c1a2b3c4d5e6f7a8b9c0", "external_id": "u-17", "role": "user",
        "avatar": {"type": "avatar", "image_url": "https://example.com/ada.png"}, "owner_id": "814860",
        "created_at": "2019-10-21T15:35:54.000+00:00", "updated_at": 1_571_672_158, "has_hard_bounced": true,
        "location": {"country": "Ireland", "city": "Dublin", "country_code": "IRL"}, "custom_attributes": {},
    });
    let same = json!({
        "id": "64f0c1a2b3c4d5e6f7a8b9c0", "external_id": "u-17", "owner_id": "814860", "country": "Ireland",
        "city": "Dublin", "region": null, "avatar_url": "https://example.com/ada.png",
        "updated_at": "2019-10-21T15:35:58Z", "last_seen_at": null,
    });
    check("contacts", &old, &same);
    check("contacts", &new, &same);
    check(
        "contacts",
        &old,
        &json!({"name": "Ada \"Countess\" Lovelace", "created_at": "2019-10-21T15:35:54Z", "has_hard_bounced": 0,
                "custom_attributes": r#"{"Plan tier":"gold","seats":5}"#}),
    );
    check(
        "contacts",
        &new,
        &json!({"created_at": "2019-10-21T15:35:54.000Z", "has_hard_bounced": 1, "country_code": "IRL"}),
    );
}

#[test]
fn conversations_of_every_version_fill_the_same_columns() {
    let source = json!({
        "type": "conversation", "id": "403918330", "delivered_as": "customer_initiated", "subject": "",
        "body": "<p>Where is my order?</p>", "author": {"type": "user", "id": "c1", "name": "Ada", "email": "a@example.com"},
        "attachments": [], "url": null, "redacted": false,
    });
    let unassigned = |version: &str| {
        let none = if version == "2.16" { json!(0) } else { Json::Null };
        json!({
            "type": "conversation", "id": "215472629311235", "created_at": 1_795_230_245, "updated_at": 1_795_230_246,
            "open": true, "state": "open", "read": false, "priority": if version == "2.16" { "high" } else { "priority" },
            "admin_assignee_id": none, "team_assignee_id": none, "source": source, "title": null,
            "statistics": {"count_conversation_parts": 4, "time_to_assignment": null, "last_closed_by_id": 814_860},
            "conversation_rating": if version == "2.10" { Json::Null } else { json!({"rating": 5, "remark": "Great", "teammate": {"type": "admin", "id": 7}}) },
            "custom_attributes": {"Has attachments": false}, "ai_agent": null, "sla_applied": null,
            "teammates": {"type": "admin.list", "admins": [{"type": "admin", "id": "7"}]}, "topics": {},
        })
    };
    for (version, assignee, rating) in [
        ("2.10", Json::Null, Json::Null),
        ("2.14", Json::Null, json!(5)),
        ("2.16", json!("0"), json!(5)),
    ] {
        check(
            "conversations",
            &unassigned(version),
            &json!({
                "id": "215472629311235", "admin_assignee_id": assignee, "rating": rating, "open": 1, "read": 0,
                "source_body": "<p>Where is my order?</p>", "source_author_email": "a@example.com",
                "count_conversation_parts": 4, "time_to_assignment": null, "last_closed_by_id": "814860",
                "sla_name": null, "topics": null, "created_at": "2026-11-21T03:04:05Z",
            }),
        );
    }
    check(
        "conversations",
        &json!({"id": 1, "statistics": null, "source": "odd"}),
        &json!({"count_conversation_parts": null, "source_body": null}),
    );
}

#[test]
fn parts_come_with_null_keys_or_without() {
    check(
        "conversation_parts",
        &json!({
            "type": "conversation_part", "id": "37403241257", "part_type": "assignment", "body": null,
            "created_at": 1_795_230_245, "assigned_to": {"type": "nobody_admin", "id": null},
            "author": {"type": "bot", "id": "1", "name": "Fin", "from_ai_agent": true}, "attachments": [{"name": "a.png"}],
        }),
        &json!({"id": "37403241257", "body": null, "assigned_to_type": "nobody_admin", "assigned_to_id": null,
                "from_ai_agent": 1, "attachments": r#"[{"name":"a.png"}]"#, "conversation_id": null}),
    );
    check(
        "ticket_parts",
        &json!({"id": 3_381_828_792_u64, "part_type": "ticket_state_updated_by_admin", "ticket_state": "in_progress",
                "previous_ticket_state": "submitted", "updated_attribute_data": {"attribute": {"id": "1"}}}),
        &json!({"id": "3381828792", "ticket_state": "in_progress", "body": null,
                "updated_attribute_data": r#"{"attribute":{"id":"1"}}"#}),
    );
}

#[test]
fn a_ticket_state_is_a_word_or_an_object() {
    let attributes = json!({"_default_title_": "Broken", "Priority: level": 2});
    check(
        "tickets",
        &json!({"id": "1", "ticket_state": "in_progress", "ticket_state_internal_label": "Doing", "ticket_attributes": attributes,
                "admin_assignee_id": "0", "ticket_type": {"id": 5, "name": "Bug"}}),
        &json!({"ticket_state": "in_progress", "ticket_state_label": "Doing", "ticket_state_id": null, "title": "Broken",
                "admin_assignee_id": "0", "ticket_type_id": "5", "ticket_attributes": attributes.to_string()}),
    );
    check(
        "tickets",
        &json!({"id": "1", "ticket_state": {"type": "ticket_state", "id": "8", "category": "resolved", "internal_label": "Done"},
                "admin_assignee_id": 0, "is_shared": true}),
        &json!({"ticket_state": "resolved", "ticket_state_label": "Done", "ticket_state_id": "8", "admin_assignee_id": "0", "is_shared": 1}),
    );
}

#[test]
fn every_other_resource_fills_its_columns() {
    for (stream, record, expected) in [
        (
            "companies",
            json!({"id": "5f", "company_id": "acme", "plan": {"type": "plan", "id": "2", "name": "Pro"}, "monthly_spend": 49.5, "size": 85, "remote_created_at": 1_795_230_245}),
            json!({"plan_name": "Pro", "monthly_spend": 49.5, "size": 85, "remote_created_at": "2026-11-21T03:04:05Z"}),
        ),
        (
            "companies",
            json!({"id": "5f", "plan": {}, "monthly_spend": 49}),
            json!({"plan_name": null, "monthly_spend": 49.0}),
        ),
        (
            "admins",
            json!({"id": "814860", "name": "Ada", "away_mode_enabled": false, "avatar": {"image_url": "u"}, "team_ids": [814_865], "away_status_reason_id": 7}),
            json!({"away_mode_enabled": 0, "avatar_url": "u", "team_ids": "[814865]", "away_status_reason_id": "7"}),
        ),
        (
            "admins",
            json!({"id": "814860", "avatar": "u", "role": {"type": "role", "id": "3", "name": "Agent"}}),
            json!({"avatar_url": "u", "role_name": "Agent"}),
        ),
        (
            "teams",
            json!({"id": "1", "name": "T", "assignment_limit": null, "distribution_method": "round_robin"}),
            json!({"assignment_limit": null, "distribution_method": "round_robin"}),
        ),
        (
            "tags",
            json!({"type": "tag", "id": 17, "name": "VIP"}),
            json!({"id": "17", "name": "VIP"}),
        ),
        (
            "segments",
            json!({"id": "s", "name": "Active", "person_type": "user", "count": 3}),
            json!({"count": 3}),
        ),
        (
            "notes",
            json!({"id": "17", "body": "<p>x</p>", "contact": {"type": "contact", "id": "c"}, "author": {"id": "7", "name": "Ada"}}),
            json!({"contact_id": "c", "author_name": "Ada"}),
        ),
        (
            "data_attributes",
            json!({"model": "contact", "name": "plan", "full_name": "custom_attributes.plan", "id": 12, "custom": true}),
            json!({"id": "12", "full_name": "custom_attributes.plan", "custom": 1}),
        ),
        (
            "data_attributes",
            json!({"model": "contact", "name": "email"}),
            json!({"id": null, "full_name": "email"}),
        ),
        (
            "conversation_attributes",
            json!({"id": 5, "name": "Issue", "data_type": "list", "required": false}),
            json!({"id": "5", "required": 0}),
        ),
        (
            "data_events",
            json!({"id": "e", "event_name": "invited", "created_at": 1_795_230_245, "intercom_user_id": "c", "metadata": {"n": 1}}),
            json!({"contact_id": "c", "metadata": r#"{"n":1}"#}),
        ),
        (
            "subscription_types",
            json!({"id": "135", "default_translation": {"name": "News", "locale": "en"}, "consent_type": "opt_in"}),
            json!({"name": "News", "consent_type": "opt_in"}),
        ),
        (
            "articles",
            json!({"id": 39, "title": "T", "parent_id": 145, "author_id": 7, "scheduled_publish_at": null}),
            json!({"id": "39", "parent_id": "145", "author_id": "7"}),
        ),
        (
            "articles",
            json!({"id": "39", "parent_ids": [145], "tags": {"type": "tag.list", "tags": [{"id": "1"}]}}),
            json!({"parent_id": null, "parent_ids": "[145]", "tags": r#"[{"id":"1"}]"#}),
        ),
        (
            "collections",
            json!({"id": "1", "order": 2, "help_center_id": 79, "parent_id": null}),
            json!({"order": 2, "help_center_id": "79"}),
        ),
        (
            "help_centers",
            json!({"id": "79", "website_turned_on": true, "default": true}),
            json!({"website_turned_on": 1, "default": 1}),
        ),
        (
            "internal_articles",
            json!({"id": "1", "locale": "en", "owner_id": 7}),
            json!({"owner_id": "7"}),
        ),
        (
            "news_items",
            json!({"id": 141, "state": "live", "newsfeed_assignments": [{"newsfeed_id": 53, "published_at": 1}]}),
            json!({"id": "141", "newsfeed_assignments": r#"[{"newsfeed_id":53,"published_at":1}]"#}),
        ),
        (
            "newsfeeds",
            json!({"id": "68", "name": "All"}),
            json!({"name": "All"}),
        ),
        (
            "away_status_reasons",
            json!({"id": "1", "label": "Lunch", "deleted": true, "order": 1}),
            json!({"deleted": 1}),
        ),
        (
            "brands",
            json!({"id": "abcd1234", "is_default": true}),
            json!({"id": "abcd1234", "is_default": 1}),
        ),
        (
            "emails",
            json!({"id": "10", "email": "help@example.com", "verified": true, "forwarded_email_last_received_at": 1_795_230_245}),
            json!({"verified": 1, "forwarded_email_last_received_at": "2026-11-21T03:04:05Z"}),
        ),
        (
            "macros",
            json!({"id": "123", "body": null, "created_at": "2026-11-21T03:04:05.000Z", "visible_to_team_ids": ["1"]}),
            json!({"body": null, "created_at": "2026-11-21T03:04:05.000Z", "visible_to_team_ids": r#"["1"]"#}),
        ),
        (
            "activity_logs",
            json!({"id": "6f570a32", "performed_by": {"type": "admin", "id": "7", "ip": "127.0.0.1"}, "metadata": null, "created_at": 1}),
            json!({"performed_by_ip": "127.0.0.1", "metadata": null}),
        ),
        (
            "ticket_types",
            json!({"id": "1295", "category": "Customer", "archived": false}),
            json!({"category": "Customer", "archived": 0}),
        ),
        (
            "ticket_type_attributes",
            json!({"id": "210", "ticket_type_id": 97, "input_options": {"multiline": false}}),
            json!({"ticket_type_id": "97", "input_options": r#"{"multiline":false}"#}),
        ),
        (
            "ticket_states",
            json!({"id": "7", "category": "submitted", "internal_label": "New"}),
            json!({"internal_label": "New"}),
        ),
        (
            "deleted_conversations",
            json!({"id": 1, "metrics_retained": true, "deleted_at": 1_795_230_245}),
            json!({"id": "1", "metrics_retained": 1, "deleted_at": "2026-11-21T03:04:05Z"}),
        ),
    ] {
        check(stream, &record, &expected);
    }
}

#[test]
fn values_of_an_unexpected_shape_become_null_and_nothing_else_suffers() {
    check(
        "contacts",
        &json!({"id": "c", "name": ["list"], "created_at": "soon", "has_hard_bounced": "maybe", "location": "Dublin", "email": {"a": 1}, "phone": 353, "role": true}),
        &json!({"id": "c", "name": null, "created_at": null, "has_hard_bounced": null, "city": null, "email": null, "phone": "353", "role": "true"}),
    );
    check(
        "companies",
        &json!({"id": "c", "size": "85", "monthly_spend": "x", "session_count": 2.9}),
        &json!({"size": 85, "monthly_spend": null, "session_count": 2}),
    );
    let huge = format!(
        "{{\"id\": {}, \"created_at\": 1e999, \"name\": \"\\ud800\"}}",
        "9".repeat(30)
    );
    let table = tables::table("tags").unwrap();
    let extracted = Plan::of(table).extract(&huge).unwrap();
    assert_eq!(show(&extracted.values[0]), json!("9".repeat(30)));
    assert_eq!(show(&extracted.values[1]), Json::Null);
}

#[test]
fn a_key_that_is_escaped_or_repeated_is_still_the_key() {
    let table = tables::table("tags").unwrap();
    let extracted = Plan::of(table)
        .extract(r#"{"\u0069d": "1", "name": "first", "name": "second"}"#)
        .unwrap();
    assert_eq!(
        extracted.values.iter().map(show).collect::<Vec<_>>(),
        [json!("1"), json!("second")]
    );
}

#[test]
fn lists_are_found_whatever_holds_them() {
    for (text, items, complete, total) in [
        (
            r#"{"type":"list","data":[{"id":"1"}],"url":"/x","total_count":1,"has_more":false}"#,
            Some(1),
            true,
            Some(1),
        ),
        (
            r#"{"type":"list","data":[{"id":"1"}],"total_count":12,"has_more":true}"#,
            Some(1),
            false,
            Some(12),
        ),
        (
            r#"{"data":[{"id":"1"}],"total_count":12}"#,
            Some(1),
            false,
            Some(12),
        ),
        (r#"{"data":[{"id":"1"}],"has_more":true}"#, Some(1), false, None),
        (r#"{"type":"tag.list","tags":[]}"#, Some(0), true, None),
        ("[1, 2, 3]", Some(3), true, None),
        (
            r#"{"total_count":null,"has_more":null,"data":[]}"#,
            Some(0),
            true,
            None,
        ),
        ("{}", None, false, None),
        ("null", None, false, None),
        ("7", None, false, None),
    ] {
        let list = List::read(text);
        assert_eq!(list.as_ref().map(|list| list.items.len()), items, "{text}");
        if let Some(list) = list {
            assert_eq!((list.complete, list.total), (complete, total), "{text}");
        }
    }
}

#[test]
fn a_list_deep_in_a_record_is_found_without_reading_what_follows() {
    let text = r#"{"id":"1","x":{"parts":[9]},"conversation_parts":{"type":"l","conversation_parts":[{"id":1},{"id":"2"}],"total_count":3},"broken"#;
    let list = List::at(text, &["conversation_parts"]).unwrap();
    assert_eq!(
        (list.items, list.total, list.complete),
        (vec![r#"{"id":1}"#, r#"{"id":"2"}"#], Some(3), false)
    );
    assert_eq!(
        List::at(text, &["conversation_parts", "conversation_parts"])
            .unwrap()
            .items
            .len(),
        2
    );
    for path in [&["nothing"][..], &["id"], &["x", "nothing"], &["id", "deeper"]] {
        assert_eq!(List::at(text, path), None, "{path:?}");
    }
}
