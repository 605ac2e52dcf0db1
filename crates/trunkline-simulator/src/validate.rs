//! Bodies held against the catalog: required fields, types and enumerations of the asked version.
//!
//! The one rule: only top-level fields that belong to every alternative are held against it; the published descriptions are
//! not exact enough below that (facts 9). Where the platform has words of its own for a field, they stand in `OWN_WORDS`.

use serde_json::Value;
use trunkline_catalog::{BodyField, FieldType, Operation, Version};

use crate::errors::Refusal;

/// What the platform says of a missing field where that is not the general sentence: operation, field, status, code, message.
const OWN_WORDS: &[(&str, &str, u16, &str, &str)] = &[
    ("articles.create", "author_id", 400, "parameter_not_found", AUTHOR),
    (
        "internal_articles.create",
        "author_id",
        400,
        "parameter_not_found",
        AUTHOR,
    ),
    (
        "collections.create",
        "name",
        400,
        "parameter_not_found",
        "Name is a required parameter.",
    ),
    (
        "companies.attach_to_contact",
        "id",
        400,
        "parameter_not_found",
        "company not specified",
    ),
    (
        "tags.upsert",
        "name",
        400,
        "parameter_invalid",
        "invalid tag parameters",
    ),
    (
        "tickets.change_type",
        "ticket_type_id",
        400,
        "parameter_not_found",
        "ticket_type_id is a required parameter",
    ),
    (
        "tickets.change_type",
        "ticket_state_id",
        400,
        "parameter_not_found",
        "ticket_state_id is a required parameter",
    ),
    (
        "tickets.create",
        "ticket_type_id",
        400,
        "parameter_not_found",
        "ticket_type_id is a required parameter",
    ),
    (
        "tickets.enqueue",
        "ticket_type_id",
        400,
        "parameter_not_found",
        "ticket_type_id is a required parameter",
    ),
];
const AUTHOR: &str = "author_id must be in the main body or default locale translated_content object";

/// Operations whose handlers check their bodies in words of their own.
const OWN_CHECKS: &[&str] = &[
    "audiences.create",
    "audiences.update",
    "calls.search",
    "companies.bulk_delete",
    "companies.bulk_update",
    "companies.bulk_upsert",
    "contacts.bulk_create",
    "contacts.bulk_delete",
    "contacts.bulk_update",
    "content.run_bulk_action",
    "content_exports.create",
    "content_snippets.create",
    "content_snippets.update",
    "conversation_attributes.create",
    "conversation_attributes.create_option",
    "conversation_attributes.update_option",
    "conversations.merge",
    "data_attributes.create",
    "data_attributes.update",
    "data_connectors.create",
    "data_connectors.update",
    "ecommerce.upload_catalog",
    "external_pages.update",
    "fin.ask",
    "fin.escalate",
    "fin.list_capabilities",
    "fin.reply",
    "fin.run_procedure",
    "fin.start",
    "fin.submit_csat",
    "folders.create",
    "folders.update",
    "help_center_redirects.create",
    "messages.create",
    "phone_call_redirects.create",
    "reporting_exports.create",
    "secure_mode_secrets.create",
];

/// Refuses a body that the catalog's fields rule out.
pub(crate) fn body(operation: &Operation, version: Version, body: &Value) -> Result<(), Refusal> {
    let sent = match body {
        Value::Null => None,
        Value::Object(sent) => Some(sent),
        _ => return Err(Refusal::invalid("the body must be an object")),
    };
    if operation.body_fields.is_empty() || OWN_CHECKS.contains(&operation.id) {
        return Ok(());
    }
    let fields = operation.body_fields.iter().filter(|field| {
        field.alternative == 0
            && !field.name.contains(['.', '['])
            && field.versions.0 <= version
            && version <= field.versions.1
    });
    for field in fields {
        match sent.and_then(|sent| sent.get(field.name)) {
            None if field.required => return Err(missing(operation.id, field.name)),
            Some(value) => check(field, value)?,
            None => {}
        }
    }
    Ok(())
}

fn missing(operation: &str, field: &str) -> Refusal {
    OWN_WORDS
        .iter()
        .find(|(of, named, ..)| *of == operation && *named == field)
        .map_or_else(
            || Refusal::missing(field),
            |(_, _, status, code, message)| Refusal::new(*status, code, *message),
        )
}

fn check(field: &BodyField, value: &Value) -> Result<(), Refusal> {
    let fits = match field.field_type {
        _ if value.is_null() => true,
        // Ids are numbers in some places and text in others; both are taken in all.
        FieldType::String => value.is_string() || value.is_number(),
        FieldType::Integer | FieldType::Number => {
            value.is_number() || value.as_str().is_some_and(|text| text.parse::<f64>().is_ok())
        }
        FieldType::Boolean => value.is_boolean() || matches!(value.as_str(), Some("true" | "false")),
        FieldType::Array => value.is_array(),
        FieldType::Object => value.is_object(),
        FieldType::Any => true,
    };
    if !fits {
        return Err(Refusal::invalid(format!("{} has the wrong type", field.name)));
    }
    if field.enumeration.is_empty() {
        return Ok(());
    }
    match value.as_str() {
        Some(text) if !field.enumeration.contains(&text) => Err(Refusal::invalid(format!(
            "{} must be one of {}",
            field.name,
            field.enumeration.join(", ")
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trunkline_catalog::Catalog;

    use super::*;

    #[test]
    fn own_words_and_own_checks_name_operations_and_fields_of_the_catalog() {
        for (operation, field, ..) in OWN_WORDS {
            let found = Catalog::embedded()
                .operation(operation)
                .unwrap_or_else(|| panic!("{operation}"));
            assert!(
                found.body_fields.iter().any(|known| known.name == *field),
                "{operation} has no {field}"
            );
        }
        for operation in OWN_CHECKS {
            assert!(Catalog::embedded().operation(operation).is_some(), "{operation}");
        }
    }

    #[test]
    fn bodies_are_held_against_required_fields_types_and_enumerations() {
        for (operation, sent, code) in [
            ("tags.attach_to_contact", json!({ "id": "1" }), None),
            ("tags.attach_to_contact", json!({ "id": 1 }), None),
            ("tags.attach_to_contact", json!({}), Some("parameter_not_found")),
            ("tags.attach_to_contact", Value::Null, Some("parameter_not_found")),
            ("tags.attach_to_contact", json!([]), Some("parameter_invalid")),
            (
                "tags.attach_to_contact",
                json!({ "id": {} }),
                Some("parameter_invalid"),
            ),
            ("tags.upsert", json!({}), Some("parameter_invalid")),
            (
                "articles.create",
                json!({ "title": "t", "author_id": 1, "state": "secret" }),
                Some("parameter_invalid"),
            ),
            (
                "articles.create",
                json!({ "title": "t", "author_id": "x" }),
                Some("parameter_invalid"),
            ),
            ("articles.create", json!({ "title": "t", "author_id": "1" }), None),
        ] {
            let found = Catalog::embedded().operation(operation).unwrap();
            let refusal = body(found, Version::V2_16, &sent).err();
            assert_eq!(refusal.map(|refusal| refusal.code), code, "{operation} {sent}");
        }
    }
}
