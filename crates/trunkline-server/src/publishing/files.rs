//! The files of a batch: what became of each row, and the rejected rows as they were.
//!
//! The one rule: the length that was noted with the batch's progress is what counts. Whoever resumes cuts each file there, so a
//! row that is done twice over a crash stands in it once.

use std::{
    fs::{File, OpenOptions},
    io::{self, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, json};
use trunkline_actions::publish::{Original, Rejection};

use super::{PublishError, source};

/// Columns that a file of rejected rows adds.
const ADDED: [&str; 2] = ["_error", "_code"];

/// A file that grows, and can be cut back to where it was.
#[derive(Debug)]
pub(super) struct Grown {
    path: PathBuf,
    file: io::BufWriter<File>,
    length: u64,
}

impl Grown {
    /// Opens a file, and leaves what is in it: it may be that of a batch which goes on.
    pub(super) fn open(path: &Path) -> Result<Self, PublishError> {
        let file = OpenOptions::new()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(path)
            .map_err(|error| unwritable(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            file: io::BufWriter::new(file),
            length: 0,
        })
    }

    /// Cuts it to `length`, behind which it grows.
    pub(super) fn cut(&mut self, length: u64) -> Result<(), PublishError> {
        let file = self.file.get_mut();
        let cut = |file: &mut File| {
            let about = file.metadata()?;
            if about.is_file() && about.len() > length {
                file.set_len(length)?;
            }
            if about.is_file() {
                file.seek(SeekFrom::End(0))
            } else {
                Ok(0)
            }
        };
        self.length = cut(file).map_err(|error| unwritable(&self.path, &error))?;
        Ok(())
    }

    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn add(&mut self, line: &str) -> Result<(), String> {
        self.length += line.len() as u64;
        let written = self.file.write_all(line.as_bytes());
        written.map_err(|error| self.told(&error))
    }

    /// Makes what was added outlive a crash.
    pub(super) fn keep(&mut self) -> Result<(), String> {
        let kept = self.file.flush().and_then(|()| self.file.get_ref().sync_data());
        kept.or_else(|error| match error.kind() {
            // Not a file on a disk, such as a pipe.
            io::ErrorKind::InvalidInput => Ok(()),
            _ => Err(self.told(&error)),
        })
    }

    fn told(&self, error: &io::Error) -> String {
        format!("{} cannot be written: {error}", self.path.display())
    }
}

fn unwritable(path: &Path, error: &io::Error) -> PublishError {
    PublishError::usage(
        "TL0792",
        format!("{} cannot be written: {error}", path.display()),
        "Check the folder, its permissions and the space on the disk.",
    )
}

/// Whether rejected rows are kept as a table.
pub fn is_table(path: &Path) -> bool {
    !path.extension().is_some_and(|extension| {
        ["jsonl", "ndjson", "json"]
            .iter()
            .any(|own| extension.eq_ignore_ascii_case(own))
    })
}

/// A rejected row as a line of JSON.
pub(super) fn as_json(original: &Original, columns: &[String], rejection: &Rejection) -> String {
    let mut record = match original {
        Original::Record(record) => record.clone(),
        Original::Cells(cells) if cells.len() == columns.len() => columns
            .iter()
            .cloned()
            .zip(cells.iter().cloned().map(Value::String))
            .collect(),
        Original::Cells(cells) => raw(source::quoted(cells.iter().map(String::as_str)).trim_end()),
        Original::Text(text) => raw(text),
    };
    record.insert("_error".to_owned(), json!(rejection.message));
    record.insert("_code".to_owned(), json!(rejection.code));
    format!("{}\n", Value::Object(record))
}

fn raw(text: &str) -> Map<String, Value> {
    Map::from_iter([("_raw".to_owned(), json!(text))])
}

/// The header of a table of rejected rows.
pub(super) fn header(columns: &[String]) -> String {
    let own = columns
        .iter()
        .map(String::as_str)
        .filter(|column| !ADDED.contains(column));
    source::quoted(own.chain(ADDED))
}

/// A rejected row as a line of a table.
///
/// Of a row that has not the cells of the header, what is beyond it or all of it stands behind the reason: nothing of it is lost,
/// and it is rejected again until somebody mends it.
pub(super) fn as_cells(original: &Original, columns: &[String], rejection: &Rejection) -> String {
    let own: Vec<usize> = (0..columns.len())
        .filter(|index| !ADDED.contains(&columns[*index].as_str()))
        .collect();
    let mut cells: Vec<String> = vec![String::new(); own.len()];
    let mut more: Vec<String> = Vec::new();
    match original {
        Original::Cells(given) => {
            for (cell, index) in cells.iter_mut().zip(&own) {
                *cell = given.get(*index).cloned().unwrap_or_default();
            }
            more.extend(given.iter().skip(columns.len()).cloned());
            if given.len() < columns.len() {
                let whole = source::quoted(given.iter().map(String::as_str));
                more.push(whole.trim_end_matches('\n').to_owned());
            }
        }
        Original::Record(record) => {
            for (cell, index) in cells.iter_mut().zip(&own) {
                *cell = match record.get(&columns[*index]) {
                    None | Some(Value::Null) => String::new(),
                    Some(Value::String(text)) => text.clone(),
                    Some(other) => other.to_string(),
                };
            }
        }
        Original::Text(text) => more.push(text.clone()),
    }
    let reason = [rejection.message.as_str(), &rejection.code];
    source::quoted(
        cells
            .iter()
            .map(String::as_str)
            .chain(reason)
            .chain(more.iter().map(String::as_str)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejected_row_is_kept_as_it_was_with_the_reason() {
        let columns = ["mail", "name", "_error", "_code"].map(str::to_owned);
        let columns = &columns[..];
        let why = Rejection::new("TL0786", "no, \"really\"");
        let reason = "\"no, \"\"really\"\"\",TL0786";
        let cells = |cells: &[&str]| Original::Cells(cells.iter().map(|cell| (*cell).to_owned()).collect());
        assert_eq!(header(columns), "mail,name,_error,_code\n");
        for (original, line) in [
            (cells(&["a", "b", "old", "older"]), format!("a,b,{reason}\n")),
            (cells(&["a"]), format!("a,,{reason},a\n")),
            (cells(&["a", "b", "", "", "c"]), format!("a,b,{reason},c\n")),
            (
                Original::Text("\"a".to_owned()),
                format!("\"\",,{reason},\"\"\"a\"\n"),
            ),
        ] {
            assert_eq!(as_cells(&original, columns, &why), line, "{original:?}");
        }
        let line = as_json(&Original::Text("{".to_owned()), &[], &why);
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            value,
            json!({"_raw": "{", "_error": why.message, "_code": "TL0786"})
        );
    }
}
