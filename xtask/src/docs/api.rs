//! The page about the JSON API, made of its committed description.
//!
//! The one rule: the description comes from the server's own routes, through a test of the server that fails when the committed one is
//! stale and that writes it when it is asked to; nothing here knows a route.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value};

use super::{HEADER, cell};
use crate::{repo, repo::Tree, steps::cargo};

const DESCRIPTION: &str = "docs/reference/api.json";

/// Writes the description again, from the server's routes.
pub(crate) fn write_description() -> Result<()> {
    let test = "the_committed_description_is_the_one_that_is_served";
    let status = cargo(&["test", "--quiet", "-p", "trunkline-server", "--test", "it", test])
        .env("TRUNKLINE_WRITE_API", "1")
        .current_dir(repo::root())
        .status()
        .context("cargo could not be started")?;
    if !status.success() {
        bail!("the description of the API could not be written: {status}");
    }
    Ok(())
}

/// The page.
pub(crate) fn page(tree: &Tree) -> Result<String> {
    let description: Value = match tree.text(DESCRIPTION) {
        Some(text) => serde_json::from_str(text).context(DESCRIPTION)?,
        None => Value::Null,
    };
    let mut page = format!("{HEADER}\n# The JSON API\n\n");
    page += "Every address is under `/api/v1`. [The guide](../guides/api.md) shows how to use it; ";
    page += "[api.json](api.json) is the same as this page for machines, and `/api/v1/openapi.json` is what a process itself serves.\n\n";
    page += "A key is sent as `Authorization: Bearer KEY`. Its role is `read`, `operate` or `admin`; each may do what those before it may. ";
    page += "Whatever is wrong is answered as an [Error](#error) with a [code](../errors/README.md).\n";
    let mut resource = "";
    for (path, methods) in entries(&description["paths"]) {
        let prefix = path.split('/').nth(1).unwrap_or_default();
        if prefix != resource {
            resource = prefix;
            write!(
                page,
                "\n## Calls of /{resource}\n\n| call | role | what it does | takes | answers |\n| --- | --- | --- | --- | --- |\n"
            )?;
        }
        for (method, operation) in entries(methods) {
            let (status, answer) = good_answer(operation);
            writeln!(
                page,
                "| `{} {path}` | {} | {} | {} | {status} {answer} |",
                method.to_uppercase(),
                text(&operation["x-role"]),
                cell(text(&operation["summary"])),
                takes(operation),
            )?;
        }
    }
    page += "\n# Shapes\n";
    for (name, schema) in entries(&description["components"]["schemas"]) {
        write!(page, "\n## {name}\n\n")?;
        shape(&mut page, schema)?;
    }
    Ok(page)
}

fn shape(page: &mut String, schema: &Value) -> Result<()> {
    if let Some(what) = schema["description"].as_str() {
        writeln!(page, "{what}\n")?;
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<String> = words.iter().map(|word| format!("`{}`", text(word))).collect();
        writeln!(page, "One of {}.", words.join(", "))?;
    }
    let parts = schema["allOf"].as_array().map_or(&[][..], Vec::as_slice);
    let mut fields = Map::new();
    for part in parts.iter().chain([schema]) {
        if part["$ref"].is_string() {
            writeln!(page, "All of {}, and:\n", kind(part))?;
        }
        fields.extend(part["properties"].as_object().cloned().unwrap_or_default());
    }
    if fields.is_empty() {
        return Ok(());
    }
    page.push_str("| field | type | what it is |\n| --- | --- | --- |\n");
    let required: Vec<&str> = parts
        .iter()
        .chain([schema])
        .filter_map(|part| part["required"].as_array())
        .flatten()
        .map(text)
        .collect();
    for (name, field) in &fields {
        let mark = if required.contains(&name.as_str()) {
            " (required)"
        } else {
            ""
        };
        let what = cell(text(&field["description"]));
        writeln!(page, "| `{name}` | {}{mark} | {what} |", kind(field))?;
    }
    Ok(())
}

/// What a call takes: a body, or what may stand behind the `?`.
fn takes(operation: &Value) -> String {
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    if body.is_object() {
        return kind(body);
    }
    let query: Vec<String> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|parameter| parameter["in"] == "query")
        .map(|parameter| {
            let what = text(&parameter["description"]).trim_end_matches('.');
            format!("`{}`: {what}", text(&parameter["name"]))
        })
        .collect();
    cell(&query.join("; "))
}

fn good_answer(operation: &Value) -> (&str, String) {
    entries(&operation["responses"])
        .find(|(status, _)| status.starts_with('2'))
        .map(|(status, answer)| {
            let schema = &answer["content"]["application/json"]["schema"];
            let shown = if schema.is_null() {
                String::new()
            } else {
                kind(schema)
            };
            (status, shown)
        })
        .unwrap_or_default()
}

/// A type in words.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|reference| reference.rsplit('/').next())
    {
        return format!("[{name}](#{})", name.to_lowercase());
    }
    for choices in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[choices].as_array() {
            let kinds: Vec<String> = choices.iter().map(kind).collect();
            return kinds.join(" or ");
        }
    }
    if schema["items"].is_object() {
        let end = if schema["type"].is_array() { " or null" } else { "" };
        return format!("list of {}{end}", kind(&schema["items"]));
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).collect::<Vec<_>>().join(" or "),
        Value::String(kind) => kind.clone(),
        _ => "anything".to_owned(),
    };
    match schema["format"].as_str() {
        Some("date-time") => kinds.replace("string", "time"),
        _ => kinds,
    }
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_lists_calls_and_shapes_of_the_description() {
        let description = r##"{"paths":{"/keys/{name}":{"delete":{"x-role":"admin","summary":"Ends | a key.",
            "responses":{"204":{},"404":{}}}}},"components":{"schemas":{"Key":{"required":["id"],"properties":{
            "id":{"type":"string","description":"Our id."},"at":{"type":["string","null"],"format":"date-time"},
            "role":{"$ref":"#/components/schemas/Role"}}},"Role":{"enum":["read"]}}}}"##;
        let page = page(&Tree::of(&[(DESCRIPTION, description)])).unwrap();
        for line in [
            "## Calls of /keys\n",
            "| `DELETE /keys/{name}` | admin | Ends \\| a key. |  | 204  |",
            "| `id` | string (required) | Our id. |",
            "| `at` | time or null |  |",
            "| `role` | [Role](#role) |  |",
            "One of `read`.",
        ] {
            assert!(page.contains(line), "{line}\n{page}");
        }
    }
}
