//! The page about the components of flows, made of their committed description.
//!
//! The one rule: the description comes from the components' own settings, through a test of theirs that fails when the committed one is
//! stale and that writes it when it is asked to; nothing here knows a component.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{HEADER, cell};
use crate::{repo, repo::Tree, steps::cargo};

const DESCRIPTION: &str = "docs/flows/components.json";

/// Kinds of components, with the word for several and the guide to them.
const KINDS: [(&str, &str, &str); 3] = [
    ("source", "Sources", "sources.md"),
    ("transform", "Transforms", "transforms.md"),
    ("destination", "Destinations", "destinations.md"),
];

/// Writes the description again, from the components' settings.
pub(crate) fn write_description() -> Result<()> {
    let test = "the_committed_description_of_components_is_the_one_of_their_settings";
    let status = cargo(&[
        "test",
        "--quiet",
        "-p",
        "trunkline-components",
        "--test",
        "it",
        test,
    ])
    .env("TRUNKLINE_WRITE_COMPONENTS", "1")
    .current_dir(repo::root())
    .status()
    .context("cargo could not be started")?;
    if !status.success() {
        bail!("the description of the components could not be written: {status}");
    }
    Ok(())
}

/// The page.
pub(crate) fn page(tree: &Tree) -> Result<String> {
    let described: Vec<Value> = match tree.text(DESCRIPTION) {
        Some(text) => serde_json::from_str(text).context(DESCRIPTION)?,
        None => Vec::new(),
    };
    let mut page = format!("{HEADER}\n# Every component and its settings\n\n");
    page += "[The guide](README.md) says what flows are; `trunkline flow schema` prints the same as a JSON Schema, for editors. ";
    page += "A setting with a star has to be given.\n";
    for (kind, word, guide) in KINDS {
        write!(page, "\n## {word}\n\nWith examples: [{guide}]({guide}).\n")?;
        for component in described.iter().filter(|component| component["kind"] == kind) {
            let name = text(&component["name"]);
            write!(page, "\n### {kind} `{name}`\n\n{}\n", text(&component["summary"]))?;
            settings(&mut page, &component["settings"])?;
        }
    }
    Ok(page)
}

/// A table of settings; of several when there are several ways to write them.
fn settings(page: &mut String, schema: &Value) -> Result<()> {
    let several = ["anyOf", "oneOf"].iter().find_map(|key| schema[*key].as_array());
    if let Some(several) = several {
        for (at, one) in several.iter().enumerate() {
            if several.len() > 1 {
                write!(page, "\n{}\n", if at == 0 { "Written so:" } else { "Or so:" })?;
            }
            settings(page, one)?;
        }
        return Ok(());
    }
    let Some(fields) = schema["properties"]
        .as_object()
        .filter(|fields| !fields.is_empty())
    else {
        let told = text(&schema["description"]);
        let what = kind_of(schema);
        match (what.is_empty(), told.is_empty()) {
            (true, _) => write!(page, "\nIt has no settings.\n")?,
            (false, true) => write!(page, "\nIts setting is {what}.\n")?,
            (false, false) => write!(page, "\nIts setting is {what}: {told}\n")?,
        }
        return Ok(());
    };
    let needed = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
    write!(page, "\n| setting | what it is | |\n| --- | --- | --- |\n")?;
    for (name, setting) in fields {
        let star = if needed.iter().any(|needed| needed == name) {
            " *"
        } else {
            ""
        };
        let told = cell(text(&setting["description"]));
        writeln!(
            page,
            "| `{name}`{star} | {} | {told}{} |",
            cell(&kind_of(setting)),
            unless(setting)
        )?;
    }
    Ok(())
}

/// What stands there unless it is told.
fn unless(setting: &Value) -> String {
    match &setting["default"] {
        Value::Null | Value::Bool(false) => String::new(),
        Value::Array(list) if list.is_empty() => String::new(),
        Value::Object(fields) if fields.is_empty() => String::new(),
        value => format!(" Default: `{}`.", cell(&value.to_string())),
    }
}

/// What a value may be, in words.
fn kind_of(schema: &Value) -> String {
    if let Some(word) = schema.get("const") {
        return format!("`{}`", shown(word));
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<String> = words.iter().map(|word| format!("`{}`", shown(word))).collect();
        return words.join(", ");
    }
    if let Some(several) = ["anyOf", "oneOf"].iter().find_map(|key| schema[*key].as_array()) {
        let mut words: Vec<String> = several
            .iter()
            .map(kind_of)
            .filter(|word| !word.is_empty())
            .collect();
        words.dedup();
        return words.join(", ");
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let words: Vec<String> = kinds
        .into_iter()
        .filter(|kind| *kind != "null")
        .map(|kind| match kind {
            "boolean" => "`true` or `false`".to_owned(),
            "integer" => "a whole number".to_owned(),
            "number" => "a number".to_owned(),
            "string" => "text".to_owned(),
            "array" => match kind_of(&schema["items"]).as_str() {
                "" => "a list".to_owned(),
                of => format!("a list of {of}"),
            },
            _ => object(schema),
        })
        .collect();
    words.join(" or ")
}

fn object(schema: &Value) -> String {
    let names: Vec<&str> = schema["properties"]
        .as_object()
        .map(|fields| fields.keys().map(String::as_str).collect())
        .unwrap_or_default();
    if names.is_empty() {
        return match kind_of(&schema["additionalProperties"]).as_str() {
            "" => "names with values".to_owned(),
            of => format!("names with {of}"),
        };
    }
    format!("`{{ {} }}`", names.join(", "))
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_told_in_words() {
        for (schema, expected) in [
            (json!({ "type": ["string", "null"] }), "text"),
            (
                json!({ "type": "array", "items": { "type": "string" } }),
                "a list of text",
            ),
            (
                json!({ "anyOf": [{ "enum": ["a", "b"] }, { "type": "null" }] }),
                "`a`, `b`",
            ),
            (
                json!({ "type": "object", "properties": { "env": {} } }),
                "`{ env }`",
            ),
            (
                json!({ "type": "object", "additionalProperties": { "type": "boolean" } }),
                "names with `true` or `false`",
            ),
            (
                json!({ "oneOf": [{ "const": "jsonl", "type": "string" }] }),
                "`jsonl`",
            ),
            (json!({ "type": "null" }), ""),
        ] {
            assert_eq!(kind_of(&schema), expected, "{schema}");
        }
    }
}
