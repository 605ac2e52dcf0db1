//! What a loaded record says beyond what a row holds, shown as it came.
//!
//! The one rule: only fields that no call can change are kept; whatever the simulator moves itself is in the row.

use serde_json::{Map, Value};

/// Fields by their names; `None` for rows that were not loaded.
pub(crate) type Kept = Option<Box<Map<String, Value>>>;

/// A kept field.
pub(crate) fn field<'k>(kept: &'k Kept, name: &str) -> Option<&'k Value> {
    kept.as_ref()?.get(name)
}

/// A text among the kept fields, or among those of a kept object.
pub(crate) fn text<'k>(kept: &'k Kept, name: &str) -> Option<&'k str> {
    field(kept, name)?.as_str()
}

/// Objects of which only some fields are kept.
const INSIDE: [&str; 2] = ["source", "ai_agent"];

/// Puts kept fields over what a row shows, objects field by field.
pub(crate) fn overlay(shown: &mut Value, kept: &Map<String, Value>) {
    let Value::Object(fields) = shown else { return };
    for (name, value) in kept {
        match (fields.get_mut(name), value) {
            (Some(held @ Value::Object(_)), Value::Object(inner)) if INSIDE.contains(&name.as_str()) => {
                overlay(held, inner);
            }
            // A version that lacks Fin's part lacks what is kept of it.
            (None, _) if name == "ai_agent" => {}
            _ => {
                fields.insert(name.clone(), value.clone());
            }
        }
    }
}
