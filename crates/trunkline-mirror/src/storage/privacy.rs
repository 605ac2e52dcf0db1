//! Columns that are left out or replaced by a digest, in the kept record too.
//!
//! The one rule: what is left out reaches no statement: the record is rewritten before anything is taken from it.

use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{BadColumnRef, StorageOptions};
use crate::tables::{self, ListKind, Table};

/// What happens to one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Exclude,
    Hash,
}

/// The rules for the records of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Privacy {
    excluded: Vec<&'static str>,
    rules: Vec<(Vec<String>, Action)>,
}

impl Privacy {
    /// The rules of `table` among `options`, those for the records inside its records included.
    pub(super) fn of(table: &'static Table, options: &StorageOptions) -> Self {
        let mut privacy = Self::default();
        let chosen = options
            .exclude
            .iter()
            .map(|reference| (reference, Action::Exclude));
        for (reference, action) in
            chosen.chain(options.hash.iter().map(|reference| (reference, Action::Hash)))
        {
            for path in paths(table, &reference.column).filter(|_| reference.stream == table.name) {
                privacy.rules.push((path, action));
            }
            if reference.stream == table.name
                && action == Action::Exclude
                && let Some(column) = table.column(&reference.column)
            {
                privacy.excluded.push(column.name);
            }
            for list in table
                .lists
                .iter()
                .filter(|list| matches!(list.kind, ListKind::Nested | ListKind::Files))
                .filter(|list| list.stream == reference.stream)
            {
                let Some(inner) = tables::table(list.stream) else {
                    continue;
                };
                for path in paths(inner, &reference.column) {
                    if list.kind == ListKind::Files {
                        let mut whole: Vec<String> = list.path.split('.').map(str::to_owned).collect();
                        whole.extend(path);
                        privacy.rules.push((whole, action));
                        continue;
                    }
                    // The list's own key differs by resource; `*` stands for whatever holds it.
                    let mut whole: Vec<String> = list.path.split('.').map(str::to_owned).collect();
                    whole.push("*".to_owned());
                    whole.extend(path);
                    privacy.rules.push((whole, action));
                }
            }
        }
        privacy
    }

    pub(super) fn excludes(&self, column: &str) -> bool {
        self.excluded.contains(&column)
    }

    /// Whether some SQL names a column that is left out.
    pub(super) fn touches(&self, sql: &str) -> bool {
        sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .any(|word| self.excludes(word))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The record without what is left out; nothing when it is no JSON.
    pub(super) fn apply(&self, record: &str, salt: &str) -> Option<String> {
        let mut value: Value = serde_json::from_str(record).ok()?;
        for (path, action) in &self.rules {
            walk(&mut value, path, *action, salt);
        }
        serde_json::to_string(&value).ok()
    }
}

/// Refuses what does not exist and what a table cannot do without.
pub(super) fn check(options: &StorageOptions) -> Result<(), BadColumnRef> {
    for reference in options.exclude.iter().chain(&options.hash) {
        let bad = |reason| BadColumnRef {
            text: reference.to_string(),
            reason,
        };
        let table = tables::table(&reference.stream).ok_or_else(|| bad("there is no such stream"))?;
        if table.is_members() {
            return Err(bad("the stream has nothing but ids"));
        }
        if table.key.contains(&reference.column.as_str()) || table.parent_column() == reference.column {
            return Err(bad("it identifies the row or its parent"));
        }
        if table.updated == Some(reference.column.as_str()) || reference.column == "count_conversation_parts"
        {
            return Err(bad("the mirror needs it to know what changed"));
        }
        if paths(table, &reference.column).next().is_none() {
            return Err(bad("the stream has no such column"));
        }
    }
    Ok(())
}

/// Where a column, or one custom attribute, stands in a record.
fn paths(table: &Table, column: &str) -> impl Iterator<Item = Vec<String>> {
    let split = |path: &str| path.split('.').map(str::to_owned).collect::<Vec<_>>();
    let mut found = Vec::new();
    if let Some(column) = table.column(column) {
        found.push(split(column.path));
        found.extend(column.also.map(split));
    } else if let Some((custom, name)) = column.split_once('.')
        && table.custom == Some(custom)
    {
        found.push(vec![custom.to_owned(), name.to_owned()]);
    }
    found.into_iter()
}

fn walk(value: &mut Value, path: &[String], action: Action, salt: &str) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, path, action, salt)),
        Value::Object(object) => match path {
            [] => {}
            [star, rest @ ..] if star == "*" => {
                object
                    .values_mut()
                    .filter(|value| value.is_array())
                    .for_each(|value| walk(value, rest, action, salt));
            }
            [last] => match action {
                // Another place of a column may be an object that a sibling of the column stands in.
                Action::Exclude => drop(object.remove(last)),
                Action::Hash => {
                    if let Some(value) = object.get_mut(last).filter(|value| !value.is_null()) {
                        *value = Value::String(digest(value, salt));
                    }
                }
            },
            [first, rest @ ..] => {
                if let Some(value) = object.get_mut(first) {
                    walk(value, rest, action, salt);
                }
            }
        },
        _ => {}
    }
}

/// The digest that stands for a value: the same value has the same one throughout a workspace.
fn digest(value: &Value, salt: &str) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut hasher = Sha256::new();
    hasher.update(salt.as_bytes());
    hasher.update([0x1f]);
    hasher.update(text.as_bytes());
    hasher
        .finalize()
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}
