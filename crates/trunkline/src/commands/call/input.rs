//! What the command line gives to an action, as one JSON object.

use std::io::Read as _;

use serde_json::{Map, Value};

use super::files;
use crate::{cli, failure::Failure};

/// Puts the flags together; nothing is there twice.
pub(super) fn read(arguments: &cli::Call) -> Result<Value, Failure> {
    let mut object = match &arguments.input {
        Some(text) => match json("--input", text)? {
            Value::Object(object) => object,
            _ => return Err(misfit("`--input` is not a JSON object")),
        },
        None => Map::new(),
    };
    for text in &arguments.fields {
        let (name, value) = field(text)?;
        insert(&mut object, name, value)?;
    }
    for (place, pairs) in [("path", &arguments.path), ("query", &arguments.query)] {
        if pairs.is_empty() {
            continue;
        }
        let mut values = Map::new();
        for pair in pairs {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| misfit(&format!("`--{place} {pair}` is not `name=value`")))?;
            many(&mut values, place, name, value)?;
        }
        insert(&mut object, place.to_owned(), Value::Object(values))?;
    }
    if let Some(text) = &arguments.payload {
        insert(&mut object, "payload".to_owned(), json("--payload", text)?)?;
    }
    Ok(Value::Object(object))
}

/// A name in the query may stand several times, in the path once.
fn many(values: &mut Map<String, Value>, place: &str, name: &str, value: &str) -> Result<(), Failure> {
    let value = Value::String(value.to_owned());
    match values.get_mut(name) {
        None => {
            values.insert(name.to_owned(), value);
        }
        Some(_) if place == "path" => return Err(twice(name)),
        Some(Value::Array(list)) => list.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
    Ok(())
}

pub(in crate::commands) fn field(text: &str) -> Result<(String, Value), Failure> {
    let Some((name, value)) = text.split_once('=') else {
        return Err(misfit(&format!("`{text}` is not `name=value`")));
    };
    match name.strip_suffix(':') {
        Some(name) => Ok((name.to_owned(), json(name, value)?)),
        None => match (name == files::FIELD).then(|| files::read(value)).flatten() {
            Some(read) => Ok((name.to_owned(), read.map_err(|reason| misfit(&reason))?)),
            None => Ok((name.to_owned(), Value::String(value.to_owned()))),
        },
    }
}

fn insert(object: &mut Map<String, Value>, name: String, value: Value) -> Result<(), Failure> {
    if name.is_empty() {
        return Err(misfit("a field has no name"));
    }
    if object.contains_key(&name) {
        return Err(twice(&name));
    }
    object.insert(name, value);
    Ok(())
}

/// JSON as it stands, in a file (`@…`) or on standard input (`-`).
fn json(what: &str, text: &str) -> Result<Value, Failure> {
    let unreadable =
        |from: &str, error: std::io::Error| misfit(&format!("{what}: {from} cannot be read: {error}"));
    let text = match text.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(path).map_err(|error| unreadable(path, error))?,
        None if text == "-" => {
            let mut read = String::new();
            std::io::stdin()
                .read_to_string(&mut read)
                .map_err(|error| unreadable("standard input", error))?;
            read
        }
        None => text.to_owned(),
    };
    trunkline_actions::read_record(&text).map_err(|problem| misfit(&format!("{what} {}", problem.what)))
}

fn twice(name: &str) -> Failure {
    misfit(&format!("`{name}` stands twice"))
}

fn misfit(what: &str) -> Failure {
    Failure::usage(
        "TL0702",
        what,
        "Write fields as `name=value`, or as JSON with `--input`; `trunkline action ID` shows what an action takes.",
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use serde_json::json;

    use super::*;

    fn given(arguments: &[&str]) -> Result<Value, Failure> {
        let all = ["trunkline", "call"].iter().chain(arguments);
        let cli = cli::Cli::parse_from(all);
        let cli::Command::Call(call) = cli.command else {
            panic!("it is a call");
        };
        read(&call)
    }

    #[test]
    fn flags_become_one_object() {
        for (arguments, expected) in [
            (
                &["tickets.get", "--path", "id=3"][..],
                json!({"path": {"id": "3"}}),
            ),
            (
                &[
                    "a.b",
                    "name=x",
                    "custom_attributes.plan=pro",
                    "count:=3",
                    "text=a=b",
                    "handle=@ann",
                ],
                json!({"name": "x", "custom_attributes.plan": "pro", "count": 3, "text": "a=b", "handle": "@ann"}),
            ),
            (
                &[
                    "a.b",
                    "--query",
                    "q=1",
                    "--query",
                    "q=2",
                    "--payload",
                    r#"{"a":null}"#,
                ],
                json!({"query": {"q": ["1", "2"]}, "payload": {"a": null}}),
            ),
            (
                &["a.b", "--input", r#"{"a":1}"#, "b=2"],
                json!({"a": 1, "b": "2"}),
            ),
            (&["a.b"], json!({})),
        ] {
            assert_eq!(given(arguments).unwrap(), expected, "{arguments:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_or_stands_twice_is_refused() {
        for arguments in [
            &["a.b", "name"][..],
            &["a.b", "=x"],
            &["a.b", "name=x", "name=y"],
            &["a.b", "--input", r#"{"name":1}"#, "name=y"],
            &["a.b", "--input", r#"{"name":1,"name":2}"#],
            &["a.b", "--input", "[1]"],
            &["a.b", "--input", "{"],
            &["a.b", "--input", "@/no/such/file"],
            &["a.b", "--path", "id"],
            &["a.b", "--path", "id=1", "--path", "id=2"],
            &["a.b", "n:=x"],
            &["a.b", "attachment_files=@/no/such/file"],
        ] {
            assert_eq!(given(arguments).unwrap_err().code, "TL0702", "{arguments:?}");
        }
    }

    /// What a shell makes of a line.
    fn words(line: &str) -> Vec<String> {
        let script = format!("for word in {line}; do printf '%s\\0' \"$word\"; done");
        let made = std::process::Command::new("sh")
            .args(["-c", &script])
            .output()
            .unwrap();
        let text = String::from_utf8(made.stdout).unwrap();
        text.trim_end_matches('\0')
            .split('\0')
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn a_command_that_is_spelled_gives_the_input_that_it_was_made_of() {
        let nasty = "it's \"quoted\" $HOME = `id`; * \\ \n next";
        for (id, input) in [
            ("tags.list", json!({})),
            (
                "contacts.upsert",
                json!({ "email": nasty, "custom_attributes": { "a b": [1, null] }, "unsubscribed_from_emails": true }),
            ),
            (
                "conversations.answer",
                json!({ "conversation_id": "1", "body": "<p>-x</p>", "attachment_files": "@a.png" }),
            ),
            ("tags.get", json!({ "path": { "id": "it's" } })),
            (
                "contacts.update",
                json!({ "path": { "id": "1" }, "payload": { "name": nasty } }),
            ),
            (
                "tags.list",
                json!({ "query": { "expand": ["a", "b"] }, "limit": 5 }),
            ),
        ] {
            let Value::Object(input) = input else {
                panic!("an input is an object");
            };
            let spelled = trunkline_actions::Spelled {
                action: trunkline_actions::action(id).unwrap(),
                connection: Some("acme"),
                input: &input,
                time_zone: Some("Europe/Dublin"),
            };
            let words = words(&spelled.command());
            let cli = cli::Cli::try_parse_from(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
            let cli::Command::Call(call) = cli.command else {
                panic!("it is a call");
            };
            assert_eq!(call.workspace.connection.as_deref(), Some("acme"));
            assert_eq!(read(&call).unwrap(), Value::Object(input), "{words:?}");
        }
    }
}
