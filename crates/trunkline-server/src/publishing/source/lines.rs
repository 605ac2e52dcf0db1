//! Rows of JSON lines: one object each.
//!
//! The one rule: a name stands once in an object. A file of rejected rows keeps a line that could not be read as `_raw`; that
//! is read as the line that it was.

use serde_json::{Map, Value};
use trunkline_actions::publish::{Original, Rejection};
use trunkline_components::tables::{Lines, Text};

use super::{Each, Piece, Raw, empty, unreadable};
use crate::publishing::PublishError;

/// Where a file of rejected rows keeps what could not be read.
const RAW: &str = "_raw";

/// Reads lines to their end, or until there are enough.
pub(super) fn read(text: Text, name: &str, each: &mut Each<'_>) -> Result<(), PublishError> {
    let mut lines = Lines::new(text.lines);
    let mut number = 0;
    while let Some((line, text)) = lines.next_with_text().map_err(|error| unreadable(name, &error))? {
        number += 1;
        if number == 1 && text.as_ref().is_ok_and(|text| text.trim_start().starts_with('[')) {
            return Err(PublishError::usage(
                "TL0782",
                format!("{name} is one JSON list, not a line for each row"),
                "Make lines of it, for example with `jq -c '.[]'`.",
            ));
        }
        if !each(Piece::Row(row(number, line, text)))? {
            return Ok(());
        }
    }
    if number == 0 { Err(empty(name)) } else { Ok(()) }
}

fn row(number: u64, line: u64, text: Result<String, String>) -> Raw {
    let reject = |why: String| Rejection::new("TL0786", format!("line {line}: {why}"));
    let (original, record) = match text {
        Err(shown) => (
            Original::Text(shown),
            Err(reject(
                "the line is not UTF-8; name the encoding with `--encoding`, or mend it".to_owned(),
            )),
        ),
        Ok(text) => match object(&text) {
            Ok(record) => (Original::Record(record.clone()), Ok(record)),
            Err(why) => (Original::Text(text), Err(reject(why))),
        },
    };
    Raw {
        number,
        line,
        original,
        record,
    }
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    match trunkline_actions::read_record(text) {
        Ok(Value::Object(record)) => match record.get(RAW).and_then(Value::as_str) {
            Some(raw) if record.contains_key("_error") => object(raw),
            _ => Ok(record),
        },
        Ok(_) => Err("the line is not a JSON object".to_owned()),
        Err(problem) => Err(problem.what),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn all(text: &str) -> Result<Vec<Raw>, PublishError> {
        let mut rows = Vec::new();
        let text = Text {
            lines: Box::new(Cursor::new(text.as_bytes().to_vec())),
            head: String::new(),
        };
        read(text, "it", &mut |piece| {
            if let Piece::Row(row) = piece {
                rows.push(row);
            }
            Ok(true)
        })?;
        Ok(rows)
    }

    #[test]
    fn each_line_is_a_row() {
        let rows =
            all("{\"a\":1}\n\n{\"a\":1,\"a\":2}\n[1]\n{\n{\"_raw\":\"{\\\"a\\\":3}\",\"_error\":\"x\"}\r\n")
                .unwrap();
        let found: Vec<(u64, Option<&Value>)> = rows
            .iter()
            .map(|row| (row.line, row.record.as_ref().ok().map(|record| &record["a"])))
            .collect();
        let (one, three) = (Value::from(1), Value::from(3));
        assert_eq!(
            found,
            [
                (1, Some(&one)),
                (3, None),
                (4, None),
                (5, None),
                (6, Some(&three))
            ]
        );
    }

    #[test]
    fn a_list_and_nothing_are_refused() {
        for (text, code) in [("[{\"a\":1}]", "TL0782"), ("", "TL0781"), ("\n\n", "TL0781")] {
            assert_eq!(all(text).unwrap_err().code, code, "{text:?}");
        }
    }
}
