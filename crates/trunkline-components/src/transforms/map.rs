//! `map`: sets fields of a record, each by an expression over the record as it came.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use trunkline_flow::{
    ComponentError, Failed, Record, Transform,
    document::{Jq, Mistake, Node, read},
};

use crate::{
    Site,
    registry::{MakeTransform, TransformKind},
};

pub(crate) const KIND: TransformKind = TransformKind {
    name: "map",
    summary: "Sets, renames and leaves out fields of a record.",
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// Sets, renames and leaves out fields of a record, in that order.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// Fields with the expressions that give their values; each sees the record as it came.
    set: BTreeMap<String, Jq>,
    /// Old names with new ones; a record that lacks the old one stays as it is.
    rename: BTreeMap<String, String>,
    /// Names of fields to leave out.
    remove: Vec<String>,
    /// The only fields to keep, when any are named.
    keep: Vec<String>,
}

fn build(node: &Node, _: &Site) -> Result<MakeTransform, Mistake> {
    let settings: Settings = read(node)?;
    Ok(Arc::new(move || Box::new(settings.clone())))
}

impl Transform for Settings {
    fn remembers(&self) -> bool {
        false
    }

    fn apply(&mut self, record: Record, now: Timestamp) -> Result<Vec<Record>, ComponentError> {
        let mut set = Map::new();
        for (name, expression) in &self.set {
            set.insert(name.clone(), expression.value(&record, now)?);
        }
        Ok(vec![self.laid(record, set).map_err(|failed| failed.error)?])
    }

    fn apply_all(&mut self, records: Vec<Record>, now: Timestamp) -> Vec<Result<Vec<Record>, Failed>> {
        let mut set: Vec<Result<Map<String, Value>, ComponentError>> =
            records.iter().map(|_| Ok(Map::new())).collect();
        for (name, expression) in &self.set {
            let values = expression.value_of_all(&records, now);
            for (fields, value) in set.iter_mut().zip(values) {
                match (&mut *fields, value) {
                    (Ok(fields), Ok(value)) => {
                        fields.insert(name.clone(), value);
                    }
                    (Ok(_), Err(error)) => *fields = Err(error),
                    (Err(_), _) => {}
                }
            }
        }
        records
            .into_iter()
            .zip(set)
            .map(|(record, set)| match set {
                Ok(set) => self.laid(record, set).map(|record| vec![record]),
                Err(error) => Err(Failed::new(record, error)),
            })
            .collect()
    }
}

impl Settings {
    /// The record with these fields set, and the others renamed and left out.
    fn laid(&self, mut record: Record, set: Map<String, Value>) -> Result<Record, Failed> {
        let Some(fields) = record.value.as_object_mut() else {
            let error = ComponentError::reject(
                "TL0841",
                "the record is no object, so it has no fields",
                "Make an object of it with `jq` first, such as `{value: .}`.",
            );
            return Err(Failed::new(record, error));
        };
        fields.extend(set);
        let renamed: Vec<(String, Value)> = self
            .rename
            .iter()
            .filter_map(|(from, to)| Some((to.clone(), fields.remove(from)?)))
            .collect();
        fields.extend(renamed);
        fields.retain(|name, _| !self.remove.contains(name));
        if !self.keep.is_empty() {
            fields.retain(|name, _| self.keep.contains(name));
        }
        Ok(record)
    }
}
