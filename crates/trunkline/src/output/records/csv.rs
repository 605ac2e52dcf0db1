//! Records as CSV (RFC 4180, UTF-8, lines that end with `\n`).
//!
//! The one rule: the columns are decided once, from the first records, and every line has them all. What later records have
//! beyond that is left out and told at the end.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use serde_json::{Map, Value};

use super::sink::{Sink, Written};

/// How many records decide the columns.
const FIRST: usize = 200;
/// How many columns that are left out are named.
const MOST_NAMED: usize = 10;

#[derive(Default)]
pub(super) struct Csv {
    /// The first records, until the columns are decided.
    first: Vec<BTreeMap<String, String>>,
    columns: Option<Vec<String>>,
    left_out: BTreeSet<String>,
}

impl Csv {
    pub(super) fn row(&mut self, value: &Value, sink: &mut Sink) -> Written {
        let row = cells(value);
        let Some(columns) = &self.columns else {
            self.first.push(row);
            return if self.first.len() < FIRST {
                Ok(())
            } else {
                self.finish(sink)
            };
        };
        for name in row.keys() {
            if columns.binary_search_by(|column| order(column, name)).is_err() {
                self.left_out.insert(name.clone());
            }
        }
        let line = line(
            columns
                .iter()
                .map(|column| row.get(column).map_or("", String::as_str)),
        );
        line.map_err(|error| ("CSV".to_owned(), error))
            .and_then(|line| sink.text(&line))
    }

    /// Decides the columns, if they are not yet, and prints what waited for that.
    pub(super) fn finish(&mut self, sink: &mut Sink) -> Written {
        if self.columns.is_none() && !self.first.is_empty() {
            let names: BTreeSet<&String> = self.first.iter().flat_map(BTreeMap::keys).collect();
            let mut columns: Vec<String> = names.into_iter().cloned().collect();
            columns.sort_by(|a, b| order(a, b));
            let mut text = line(columns.iter().map(String::as_str));
            for row in std::mem::take(&mut self.first) {
                let cells = line(
                    columns
                        .iter()
                        .map(|column| row.get(column).map_or("", String::as_str)),
                );
                text = text.and_then(|text| Ok(text + &cells?));
            }
            self.columns = Some(columns);
            sink.text(&text.map_err(|error| ("CSV".to_owned(), error))?)?;
        }
        sink.flush()
    }

    pub(super) fn note(&self) -> Option<String> {
        if self.left_out.is_empty() {
            return None;
        }
        let named: Vec<&str> = self
            .left_out
            .iter()
            .take(MOST_NAMED)
            .map(String::as_str)
            .collect();
        let more = self.left_out.len() - named.len();
        Some(format!(
            "note: the columns are those of the first {FIRST} records; later ones have more, which are left out: {}{}. `--jsonl` has \
             everything.",
            named.join(", "),
            if more > 0 {
                format!(" and {more} others")
            } else {
                String::new()
            }
        ))
    }
}

/// `id` first, the others by name.
fn order(a: &str, b: &str) -> std::cmp::Ordering {
    (a != "id", a).cmp(&(b != "id", b))
}

/// One line, quoted where it must be.
fn line<'c>(cells: impl Iterator<Item = &'c str>) -> io::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells).map_err(io::Error::other)?;
    let bytes = writer
        .into_inner()
        .map_err(|error| io::Error::other(error.to_string()))?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// The cells of a record: an object inside gives a column for each of its fields, a list is JSON.
pub(super) fn cells(value: &Value) -> BTreeMap<String, String> {
    let mut cells = BTreeMap::new();
    match value {
        Value::Object(fields) => flatten("", fields, &mut cells),
        other => {
            cells.insert("value".to_owned(), text(other));
        }
    }
    cells
}

fn flatten(prefix: &str, fields: &Map<String, Value>, cells: &mut BTreeMap<String, String>) {
    for (name, value) in fields {
        let name = format!("{prefix}{name}");
        match value {
            Value::Object(inner) if !inner.is_empty() => flatten(&format!("{name}."), inner, cells),
            other => {
                cells.entry(name).or_insert_with(|| text(other));
            }
        }
    }
}

/// Text without quotes, nothing for null, JSON for the rest.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn printed(rows: &[Value]) -> (String, Option<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        let mut sink = Sink::open(Some(&path)).unwrap();
        let mut csv = Csv::default();
        for row in rows {
            csv.row(row, &mut sink).unwrap();
        }
        csv.finish(&mut sink).unwrap();
        sink.finish().unwrap();
        (std::fs::read_to_string(path).unwrap(), csv.note())
    }

    #[test]
    fn fields_become_columns_and_cells_are_quoted_where_they_must_be() {
        for (rows, expected) in [
            (json!([]), ""),
            (json!([{ "b": 1, "id": "7", "a": null }]), "id,a,b\n7,,1\n"),
            (
                json!([{ "id": 1, "tags": ["x", { "y": 2 }], "at": { "city": "Zürich, CH", "none": {} } }, { "id": 2, "more": true }]),
                "id,at.city,at.none,more,tags\n1,\"Zürich, CH\",{},,\"[\"\"x\"\",{\"\"y\"\":2}]\"\n2,,,true,\n",
            ),
            (
                json!([{ "say": "one\n\"two\"" }, { "say": "=1+1" }, { "say": "" }]),
                "say\n\"one\n\"\"two\"\"\"\n=1+1\n\"\"\n",
            ),
            (json!(["a", 1, [2], null]), "value\na\n1\n[2]\n\"\"\n"),
            (json!([{ "a.b": 1, "a": { "b": 2 } }]), "a.b\n2\n"),
        ] {
            let (text, note) = printed(rows.as_array().unwrap());
            assert_eq!((text.as_str(), note), (expected, None), "{rows}");
        }
    }

    #[test]
    fn what_comes_after_the_columns_were_decided_is_left_out_and_told() {
        let mut rows: Vec<Value> = (0..FIRST).map(|n| json!({ "id": n })).collect();
        rows.push(json!({ "id": "last", "late": 1 }));
        let (text, note) = printed(&rows);
        assert_eq!(text.lines().count(), FIRST + 2);
        assert!(
            text.starts_with("id\n0\n") && text.ends_with("\nlast\n"),
            "{text}"
        );
        assert!(note.unwrap().contains("left out: late."));
    }
}
