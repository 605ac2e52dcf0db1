//! What a schema of a description says by itself, without those that it refers to.
//!
//! The rule: 3.0 and 3.1 say the same in different words (`nullable`, a type `null`, a null among the values), and whoever
//! asks here need not know which. Read `shape.rs` for what several schemas say together.

use serde_json::Value;
use trunkline_catalog::FieldType;

/// The entries of a list, none when it is absent.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// The types that a schema allows besides null; none when it says nothing.
pub(crate) fn types(schema: &Value) -> impl Iterator<Item = &str> {
    let stated: Vec<&str> = match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ if schema.get("properties").is_some() => vec!["object"],
        _ if schema.get("items").is_some() => vec!["array"],
        _ => Vec::new(),
    };
    stated.into_iter().filter(|kind| *kind != "null")
}

/// Whether a schema allows null.
pub(crate) fn says_nullable(schema: &Value) -> bool {
    let of_type = match schema.get("type") {
        Some(Value::String(kind)) => kind == "null",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "null"),
        _ => false,
    };
    of_type || schema.get("nullable") == Some(&Value::Bool(true)) || list(schema, "enum").any(Value::is_null)
}

/// The word that a schema would have for the type of a value.
pub(crate) fn type_of(value: &Value) -> &'static str {
    FieldType::of(value).map_or("null", FieldType::as_str)
}
