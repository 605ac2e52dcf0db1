//! Whether a value is of the shape that a schema describes.
//!
//! The one rule: what a schema does not name must not be there, so nothing leaves that is not described.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What is wrong with a value, if anything.
pub(super) fn wrong(document: &Value, schema: &Value, value: &Value) -> Option<String> {
    check(document, schema, value, "$").err()
}

/// Whether a schema is that of an object without stated fields.
pub(super) fn is_free(document: &Value, schema: &Value) -> bool {
    let schema = resolve(document, schema);
    let is_object = schema["type"] == "object"
        || schema["type"]
            .as_array()
            .is_some_and(|types| types.iter().any(|kind| kind == "object"));
    is_object && fields(document, schema).0.is_empty()
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let schema = resolve(document, schema);
    for keyword in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[keyword].as_array() {
            let tried: Vec<_> = choices
                .iter()
                .map(|choice| check(document, choice, value, at))
                .collect();
            return if tried.iter().any(Result::is_ok) {
                Ok(())
            } else {
                Err(format!("{at}: {value} is none of {tried:?}"))
            };
        }
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        return Err(format!("{at}: {value} is not one of {allowed:?}"));
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(only) => vec![only],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let is_typed = types.is_empty() || types.iter().any(|kind| is_of(kind, value));
    if !is_typed {
        return Err(format!("{at}: {value} is not of the type {types:?}"));
    }
    if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
        for (index, value) in values.iter().enumerate() {
            check(document, items, value, &format!("{at}[{index}]"))?;
        }
    }
    let Some(object) = value.as_object() else {
        return Ok(());
    };
    let (known, required) = fields(document, schema);
    if let Some(missing) = required.iter().find(|name| !object.contains_key(**name)) {
        return Err(format!("{at}: {missing} is missing"));
    }
    for (name, value) in object {
        match known.get(name.as_str()) {
            Some(schema) => check(document, schema, value, &format!("{at}.{name}"))?,
            None if known.is_empty() => {}
            None => return Err(format!("{at}.{name} is not described")),
        }
    }
    Ok(())
}

/// The properties of an object and which of them are required, those of all its parts together.
pub(super) fn fields<'d>(
    document: &'d Value,
    schema: &'d Value,
) -> (BTreeMap<&'d str, &'d Value>, BTreeSet<&'d str>) {
    let schema = resolve(document, schema);
    let mut known = BTreeMap::new();
    let mut required = BTreeSet::new();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        let (more, needed) = fields(document, part);
        known.extend(more);
        required.extend(needed);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        known.insert(name.as_str(), property);
    }
    required.extend(
        schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str),
    );
    (known, required)
}

fn resolve<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    match schema["$ref"].as_str() {
        Some(reference) => {
            let found = document.pointer(reference.trim_start_matches('#'));
            resolve(
                document,
                found.unwrap_or_else(|| panic!("{reference} leads nowhere")),
            )
        }
        None => schema,
    }
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

#[test]
fn a_value_of_another_shape_is_told() {
    let document: Value = serde_json::from_str(
        r##"{"a":{"type":"object","required":["x"],"properties":{"x":{"type":["integer","null"]},
        "y":{"type":"array","items":{"enum":["p","q"]}}}},"b":{"allOf":[{"$ref":"#/a"},{"properties":{"z":{"type":"string"}}}]}}"##,
    )
    .unwrap();
    let cases = [
        (r#"{"x":1,"y":["p"],"z":"s"}"#, true),
        (r#"{"x":null}"#, true),
        (r#"{"y":[]}"#, false),
        (r#"{"x":"1"}"#, false),
        (r#"{"x":1,"y":["r"]}"#, false),
        (r#"{"x":1,"z":2}"#, false),
        (r#"{"x":1,"token":"t"}"#, false),
    ];
    for (text, is_right) in cases {
        let value = serde_json::from_str(text).unwrap();
        assert_eq!(
            wrong(&document, &document["b"], &value).is_none(),
            is_right,
            "{text}"
        );
    }
}
