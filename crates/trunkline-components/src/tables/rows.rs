//! Rows of a table: CSV with any delimiter.
//!
//! The one rule: one broken row is one broken row. A quotation mark that is never closed does not swallow what follows: reading
//! goes on with the line after it.

use std::{
    collections::VecDeque,
    io::{self, BufRead},
};

use super::{
    TableError,
    bytes::Text,
    cells::{DELIMITERS, State, begin_of, split},
};

/// The longest record: beyond it a quotation mark was left open.
const LONGEST: usize = 256 << 10;
/// How many records the delimiter is guessed by.
const SAMPLE: usize = 20;

/// What is wrong with a row, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Lines behind the one that the row begins on.
    pub lines: u64,
    /// The letter in the line, from 1.
    pub column: u64,
    /// What is wrong.
    pub why: String,
}

impl Fault {
    /// At a byte of a record.
    pub(super) fn at(record: &str, at: usize, why: impl Into<String>) -> Self {
        let before = &record[..at];
        let line = before.rfind('\n').map_or(before, |end| &before[end + 1..]);
        Self {
            lines: before.matches('\n').count() as u64,
            column: line.chars().count() as u64 + 1,
            why: why.into(),
        }
    }
}

/// A row as it stands in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line that it begins on, from 1.
    pub line: u64,
    /// Its cells, as many as there are columns; or what is wrong, with the cells that could be read nevertheless.
    pub cells: Result<Vec<String>, (Fault, Option<Vec<String>>)>,
    /// As it stands there.
    pub text: String,
}

impl Table {
    /// Reads the header.
    ///
    /// # Errors
    ///
    /// There is none, or it cannot be read.
    pub fn open(text: Text, delimiter: Option<char>, name: &str) -> Result<Self, TableError> {
        let delimiter = delimiter.unwrap_or_else(|| guess(&text.head));
        let mut table = Self {
            lines: Lines::new(text.lines),
            delimiter,
            columns: None,
        };
        let header = table
            .record()
            .map_err(|error| TableError::unreadable(name, &error))?
            .ok_or_else(|| TableError::empty(name))?;
        match header.cells {
            Ok(cells) => {
                table.columns = Some(cells.iter().map(|cell| cell.trim().to_owned()).collect());
                Ok(table)
            }
            Err(fault) => Err(TableError::new(
                "TL0784",
                format!(
                    "the header of {name} (line {}) cannot be read: {}",
                    header.line, fault.why
                ),
                "The first line names the columns; mend it.",
            )),
        }
    }

    /// The names of the columns.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        self.columns.as_deref().unwrap_or_default()
    }

    /// The next row.
    ///
    /// # Errors
    ///
    /// The text cannot be read further.
    pub fn next_row(&mut self) -> io::Result<Option<Row>> {
        let Some(Record { line, cells, text }) = self.record()? else {
            return Ok(None);
        };
        let width = self.columns().len();
        let cells = match cells {
            Err(fault) => Err((fault, None)),
            Ok(cells) if cells.len() != width => {
                let at = begin_of(&text, self.delimiter, width);
                let why = format!("{} cells, where the header has {width}", cells.len());
                Err((Fault::at(&text, at, why), Some(cells)))
            }
            Ok(cells) => Ok(cells),
        };
        Ok(Some(Row { line, cells, text }))
    }
}

/// The delimiter that gives the most cells, as many in each record as in the header.
fn guess(head: &str) -> char {
    let score = |delimiter: char| {
        let reader = io::Cursor::new(head.as_bytes().to_vec());
        let mut table = Table {
            lines: Lines::new(Box::new(reader)),
            delimiter,
            columns: None,
        };
        let mut widths = Vec::new();
        while let Ok(Some(record)) = table.record()
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
    cells: Result<Vec<String>, Fault>,
    text: String,
}

/// A table that is read row by row.
#[derive(Debug)]
pub struct Table {
    lines: Lines,
    delimiter: char,
    /// The columns, once the header is read.
    columns: Option<Vec<String>>,
}

impl Table {
    /// The next record that is not an empty line.
    fn record(&mut self) -> io::Result<Option<Record>> {
        let Some((line, first)) = self.lines.next_with_text()? else {
            return Ok(None);
        };
        let text = match first {
            Ok(text) => text,
            Err(text) => {
                let at = text.find(char::REPLACEMENT_CHARACTER).unwrap_or(0);
                let fault = Fault::at(&text, at, "the line is not UTF-8; name the encoding, or mend it");
                return Ok(Some(Record {
                    line,
                    cells: Err(fault),
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
                    let fault = Fault::at(&text, self.last_mark(&text), "a quotation mark is never closed");
                    return Ok(Some(Record {
                        line,
                        cells: Err(fault),
                        text,
                    }));
                }
            }
        }
        let cells = split(record.strip_suffix('\r').unwrap_or(&record), self.delimiter);
        // A mark that was left open found its end in a later row: that row is not this one's to take.
        let fits = cells.as_ref().is_ok_and(|cells| {
            self.columns
                .as_ref()
                .is_none_or(|columns| columns.len() == cells.len())
        });
        if !fits && !taken.is_empty() {
            self.lines.give_back(taken.into_iter());
            let why = "a quotation mark is not closed where the row ends";
            let fault = Fault::at(&text, self.last_mark(&text), why);
            return Ok(Some(Record {
                line,
                cells: Err(fault),
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

impl Table {
    /// Where the cell begins that a line leaves open.
    fn last_mark(&self, line: &str) -> usize {
        let mut state = State::Begin;
        let mut mark = 0;
        for (at, letter) in line.char_indices() {
            let next = state.after(letter, self.delimiter);
            if state == State::Begin && next == State::Quoted {
                mark = at;
            }
            state = next;
        }
        mark
    }
}

/// A line: text, or what can be shown of bytes that are none.
pub type Line = (u64, Result<String, String>);

/// Lines with their numbers, some of which may be read again.
pub struct Lines {
    reader: Box<dyn BufRead + Send>,
    number: u64,
    again: VecDeque<Line>,
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

impl Lines {
    /// The lines of a text.
    #[must_use]
    pub fn new(reader: Box<dyn BufRead + Send>) -> Self {
        Self {
            reader,
            number: 0,
            again: VecDeque::new(),
        }
    }

    /// The next line.
    ///
    /// # Errors
    ///
    /// The text cannot be read further.
    #[expect(clippy::should_implement_trait, reason = "reading may fail")]
    pub fn next(&mut self) -> io::Result<Option<Line>> {
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
    ///
    /// # Errors
    ///
    /// The text cannot be read further.
    pub fn next_with_text(&mut self) -> io::Result<Option<Line>> {
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

    fn all(text: &str, delimiter: Option<char>) -> (Vec<String>, Vec<Row>) {
        let text = Text {
            lines: Box::new(Cursor::new(text.as_bytes().to_vec())),
            head: text.to_owned(),
        };
        let mut table = Table::open(text, delimiter, "it").unwrap();
        let mut rows = Vec::new();
        while let Some(row) = table.next_row().unwrap() {
            rows.push(row);
        }
        (table.columns().to_vec(), rows)
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
            let found: Vec<(u64, &str)> = rows
                .iter()
                .map(|row| (row.line, row.cells.as_ref().unwrap()[1].as_str()))
                .collect();
            assert_eq!(found, [(2, "x;y"), (4, "z")], "{text:?}");
        }
        let (columns, rows) = all("mail\na@b.example\n", None);
        assert_eq!((columns.len(), rows.len()), (1, 1));
    }

    #[test]
    fn a_broken_row_is_one_row_with_its_place() {
        let (_, rows) = all(
            "a,b\n1,\"open\n2,x\n\"3\"y,z\n4\n5,6,7\n8,\"two\nlines\"\n9,\"two\nlines\"x\n",
            Some(','),
        );
        let found: Vec<_> = rows
            .iter()
            .map(|row| match &row.cells {
                Ok(cells) => (row.line, 0, cells[1].as_str()),
                Err((fault, _)) => (row.line + fault.lines, fault.column, fault.why.as_str()),
            })
            .collect();
        assert_eq!(
            found,
            [
                (2, 3, "a quotation mark is not closed where the row ends"),
                (3, 0, "x"),
                (
                    4,
                    4,
                    "something stands behind the closing quotation mark of cell 1"
                ),
                (5, 2, "1 cells, where the header has 2"),
                (6, 5, "3 cells, where the header has 2"),
                (7, 0, "two\nlines"),
                (9, 3, "a quotation mark is not closed where the row ends"),
                (10, 8, "1 cells, where the header has 2"),
            ]
        );
    }
}
