//! Cells of a line of a table, and back.
//!
//! The one rule: quotation marks count only where a cell begins with one, and two within it stand for one (RFC 4180). It is
//! written here because a reader that hides where a record ends cannot find the way back after one that never ends.

use std::io;

use super::{Fault, TableError};

/// What may stand between cells.
pub(super) const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];

/// The delimiter that `--delimiter` names.
///
/// # Errors
///
/// The text names none.
pub fn delimiter(text: &str) -> Result<char, TableError> {
    let text = match text {
        "tab" | "\\t" => "\t",
        other => other,
    };
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if !matches!(letter, '"' | '\n' | '\r') => Ok(letter),
        _ => Err(TableError::new(
            "TL0783",
            format!("`{text}` is not a delimiter"),
            "Give one letter, such as `;`, or `tab`.",
        )),
    }
}

/// Where a reader stands in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// At the beginning of a cell.
    Begin,
    /// In a cell without quotation marks.
    Plain,
    /// Within quotation marks.
    Quoted,
    /// Behind a quotation mark within quotation marks: the end, or the first of two.
    Mark,
}

impl State {
    /// Where it stands after a letter.
    pub(super) const fn after(self, letter: char, delimiter: char) -> Self {
        match (self, letter) {
            (Self::Quoted, '"') => Self::Mark,
            (Self::Begin, '"') => Self::Quoted,
            (Self::Quoted, _) => Self::Quoted,
            (Self::Mark, '"') => Self::Quoted,
            (_, letter) if letter == delimiter => Self::Begin,
            _ => Self::Plain,
        }
    }

    /// Where it stands after a whole line; the record goes on when that is within quotation marks.
    pub(super) fn after_line(self, line: &str, delimiter: char) -> Self {
        line.chars()
            .fold(self, |state, letter| state.after(letter, delimiter))
    }
}

/// The cells of a whole record; wrong when something stands behind a closing quotation mark.
pub(super) fn split(record: &str, delimiter: char) -> Result<Vec<String>, Fault> {
    let mut cells = Vec::new();
    let mut cell = String::new();
    let mut state = State::Begin;
    for (at, letter) in record.char_indices() {
        let next = state.after(letter, delimiter);
        match (state, next) {
            (State::Mark, State::Plain) => {
                let why = format!(
                    "something stands behind the closing quotation mark of cell {}",
                    cells.len() + 1
                );
                return Err(Fault::at(record, at, why));
            }
            (_, State::Begin) => cells.push(std::mem::take(&mut cell)),
            (State::Begin, State::Quoted) | (State::Quoted, State::Mark) => {}
            _ => cell.push(letter),
        }
        state = next;
    }
    cells.push(cell);
    Ok(cells)
}

/// Where a cell begins, counted from 0; the end of the record when it has fewer.
pub(super) fn begin_of(record: &str, delimiter: char, wanted: usize) -> usize {
    let mut state = State::Begin;
    let mut seen = 0;
    for (at, letter) in record.char_indices() {
        if seen == wanted {
            return at;
        }
        state = state.after(letter, delimiter);
        if state == State::Begin {
            seen += 1;
        }
    }
    record.len()
}

/// How many bytes of a text with commas are whole rows; what is behind them was left half-written.
///
/// # Errors
///
/// It cannot be read.
pub fn whole_rows(mut text: impl io::BufRead) -> io::Result<u64> {
    let (mut state, mut at, mut whole) = (State::Begin, 0, 0);
    loop {
        let some = text.fill_buf()?;
        if some.is_empty() {
            return Ok(whole);
        }
        // Only bytes of ASCII matter, and no other letter has any in it.
        for byte in some {
            at += 1;
            state = match (state, byte) {
                (State::Quoted, _) => state.after(char::from(*byte), ','),
                (_, b'\n') => {
                    whole = at;
                    State::Begin
                }
                _ => state.after(char::from(*byte), ','),
            };
        }
        let read = some.len();
        text.consume(read);
    }
}

/// A record of cells, quoted where that is needed.
pub fn quoted<'c>(cells: impl IntoIterator<Item = &'c str>) -> String {
    let mut line = String::new();
    for (index, cell) in cells.into_iter().enumerate() {
        if index > 0 {
            line.push(',');
        }
        let is_plain = !cell.contains(['"', ',', ';', '\t', '|', '\n', '\r'])
            && !cell.starts_with(char::is_whitespace)
            && !cell.ends_with(char::is_whitespace);
        // A line with nothing on it would be no row.
        if is_plain && !(index == 0 && cell.is_empty()) {
            line.push_str(cell);
        } else {
            line.push('"');
            line.push_str(&cell.replace('"', "\"\""));
            line.push('"');
        }
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_what_stands_between_delimiters() {
        for (record, delimiter, expected) in [
            ("a,b", ',', Ok(vec!["a", "b"])),
            ("", ',', Ok(vec![""])),
            ("a,,", ',', Ok(vec!["a", "", ""])),
            ("\"a,b\",c", ',', Ok(vec!["a,b", "c"])),
            ("\"a\"\"b\";\"\"", ';', Ok(vec!["a\"b", ""])),
            ("\"a\nb\"\tc", '\t', Ok(vec!["a\nb", "c"])),
            ("5\" pipe,x", ',', Ok(vec!["5\" pipe", "x"])),
            ("\"a\"b,c", ',', Err("cell 1")),
        ] {
            match (split(record, delimiter), expected) {
                (Ok(cells), Ok(expected)) => assert_eq!(cells, expected, "{record}"),
                (Err(error), Err(expected)) => assert!(error.why.contains(expected), "{error:?}"),
                (cells, _) => panic!("{record}: {cells:?}"),
            }
        }
    }

    #[test]
    fn what_is_written_is_read_again_as_it_was() {
        for cells in [
            &["a", "b c", ""][..],
            &[""],
            &["", ""],
            &["say \"hi\"", "x,y;z|\t", "two\nlines\r\n", " padded "],
        ] {
            let line = quoted(cells.iter().copied());
            assert_eq!(split(line.trim_end_matches('\n'), ',').unwrap(), cells);
        }
    }

    #[test]
    fn what_is_half_written_is_no_row() {
        for (text, whole) in [
            ("a,b\n1,2\n", "a,b\n1,2\n"),
            ("a,b\n1,2", "a,b\n"),
            ("a,b\n1,\"x\ny", "a,b\n"),
            ("a,b\n1,\"x\n\"\"y\n\"\n2,", "a,b\n1,\"x\n\"\"y\n\"\n"),
            ("a", ""),
            ("", ""),
        ] {
            assert_eq!(
                whole_rows(text.as_bytes()).unwrap(),
                whole.len() as u64,
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_delimiter_is_one_letter() {
        for (text, expected) in [
            (";", Some(';')),
            ("tab", Some('\t')),
            ("\\t", Some('\t')),
            ("", None),
            (",,", None),
            ("\"", None),
        ] {
            assert_eq!(delimiter(text).ok(), expected, "{text}");
        }
    }
}
