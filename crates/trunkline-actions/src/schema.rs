//! JSON Schemas of what actions take and give.

use serde_json::{Map, Value, json};
use trunkline_catalog::{Catalog, FieldType, Operation, Shape, Version};

use crate::{Action, Field, Place, Returns, Work, input::Node};

/// How deep the schema of an answer goes; shapes refer to each other without end.
const DEPTH: u32 = 5;

/// The JSON Schema of an action's input, at the newest numbered version that has the action.
#[must_use]
pub fn input_schema(action: &Action) -> Value {
    let version = version_of(action);
    let mut schema = match action.work {
        Work::Operation(operation) => record(action, operation, version),
        Work::Module(_) => Node::tree(&action.fields.iter().collect::<Vec<_>>(), version).schema(),
    };
    head(&mut schema, action, "input");
    schema
}

/// The JSON Schema of what an action gives, as far as the catalog knows it.
#[must_use]
pub fn output_schema(action: &Action) -> Value {
    let version = version_of(action);
    let mut schema = match action.work {
        Work::Operation(operation) => answer(operation, version, action.returns),
        Work::Module(_) if action.returns == Returns::Rows => json!({ "type": "array" }),
        Work::Module(_) => json!({}),
    };
    head(&mut schema, action, "output");
    schema
}

fn head(schema: &mut Value, action: &Action, what: &str) {
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!(format!("{} {what}", action.id));
    if what == "input" {
        schema["description"] = json!(action.summary);
    }
}

fn version_of(action: &Action) -> Version {
    let (first, last) = action.versions;
    Version::DEFAULT.clamp(first, last)
}

/// `{path, query, payload}` of an operation.
fn record(action: &Action, operation: &Operation, version: Version) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for place in [Place::Path, Place::Query] {
        let fields: Vec<&Field> = action
            .fields
            .iter()
            .filter(|field| field.place == place)
            .collect();
        if fields.is_empty() {
            continue;
        }
        if fields.iter().any(|field| field.required) {
            required.push(json!(place.as_str()));
        }
        properties.insert(place.as_str().to_owned(), Node::tree(&fields, version).schema());
    }
    let body: Vec<&Field> = action
        .fields
        .iter()
        .filter(|field| field.place == Place::Payload)
        .collect();
    if !body.is_empty() {
        if operation.body_required
            || body
                .iter()
                .any(|field| field.required && !field.name.contains('.'))
        {
            required.push(json!("payload"));
        }
        let mut forms: Vec<Value> = alternatives(&body)
            .into_iter()
            .map(|fields| Node::tree(&fields, version).schema())
            .collect();
        let payload = if forms.len() == 1 {
            forms.remove(0)
        } else {
            json!({ "anyOf": forms })
        };
        properties.insert("payload".to_owned(), payload);
    }
    if action.returns == Returns::Rows {
        properties.insert("limit".to_owned(), json!({ "type": "integer", "minimum": 1 }));
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// The fields of each alternative of a body; one list when there are none.
pub(crate) fn alternatives<'f>(fields: &[&'f Field]) -> Vec<Vec<&'f Field>> {
    let mut numbers: Vec<u8> = fields
        .iter()
        .map(|field| field.alternative)
        .filter(|number| *number > 0)
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    // Where only one alternative has fields, the other one has none of its own.
    if numbers.len() < 2 {
        numbers.push(0);
    }
    numbers
        .into_iter()
        .map(|number| {
            fields
                .iter()
                .copied()
                .filter(|field| field.alternative == 0 || field.alternative == number)
                .collect()
        })
        .collect()
}

/// The successful answer of an operation; of a list, its rows.
fn answer(operation: &Operation, version: Version, returns: Returns) -> Value {
    let answers = Catalog::embedded().answers(operation, version);
    let Some(shape) = answers
        .iter()
        .find(|answer| (200..300).contains(&answer.status))
        .and_then(|answer| answer.body)
    else {
        return json!({});
    };
    if returns == Returns::Rows {
        let rows = shape
            .fields()
            .into_iter()
            .find(|(name, field)| *name != "errors" && field.types() == [FieldType::Array]);
        let items = rows
            .and_then(|(_, rows)| rows.entry())
            .map(|entry| of_shape(entry, DEPTH));
        return json!({ "type": "array", "items": items.unwrap_or_else(|| json!({})) });
    }
    of_shape(shape, DEPTH)
}

fn of_shape(shape: Shape<'_>, depth: u32) -> Value {
    let mut schema = Map::new();
    let types: Vec<&str> = shape
        .types()
        .iter()
        .filter(|known| **known != FieldType::Any)
        .map(|known| known.as_str())
        .chain(["null"])
        .collect();
    if types.len() > 1 {
        schema.insert("type".to_owned(), json!(types));
    }
    if depth == 0 {
        return Value::Object(schema);
    }
    let fields = shape.fields();
    if !fields.is_empty() {
        let properties: Map<String, Value> = fields
            .into_iter()
            .map(|(name, field)| (name.to_owned(), of_shape(field, depth - 1)))
            .collect();
        schema.insert("properties".to_owned(), Value::Object(properties));
    }
    if let Some(entry) = shape.entry() {
        schema.insert("items".to_owned(), of_shape(entry, depth - 1));
    }
    Value::Object(schema)
}
