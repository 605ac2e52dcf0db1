//! One record of a file, and its fields by the types that they must have; ids may be text or numbers, as the API has them.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::errors::FolderError;

/// A record with where it stands.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) file: Arc<str>,
    /// Its place in the file, from 1.
    pub(super) index: usize,
    /// What stands before the names of its fields in messages, for a record inside another.
    pub(super) within: String,
    pub(super) fields: Map<String, Value>,
}

/// An id as text.
pub(super) fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

impl Record {
    pub(super) fn field(&self, name: &str) -> &Value {
        self.fields.get(name).unwrap_or(&Value::Null)
    }

    pub(super) fn wrong(&self, field: impl Into<String>, reason: impl Into<String>) -> FolderError {
        FolderError::Field {
            file: self.file.to_string(),
            index: self.index,
            field: format!("{}{}", self.within, field.into()),
            reason: reason.into(),
        }
    }

    pub(super) fn dangling(&self, field: &str, id: &str, target: &str) -> FolderError {
        FolderError::Dangling {
            file: self.file.to_string(),
            index: self.index,
            field: format!("{}{field}", self.within),
            id: id.to_owned(),
            target: target.to_owned(),
        }
    }

    /// An object inside the record, as a record of its own.
    pub(super) fn inner(&self, within: &str, value: &Value) -> Result<Self, FolderError> {
        let fields = value.as_object().cloned();
        Ok(Self {
            file: Arc::clone(&self.file),
            index: self.index,
            fields: fields.ok_or_else(|| self.wrong(within, "must be an object"))?,
            within: format!("{within}."),
        })
    }

    pub(super) fn id(&self) -> Result<String, FolderError> {
        id_text(self.field("id")).ok_or_else(|| self.wrong("id", "must be text or a number"))
    }

    fn typed<T>(
        &self,
        name: &str,
        must: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, FolderError> {
        match self.field(name) {
            Value::Null => Ok(None),
            value => read(value).map(Some).ok_or_else(|| self.wrong(name, must)),
        }
    }

    /// A text that may be missing.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, FolderError> {
        self.typed(name, "must be text", |value| value.as_str().map(str::to_owned))
    }

    /// A moment that may be missing.
    pub(super) fn time(&self, name: &str) -> Result<Option<i64>, FolderError> {
        const MOMENTS: std::ops::Range<i64> = 0..253_402_300_800;
        self.typed(name, "must be a time in unix seconds", |value| {
            value.as_i64().filter(|at| MOMENTS.contains(at))
        })
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, FolderError> {
        self.typed(name, "must be a whole number", Value::as_i64)
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, FolderError> {
        self.typed(name, "must be true or false", Value::as_bool)
    }

    /// An id that may be missing; 0 and the empty text are as good as none.
    pub(super) fn reference(&self, name: &str) -> Result<Option<String>, FolderError> {
        let id = self.typed(name, "must be an id: text or a number", |value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })?;
        Ok(id.filter(|id| !id.is_empty() && id != "0"))
    }

    /// An object that may be missing.
    pub(super) fn object(&self, name: &str) -> Result<Map<String, Value>, FolderError> {
        Ok(self
            .typed(name, "must be an object", |value| value.as_object().cloned())?
            .unwrap_or_default())
    }

    /// The rows of a list inside the record: an array, or an object with the array under `data` or a name of its own.
    pub(super) fn list(&self, name: &str) -> Result<&[Value], FolderError> {
        let must = "must be a list";
        match self.field(name) {
            Value::Null => Ok(&[]),
            Value::Array(rows) => Ok(rows),
            Value::Object(list) => {
                let rows = ["data", name].iter().find_map(|key| list.get(*key)?.as_array());
                let only = || list.values().find_map(Value::as_array);
                rows.or_else(only)
                    .map(Vec::as_slice)
                    .ok_or_else(|| self.wrong(name, must))
            }
            _ => Err(self.wrong(name, must)),
        }
    }

    /// The ids of a list inside the record.
    pub(super) fn ids(&self, name: &str) -> Result<Vec<String>, FolderError> {
        self.list(name)?
            .iter()
            .map(|row| id_text(if row.is_object() { &row["id"] } else { row }))
            .map(|id| id.ok_or_else(|| self.wrong(name, "must be a list of objects with an id")))
            .collect()
    }
}
