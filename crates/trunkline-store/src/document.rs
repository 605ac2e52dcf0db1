//! The part of a row that no question asks for: a JSON document beside the columns that questions use.
//!
//! The one rule: a field that a document lacks takes its default, so that documents of older formats stay readable.

use serde::{Serialize, de::DeserializeOwned};

use crate::StoreError;

pub(crate) fn write<T: Serialize>(document: &T) -> Result<String, StoreError> {
    serde_json::to_string(document).map_err(|error| StoreError::Damaged {
        what: format!("a document that cannot be written ({})", error.classify_name()),
    })
}

pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Damaged {
        what: format!("a document that cannot be read ({})", error.classify_name()),
    })
}

/// Whether a text that somebody hands over is JSON.
pub(crate) fn check(what: &str, text: &str) -> Result<(), StoreError> {
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Ok(()),
        Err(_) => Err(StoreError::Invalid {
            what: what.to_owned(),
            reason: "is not JSON",
        }),
    }
}

/// What is wrong in one word: the message itself may quote a value.
trait ClassifyName {
    fn classify_name(&self) -> &'static str;
}

impl ClassifyName for serde_json::Error {
    fn classify_name(&self) -> &'static str {
        match self.classify() {
            serde_json::error::Category::Io => "input and output",
            serde_json::error::Category::Syntax => "not JSON",
            serde_json::error::Category::Data => "another shape",
            serde_json::error::Category::Eof => "cut off",
        }
    }
}
