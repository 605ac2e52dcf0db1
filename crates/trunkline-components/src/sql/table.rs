//! What becomes of a record in a table: a row that is put there, or one that is taken away.
//!
//! The one rule: a row is what its record is. The key stands in `_key`; a column that a record says nothing of is null.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use trunkline_flow::{
    ComponentError, Delivered, Record,
    document::{Jq, Spot},
};

use super::shape::Kind;

/// The column that holds a record's key.
pub(crate) const KEY: &str = "_key";
/// The most columns that a table is given.
const MOST_COLUMNS: usize = 1_000;
/// The longest name of a column, in bytes: PostgreSQL cuts what is longer.
const LONGEST_NAME: usize = 63;

/// What flows may say of a table, whatever the database.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct Rows {
    /// The expression that tells a record from others; what it gives stands in the column `_key`.
    pub(crate) key: Jq,
    /// Records for which this holds are taken out of the table.
    #[serde(default)]
    pub(crate) delete_when: Option<Jq>,
}

/// What is to become of a record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Change {
    Put { key: String, values: Map<String, Value> },
    Delete { key: String },
}

/// A table and where the flow's file names it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// As people call it.
    pub(crate) name: String,
    /// Where the flow's file names it.
    pub(crate) spot: Spot,
    pub(crate) flow: String,
}

/// The columns of a table beside `_key`, by their names.
pub(crate) type Columns = BTreeMap<String, Held>;

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// One that takes this.
    Ours(Kind),
    /// One of a type that no flow makes.
    Foreign(String),
}

/// What must become of a table before records fit into it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Growth {
    pub(crate) add: BTreeMap<String, Kind>,
    pub(crate) widen: BTreeMap<String, Kind>,
}

impl Growth {
    pub(crate) fn is_empty(&self) -> bool {
        self.add.is_empty() && self.widen.is_empty()
    }
}

impl Change {
    pub(crate) fn key(&self) -> &str {
        match self {
            Self::Put { key, .. } | Self::Delete { key } => key,
        }
    }

    /// What may be shown of it.
    pub(crate) fn shown(&self, table: &str) -> Value {
        match self {
            Self::Put { key, values } => json!({ "table": table, "put": values, KEY: key }),
            Self::Delete { key } => json!({ "table": table, "delete": key }),
        }
    }
}

/// Changes, each with the place of its record among those that came together.
pub(crate) type Changes = Vec<(usize, Change)>;

/// Says of each change what the database did with it: all were kept but for those that it refused, or none was.
pub(crate) fn tell(
    results: &mut [Delivered],
    places: impl IntoIterator<Item = usize>,
    done: Result<impl IntoIterator<Item = (usize, ComponentError)>, ComponentError>,
) {
    match done {
        Ok(refused) => {
            for (at, error) in refused {
                results[at] = Err(error);
            }
        }
        Err(error) => {
            for at in places {
                results[at] = Err(error.clone());
            }
        }
    }
}

impl Rows {
    /// What is to become of records, and the results of those that cannot become anything.
    pub(crate) fn changes(&self, records: &[Record], now: Timestamp) -> (Vec<Delivered>, Changes) {
        let mut results = Vec::with_capacity(records.len());
        let mut changes = Vec::new();
        for (at, record) in records.iter().enumerate() {
            results.push(self.change(record, now).map(|change| {
                changes.push((at, change));
                None
            }));
        }
        (results, changes)
    }

    /// What is to become of a record.
    pub(crate) fn change(&self, record: &Record, now: Timestamp) -> Result<Change, ComponentError> {
        let key = self
            .key
            .key(record, now)?
            .ok_or_else(|| unfit("the expression of `key` gives nothing for this record"))?;
        if let Some(delete) = &self.delete_when
            && delete.holds(record, now)?
        {
            return Ok(Change::Delete { key });
        }
        let Value::Object(values) = &*record.value else {
            return Err(unfit("only an object has columns, and this record is none"));
        };
        let mut names = HashSet::new();
        for name in values.keys() {
            if name.is_empty() || name.len() > LONGEST_NAME || name.contains('\0') {
                return Err(unfit(&format!("{name:?} cannot be the name of a column")));
            }
            if name.eq_ignore_ascii_case(KEY) {
                return Err(unfit(&format!(
                    "the column {KEY} holds the key, and the record has a field of this name"
                )));
            }
            if !names.insert(name.to_lowercase()) {
                return Err(unfit(&format!(
                    "two fields are called {name} but for large and small letters"
                )));
            }
        }
        Ok(Change::Put {
            key,
            values: values.clone(),
        })
    }
}

fn unfit(why: &str) -> ComponentError {
    ComponentError::reject(
        "TL0868",
        format!("this record cannot be a row: {why}"),
        "Make an object of it with `map` or `jq`, with a key and with names that columns can have.",
    )
}

/// What a table needs for these changes; those that cannot be taken are refused by their place in the list.
pub(crate) fn grow(
    columns: &Columns,
    changes: &[(usize, Change)],
    place: &Place,
) -> (Growth, HashMap<usize, ComponentError>) {
    let mut growth = Growth::default();
    let mut refused = HashMap::new();
    let mut spelled: HashMap<String, String> = columns
        .keys()
        .map(|name| (name.to_lowercase(), name.clone()))
        .collect();
    for (at, change) in changes {
        let Change::Put { values, .. } = change else {
            continue;
        };
        let mut own = growth.clone();
        let mut wrong = None;
        for (name, value) in values {
            if let Some(there) = spelled.get(&name.to_lowercase()).filter(|there| *there != name) {
                wrong = Some(unfit(&format!(
                    "its field {name} and the column {there} differ in large and small letters only"
                )));
            }
            match columns.get(name) {
                Some(Held::Foreign(kind)) if !value.is_null() => {
                    wrong = Some(ComponentError::stop(
                        "TL0866",
                        format!("{place}: the column {name} is of the type {kind}, which no flow makes"),
                        "Leave the field out with `map`, or let the flow fill a table of its own.",
                    ));
                }
                Some(Held::Foreign(_)) => {}
                Some(Held::Ours(kind)) => {
                    let wanted = own.widen.get(name).unwrap_or(kind).with(value);
                    if wanted != *kind {
                        own.widen.insert(name.clone(), wanted);
                    }
                }
                None => {
                    let wanted = match own.add.get(name) {
                        Some(kind) => Some(kind.with(value)),
                        None => Kind::of(value),
                    };
                    if let Some(wanted) = wanted {
                        own.add.insert(name.clone(), wanted);
                    }
                }
            }
        }
        if columns.len() + own.add.len() > MOST_COLUMNS && own.add.len() > growth.add.len() {
            wrong = Some(unfit(&format!(
                "its fields would give the table more than {MOST_COLUMNS} columns"
            )));
        }
        match wrong {
            Some(error) => {
                refused.insert(*at, error);
            }
            None => {
                spelled.extend(own.add.keys().map(|name| (name.to_lowercase(), name.clone())));
                growth = own;
            }
        }
    }
    (growth, refused)
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, spot, flow } = self;
        write!(
            f,
            "the table {name} (flow {flow}, line {}, column {})",
            spot.line, spot.column
        )
    }
}

impl Place {
    /// The table is there and was not made for this.
    pub(crate) fn is_not_ours(&self, columns: &[String]) -> ComponentError {
        ComponentError::stop(
            "TL0866",
            format!(
                "{self} is there with other columns: {}; it has no column {KEY} that is its primary key",
                columns.join(", ")
            ),
            "Name another table; a flow makes its own.",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Rows {
        Rows {
            key: Jq::compile(".id").unwrap(),
            delete_when: Some(Jq::compile(".gone").unwrap()),
        }
    }

    #[test]
    fn a_record_is_a_row_or_the_end_of_one() {
        for (value, expected) in [
            (json!({ "id": 1, "a": 2 }), Ok("put 1")),
            (json!({ "id": "x", "gone": true }), Ok("delete x")),
            (json!({ "a": 2 }), Err("gives nothing")),
            (json!({ "id": 1, "_key": 2 }), Err("holds the key")),
            (json!({ "id": 1, "A": 2, "a": 2 }), Err("large and small")),
            (json!({ "id": 1, "": 2 }), Err("name of a column")),
            (json!({ "id": 1, "x".repeat(64): 2 }), Err("name of a column")),
            (json!([1]), Err("")),
        ] {
            let made = rows().change(&Record::new(value.clone()), Timestamp::UNIX_EPOCH);
            match (made, expected) {
                (Ok(Change::Put { key, .. }), Ok(words)) => assert_eq!(format!("put {key}"), words),
                (Ok(Change::Delete { key }), Ok(words)) => assert_eq!(format!("delete {key}"), words),
                (Err(error), Err(words)) => assert!(error.message.contains(words), "{value}: {error}"),
                (made, _) => panic!("{value}: {made:?}"),
            }
        }
    }

    #[test]
    fn a_record_that_cannot_be_taken_makes_no_column() {
        let put = |value: Value| Change::Put {
            key: "k".to_owned(),
            values: value.as_object().cloned().unwrap_or_default(),
        };
        let columns = Columns::from([
            ("a".to_owned(), Held::Ours(Kind::Integer)),
            ("blob".to_owned(), Held::Foreign("bytea".to_owned())),
        ]);
        let place = Place {
            name: "t".to_owned(),
            spot: Spot { line: 3, column: 9 },
            flow: "f".to_owned(),
        };
        let changes = [
            (0, put(json!({ "a": 1.5, "b": null, "c": 1 }))),
            (1, put(json!({ "new": 1, "blob": "x" }))),
            (2, put(json!({ "c": "x", "blob": null }))),
            (3, put(json!({ "A": 1 }))),
            (4, put(json!({ "C": 1 }))),
        ];
        let (growth, refused) = grow(&columns, &changes, &place);
        assert_eq!(growth.add, BTreeMap::from([("c".to_owned(), Kind::Text)]));
        assert_eq!(growth.widen, BTreeMap::from([("a".to_owned(), Kind::Real)]));
        assert!(refused[&1].message.contains("line 3, column 9"), "{refused:?}");
        assert_eq!(refused.len(), 3, "{refused:?}");
    }
}
