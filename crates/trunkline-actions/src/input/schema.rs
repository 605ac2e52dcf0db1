//! Fields as a tree, and values held against it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use trunkline_catalog::{FieldType, Version};

use super::{
    Reading,
    coerce::{coerce, kind},
    unknown,
};
use crate::{Field, Problem, time, time::TimeForm};

/// What may stand at one place of an input.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    field_type: FieldType,
    time: Option<TimeForm>,
    required: bool,
    nullable: bool,
    choices: Vec<&'static str>,
    help: Option<&'static str>,
    default: Option<&'static str>,
    children: BTreeMap<&'static str, Self>,
    items: Option<Box<Self>>,
    /// Names that other versions have, with the versions.
    elsewhere: BTreeMap<&'static str, (Version, Version)>,
}

impl Node {
    const fn of(field_type: FieldType) -> Self {
        Self {
            field_type,
            time: None,
            required: false,
            nullable: false,
            choices: Vec::new(),
            help: None,
            default: None,
            children: BTreeMap::new(),
            items: None,
            elsewhere: BTreeMap::new(),
        }
    }

    /// The tree of dotted fields, as far as `version` has them.
    pub(crate) fn tree(fields: &[&Field], version: Version) -> Self {
        let mut root = Self::of(FieldType::Object);
        for field in fields {
            let is_there = (field.versions.0..=field.versions.1).contains(&version);
            let (parent, last) = field.name.rsplit_once('.').unwrap_or(("", field.name));
            if is_there {
                let node = root.at(field.name);
                node.field_type = field.field_type;
                node.time = field.time;
                node.required = field.required;
                node.nullable = field.nullable;
                node.choices.clone_from(&field.choices);
                node.help = Some(field.help).filter(|help| !help.is_empty());
                node.default = field.default;
            } else if let Some(node) = root.find(parent) {
                node.elsewhere.insert(last, field.versions);
            }
        }
        root
    }

    /// The node of a dotted name, made where it is not there.
    fn at(&mut self, name: &'static str) -> &mut Self {
        let mut node = self;
        for segment in name.split('.') {
            let bare = segment.trim_end_matches("[]");
            node = node
                .children
                .entry(bare)
                .or_insert_with(|| Self::of(FieldType::Object));
            for _ in 0..(segment.len() - bare.len()) / 2 {
                node = node
                    .items
                    .get_or_insert_with(|| Box::new(Self::of(FieldType::Any)));
            }
        }
        node
    }

    fn find(&mut self, name: &str) -> Option<&mut Self> {
        let mut node = self;
        for segment in name.split('.').filter(|segment| !segment.is_empty()) {
            let bare = segment.trim_end_matches("[]");
            node = node.children.get_mut(bare)?;
            for _ in 0..(segment.len() - bare.len()) / 2 {
                node = node.items.as_deref_mut()?;
            }
        }
        Some(node)
    }

    /// The names directly under it.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.children.keys().copied().collect()
    }

    /// The value as it is sent; what does not fit is told in `problems`.
    pub(crate) fn fit(
        &self,
        value: Value,
        path: &str,
        reading: &Reading,
        problems: &mut Vec<Problem>,
    ) -> Value {
        if value.is_null() {
            if !self.nullable {
                problems.push(Problem::new(path, "must not be null"));
            }
            return value;
        }
        if let Some(form) = self.time {
            return match time::read(&value, reading.now, &reading.zone) {
                Ok(moment) => form.write(moment, &reading.zone),
                Err(error) => {
                    problems.push(Problem::new(path, error.to_string()));
                    Value::Null
                }
            };
        }
        let value = match coerce(self.field_type, value) {
            Ok(value) => value,
            Err(what) => {
                problems.push(Problem::new(path, what));
                return Value::Null;
            }
        };
        self.check_choice(&value, path, problems);
        match value {
            Value::Object(entries) => self.fit_object(entries, path, reading, problems),
            Value::Array(list) => self.fit_list(list, path, reading, problems),
            other => other,
        }
    }

    fn check_choice(&self, value: &Value, path: &str, problems: &mut Vec<Problem>) {
        if self.choices.is_empty() {
            return;
        }
        let is_one = match value {
            Value::String(text) => self.choices.contains(&text.as_str()),
            Value::Number(number) => self.choices.contains(&number.to_string().as_str()),
            Value::Bool(flag) => self.choices.contains(&if *flag { "true" } else { "false" }),
            // The items of a list are held against the choices of the items.
            Value::Array(_) => true,
            _ => false,
        };
        if !is_one {
            problems.push(Problem::new(
                path,
                format!("must be one of {}", self.choices.join(", ")),
            ));
        }
    }

    fn fit_list(
        &self,
        list: Vec<Value>,
        path: &str,
        reading: &Reading,
        problems: &mut Vec<Problem>,
    ) -> Value {
        let Some(items) = &self.items else {
            return Value::Array(list);
        };
        list.into_iter()
            .enumerate()
            .map(|(index, item)| items.fit(item, &format!("{path}[{index}]"), reading, problems))
            .collect()
    }

    fn fit_object(
        &self,
        entries: Map<String, Value>,
        path: &str,
        reading: &Reading,
        problems: &mut Vec<Problem>,
    ) -> Value {
        let below = |name: &str| {
            if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            }
        };
        for (name, node) in &self.children {
            if node.required && !entries.contains_key(*name) {
                problems.push(Problem::new(below(name), node.missing()));
            }
        }
        let mut fitted = Map::new();
        for (name, value) in entries {
            let node = self.children.get(name.as_str());
            let value = match node {
                Some(node) => node.fit(value, &below(&name), reading, problems),
                // An object without stated names holds names of the user's own.
                None if self.children.is_empty() || reading.allow_unknown => value,
                None => {
                    problems.push(self.unknown(below(&name), &name, reading.version));
                    continue;
                }
            };
            fitted.insert(name, value);
        }
        Value::Object(fitted)
    }

    fn missing(&self) -> String {
        if self.choices.is_empty() {
            format!("is missing; it is {}", self.field_type.as_str())
        } else {
            format!("is missing; it is one of {}", self.choices.join(", "))
        }
    }

    fn unknown(&self, path: String, name: &str, version: Version) -> Problem {
        match self.elsewhere.get(name) {
            Some((first, last)) if first == last => Problem::new(
                path,
                format!("exists only in version {first}; the connection speaks {version}"),
            ),
            Some((first, last)) => Problem::new(
                path,
                format!("exists in versions {first} to {last}; the connection speaks {version}"),
            ),
            None => unknown(path, name, &self.names()),
        }
    }

    /// The JSON Schema of what may stand here.
    pub(crate) fn schema(&self) -> Value {
        let mut schema = Map::new();
        let mut types: Vec<&str> = match self.field_type {
            FieldType::Any => Vec::new(),
            known => vec![known.as_str()],
        };
        if self.time.is_some() {
            types = vec!["integer", "string"];
            let hint = "A time: ISO 8601, unix seconds, or counted from now such as `+2d`.";
            schema.insert("description".to_owned(), hint.into());
        } else if let Some(help) = self.help {
            schema.insert("description".to_owned(), help.into());
        }
        if self.nullable && !types.is_empty() {
            types.push("null");
        }
        match types.as_slice() {
            [] => {}
            [one] => {
                schema.insert("type".to_owned(), (*one).into());
            }
            many => {
                schema.insert("type".to_owned(), many.to_vec().into());
            }
        }
        if !self.choices.is_empty() {
            schema.insert("enum".to_owned(), self.choices.clone().into());
        }
        if let Some(default) = self.default {
            schema.insert("default".to_owned(), default.into());
        }
        if !self.children.is_empty() {
            let properties: Map<String, Value> = self
                .children
                .iter()
                .map(|(name, node)| ((*name).to_owned(), node.schema()))
                .collect();
            let required: Vec<&str> = self
                .children
                .iter()
                .filter(|(_, node)| node.required)
                .map(|(name, _)| *name)
                .collect();
            schema.insert("properties".to_owned(), Value::Object(properties));
            schema.insert("required".to_owned(), required.into());
            schema.insert("additionalProperties".to_owned(), false.into());
        }
        if let Some(items) = &self.items {
            schema.insert("items".to_owned(), items.schema());
        }
        Value::Object(schema)
    }

    /// Whether a value of this kind could stand here at all, for the choice between alternatives.
    pub(crate) fn is_empty(&self) -> bool {
        self.children.is_empty()
    }
}

/// What is wrong with a value that should be plain text of a path or a query.
pub(crate) fn plain(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        other => Err(format!("must be a plain value, not {}", kind(other))),
    }
}
