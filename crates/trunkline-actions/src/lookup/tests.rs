//! The table of lists against the catalog, rows into choices, words into searches. No list is read here.

use serde_json::json;

use super::*;

#[test]
fn every_list_reads_fields_that_its_operation_answers() {
    let catalog = Catalog::embedded();
    let names: Vec<&str> = lookups().iter().map(|lookup| lookup.name).collect();
    assert!(names.is_sorted() && names.len() > 20, "{names:?}");
    for lookup in lookups() {
        let operation = catalog.operation(lookup.source.operation).expect(lookup.name);
        let answers = catalog.answers(operation, Version::Preview);
        let shape = answers
            .into_iter()
            .find(|answer| answer.status == 200)
            .and_then(|answer| answer.body)
            .expect(lookup.name);
        let shape = shape.fields();
        let rows = ["data", "admins", "teams", "segments"]
            .iter()
            .find_map(|key| shape.get(key))
            .expect(lookup.name);
        let row = rows.entry().expect(lookup.name).fields();
        for field in lookup.label.iter().chain(lookup.details).chain([&lookup.id[0]]) {
            assert!(row.contains_key(field), "{}: rows have no {field}", lookup.name);
        }
        if let Some(before) = lookup.before {
            assert!(catalog.operation(before.operation).is_some(), "{}", lookup.name);
        }
    }
}

#[test]
fn a_list_is_found_by_its_names_and_an_unknown_one_names_the_nearest() {
    for (asked, name) in [
        ("admins", "admins"),
        ("Teammates", "admins"),
        ("ticket-types", "ticket_types"),
        (" tag ", "tags"),
        ("office_hours", "office_hours_schedules"),
    ] {
        assert_eq!(lookup(asked).map(|lookup| lookup.name), Ok(name), "{asked}");
    }
    for (asked, near) in [
        ("admns", Some("admins")),
        ("tikcet_types", Some("ticket_types")),
        ("xyzzy", None),
        ("", None),
        ("custom_object_types", None),
    ] {
        let error = lookup(asked).unwrap_err();
        assert_eq!(error.code(), "TL0729");
        if let Some(near) = near {
            assert_eq!(error.near.first(), Some(&near), "{asked}");
        }
        assert!(error.advice().len() > 20, "{asked}");
    }
}

#[test]
fn a_row_becomes_a_choice_unless_it_cannot_be_picked() {
    let details = |choice: Choice| {
        let details = choice
            .details
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        (choice.id, choice.label, details.collect::<Vec<_>>().join(";"))
    };
    for (list, row, expected) in [
        (
            "admins",
            json!({"id": "7", "name": "Ana", "email": "a@example.org", "has_inbox_seat": true, "job_title": null}),
            Some(("7", "Ana", "email=a@example.org;has_inbox_seat=yes")),
        ),
        (
            "data_attributes",
            json!({"name": "email", "model": "contact"}),
            Some(("email", "email", "model=contact")),
        ),
        (
            "data_attributes",
            json!({"id": 12, "name": "plan", "custom": true}),
            Some(("12", "plan", "custom=yes")),
        ),
        (
            "data_attributes",
            json!({"id": 12, "name": "plan", "archived": true}),
            None,
        ),
        (
            "away_status_reasons",
            json!({"id": "1", "label": "Lunch", "deleted": true}),
            None,
        ),
        (
            "contacts",
            json!({"id": "c1", "name": null, "email": "a@example.org"}),
            Some(("c1", "a@example.org", "email=a@example.org")),
        ),
        (
            "companies",
            json!({"id": "c1", "name": "", "plan": {"name": "Pro"}}),
            Some(("c1", "c1", "plan=Pro")),
        ),
        (
            "subscription_types",
            json!({"id": "3", "default_translation": {"name": "News"}, "content_types": ["email", "sms_message"]}),
            Some(("3", "News", "content_types=email, sms_message")),
        ),
        ("tags", json!({"name": null}), None),
        ("tags", json!([1]), None),
    ] {
        let choice = Choice::of(lookup(list).unwrap(), &row).map(details);
        let expected =
            expected.map(|(id, label, details)| (id.to_owned(), label.to_owned(), details.to_owned()));
        assert_eq!(choice, expected, "{list} {row}");
    }
}

#[test]
fn every_word_must_be_found_somewhere() {
    let choice = Choice {
        id: "7".to_owned(),
        label: "Ana Lima".to_owned(),
        details: vec![("email", "ana@Example.org".to_owned())],
    };
    for (words, found) in [
        (&[] as &[&str], true),
        (&["ana"], true),
        (&["lima", "example"], true),
        (&["7"], true),
        (&["lima", "bob"], false),
    ] {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        assert_eq!(choice.has(&words), found, "{words:?}");
    }
}

#[test]
fn a_version_without_the_list_is_read_where_it_had_it() {
    for (list, version, operation) in [
        (
            "conversation_attributes",
            Version::V2_16,
            "conversation_attributes.list",
        ),
        ("conversation_attributes", Version::V2_14, "data_attributes.list"),
        ("macros", Version::V2_14, "macros.list"),
    ] {
        assert_eq!(
            lookup(list).unwrap().source_in(version).operation,
            operation,
            "{list}"
        );
    }
}

#[test]
fn words_become_a_search_of_at_most_two_levels() {
    for (words, levels) in [(vec!["ana"], 1), (vec!["ana", "lima"], 2)] {
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        let call = query::contacts(&words);
        assert_eq!(call.operation_id(), "contacts.search");
        let query = query::body(&words)["query"].clone();
        assert_eq!(
            query["value"].as_array().unwrap().len(),
            if levels == 1 { 5 } else { 2 }
        );
        assert_eq!(query["operator"], if levels == 1 { "OR" } else { "AND" });
    }
}

#[test]
fn what_a_field_is_picked_from_exists() {
    for action in crate::actions() {
        for field in &action.fields {
            if let Some(name) = field.lookup {
                assert!(lookup(name).is_ok(), "{} {}: {name}", action.id, field.name);
            }
        }
    }
}

#[test]
fn a_field_is_picked_from_the_list_of_what_it_holds() {
    for (action, field, list) in [
        ("contacts.get", "id", Some("contacts")),
        ("companies.attach_to_contact", "contact_id", None),
        ("tags.detach_from_contact", "id", Some("tags")),
        ("tags.detach_from_contact", "contact_id", Some("contacts")),
        (
            "subscription_types.detach_from_contact",
            "id",
            Some("subscription_types"),
        ),
        (
            "conversation_attributes.update",
            "id",
            Some("conversation_attributes"),
        ),
        ("ticket_types.update_attribute", "id", None),
        (
            "ticket_types.update_attribute",
            "ticket_type_id",
            Some("ticket_types"),
        ),
        ("contacts.create", "owner_id", Some("admins")),
        ("companies.upsert", "company_id", None),
        ("companies.list_notes", "company_id", Some("companies")),
        ("conversations.manage", "assignee_id", None),
        ("tickets.get", "id", None),
        (
            "office_hours_exceptions.create",
            "office_hours_schedule_id",
            Some("office_hours_schedules"),
        ),
    ] {
        let fields = &crate::generated::action(Catalog::embedded().operation(action).unwrap()).fields;
        let found = fields
            .iter()
            .find(|known| known.name == field)
            .and_then(|known| known.lookup);
        assert_eq!(found, list, "{action} {field}");
    }
    let attached = crate::generated::action(Catalog::embedded().operation("tags.attach_to_ticket").unwrap());
    let id = attached.fields.iter().find(|field| field.name == "id").unwrap();
    assert_eq!(id.lookup, Some("tags"));
}
