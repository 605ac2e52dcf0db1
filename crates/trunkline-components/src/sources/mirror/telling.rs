//! What is told of a change, or of a row.
//!
//! The one rule: a contact that was merged is told as merged, with the id of the one that took its place, even when the mirror
//! learns only later where it went.

use std::collections::{HashSet, VecDeque};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use trunkline_flow::{Head, Item, Record};
use trunkline_mirror::{
    feed::{ChangeKind, Changed},
    tables,
};

use super::{Change, Task, reading::Whole};

/// The mirror's own table that says where records went.
const ALIASES: &str = "_trunkline_aliases";
/// How many records that are gone are remembered, until the mirror says where they went: more than it asks for at once.
const GONE: usize = 400;

/// Stands in place of a stream where all were read.
const END: &str = "_end";

/// Which changes are told.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) streams: Vec<&'static str>,
    /// None for all.
    pub(super) kinds: Vec<Change>,
    /// None for all.
    pub(super) fields: Vec<String>,
}

pub(super) enum Telling {
    Changes { wanted: Wanted, gone: VecDeque<String> },
    Records(&'static str),
    Whole,
}

impl Telling {
    pub(super) fn new(task: &Task, gone: Vec<String>) -> Self {
        match task {
            Task::Changes { wanted, .. } => Self::Changes {
                wanted: wanted.clone(),
                gone: gone.into(),
            },
            Task::Changed(stream) | Task::All(stream) => Self::Records(stream),
            Task::Whole(_) => Self::Whole,
        }
    }

    /// Records that were told to be gone, and that may turn out to have been merged.
    pub(super) fn gone(&self) -> Vec<String> {
        match self {
            Self::Changes { gone, .. } => gone.iter().cloned().collect(),
            Self::Records(_) | Self::Whole => Vec::new(),
        }
    }

    /// What is told of a row that is there, read since a moment.
    pub(super) fn row(
        &self,
        stream: &'static str,
        key: &[String],
        record: Value,
        began: Option<Timestamp>,
    ) -> Option<Item> {
        match self {
            Self::Whole => {
                let head = Head {
                    stream: Some(stream.to_owned()),
                    id: Some(key.join("/")),
                    updated_at: updated_at(&record),
                    branch: None,
                };
                let told = json!({ "stream": stream, "id": key.join("/"), "began": began, "record": record });
                Some(Item::Record(Record::new(told).with_head(head)))
            }
            Self::Records(_) => Some(self::record(stream, key, record)),
            Self::Changes { wanted, .. } => wanted.has(Change::Created).then(|| {
                let head = Head {
                    stream: Some(stream.to_owned()),
                    id: Some(key.join("/")),
                    updated_at: updated_at(&record),
                    branch: None,
                };
                told(Change::Created, stream, key, head, |told| {
                    told.insert("after".to_owned(), record);
                })
            }),
        }
    }

    /// What is told of changes, in their order.
    pub(super) fn changes(&mut self, changes: Vec<Changed>) -> Vec<Item> {
        match self {
            Self::Records(stream) => records(stream, changes),
            Self::Whole => Vec::new(),
            Self::Changes { wanted, gone } => changes
                .into_iter()
                .filter_map(|change| wanted.told(change, gone))
                .collect(),
        }
    }
}

impl Wanted {
    fn has(&self, kind: Change) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    fn told(&self, change: Changed, gone: &mut VecDeque<String>) -> Option<Item> {
        if change.table == ALIASES {
            return self.merged_later(&change, gone);
        }
        let stream = *self.streams.iter().find(|stream| **stream == change.table)?;
        let kind = match (change.kind, &change.merged_into) {
            (ChangeKind::Noted, _) => return None,
            (ChangeKind::Created, _) => Change::Created,
            (ChangeKind::Updated, _) => Change::Updated,
            (ChangeKind::Deleted, None) => Change::Deleted,
            (ChangeKind::Deleted, Some(_)) => Change::Merged,
        };
        if kind == Change::Deleted {
            gone.push_back(format!("{stream}/{}", change.key.join("/")));
            if gone.len() > GONE {
                gone.pop_front();
            }
        }
        if !self.has(kind) {
            return None;
        }
        if kind == Change::Updated && !self.is_of_fields(&change) {
            return None;
        }
        let head = head(stream, &change);
        Some(told(kind, stream, &change.key, head, |told| {
            told.insert("at".to_owned(), json!(change.at));
            if kind == Change::Updated {
                let names = differing(change.before.as_ref(), change.after.as_ref());
                told.insert("changed".to_owned(), json!(names));
            }
            told.insert("before".to_owned(), json!(change.before));
            told.insert("after".to_owned(), json!(change.after));
            if let Some(into) = change.merged_into {
                told.insert("merged_into".to_owned(), into.into());
            }
        }))
    }

    /// The mirror has learned where a record went that was told to be gone.
    fn merged_later(&self, change: &Changed, gone: &mut VecDeque<String>) -> Option<Item> {
        let after = change.after.as_ref()?;
        let (stream, old) = (after["stream"].as_str()?, after["old_id"].as_str()?);
        let at = gone
            .iter()
            .position(|known| *known == format!("{stream}/{old}"))?;
        gone.remove(at);
        let stream = *self.streams.iter().find(|own| **own == stream)?;
        self.has(Change::Merged).then(|| {
            let head = head(stream, change);
            told(Change::Merged, stream, &[old.to_owned()], head, |told| {
                told.insert("at".to_owned(), json!(change.at));
                told.insert("merged_into".to_owned(), after["new_id"].clone());
            })
        })
    }

    /// Whether an update is one of the fields that matter; one whose past is not known is taken for one.
    fn is_of_fields(&self, change: &Changed) -> bool {
        let (Some(before), Some(after)) = (&change.before, &change.after) else {
            return true;
        };
        self.fields.is_empty()
            || self
                .fields
                .iter()
                .any(|field| value(before, field) != value(after, field))
    }
}

/// The value at a path such as `custom_attributes.plan`; nothing and null are the same.
fn value<'r>(record: &'r Value, path: &str) -> &'r Value {
    path.split('.').fold(record, |value, name| &value[name])
}

/// The fields in which two records differ.
fn differing(before: Option<&Value>, after: Option<&Value>) -> Option<Vec<String>> {
    let (before, after) = (before?.as_object()?, after?.as_object()?);
    let names: HashSet<&String> = before.keys().chain(after.keys()).collect();
    let mut names: Vec<String> = names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .cloned()
        .collect();
    names.sort();
    Some(names)
}

/// A change tells itself from others of its record by its number.
fn head(stream: &str, change: &Changed) -> Head {
    Head {
        stream: Some(stream.to_owned()),
        id: Some(format!("{}/{}", change.key.join("/"), change.seq)),
        updated_at: change.at.as_deref().and_then(|at| at.parse().ok()),
        branch: None,
    }
}

fn told(
    kind: Change,
    stream: &'static str,
    key: &[String],
    head: Head,
    fill: impl FnOnce(&mut Map<String, Value>),
) -> Item {
    let change = match kind {
        Change::Created => "created",
        Change::Updated => "updated",
        Change::Deleted => "deleted",
        Change::Merged => "merged",
    };
    let mut told = Map::new();
    told.insert("stream".to_owned(), stream.into());
    told.insert("change".to_owned(), change.into());
    // In the order in which the file has them.
    let names = tables::table(stream).map_or(&[][..], |table| table.lookup.unwrap_or(table.key));
    let id = names.iter().position(|name| *name == "id").unwrap_or(0);
    match key.get(id) {
        Some(value) if key.len() == 1 || names.get(id) == Some(&"id") => {
            told.insert("id".to_owned(), value.as_str().into());
        }
        _ => {
            let key: Map<String, Value> = names
                .iter()
                .map(|name| (*name).to_owned())
                .zip(key.iter().map(|value| value.as_str().into()))
                .collect();
            told.insert("key".to_owned(), key.into());
        }
    }
    for name in ["before", "after"] {
        told.insert(name.to_owned(), Value::Null);
    }
    fill(&mut told);
    Item::Record(Record::new(told.into()).with_head(head))
}

/// The records that changed and are there, each once, as it became last.
fn records(stream: &'static str, changes: Vec<Changed>) -> Vec<Item> {
    let mut seen = HashSet::new();
    let mut items: Vec<Item> = changes
        .into_iter()
        .rev()
        .filter(|change| change.table == stream && change.kind != ChangeKind::Noted)
        .filter(|change| seen.insert(change.key.clone()))
        .filter_map(|change| Some(record(stream, &change.key, change.after?)))
        .collect();
    items.reverse();
    items
}

/// What is told when several streams were read: how many records there were of each.
pub(super) fn end(whole: &Whole) -> Item {
    let head = Head {
        stream: Some(END.to_owned()),
        id: Some(whole.began.to_string()),
        updated_at: None,
        branch: None,
    };
    let told = json!({ "stream": END, "began": whole.began, "records": whole.records });
    Item::Record(Record::new(told).with_head(head))
}

fn record(stream: &'static str, key: &[String], value: Value) -> Item {
    let head = Head {
        stream: Some(stream.to_owned()),
        id: Some(key.join("/")),
        updated_at: updated_at(&value),
        branch: None,
    };
    Item::Record(Record::new(value).with_head(head))
}

fn updated_at(record: &Value) -> Option<Timestamp> {
    match &record["updated_at"] {
        Value::Number(at) => Timestamp::from_second(at.as_i64()?).ok(),
        Value::String(at) => at.parse().ok(),
        _ => None,
    }
}
