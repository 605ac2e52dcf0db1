//! A record with fields of ours behind its own.
//!
//! The one rule: where a record has a field of the same name, ours stands behind it, and the last one counts.

use serde_json::Value;

/// The text of the object `record` with `fields` at its end; nothing when it is no object. Values are JSON texts.
#[must_use]
pub fn with_fields(record: &str, fields: &[(&str, &str)]) -> Option<String> {
    let inside = record.trim().strip_prefix('{')?.strip_suffix('}')?.trim_end();
    let more: usize = fields
        .iter()
        .map(|(name, value)| name.len() + value.len() + 4)
        .sum();
    let mut text = String::with_capacity(inside.len() + more + 2);
    text.push('{');
    text.push_str(inside);
    for (name, value) in fields {
        if text.len() > 1 {
            text.push(',');
        }
        text.push('"');
        text.push_str(name);
        text.push_str("\":");
        text.push_str(value);
    }
    text.push('}');
    Some(text)
}

/// A text as JSON has it.
#[must_use]
pub fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_go_to_the_end_of_an_object_and_nowhere_else() {
        for (record, expected) in [
            (r#"{"a":1}"#, Some(r#"{"a":1,"id":"x\"y","n":2}"#)),
            (r#" { "a" : {} } "#, Some(r#"{ "a" : {},"id":"x\"y","n":2}"#)),
            ("{}", Some(r#"{"id":"x\"y","n":2}"#)),
            ("{ }", Some(r#"{"id":"x\"y","n":2}"#)),
            (r#""text""#, None),
            ("[1]", None),
            ("{", None),
            ("", None),
        ] {
            let id = quoted("x\"y");
            let made = with_fields(record, &[("id", &id), ("n", "2")]);
            assert_eq!(made.as_deref(), expected, "{record}");
            if let Some(made) = made {
                serde_json::from_str::<Value>(&made).unwrap();
            }
        }
    }
}
