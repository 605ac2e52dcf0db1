//! Rows of a table: CSV with any delimiter.
//!
//! The one rule: one broken row is one broken row. How rows are told apart is said in `trunkline_components::tables`.

use serde_json::{Map, Value};
use trunkline_actions::publish::{Original, Rejection};
use trunkline_components::tables::{Row, Table, Text};

use super::{Each, Piece, Raw, unreadable};
use crate::publishing::PublishError;

/// Reads a table to its end, or until there are enough rows.
pub(super) fn read(
    text: Text,
    delimiter: Option<char>,
    name: &str,
    each: &mut Each<'_>,
) -> Result<(), PublishError> {
    let mut table = Table::open(text, delimiter, name)?;
    let columns = table.columns().to_vec();
    if !each(Piece::Columns(columns.clone()))? {
        return Ok(());
    }
    let mut number = 0;
    while let Some(row) = table.next_row().map_err(|error| unreadable(name, &error))? {
        number += 1;
        if !each(Piece::Row(raw(number, row, &columns)))? {
            break;
        }
    }
    Ok(())
}

fn raw(number: u64, row: Row, columns: &[String]) -> Raw {
    let Row { line, cells, text } = row;
    let (original, record) = match cells {
        Err((fault, cells)) => {
            let original = cells.map_or(Original::Text(text), Original::Cells);
            (
                original,
                Err(Rejection::new("TL0786", format!("line {line}: {}", fault.why))),
            )
        }
        Ok(cells) => {
            let named = columns
                .iter()
                .cloned()
                .zip(cells.iter().cloned().map(Value::String));
            let record: Map<String, Value> = named.collect();
            (Original::Cells(cells), Ok(record))
        }
    };
    Raw {
        number,
        line,
        original,
        record,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn all(text: &str, delimiter: Option<char>) -> (Vec<String>, Vec<Raw>) {
        let (mut columns, mut rows) = (Vec::new(), Vec::new());
        let text = Text {
            lines: Box::new(Cursor::new(text.as_bytes().to_vec())),
            head: text.to_owned(),
        };
        read(text, delimiter, "it", &mut |piece| {
            match piece {
                Piece::Columns(found) => columns = found,
                Piece::Row(row) => rows.push(row),
            }
            Ok(true)
        })
        .unwrap();
        (columns, rows)
    }

    #[test]
    fn a_broken_row_is_one_row() {
        let (_, rows) = all(
            "a,b\n1,\"open\n2,x\n\"3\"y,z\n4\n5,6,7\n8,\"two\nlines\"\n",
            Some(','),
        );
        let found: Vec<(u64, bool)> = rows.iter().map(|row| (row.line, row.record.is_ok())).collect();
        assert_eq!(
            found,
            [
                (2, false),
                (3, true),
                (4, false),
                (5, false),
                (6, false),
                (7, true)
            ]
        );
        for (row, expected) in rows.iter().filter(|row| row.record.is_err()).zip([
            "not closed",
            "closing quotation mark of cell 1",
            "1 cells, where the header has 2",
            "3 cells",
        ]) {
            let rejection = row.record.clone().unwrap_err();
            assert_eq!(rejection.code, "TL0786");
            assert!(rejection.message.contains(expected), "{}", rejection.message);
        }
        assert_eq!(rows[5].record.as_ref().unwrap()["b"], "two\nlines");
    }
}
