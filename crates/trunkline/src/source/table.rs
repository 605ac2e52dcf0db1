//! Rows of a table: CSV with any delimiter.
//!
//! The one rule: one broken row is one broken row. A quotation mark that is never closed does not swallow what follows: reading
//! goes on with the line after it.

use std::{
    collections::VecDeque,
    io::{self, BufRead},
};

use serde_json::{Map, Value};
use trunkline_actions::publish::{Original, Rejection};

use super::{
    Each, Piece, Raw,
    bytes::Text,
    cells::{DELIMITERS, State, split},
    empty, unreadable,
};
use crate::failure::Failure;

/// The longest record: beyond it a quotation mark was left open.
const LONGEST: usize = 256 << 10;
/// How many records the delimiter is guessed by.
const SAMPLE: usize = 20;

/// Reads a table to its end, or until there are enough rows.
pub(super) fn read(
    text: Text,
    delimiter: Option<char>,
    name: &str,
    each: &mut Each<'_>,
) -> Result<(), Failure> {
    let delimiter = delimiter.unwrap_or_else(|| guess(&text.head));
    let mut table = Table {
        lines: Lines::new(text.lines),
        delimiter,
        width: None,
    };
    let read = |record: io::Result<Option<Record>>| record.map_err(|error| unreadable(name, &error));
    let Some(header) = read(table.next())? else {
        return Err(empty(name));
    };
    let columns: Vec<String> = match header.cells {
        Ok(cells) => cells.iter().map(|cell| cell.trim().to_owned()).collect(),
        Err(why) => {
            return Err(Failure::usage(
                "TL0784",
                format!(
                    "the header of {name} (line {}) cannot be read: {why}",
                    header.line
                ),
                "The first line names the columns; mend it.",
            ));
        }
    };
    table.width = Some(columns.len());
    if !each(Piece::Columns(columns.clone()))? {
        return Ok(());
    }
    let mut number = 0;
    while let Some(record) = read(table.next())? {
        number += 1;
        if !each(Piece::Row(row(number, record, &columns)))? {
            break;
        }
    }
    Ok(())
}

fn row(number: u64, record: Record, columns: &[String]) -> Raw {
    let Record { line, cells, text } = record;
    let reject = |why: String| Err(Rejection::new("TL0786", format!("line {line}: {why}")));
    let (original, record) = match cells {
        Err(why) => (Original::Text(text), reject(why)),
        Ok(cells) if cells.len() != columns.len() => {
            let why = format!("{} cells, where the header has {}", cells.len(), columns.len());
            (Original::Cells(cells), reject(why))
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

/// The delimiter that gives the most cells, as many in each record as in the header.
fn guess(head: &str) -> char {
    let score = |delimiter: char| {
        let reader = io::Cursor::new(head.as_bytes().to_vec());
        let mut table = Table {
            lines: Lines::new(Box::new(reader)),
            delimiter,
            width: None,
        };
        let mut widths = Vec::new();
        while let Ok(Some(record)) = table.next()
            && widths.len() < SAMPLE
        {
            let marks = record.text.matches(delimiter).count();
            widths.push(record.cells.map_or(marks + 1, |cells| cells.len()));
        }
        // The last one may be cut.
        if widths.len() > 2 {
            widths.pop();
        }
        let first = widths.first().copied().unwrap_or(0);
        let alike = widths.iter().filter(|width| **width == first).count();
        (first > 1, alike * 2 > widths.len(), first)
    };
    DELIMITERS
        .into_iter()
        .rev()
        .max_by_key(|delimiter| score(*delimiter))
        .unwrap_or(',')
}

struct Record {
    line: u64,
    cells: Result<Vec<String>, String>,
    text: String,
}

struct Table {
    lines: Lines,
    delimiter: char,
    /// How many cells the header has, once it is read.
    width: Option<usize>,
}

impl Table {
    /// The next record that is not an empty line.
    fn next(&mut self) -> io::Result<Option<Record>> {
        let Some((line, first)) = self.lines.next_with_text()? else {
            return Ok(None);
        };
        let text = match first {
            Ok(text) => text,
            Err(text) => {
                let why = "the line is not UTF-8; name the encoding with `--encoding`, or mend it";
                return Ok(Some(Record {
                    line,
                    cells: Err(why.to_owned()),
                    text,
                }));
            }
        };
        let mut state = State::Begin.after_line(&text, self.delimiter);
        let mut record = text.clone();
        let mut taken = Vec::new();
        while state == State::Quoted {
            let next = if record.len() > LONGEST {
                None
            } else {
                self.lines.next()?
            };
            match next {
                Some((at, Ok(more))) => {
                    state = state
                        .after_line("\n", self.delimiter)
                        .after_line(&more, self.delimiter);
                    record.push('\n');
                    record.push_str(&more);
                    taken.push((at, Ok(more)));
                }
                end => {
                    self.lines.give_back(taken.into_iter().chain(end));
                    let why = "a quotation mark is never closed".to_owned();
                    return Ok(Some(Record {
                        line,
                        cells: Err(why),
                        text,
                    }));
                }
            }
        }
        let cells = split(record.strip_suffix('\r').unwrap_or(&record), self.delimiter);
        // A mark that was left open found its end in a later row: that row is not this one's to take.
        let fits = cells
            .as_ref()
            .is_ok_and(|cells| self.width.is_none_or(|width| width == cells.len()));
        if !fits && !taken.is_empty() {
            self.lines.give_back(taken.into_iter());
            return Ok(Some(Record {
                line,
                cells: Err("a quotation mark is not closed where the row ends".to_owned()),
                text,
            }));
        }
        Ok(Some(Record {
            line,
            cells,
            text: record,
        }))
    }
}

/// A line: text, or what can be shown of bytes that are none.
pub(super) type Line = (u64, Result<String, String>);

/// Lines with their numbers, some of which may be read again.
pub(super) struct Lines {
    reader: Box<dyn BufRead + Send>,
    number: u64,
    again: VecDeque<Line>,
}

impl Lines {
    pub(super) fn new(reader: Box<dyn BufRead + Send>) -> Self {
        Self {
            reader,
            number: 0,
            again: VecDeque::new(),
        }
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.again.pop_front() {
            return Ok(Some(line));
        }
        let mut bytes = Vec::new();
        if self.reader.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        let text =
            String::from_utf8(bytes).map_err(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        Ok(Some((self.number, text)))
    }

    /// The next line that has something on it.
    pub(super) fn next_with_text(&mut self) -> io::Result<Option<Line>> {
        while let Some(line) = self.next()? {
            if !matches!(&line.1, Ok(text) if text.trim_matches(['\r', ' ']).is_empty()) {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }

    fn give_back(&mut self, lines: impl Iterator<Item = Line>) {
        for (place, line) in lines.enumerate() {
            self.again.insert(place, line);
        }
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
    fn the_delimiter_is_found_and_the_lines_are_counted() {
        for text in [
            "a,b\n1,\"x;y\"\n\n2,z\n",
            "a;b\r\n1;\"x;y\"\r\n\r\n2;z\r\n",
            "a\tb\n1\t\"x;y\"\n\n2\tz",
            "a|b\n1|x;y\n\n2|z\n",
        ] {
            let (columns, rows) = all(text, None);
            assert_eq!(columns, ["a", "b"], "{text:?}");
            let lines: Vec<u64> = rows.iter().map(|row| row.line).collect();
            assert_eq!(lines, [2, 4], "{text:?}");
            assert_eq!(rows[0].record.as_ref().unwrap()["b"], "x;y", "{text:?}");
            assert_eq!(rows[1].record.as_ref().unwrap()["b"], "z", "{text:?}");
        }
        let (columns, rows) = all("mail\na@b.example\n", None);
        assert_eq!((columns.len(), rows.len()), (1, 1));
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
