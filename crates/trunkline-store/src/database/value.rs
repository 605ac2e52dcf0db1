//! Values as they cross the port, and rows of them.
//!
//! The one rule: moments are whole milliseconds since 1970, documents are JSON text, and there is nothing else but numbers,
//! text and bytes, so that no type means two things in two databases.

use jiff::Timestamp;

use crate::StoreError;

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

macro_rules! value_from {
    ($($from:ty => $value:expr),+ $(,)?) => {
        $(impl From<$from> for Value {
            fn from(from: $from) -> Self {
                let make: fn($from) -> Self = $value;
                make(from)
            }
        })+
    };
}

value_from! {
    i64 => Self::Int,
    bool => |is| Self::Int(i64::from(is)),
    String => Self::Text,
    &str => |text| Self::Text(text.to_owned()),
    &String => |text| Self::Text(text.clone()),
    Vec<u8> => Self::Blob,
    Timestamp => |moment| Self::Int(moment.as_millisecond()),
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One row, read from left to right.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    values: std::vec::IntoIter<Value>,
}

impl Row {
    pub(crate) fn new(values: Vec<Value>) -> Self {
        Self {
            values: values.into_iter(),
        }
    }

    /// All columns that are left.
    pub(crate) fn into_values(self) -> Vec<Value> {
        self.values.collect()
    }

    /// The next column as text.
    pub(crate) fn text(&mut self) -> Result<String, StoreError> {
        match self.values.next() {
            Some(Value::Text(text)) => Ok(text),
            other => Err(unexpected("text", other.as_ref())),
        }
    }

    /// The next column as text, if it holds any.
    pub(crate) fn text_or_none(&mut self) -> Result<Option<String>, StoreError> {
        match self.values.next() {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            other => Err(unexpected("text or nothing", other.as_ref())),
        }
    }

    /// The next column as a number.
    pub(crate) fn int(&mut self) -> Result<i64, StoreError> {
        match self.values.next() {
            Some(Value::Int(number)) => Ok(number),
            other => Err(unexpected("a number", other.as_ref())),
        }
    }

    /// The next column as a number, if it holds one.
    pub(crate) fn int_or_none(&mut self) -> Result<Option<i64>, StoreError> {
        match self.values.next() {
            Some(Value::Int(number)) => Ok(Some(number)),
            Some(Value::Null) => Ok(None),
            other => Err(unexpected("a number or nothing", other.as_ref())),
        }
    }

    /// The next column as yes or no.
    pub(crate) fn flag(&mut self) -> Result<bool, StoreError> {
        Ok(self.int()? != 0)
    }

    /// The next column as bytes.
    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        match self.values.next() {
            Some(Value::Blob(bytes)) => Ok(bytes),
            other => Err(unexpected("bytes", other.as_ref())),
        }
    }

    /// The next column as a moment.
    pub(crate) fn moment(&mut self) -> Result<Timestamp, StoreError> {
        moment(self.int()?)
    }

    /// The next column as a moment, if it holds one.
    pub(crate) fn moment_or_none(&mut self) -> Result<Option<Timestamp>, StoreError> {
        self.int_or_none()?.map(moment).transpose()
    }
}

fn moment(millis: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(millis).map_err(|_| StoreError::Damaged {
        what: format!("{millis} is not a moment"),
    })
}

fn unexpected(wanted: &str, found: Option<&Value>) -> StoreError {
    // Only the kind: what a column holds may be a secret or somebody's data.
    let found = match found {
        None => "no column",
        Some(Value::Null) => "nothing",
        Some(Value::Int(_)) => "a number",
        Some(Value::Text(_)) => "text",
        Some(Value::Blob(_)) => "bytes",
    };
    StoreError::Damaged {
        what: format!("{wanted} was expected and {found} found"),
    }
}
