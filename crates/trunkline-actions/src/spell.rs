//! A call in other languages: a command line, a request over HTTP, Rust, a destination of a flow.
//!
//! The one rule: whatever is written here can be taken as it is: quoted for a shell, escaped for a string, and meaning the same
//! input. `tests/it/spell.rs` takes each at its word.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::{Action, Work};

/// The field whose text the command line takes for paths of files.
const FILES: &str = "attachment_files";
/// The parts of an operation's input.
const PARTS: [&str; 3] = ["path", "query", "payload"];

/// A call of an action.
#[derive(Clone, Copy, Debug)]
pub struct Spelled<'c> {
    /// The action.
    pub action: &'c Action,
    /// The connection, by its name; the default one when none is named.
    pub connection: Option<&'c str>,
    /// The input, nested: of an operation `{path, query, payload}`.
    pub input: &'c Map<String, Value>,
    /// Where a time without a zone is.
    pub time_zone: Option<&'c str>,
}

impl Spelled<'_> {
    /// A line for a shell.
    #[must_use]
    pub fn command(&self) -> String {
        let mut words = vec!["trunkline call".to_owned(), quoted(self.action.id)];
        if let Some(connection) = self.connection {
            words.push(format!("--connection {}", quoted(connection)));
        }
        if let Some(zone) = self.time_zone {
            words.push(format!("--time-zone {}", quoted(zone)));
        }
        for (name, value) in self.input {
            match value {
                Value::Object(pairs) if self.is_part(name) && name != "payload" => {
                    for (parameter, value) in pairs {
                        words.extend(
                            texts(value)
                                .map(|text| format!("--{name} {}", quoted(&format!("{parameter}={text}")))),
                        );
                    }
                }
                payload if self.is_part(name) => {
                    words.push(format!("--{name} {}", quoted(&payload.to_string())));
                }
                Value::String(text) if name != FILES => words.push(quoted(&format!("{name}={text}"))),
                other => words.push(quoted(&format!("{name}:={other}"))),
            }
        }
        words.join(" ")
    }

    /// A request to the JSON API at `address`, with the key in `TRUNKLINE_KEY`.
    #[must_use]
    pub fn http(&self, address: &str) -> String {
        let mut body = json!({ "input": self.input });
        for (name, value) in [("connection", self.connection), ("time_zone", self.time_zone)] {
            if let Some(value) = value {
                body[name] = json!(value);
            }
        }
        let url = format!(
            "{}/api/v1/actions/{}",
            address.trim_end_matches('/'),
            self.action.id
        );
        format!(
            "curl -sS {} -H \"Authorization: Bearer $TRUNKLINE_KEY\" -H 'Content-Type: application/json' --data-raw {}",
            quoted(&url),
            quoted(&body.to_string())
        )
    }

    /// An expression of Rust, in a function that has a `workspace`.
    #[must_use]
    pub fn rust(&self) -> String {
        let mut input = String::new();
        rust(&json!(self.input), 1, &mut input);
        let options = match self.time_zone {
            None => "CallOptions::default()".to_owned(),
            Some(zone) => {
                format!("CallOptions {{ zone: TimeZone::get({zone:?})?, ..CallOptions::default() }}")
            }
        };
        format!(
            "workspace.call(\n    {:?},\n    json!({input}),\n    {options},\n).await?\n",
            self.action.id
        )
    }

    /// A destination of a flow, as YAML; its values are expressions, to be replaced by what records hold.
    #[must_use]
    pub fn flow(&self) -> String {
        let mut text = "- intercom:\n".to_owned();
        if let Some(connection) = self.connection {
            // Writing into a string does not fail.
            writeln!(text, "    connection: {}", yaml(connection)).ok();
        }
        writeln!(text, "    action: {}\n    with:", self.action.id).ok();
        for (name, value) in self.input {
            writeln!(text, "      {}: {}", name, yaml(&value.to_string())).ok();
        }
        if self.input.is_empty() {
            // Without any field the record itself would be the input.
            let (name, nothing) = match self.action.work {
                Work::Operation(_) => ("query", "{}"),
                Work::Module(_) => (
                    self.action.fields.first().map_or("limit", |field| field.name),
                    "null",
                ),
            };
            writeln!(text, "      {name}: {}", yaml(nothing)).ok();
        }
        text
    }

    fn is_part(&self, name: &str) -> bool {
        self.action.is_operation() && PARTS.contains(&name)
    }
}

/// A parameter's values as text.
fn texts(value: &Value) -> impl Iterator<Item = String> + '_ {
    let all = match value {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    all.iter().map(|value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

/// A word for a shell, as it is.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@,+".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A text for YAML, on one line.
fn yaml(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(is_plain)
        && !["null", "true", "false", "yes", "no", "on", "off"].contains(&text)
    {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "''"))
}

/// A value inside `json!`.
fn rust(value: &Value, depth: usize, text: &mut String) {
    let indent = |depth: usize| "    ".repeat(depth);
    // Writing into a string does not fail.
    match value {
        Value::String(string) => write!(text, "{string:?}").ok(),
        // A whole number without a type is one of 32 bits.
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(small), _) if i32::try_from(small).is_ok() => write!(text, "{small}").ok(),
            (Some(whole), _) => write!(text, "{whole}_i64").ok(),
            (None, Some(whole)) => write!(text, "{whole}_u64").ok(),
            (None, None) => write!(text, "{number}").ok(),
        },
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                rust(item, depth, text);
            }
            text.push(']');
            None
        }
        Value::Object(entries) if entries.is_empty() => write!(text, "{{}}").ok(),
        Value::Object(entries) => {
            text.push_str("{\n");
            for (name, item) in entries {
                write!(text, "{}{name:?}: ", indent(depth + 1)).ok();
                rust(item, depth + 1, text);
                text.push_str(",\n");
            }
            write!(text, "{}}}", indent(depth)).ok()
        }
        Value::Null | Value::Bool(_) => write!(text, "{value}").ok(),
    };
}
