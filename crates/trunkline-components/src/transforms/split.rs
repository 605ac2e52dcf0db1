//! `split`: makes of a record one for each item of a list in it.
//!
//! The one rule: a record whose list is missing or empty is gone without a trace unless `missing` says otherwise; one whose list is no
//! list is an error.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use trunkline_flow::{
    ComponentError, Record, Transform,
    document::{Jq, Mistake, Node, read},
};

use super::{joined::apart, place::Place};
use crate::{
    Site,
    registry::{MakeTransform, TransformKind},
};

pub(crate) const KIND: TransformKind = TransformKind {
    name: "split",
    summary: "Makes of a record one for each item of a list in it.",
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// Makes of a record one for each item of a list in it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Where the list is, such as `tags.tags`.
    list: Place,
    /// Fields that each item gets, with expressions over the whole record; they come over fields of the same name.
    #[serde(default)]
    with: BTreeMap<String, Jq>,
    /// The field that the item is put into; without it, its own fields are the record's.
    #[serde(default, rename = "as")]
    under: Option<String>,
    /// What becomes of a record without such a list, or with an empty one.
    #[serde(default)]
    missing: Missing,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Missing {
    /// It is let go.
    #[default]
    Drop,
    /// It goes on as it is.
    Leave,
    /// It becomes a dead letter.
    Fail,
}

fn build(node: &Node, _: &Site) -> Result<MakeTransform, Mistake> {
    let settings: Settings = read(node)?;
    Ok(Arc::new(move || Box::new(settings.clone())))
}

impl Settings {
    fn item(&self, item: Value, fields: &Map<String, Value>) -> Result<Value, ComponentError> {
        let mut made = match (&self.under, item) {
            (Some(name), item) => Map::from_iter([(name.clone(), item)]),
            (None, Value::Object(item)) => item,
            (None, item) if fields.is_empty() => return Ok(item),
            (None, _) => {
                return Err(ComponentError::reject(
                    "TL0850",
                    format!(
                        "an item of {} is no object, so it can get no fields",
                        self.list.text()
                    ),
                    "Name the field that it is put into with `as:`.",
                ));
            }
        };
        made.extend(fields.clone());
        Ok(made.into())
    }
}

impl Transform for Settings {
    fn remembers(&self) -> bool {
        false
    }

    fn apply(&mut self, mut record: Record, now: Timestamp) -> Result<Vec<Record>, ComponentError> {
        let mut fields = Map::new();
        for (name, expression) in &self.with {
            fields.insert(name.clone(), expression.value(&record, now)?);
        }
        let items = match self.list.take(&mut record.value) {
            Some(Value::Array(items)) if !items.is_empty() => items,
            found @ (None | Some(Value::Null | Value::Array(_))) => {
                return match self.missing {
                    Missing::Drop => Ok(Vec::new()),
                    Missing::Leave => {
                        if let Some(found) = found {
                            self.put_back(&mut record.value, found);
                        }
                        Ok(vec![record])
                    }
                    Missing::Fail => Err(ComponentError::reject(
                        "TL0850",
                        format!("the record has no items in {}", self.list.text()),
                        "Set `missing: drop` or `missing: leave` when that is as it should be.",
                    )),
                };
            }
            Some(_) => {
                return Err(ComponentError::reject(
                    "TL0850",
                    format!("{} is no list in this record", self.list.text()),
                    "Check the way to the list; `jq` makes a list of anything.",
                ));
            }
        };
        let values: Result<Vec<Value>, ComponentError> =
            items.into_iter().map(|item| self.item(item, &fields)).collect();
        Ok(apart(record, values?))
    }
}

impl Settings {
    fn put_back(&self, value: &mut Value, found: Value) {
        let mut found = Some(found);
        let mut work = |place: &mut Value| {
            if let Some(found) = found.take() {
                *place = found;
            }
            Ok(super::place::Then::Stays)
        };
        // The work does not fail.
        self.list.change(value, &mut work).ok();
    }
}
