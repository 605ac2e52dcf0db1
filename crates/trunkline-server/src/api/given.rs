//! Values as they are given: secrets, changes that may take something away, numbers of things to show.
//!
//! The one rule: a secret that is given in the wrong shape is refused without being repeated.

use http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error as _};
use trunkline_store::StoreError;

use crate::reply::Refusal;

/// How many things are shown when nobody says how many.
const USUAL: u32 = 50;
/// How many are shown at most.
const MOST: u32 = 500;

/// A secret to keep. It can be written and never read.
#[derive(Clone, Debug)]
pub(crate) struct Secret(pub(crate) SecretString);

impl Secret {
    /// A secret that was typed.
    pub(crate) fn typed(text: &str) -> Self {
        Self(SecretString::from(text.trim()))
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Read as anything at all, since a message about another type would quote what was given.
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) if !text.trim().is_empty() => {
                Ok(Self(SecretString::from(text.trim())))
            }
            _ => Err(D::Error::custom("is not a secret: a text that is not empty")),
        }
    }
}

/// Reads a field that may be left out (nothing changes), null (it is taken away) or given.
pub(crate) fn change<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// How many things to show.
pub(crate) fn limit(given: Option<u32>) -> Result<u32, Refusal> {
    match given.unwrap_or(USUAL) {
        limit @ 1..=MOST => Ok(limit),
        _ => Err(Refusal::of_field("limit", format!("is not from 1 to {MOST}"))),
    }
}

/// What is shown of things of which one more than `limit` was asked for, and the mark of the last one, where the next page begins; none at
/// the end.
pub(crate) fn page<T, M>(mut found: Vec<T>, limit: u32, mark: impl Fn(&T) -> M) -> (Vec<T>, Option<M>) {
    let has_more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| has_more).map(mark);
    (found, next)
}

/// What the store does not find or take because of a field of the body is the field's fault, not the address's.
pub(crate) fn at_field(field: &str) -> impl Fn(StoreError) -> Refusal + '_ {
    move |error| match error {
        StoreError::NotFound { .. } | StoreError::Invalid { .. } => Refusal {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            ..Refusal::from(error).at(field)
        },
        error => Refusal::from(error),
    }
}

/// One of a few words, if one is given.
pub(crate) fn word<T>(
    given: Option<&str>,
    field: &str,
    of: fn(&str) -> Option<T>,
) -> Result<Option<T>, Refusal> {
    given
        .map(|word| {
            of(word).ok_or_else(|| Refusal::of_field(field, "is not one of the words that it can be"))
        })
        .transpose()
}
