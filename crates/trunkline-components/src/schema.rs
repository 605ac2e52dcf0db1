//! The JSON Schema of a flow's file, for editors and for the reference.

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde::Serialize;
use serde_json::{Map, Value, json};
use trunkline_flow::document::{Jq, Policy, Schedule};

use crate::registry;

/// The schema of a flow's file (JSON Schema 2020-12).
#[must_use]
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let sources = component(
        registry::sources()
            .iter()
            .map(|kind| (kind.name, kind.summary, (kind.schema)(&mut generator).into()))
            .collect(),
        &Map::new(),
    );
    let transforms = component(
        registry::transforms()
            .iter()
            .map(|kind| (kind.name, kind.summary, (kind.schema)(&mut generator).into()))
            .collect(),
        &Map::new(),
    );
    let beside = Map::from_iter([
        ("name".to_owned(), json!({ "type": "string" })),
        ("when".to_owned(), of::<Jq>(&mut generator)),
        ("route".to_owned(), json!({ "type": "string" })),
        (
            "transforms".to_owned(),
            json!({ "type": "array", "items": { "$ref": "#/$defs/transform" } }),
        ),
    ]);
    let destinations = component(
        registry::destinations()
            .iter()
            .map(|kind| (kind.name, kind.summary, (kind.schema)(&mut generator).into()))
            .collect(),
        &beside,
    );
    let policy = of::<Policy>(&mut generator);
    let schedule = of::<Schedule>(&mut generator);
    let mut definitions = generator.take_definitions(true);
    definitions.insert("source".to_owned(), sources);
    definitions.insert("transform".to_owned(), transforms);
    definitions.insert("destination".to_owned(), destinations);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A flow of Trunkline",
        "type": "object",
        "required": ["flow", "source", "destinations"],
        "additionalProperties": false,
        "properties": {
            "flow": { "type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,59}$" },
            "description": { "type": "string" },
            "source": { "$ref": "#/$defs/source" },
            "schedule": schedule,
            "transforms": { "type": "array", "items": { "$ref": "#/$defs/transform" } },
            "destinations": { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/destination" } },
            "policy": policy,
            "tests": { "type": "array", "items": { "type": "object" } },
        },
        "$defs": definitions,
    })
}

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().into()
}

/// A map with one of these keys, beside others that may be there; or the name alone.
fn component(kinds: Vec<(&str, &str, Value)>, beside: &Map<String, Value>) -> Value {
    let names: Vec<&str> = kinds.iter().map(|(name, _, _)| *name).collect();
    let one_of: Vec<Value> = kinds
        .into_iter()
        .map(|(name, summary, schema)| {
            let mut properties = beside.clone();
            properties.insert(name.to_owned(), schema);
            json!({
                "type": "object",
                "description": summary,
                "required": [name],
                "additionalProperties": false,
                "properties": properties,
            })
        })
        .chain([json!({ "type": "string", "enum": names })])
        .collect();
    json!({ "oneOf": one_of })
}

/// A component, for whoever looks for one.
#[derive(Clone, Debug, Serialize)]
pub struct Described {
    /// `source`, `transform` or `destination`.
    pub kind: &'static str,
    /// Its name in a flow's file.
    pub name: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// The schema of its settings.
    pub settings: Value,
}

/// All components.
#[must_use]
pub fn described() -> Vec<Described> {
    let settings = |schema: fn(&mut SchemaGenerator) -> Schema| {
        let mut generator = SchemaSettings::draft2020_12()
            .with(|settings| settings.inline_subschemas = true)
            .into_generator();
        schema(&mut generator).into()
    };
    let sources = registry::sources().iter().map(|kind| Described {
        kind: "source",
        name: kind.name,
        summary: kind.summary,
        settings: settings(kind.schema),
    });
    let transforms = registry::transforms().iter().map(|kind| Described {
        kind: "transform",
        name: kind.name,
        summary: kind.summary,
        settings: settings(kind.schema),
    });
    let destinations = registry::destinations().iter().map(|kind| Described {
        kind: "destination",
        name: kind.name,
        summary: kind.summary,
        settings: settings(kind.schema),
    });
    sources.chain(transforms).chain(destinations).collect()
}
