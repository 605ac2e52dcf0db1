//! What a row looks like, for people and for machines: columns with their meaning, and a JSON Schema.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Kind, Table, table};

/// A table as documents show it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableSchema {
    /// Its name, also the stream's.
    pub name: &'static str,
    /// What its rows are.
    pub summary: &'static str,
    /// The columns that identify a row.
    pub key: Vec<&'static str>,
    /// The view with a column for each custom attribute.
    pub custom_view: Option<String>,
    /// All columns, in order.
    pub columns: Vec<ColumnSchema>,
}

/// A column as documents show it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnSchema {
    /// Its name.
    pub name: String,
    /// What it holds: text, integer, real, boolean, time or json.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Whether it may be empty.
    pub nullable: bool,
    /// What it means.
    pub summary: String,
}

/// The schema of a stream's table.
#[must_use]
pub fn schema(stream: &str) -> Option<TableSchema> {
    table(stream).map(TableSchema::of)
}

impl TableSchema {
    fn of(table: &Table) -> Self {
        let mut columns = Vec::new();
        let mut add = |name: &str, kind: &'static str, nullable: bool, summary: &str| {
            columns.push(ColumnSchema {
                name: name.to_owned(),
                kind,
                nullable,
                summary: summary.to_owned(),
            });
        };
        for column in table.columns {
            add(
                column.name,
                column.kind.name(),
                !table.key.contains(&column.name),
                column.summary,
            );
            if column.kind == Kind::Html {
                add(
                    &format!("{}_text", column.name),
                    "text",
                    true,
                    &format!("The same as plain text: {}", column.name),
                );
            }
        }
        for own in table.own {
            add(own.name, "integer", !own.sql.contains("NOT NULL"), own.summary);
        }
        add("_synced_at", "time", false, "When the mirror last wrote the row.");
        if !table.is_members() {
            add(
                "_hash",
                "integer",
                false,
                "Digest of the record, by which a change is noticed.",
            );
        }
        add(
            "_deleted_at",
            "time",
            true,
            "When the mirror found that it is gone; empty while it exists.",
        );
        if !table.is_members() {
            add("record", "json", false, "The whole record as the API gave it.");
        }
        Self {
            name: table.name,
            summary: table.summary,
            key: table.key.to_vec(),
            custom_view: table.custom.map(|_| format!("{}_custom", table.name)),
            columns,
        }
    }

    /// The JSON Schema of a row.
    #[must_use]
    pub fn json_schema(&self) -> Value {
        let properties: Map<String, Value> = self
            .columns
            .iter()
            .map(|column| (column.name.clone(), column.json_schema()))
            .collect();
        let required: Vec<&str> = self
            .columns
            .iter()
            .filter(|column| !column.nullable)
            .map(|column| column.name.as_str())
            .collect();
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.name,
            "description": self.summary,
            "type": "object",
            "properties": properties,
            "required": required,
        })
    }
}

impl ColumnSchema {
    fn json_schema(&self) -> Value {
        let (kind, format) = match self.kind {
            "integer" => ("integer", None),
            "real" => ("number", None),
            "boolean" => ("integer", None),
            "time" => ("string", Some("date-time")),
            _ => ("string", None),
        };
        let mut schema = Map::new();
        let types = if self.nullable {
            json!([kind, "null"])
        } else {
            json!(kind)
        };
        schema.insert("type".to_owned(), types);
        if let Some(format) = format {
            schema.insert("format".to_owned(), json!(format));
        }
        match self.kind {
            "boolean" => schema.insert(
                "enum".to_owned(),
                if self.nullable {
                    json!([0, 1, null])
                } else {
                    json!([0, 1])
                },
            ),
            "json" => schema.insert("contentMediaType".to_owned(), json!("application/json")),
            _ => None,
        };
        schema.insert("description".to_owned(), json!(self.summary));
        Value::Object(schema)
    }
}

impl Kind {
    /// Its name in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text | Self::Html => "text",
            Self::Integer => "integer",
            Self::Real => "real",
            Self::Boolean => "boolean",
            Self::Time => "time",
            Self::Json => "json",
        }
    }
}
