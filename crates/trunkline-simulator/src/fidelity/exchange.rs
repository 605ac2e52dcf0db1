//! One call and its answer, as it is kept: one line of JSON.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::errors::FidelityError;

/// The format of a line; an older reader refuses a newer one.
pub(super) const FORMAT: u32 = 1;

/// A kept exchange.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exchange {
    pub(super) format: u32,
    /// The operation's id in the catalog.
    pub(super) operation: String,
    pub(super) method: String,
    /// The path with its parameters in braces.
    pub(super) path: String,
    /// The path's parameters, in their order.
    pub(super) parameters: Vec<(String, String)>,
    pub(super) query: Vec<(String, String)>,
    /// What the caller asked for; `None` for the app's own version.
    pub(super) version: Option<String>,
    /// The body when it was JSON.
    pub(super) request: Option<Value>,
    /// The type of a body that is not kept because it is no JSON.
    pub(super) unkept_request: Option<String>,
    pub(super) status: u16,
    /// The answer's headers that tell something of the platform.
    pub(super) headers: BTreeMap<String, String>,
    /// The answer when it was JSON.
    pub(super) answer: Option<Value>,
}

/// The exchanges of a file with their lines.
pub(super) fn read(path: &Path) -> Result<Vec<(usize, Exchange)>, FidelityError> {
    let text = std::fs::read_to_string(path).map_err(|source| FidelityError::File {
        path: path.to_owned(),
        source,
    })?;
    let bad = |line: usize, reason: String| FidelityError::Exchange {
        path: path.to_owned(),
        line,
        reason,
    };
    text.lines()
        .zip(1..)
        .filter(|(text, _)| !text.trim().is_empty())
        .map(|(text, line)| {
            let exchange: Exchange =
                serde_json::from_str(text).map_err(|error| bad(line, error.to_string()))?;
            if exchange.format != FORMAT {
                return Err(bad(line, format!("its format is {}", exchange.format)));
            }
            Ok((line, exchange))
        })
        .collect()
}
