//! One call that Intercom's API offers, described.

use std::{fmt, str::FromStr};

use serde_json::Value;

use crate::{PageStyle, Version};

/// The HTTP method of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates, searches, commands.
    Post,
    /// Replaces or updates.
    Put,
    /// Updates in part.
    Patch,
    /// Removes or detaches.
    Delete,
}

impl Method {
    /// The method as it stands on the request line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Method {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete]
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or_else(|| format!("{text:?} is not a method that Intercom's API uses"))
    }
}

/// What a call does to the workspace; it decides whether a failed call may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Changes nothing: always safe to send again (searches by POST included).
    Read,
    /// Sending it twice leaves what sending it once leaves.
    IdempotentWrite,
    /// Sending it twice may create or send something twice.
    Write,
    /// Removes what cannot be brought back.
    Destructive,
}

impl Effect {
    /// The word for it in tables and in JSON: `read`, `idempotent_write`, `write` or `destructive`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::IdempotentWrite => "idempotent_write",
            Self::Write => "write",
            Self::Destructive => "destructive",
        }
    }
}

/// How finely a search compares times (facts 4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SearchGranularity {
    /// By calendar day in the workspace's time zone.
    Day,
    /// To the second.
    Second,
}

/// A JSON or text type, as far as the published descriptions tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// True or false.
    Boolean,
    /// A list.
    Array,
    /// A nested object.
    Object,
    /// Several types are allowed, or none is stated.
    Any,
}

impl FieldType {
    /// The word for it in the tables, such as `string`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::Object => "object",
            Self::Any => "any",
        }
    }

    /// The type of a value; none of null.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Null => return None,
            Value::Bool(_) => Self::Boolean,
            Value::Number(number) if number.is_f64() => Self::Number,
            Value::Number(_) => Self::Integer,
            Value::String(_) => Self::String,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
        })
    }

    /// What a table may say, for errors.
    pub(crate) const EXPECTED: &'static str = "string, integer, number, boolean, array, object or any";
}

/// A path or query parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name on the wire.
    pub name: &'static str,
    /// Its type.
    pub field_type: FieldType,
    /// Whether the call is refused without it.
    pub required: bool,
    /// The allowed values; empty when any is allowed.
    pub enumeration: Vec<&'static str>,
    /// The versions whose description names it; the live API often accepts it in all (facts 9, point 5).
    pub versions: (Version, Version),
}

/// A field of a request body. Nested fields have dotted names (`pagination.per_page`); list items end in `[]`.
///
/// A name stands in several entries when it changed between versions or differs between alternatives; the versions of
/// entries with the same name and alternative never overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyField {
    /// The dotted name.
    pub name: &'static str,
    /// Its type.
    pub field_type: FieldType,
    /// Whether the body is refused without it (within its parent, when that is sent).
    pub required: bool,
    /// Whether null is a stated value.
    pub nullable: bool,
    /// The allowed values; empty when any is allowed.
    pub enumeration: Vec<&'static str>,
    /// First and last version whose description has the field.
    pub versions: (Version, Version),
    /// For a body with alternatives (`oneOf`): the number of the alternative, from 1; 0 when it belongs to all.
    pub alternative: u8,
}

/// An error that the descriptions show for an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorShape {
    /// The HTTP status.
    pub status: u16,
    /// Intercom's code, such as `unauthorized`; empty where the example gives none.
    pub code: &'static str,
}

/// One call that Intercom's API offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Our stable id, such as `contacts.search`.
    pub id: &'static str,
    /// The id in the published descriptions; four operations have none.
    pub upstream_id: Option<&'static str>,
    /// The HTTP method.
    pub method: Method,
    /// The path with parameters in braces, such as `/contacts/{id}`.
    pub path: &'static str,
    /// The heading in Intercom's reference.
    pub tag: &'static str,
    /// One line in our own words.
    pub summary: &'static str,
    /// First and last version that has the operation; no operation has gaps.
    pub versions: (Version, Version),
    /// What it does to the workspace.
    pub effect: Effect,
    /// How it hands out a list.
    pub page_style: PageStyle,
    /// How finely it compares times, for searches.
    pub search: Option<SearchGranularity>,
    /// Which budget the call counts against: `default`, `export` or `scroll` (facts 3).
    pub rate_class: &'static str,
    /// The permission to tick in the Developer Hub, in Intercom's words (facts 2.3); empty when any token will do.
    pub permission: &'static str,
    /// The path parameters, in order of the path.
    pub path_parameters: Vec<Parameter>,
    /// The query parameters.
    pub query_parameters: Vec<Parameter>,
    /// The body's fields; empty when the call has no body.
    pub body_fields: Vec<BodyField>,
    /// Whether the call is refused without a body.
    pub body_required: bool,
    /// Whether the body is a form in parts rather than JSON; of its fields, those of any type are files.
    pub body_is_form: bool,
    /// The success statuses.
    pub success: Vec<u16>,
    /// The errors that the descriptions show.
    pub errors: Vec<ErrorShape>,
}

impl Operation {
    /// Whether `version` has the operation.
    #[must_use]
    pub fn exists_in(&self, version: Version) -> bool {
        self.versions.0 <= version && version <= self.versions.1
    }

    /// The part of the id before the dot, such as `contacts`.
    #[must_use]
    pub fn family(&self) -> &'static str {
        self.id.split_once('.').map_or(self.id, |(family, _)| family)
    }
}
