//! Questions in SQL.
//!
//! The one rule: a statement that does anything else than read is refused before its first step; one that reads too long is ended by
//! the [`super::Brake`], and one that answers too much by whoever takes its rows.

use rusqlite::{Error, ErrorCode};
use serde_json::Value;

use super::{
    BrowseError, Reader,
    reader::{is_interrupted, value},
};

/// A value of an answer.
pub type Cell = Value;

/// The rows of an answer, as many as were taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// What the columns are called.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
    /// Whether there are more.
    pub is_cut: bool,
}

impl Reader {
    /// Asks a question in SQL; `begin` is given the columns, `each` every row, until it answers no.
    ///
    /// # Errors
    /// When the statement is wrong, does anything but read, or takes too long.
    pub fn query(
        &self,
        sql: &str,
        begin: impl FnOnce(&[String]),
        mut each: impl FnMut(Vec<Cell>) -> bool,
    ) -> Result<(), BrowseError> {
        let mut statement = self.connection.prepare(sql).map_err(|error| wrong(&error))?;
        if !statement.readonly() || statement.column_count() == 0 {
            let what = "the statement answers nothing".to_owned();
            return Err(BrowseError::NotReading { what });
        }
        if statement.parameter_count() > 0 {
            let message = "there is nothing to put in for `?`; write the value itself".to_owned();
            return Err(BrowseError::Sql { message });
        }
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        begin(&columns);
        let mut rows = statement.query([]).map_err(|error| wrong(&error))?;
        while let Some(row) = rows.next().map_err(|error| wrong(&error))? {
            let cells = (0..columns.len())
                .map(|at| row.get_ref(at).map(value))
                .collect::<Result<_, _>>()
                .map_err(|error| wrong(&error))?;
            if !each(cells) {
                break;
            }
        }
        Ok(())
    }

    /// The first rows of an answer: at most so many, and so many bytes.
    ///
    /// # Errors
    /// As [`Reader::query`].
    pub fn first_rows(&self, sql: &str, most: usize, most_bytes: usize) -> Result<Rows, BrowseError> {
        let mut answer = Rows::default();
        let mut columns = Vec::new();
        let mut bytes = 0;
        self.query(
            sql,
            |names| columns = names.to_vec(),
            |row| {
                bytes += row.iter().map(size).sum::<usize>();
                answer.is_cut = answer.rows.len() >= most || bytes > most_bytes;
                if !answer.is_cut {
                    answer.rows.push(row);
                }
                !answer.is_cut
            },
        )?;
        answer.columns = columns;
        Ok(answer)
    }
}

fn size(cell: &Cell) -> usize {
    match cell {
        Value::String(text) => text.len(),
        _ => 8,
    }
}

/// What is wrong with a statement that somebody wrote.
fn wrong(error: &Error) -> BrowseError {
    if is_interrupted(error) {
        return BrowseError::TooLong;
    }
    match error {
        Error::MultipleStatement => BrowseError::Sql {
            message: "there is more than one statement; write one".to_owned(),
        },
        _ if error.sqlite_error_code() == Some(ErrorCode::AuthorizationForStatementDenied)
            || error.sqlite_error_code() == Some(ErrorCode::ReadOnly) =>
        {
            BrowseError::NotReading { what: message(error) }
        }
        _ => BrowseError::Sql {
            message: message(error),
        },
    }
}

fn message(error: &Error) -> String {
    match error {
        Error::SqliteFailure(_, Some(message)) => message.clone(),
        Error::SqlInputError { msg, offset, .. } if *offset >= 0 => {
            format!("{msg} (at letter {})", offset + 1)
        }
        Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}
