//! One record: every column with its meaning, custom attributes, the record as it came, and how it became what it is.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{BrowseError, Reader, pages::quoted, reader::text};
use crate::tables::Table;

/// How many earlier versions are shown.
const VERSIONS: u32 = 50;

/// One record.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Record {
    /// Its columns, in order, without the long ones of which `record` has the whole.
    pub fields: Vec<Field>,
    /// Its custom attributes.
    #[schema(value_type = Object)]
    pub custom: Map<String, Value>,
    /// The whole as the API gave it; nothing for pairs of ids.
    pub record: Option<Value>,
    /// Its versions, newest first, where the mirror keeps them.
    pub history: Option<Vec<Version>>,
}

/// A column of a record.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = RecordField)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it holds: text, integer, real, boolean, time or json.
    pub kind: String,
    /// What it means.
    pub summary: String,
    /// Its value.
    pub value: Value,
}

/// A version of a record.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = RecordVersion)]
pub struct Version {
    /// From when on it was like this.
    pub from: String,
    /// Until when; nothing for the one that is now.
    pub to: Option<String>,
    /// What differs from the version before it.
    pub changes: Vec<Difference>,
}

/// What differs between two versions.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = RecordDifference)]
pub struct Difference {
    /// The column.
    pub column: String,
    /// Its value before.
    pub before: Value,
    /// Its value in this version.
    pub after: Value,
}

impl Reader {
    /// A record by its key, as [`Reader::page`] gives it.
    ///
    /// # Errors
    /// When the mirror has no such stream or record.
    pub fn record(&self, stream: &str, key: &str) -> Result<Record, BrowseError> {
        let table = self.table(stream)?;
        let names = table.lookup.unwrap_or(table.key);
        let none = || BrowseError::not_found(format!("record of {stream}"), key);
        let values: Vec<String> = if names.len() == 1 {
            vec![key.to_owned()]
        } else {
            serde_json::from_str(key).map_err(|_| none())?
        };
        if values.len() != names.len() {
            return Err(none());
        }
        let condition: Vec<String> = names.iter().map(|name| format!("{} = ?", quoted(name))).collect();
        let condition = condition.join(" AND ");
        let params: Vec<&str> = values.iter().map(String::as_str).collect();
        let sql = format!("SELECT * FROM {} WHERE {condition}", quoted(table.name));
        let row = self.objects(&sql, &params)?.into_iter().next().ok_or_else(none)?;
        let fields = self
            .columns_of(table.name)?
            .into_iter()
            .filter(|column| column.name != "record" && Some(column.name.as_str()) != table.custom)
            .map(|column| Field {
                value: row.get(&column.name).cloned().unwrap_or_default(),
                name: column.name,
                kind: column.kind,
                summary: column.summary,
            })
            .collect();
        let custom = table.custom.and_then(|name| json_of(&row, name));
        Ok(Record {
            fields,
            custom: match custom {
                Some(Value::Object(custom)) => custom,
                _ => Map::new(),
            },
            record: json_of(&row, "record"),
            history: self.history(table, &condition, &params)?,
        })
    }

    /// The versions of a record, newest first; nothing where none are kept.
    fn history(
        &self,
        table: &Table,
        condition: &str,
        params: &[&str],
    ) -> Result<Option<Vec<Version>>, BrowseError> {
        let name = format!("{}_history", table.name);
        if !self.holds(&name)? {
            return Ok(None);
        }
        let sql = format!(
            "SELECT * FROM {} WHERE {condition} ORDER BY _valid_from DESC LIMIT {}",
            quoted(&name),
            VERSIONS + 1
        );
        let rows = self.objects(&sql, params)?;
        let versions = rows
            .iter()
            .enumerate()
            .take(VERSIONS as usize)
            .map(|(at, row)| Version {
                from: text(row, "_valid_from").unwrap_or_default(),
                to: text(row, "_valid_to"),
                changes: rows
                    .get(at + 1)
                    .map_or_else(Vec::new, |before| differences(before, row)),
            });
        Ok(Some(versions.collect()))
    }
}

/// The columns in which two versions differ, without those that repeat others.
fn differences(before: &Map<String, Value>, now: &Map<String, Value>) -> Vec<Difference> {
    now.iter()
        .filter(|(name, value)| {
            !name.starts_with('_') && *name != "record" && before.get(*name).is_some_and(|old| old != *value)
        })
        .map(|(name, value)| Difference {
            column: name.clone(),
            before: before[name].clone(),
            after: value.clone(),
        })
        .collect()
}

/// A column of JSON.
pub(super) fn json_of(row: &Map<String, Value>, name: &str) -> Option<Value> {
    serde_json::from_str(row.get(name)?.as_str()?).ok()
}
