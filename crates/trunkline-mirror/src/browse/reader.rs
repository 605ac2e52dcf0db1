//! Opens a mirror so that it can only be read, and so that reading can be ended.
//!
//! The one rule: reading alone is allowed three times over: by how the file is opened, by a pragma, and by SQLite's authorizer, which
//! every statement has to pass.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rusqlite::{
    Connection, Error, ErrorCode, Row,
    hooks::{AuthAction, AuthContext, Authorization},
    limits::Limit,
    types::ValueRef,
};
use serde_json::{Map, Value};

use super::BrowseError;
use crate::storage::{self, StorageError};

/// How many of its steps SQLite takes between two looks at the brake.
const STEPS: i32 = 5_000;
/// The longest text or blob that a question can make, in bytes.
const LONGEST_VALUE: i32 = 64 << 20;
/// The longest statement, in bytes.
const LONGEST_SQL: i32 = 100_000;

/// Ends what is being read. Clones end the same.
#[derive(Clone, Debug, Default)]
pub struct Brake(Arc<AtomicBool>);

impl Brake {
    /// Ends it, soon.
    pub fn pull(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_pulled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The longest pattern of `LIKE`, in bytes: a long one could be matched for very long between two looks at the brake.
const LONGEST_PATTERN: i32 = 1_000;

/// A mirror that is open for looking.
#[derive(Debug)]
pub struct Reader {
    pub(super) connection: Connection,
    path: PathBuf,
}

impl Reader {
    /// Opens the mirror of a file that exists.
    ///
    /// # Errors
    /// When there is no such file yet, or it is no mirror.
    pub fn open(path: &Path, brake: &Brake) -> Result<Self, BrowseError> {
        if !path
            .metadata()
            .is_ok_and(|metadata| metadata.is_file() && metadata.len() > 0)
        {
            return Err(BrowseError::NoMirror {
                path: path.to_path_buf(),
            });
        }
        storage::is_mirror(path)?;
        let mut connection = storage::reader(path)?;
        let fail = |error| StorageError::from_sqlite(path, "opening", error);
        guard(&mut connection, brake).map_err(fail)?;
        Ok(Self {
            connection,
            path: path.to_path_buf(),
        })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A failure of ours, as opposed to one of SQL that somebody wrote.
    pub(super) fn failed(&self, error: Error) -> BrowseError {
        if is_interrupted(&error) {
            return BrowseError::TooLong;
        }
        StorageError::from_sqlite(&self.path, "looking through it", error).into()
    }

    /// The rows of a question as objects.
    pub(super) fn objects(&self, sql: &str, params: &[&str]) -> Result<Vec<Map<String, Value>>, BrowseError> {
        let read = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
            let mut rows = statement.query(rusqlite::params_from_iter(params))?;
            let mut objects = Vec::new();
            while let Some(row) = rows.next()? {
                objects.push(object(&names, row)?);
            }
            Ok(objects)
        };
        read().map_err(|error| self.failed(error))
    }
}

fn guard(connection: &mut Connection, brake: &Brake) -> Result<(), Error> {
    connection.pragma_update(None, "query_only", true)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST_VALUE)?;
    connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, LONGEST_SQL)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, LONGEST_PATTERN)?;
    let brake = brake.clone();
    connection.progress_handler(STEPS, Some(move || brake.is_pulled()))?;
    connection.authorizer(Some(|context: AuthContext<'_>| {
        if is_reading(&context.action) {
            Authorization::Allow
        } else {
            Authorization::Deny
        }
    }))
}

fn is_reading(action: &AuthAction<'_>) -> bool {
    match action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => true,
        AuthAction::Function { function_name } => !function_name.eq_ignore_ascii_case("load_extension"),
        // Looks of our own at what a table is like; none of them takes a value that changes something.
        AuthAction::Pragma {
            pragma_name,
            pragma_value: _,
        } => matches!(
            *pragma_name,
            "table_xinfo" | "table_list" | "index_list" | "index_info"
        ),
        _ => false,
    }
}

pub(super) fn is_interrupted(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
}

/// A row as an object.
pub(super) fn object(names: &[String], row: &Row<'_>) -> Result<Map<String, Value>, Error> {
    let mut object = Map::new();
    for (at, name) in names.iter().enumerate() {
        let value = value(row.get_ref(at)?);
        // Of two columns with one name, as a join has them, the one with a value says more.
        if !(value.is_null() && object.contains_key(name)) {
            object.insert(name.clone(), value);
        }
    }
    Ok(object)
}

/// A value of SQLite's in JSON; what is no text is said to be so many bytes.
pub(super) fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        // An infinite number has no place in JSON.
        ValueRef::Real(number) => serde_json::Number::from_f64(number)
            .map_or_else(|| Value::String(number.to_string()), Value::Number),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        ValueRef::Blob(bytes) => format!("({} bytes)", bytes.len()).into(),
    }
}

/// A text of an object, if there is one.
pub(super) fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
