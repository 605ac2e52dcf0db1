//! The operations of one version.
//!
//! The rule: an operation's key is its method and the shape of its path, since versions rename path parameters.
//! Read `merge.rs` next.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::{
    description::Description,
    fields::{Field, Fields, flatten, kind, text},
    schema::list,
};

/// Method and path with nameless parameters, such as `GET` and `/contacts/{}`.
pub(super) type Key = (String, String);

/// One operation in one version.
pub(super) struct Described {
    pub(super) path: String,
    pub(super) upstream_id: Option<String>,
    pub(super) tag: String,
    pub(super) body: &'static str,
    pub(super) success: BTreeSet<u16>,
    pub(super) path_parameters: Vec<(String, Field)>,
    pub(super) query_parameters: BTreeMap<String, Field>,
    pub(super) fields: Fields,
    pub(super) errors: BTreeSet<(u16, String)>,
}

pub(crate) const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Every operation that `description` has.
pub(super) fn read(description: &Description) -> anyhow::Result<BTreeMap<Key, Described>> {
    let paths = description
        .root
        .get("paths")
        .and_then(Value::as_object)
        .context("there are no paths")?;
    let mut found = BTreeMap::new();
    for (path, item) in paths {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                let described = one(description, path, item, operation)
                    .with_context(|| format!("in {} {path}", method.to_uppercase()))?;
                found.insert((method.to_uppercase(), nameless(path)), described);
            }
        }
    }
    Ok(found)
}

/// The path with empty braces.
pub(crate) fn nameless(path: &str) -> String {
    let segments: Vec<&str> = path
        .split('/')
        .map(|segment| if segment.starts_with('{') { "{}" } else { segment })
        .collect();
    segments.join("/")
}

fn one(description: &Description, path: &str, item: &Value, operation: &Value) -> anyhow::Result<Described> {
    let mut declared = BTreeMap::new();
    let mut query_parameters = BTreeMap::new();
    for parameter in list(item, "parameters").chain(list(operation, "parameters")) {
        let parameter = description.resolve(parameter)?;
        let name = parameter
            .get("name")
            .and_then(Value::as_str)
            .context("a parameter has no name")?;
        let field = parameter_field(description, parameter)?;
        match parameter.get("in").and_then(Value::as_str) {
            Some("path") => drop(declared.insert(name.to_owned(), field)),
            Some("query") => drop(query_parameters.insert(name.to_owned(), field)),
            _ => {}
        }
    }
    let path_parameters = path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')))
        .map(|name| {
            let mut field = declared.get(name).cloned().unwrap_or(Field {
                kind: "string",
                required: true,
                nullable: false,
                enumeration: Vec::new(),
            });
            field.required = true;
            (name.to_owned(), field)
        })
        .collect();
    let (body, fields) = body(description, operation)?;
    let (success, errors) = responses(description, operation)?;
    Ok(Described {
        path: path.to_owned(),
        upstream_id: operation
            .get("operationId")
            .and_then(Value::as_str)
            .map(str::to_owned),
        tag: list(operation, "tags")
            .find_map(Value::as_str)
            .unwrap_or("Other")
            .to_owned(),
        body,
        success,
        path_parameters,
        query_parameters,
        fields,
        errors,
    })
}

fn parameter_field(description: &Description, parameter: &Value) -> anyhow::Result<Field> {
    let schema = match parameter.get("schema") {
        Some(schema) => description.resolve(schema)?,
        None => &Value::Null,
    };
    Ok(Field {
        kind: schema.get("type").and_then(Value::as_str).map_or("any", kind),
        required: parameter
            .get("required")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        nullable: false,
        enumeration: list(schema, "enum").filter_map(text).collect(),
    })
}

fn body(description: &Description, operation: &Value) -> anyhow::Result<(&'static str, Fields)> {
    let Some(body) = operation.get("requestBody") else {
        return Ok(("none", Fields::new()));
    };
    let body = description.resolve(body)?;
    let required = body.get("required").and_then(Value::as_bool).unwrap_or(false);
    let schema = |kind: &str| body.pointer(&format!("/content/{kind}/schema"));
    let (word, schema) = match (schema("application~1json"), schema("multipart~1form-data")) {
        (None, Some(form)) => {
            ensure!(!required, "a form that is required has no word yet");
            ("form", Some(form))
        }
        (json, _) => (if required { "required" } else { "optional" }, json),
    };
    let fields = match schema {
        Some(schema) => flatten(description, schema)?,
        None => Fields::new(),
    };
    Ok((word, fields))
}

type Responses = (BTreeSet<u16>, BTreeSet<(u16, String)>);

fn responses(description: &Description, operation: &Value) -> anyhow::Result<Responses> {
    let mut success = BTreeSet::new();
    let mut errors = BTreeSet::new();
    let responses = operation
        .get("responses")
        .and_then(Value::as_object)
        .context("there are no responses")?;
    for (status, response) in responses {
        if status == "default" {
            continue;
        }
        let status: u16 = status
            .parse()
            .with_context(|| format!("{status:?} is no status"))?;
        if status < 400 {
            success.insert(status);
            continue;
        }
        let mut codes = BTreeSet::new();
        collect_codes(description.resolve(response)?, &mut codes);
        if codes.is_empty() {
            codes.insert(String::new());
        }
        errors.extend(codes.into_iter().map(|code| (status, code)));
    }
    if success.is_empty() {
        // One operation describes only its `default` answer; what succeeds without a stated status is a 200.
        success.insert(200);
    }
    Ok((success, errors))
}

/// The codes in the examples: `errors` lists hold objects with a `code`.
fn collect_codes(value: &Value, codes: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for error in list(value, "errors") {
                codes.extend(error.get("code").and_then(Value::as_str).map(str::to_owned));
            }
            members.values().for_each(|member| collect_codes(member, codes));
        }
        Value::Array(entries) => entries.iter().for_each(|entry| collect_codes(entry, codes)),
        _ => {}
    }
}
