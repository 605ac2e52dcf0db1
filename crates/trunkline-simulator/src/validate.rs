//! Bodies held against the catalog: required fields, types and enumerations of the asked version.

use serde_json::Value;
use trunkline_catalog::{BodyField, FieldType, Operation, Version};

use crate::errors::Refusal;

/// Refuses a body that the catalog's fields rule out. Only top-level fields that belong to every alternative are held
/// against it: the published descriptions are not exact enough below that (facts 9).
pub(crate) fn body(operation: &Operation, version: Version, body: &Value) -> Result<(), Refusal> {
    if operation.body_fields.is_empty() || body.is_null() {
        return Ok(());
    }
    let Some(sent) = body.as_object() else {
        return Err(Refusal::invalid("the body must be an object"));
    };
    let fields = operation.body_fields.iter().filter(|field| {
        field.alternative == 0
            && !field.name.contains(['.', '['])
            && field.versions.0 <= version
            && version <= field.versions.1
    });
    for field in fields {
        match sent.get(field.name) {
            None if field.required => return Err(Refusal::missing(field.name)),
            None => {}
            Some(value) => check(field, value)?,
        }
    }
    Ok(())
}

fn check(field: &BodyField, value: &Value) -> Result<(), Refusal> {
    let fits = match field.field_type {
        _ if value.is_null() => true,
        // Ids are numbers in some places and text in others; both are taken in all.
        FieldType::String | FieldType::Integer | FieldType::Number => value.is_string() || value.is_number(),
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
