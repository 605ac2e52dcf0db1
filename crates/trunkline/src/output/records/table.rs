//! Records as a table for people.
//!
//! The one rule: a table is for looking, not for reading on. It has a most of rows, picks what tells records apart, and shortens
//! what is long; whatever a record holds, it stays a table.

use std::ops::ControlFlow;

use jiff::Timestamp;
use serde_json::Value;

use super::csv;
use crate::output::tables;

/// How many rows a table has at most.
const MOST_ROWS: usize = 200;
/// How many columns.
const MOST_COLUMNS: usize = 7;
/// How many characters a cell.
const MOST_CHARACTERS: usize = 60;

/// What tells records apart, most telling first.
const TELLING: [&str; 24] = [
    "id",
    "key",
    "name",
    "title",
    "subject",
    "label",
    "email",
    "role",
    "operation",
    "topic",
    "stream",
    "workspace",
    "connection",
    "state",
    "status",
    "model",
    "data_type",
    "phone",
    "external_id",
    "company_id",
    "summary",
    "body",
    "created_at",
    "updated_at",
];

#[derive(Default)]
pub(super) struct Table {
    rows: Vec<Value>,
    is_cut: bool,
}

impl Table {
    /// Keeps a row. After a break there are more rows than are shown.
    pub(super) fn row(&mut self, value: &Value) -> ControlFlow<()> {
        if self.rows.len() == MOST_ROWS {
            self.is_cut = true;
            return ControlFlow::Break(());
        }
        self.rows.push(value.clone());
        ControlFlow::Continue(())
    }

    /// The table of all rows; a sentence for none.
    pub(super) fn all(&self) -> Option<String> {
        if self.rows.is_empty() {
            return Some("Nothing.".to_owned());
        }
        let columns = columns(&self.rows);
        let headings: Vec<&str> = columns.iter().map(String::as_str).collect();
        if columns.is_empty() {
            return Some(table(&["value"], self.rows.iter().map(|row| vec![cell("", row)])));
        }
        Some(table(
            &headings,
            self.rows.iter().map(|row| match row {
                Value::Object(fields) => columns
                    .iter()
                    .map(|column| {
                        fields
                            .get(column)
                            .map_or_else(String::new, |value| cell(column, value))
                    })
                    .collect(),
                // Between records, a value stands in the first column.
                other => std::iter::once(cell("", other))
                    .chain(columns.iter().skip(1).map(|_| String::new()))
                    .collect(),
            }),
        ))
    }

    /// The first row, a line for each field.
    pub(super) fn first(&self) -> Option<String> {
        self.rows.first().map(|row| self.one(row))
    }

    /// One value, a line for each field.
    pub(super) fn one(&self, value: &Value) -> String {
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                let rows = csv::cells(value);
                table(
                    &["field", "value"],
                    rows.into_iter().map(|(name, text)| {
                        let name_of_field = name.rsplit('.').next().unwrap_or_default();
                        let at = text.parse::<i64>().map(Value::from);
                        let shown = at.map_or_else(|_| shortened(&text), |at| cell(name_of_field, &at));
                        vec![shortened(&name), shown]
                    }),
                )
            }
            other => cell("", other),
        }
    }

    pub(super) fn note(&self) -> Option<String> {
        self.is_cut.then(|| {
            format!("note: only the first {MOST_ROWS} are shown; `--jsonl` and `--csv` have all of them.")
        })
    }
}

fn table(headings: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = tables::new(headings);
    for row in rows {
        table.add_row(row);
    }
    table.trim_fmt()
}

/// What is telling, then what else is plain, as far as there is room; only when there is nothing plain, whatever there is.
fn columns(rows: &[Value]) -> Vec<String> {
    let fields = || rows.iter().filter_map(Value::as_object).flatten();
    let is_plain = |value: &Value| !matches!(value, Value::Null | Value::Array(_) | Value::Object(_));
    let mut columns: Vec<String> = TELLING
        .iter()
        .filter(|name| fields().any(|(field, value)| field == *name && is_plain(value)))
        .map(|name| (*name).to_owned())
        .collect();
    for only_plain in [true, false] {
        if !only_plain && !columns.is_empty() {
            break;
        }
        for (name, value) in fields() {
            if columns.len() >= MOST_COLUMNS {
                break;
            }
            if (!only_plain || is_plain(value)) && name != "type" && !columns.contains(name) {
                columns.push(name.clone());
            }
        }
    }
    columns.truncate(MOST_COLUMNS);
    columns
}

/// A value as people read it; a time that is a number of seconds as a time.
fn cell(name: &str, value: &Value) -> String {
    if name.ends_with("_at")
        && let Some(seconds) = value.as_i64()
        && (100_000_000..100_000_000_000).contains(&seconds)
        && let Ok(at) = Timestamp::from_second(seconds)
    {
        return at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    }
    shortened(&csv::text(value))
}

/// One line, not too long, nothing that a terminal would act on.
fn shortened(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(MOST_CHARACTERS + 1)
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    if short.chars().count() > MOST_CHARACTERS {
        short.pop();
        short.pop();
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(rows: &Value) -> String {
        let mut table = Table::default();
        for row in rows.as_array().unwrap() {
            let _ = table.row(row);
        }
        table.all().unwrap()
    }

    #[test]
    fn a_table_shows_what_tells_records_apart_and_never_breaks() {
        for (rows, has, has_not) in [
            (json!([]), &["Nothing."][..], &["id"][..]),
            (
                json!([{ "type": "contact", "email": "ada@example.com", "id": "1", "zeta": { "deep": [1] }, "avatar": null }]),
                &["id", "email", "ada@example.com"],
                &["zeta", "type", "avatar"],
            ),
            (
                json!([{ "id": 1, "created_at": 1_700_000_000 }]),
                &["2023-11-14 22:13:20 UTC"],
                &["1700000000"],
            ),
            (
                json!([{ "id": 1, "name": "x".repeat(500) }]),
                &["x…"],
                &["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"],
            ),
            (
                json!([{ "id": 1, "name": "a\u{1b}[31m\nb" }]),
                &["a [31m b"],
                &["\u{1b}"],
            ),
            (
                json!([{ "list": [1, { "a": 2 }] }, { "list": {} }]),
                &["list", "[1,{\"a\":2}]"],
                &[],
            ),
            (
                json!(["a", 2, [3], null, { "id": 4 }]),
                &["id", "a", "[3]", "4"],
                &[],
            ),
            (json!([["a"], 1]), &["value", "[\"a\"]"], &[]),
            (json!([{}]), &["value", "{}"], &[]),
        ] {
            let text = shown(&rows);
            for part in has {
                assert!(text.contains(part), "{part:?} is not in\n{text}");
            }
            for part in has_not {
                assert!(!text.contains(part), "{part:?} is in\n{text}");
            }
        }
    }

    #[test]
    fn a_long_table_is_cut_and_says_so() {
        let mut table = Table::default();
        for n in 0..MOST_ROWS {
            assert!(table.row(&json!({ "id": n })).is_continue());
        }
        assert!(table.note().is_none());
        assert!(table.row(&json!({ "id": "more" })).is_break());
        assert!(table.note().unwrap().contains("200"));
        assert!(!table.all().unwrap().contains("more"));
    }

    #[test]
    fn one_value_is_shown_field_by_field() {
        let text = Table::default()
            .one(&json!({ "id": "7", "at": { "updated_at": 1_700_000_000, "seats": 1_700_000_000 } }));
        for part in ["field", "at.updated_at", "2023-11-14", "1700000000", "id"] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert_eq!(Table::default().one(&json!("text")), "text");
    }
}
