//! One value of a row, borrowed from the record's text wherever it stands there as it is.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use crate::{
    tables::Kind,
    time::{self, Short},
};

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// A whole number, or 0 and 1 for false and true.
    Integer(i64),
    /// A number.
    Real(f64),
    /// Text that stands in the record like this.
    Text(&'a str),
    /// Text that had to be unescaped.
    Owned(String),
    /// A time, or an id that came as a number.
    Short(Short),
}

impl<'a> Value<'a> {
    /// The text, where it is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Owned(text) => Some(text),
            Self::Short(text) => Some(text.as_str()),
            Self::Null | Self::Integer(_) | Self::Real(_) => None,
        }
    }

    /// The whole number, where it is one.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn from_integer(kind: Kind, value: i64) -> Self {
        match kind {
            Kind::Text | Kind::Html | Kind::Json => Self::Short(Short::number(value)),
            Kind::Integer => Self::Integer(value),
            Kind::Real => {
                #[expect(clippy::cast_precision_loss, reason = "a real column holds what a double can")]
                let value = value as f64;
                Self::Real(value)
            }
            Kind::Boolean => Self::Integer(i64::from(value != 0)),
            Kind::Time => time::from_unix(value).map_or(Self::Null, Self::Short),
        }
    }

    pub(super) fn from_real(kind: Kind, value: f64) -> Self {
        match kind {
            Kind::Text | Kind::Html | Kind::Json => Self::Owned(value.to_string()),
            Kind::Real => Self::Real(value),
            Kind::Boolean => Self::Integer(i64::from(value != 0.0)),
            Kind::Integer | Kind::Time => {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "the fraction of a count or second is dropped"
                )]
                let whole = value.trunc() as i64;
                Self::from_integer(kind, whole)
            }
        }
    }

    pub(super) fn from_boolean(kind: Kind, value: bool) -> Self {
        match kind {
            Kind::Text | Kind::Html | Kind::Json => Self::Text(if value { "true" } else { "false" }),
            Kind::Integer | Kind::Boolean => Self::Integer(i64::from(value)),
            Kind::Real | Kind::Time => Self::Null,
        }
    }

    /// Text as another kind than text; nothing when it does not read as that.
    pub(super) fn from_other_text(kind: Kind, text: &str) -> Self {
        match kind {
            Kind::Time => time::from_text(text).map_or(Self::Null, Self::Short),
            Kind::Integer => text.trim().parse().map_or(Self::Null, Self::Integer),
            Kind::Real => text.trim().parse().map_or(Self::Null, Self::Real),
            Kind::Boolean => match text {
                "true" | "1" => Self::Integer(1),
                "false" | "0" => Self::Integer(0),
                _ => Self::Null,
            },
            Kind::Text | Kind::Html | Kind::Json => Self::Owned(text.to_owned()),
        }
    }

    pub(super) fn from_borrowed(kind: Kind, text: &'a str) -> Self {
        match kind {
            Kind::Text | Kind::Html | Kind::Json => Self::Text(text),
            other => Self::from_other_text(other, text),
        }
    }

    pub(super) fn from_owned(kind: Kind, text: String) -> Self {
        match kind {
            Kind::Text | Kind::Html | Kind::Json => Self::Owned(text),
            other => Self::from_other_text(other, &text),
        }
    }

    /// A number with a fraction or exponent, or one that 64 bits do not hold.
    pub(super) fn from_other_number(kind: Kind, text: &'a str) -> Self {
        match kind {
            Kind::Text | Kind::Html | Kind::Json => Self::Text(text),
            other => match text.parse::<f64>() {
                Ok(value) if value.is_finite() => Self::from_real(other, value),
                _ => Self::Null,
            },
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>, rusqlite::Error> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(value) => ValueRef::Integer(*value),
            Self::Real(value) => ValueRef::Real(*value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Owned(text) => ValueRef::Text(text.as_bytes()),
            Self::Short(text) => ValueRef::Text(text.as_str().as_bytes()),
        }))
    }
}
