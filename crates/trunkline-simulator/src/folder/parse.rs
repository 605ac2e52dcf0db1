//! The text of a file as records: an array, the API's list answer, one record, or one record a line.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Folder, OWN, errors::FolderError, known, names, record::Record};

fn not_records(file: &str, place: String, reason: &str) -> FolderError {
    FolderError::NotRecords {
        file: file.to_owned(),
        place,
        reason: reason.to_owned(),
    }
}

fn broken(file: &str, first_line: usize, error: &serde_json::Error) -> FolderError {
    let line = first_line + error.line().max(1);
    let place = format!(", line {line}, column {}", error.column());
    not_records(file, place, &error.to_string())
}

/// The records of a file.
pub(super) fn records(text: &str, file: &str) -> Result<Vec<Record>, FolderError> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    match serde_json::from_str::<Value>(text) {
        Ok(value) => rows(value, file),
        Err(error) => match lines(text, file) {
            Some(outcome) => outcome,
            None => Err(broken(file, 0, &error)),
        },
    }
}

/// The records of a text with one on each line; `None` when its first line is no record.
fn lines(text: &str, file: &str) -> Option<Result<Vec<Record>, FolderError>> {
    let filled = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    let mut all = Vec::new();
    for (place, line) in filled {
        match serde_json::from_str::<Value>(line) {
            Ok(Value::Object(_)) => {}
            Ok(_) | Err(_) if all.is_empty() => return None,
            Ok(_) => {
                return Some(Err(not_records(
                    file,
                    format!(", line {}", place + 1),
                    "it is not an object",
                )));
            }
            Err(error) => return Some(Err(broken(file, place, &error))),
        }
        all.push(serde_json::from_str::<Value>(line).ok()?);
    }
    Some(as_records(all, file))
}

fn as_records(rows: Vec<Value>, file: &str) -> Result<Vec<Record>, FolderError> {
    let name: Arc<str> = file.into();
    rows.into_iter()
        .zip(1..)
        .map(|(row, index)| match row {
            Value::Object(fields) => Ok(Record {
                file: Arc::clone(&name),
                index,
                within: String::new(),
                fields,
            }),
            _ => Err(not_records(
                file,
                format!(", record {index}"),
                "it is not an object",
            )),
        })
        .collect()
}

/// The rows of an array, of a list answer, or the one record that the value is.
fn rows(value: Value, file: &str) -> Result<Vec<Record>, FolderError> {
    match value {
        Value::Array(rows) => as_records(rows, file),
        Value::Object(mut fields) => {
            let is_list = fields
                .get("type")
                .and_then(Value::as_str)
                .is_some_and(|kind| kind == "list" || kind.ends_with(".list"))
                || !fields.contains_key("id");
            let stem = file.trim_end_matches(".json");
            let key = ["data", stem]
                .into_iter()
                .find(|key| fields.get(*key).is_some_and(Value::is_array))
                .map(str::to_owned)
                .or_else(|| only_array(&fields));
            match key.filter(|_| is_list).and_then(|key| fields.remove(&key)) {
                Some(Value::Array(rows)) => as_records(rows, file),
                _ => as_records(vec![Value::Object(fields)], file),
            }
        }
        _ => Err(not_records(
            file,
            String::new(),
            "it is neither a list nor an object",
        )),
    }
}

fn only_array(fields: &Map<String, Value>) -> Option<String> {
    let mut arrays = fields.iter().filter(|(_, value)| value.is_array());
    let (name, _) = arrays.next()?;
    arrays.next().is_none().then(|| name.clone())
}

/// The simulator's own file.
pub(super) fn own(text: &str, file: &str) -> Result<Map<String, Value>, FolderError> {
    serde_json::from_str(text).map_err(|error| broken(file, 0, &error))
}

/// A folder as one document: the records by the names of their files.
pub(super) fn document(text: &str, file: &str) -> Result<Folder, FolderError> {
    let all: Map<String, Value> = serde_json::from_str(text).map_err(|error| broken(file, 0, &error))?;
    let mut folder = Folder::default();
    for (name, value) in all {
        if name == OWN {
            let Value::Object(own) = value else {
                return Err(not_records(file, format!(", {name}"), "it is not an object"));
            };
            folder.own = own;
            continue;
        }
        let known = known(&name).ok_or_else(|| FolderError::UnknownFile {
            file: name.clone(),
            known: names().join(", "),
        })?;
        folder
            .records
            .insert(known, rows(value, &format!("{name}.json"))?);
    }
    Ok(folder)
}
