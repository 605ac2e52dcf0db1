//! Records out of others: several of one, one of several.
//!
//! The one rule: what tells records apart stays true. Records that came of one never share its id, and a record of several has an id
//! that stands for exactly these; so a destination that knows what it had takes none for another.

use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use trunkline_flow::Record;

/// What several values that came of one record become.
pub(super) fn apart(mut record: Record, mut values: Vec<Value>) -> Vec<Record> {
    if values.len() == 1 {
        record.value = values.remove(0).into();
        return vec![record];
    }
    values
        .into_iter()
        .enumerate()
        .map(|(at, value)| {
            let mut made = record.derive(value);
            if let Some(id) = &mut made.head.id {
                let _ = write!(id, "/{at}");
            }
            made
        })
        .collect()
}

/// One record of several.
pub(super) fn together(records: &[Record], value: Value) -> Record {
    let mut joined = Record::join(records, value);
    let mut digest = Sha256::new();
    let mut are_known = !records.is_empty();
    for record in records {
        let head = &record.head;
        are_known &= head.id.is_some();
        for part in [head.stream.as_deref(), head.id.as_deref()] {
            digest.update(part.unwrap_or_default());
            digest.update([0]);
        }
        digest.update(head.updated_at.map(|at| at.to_string()).unwrap_or_default());
        digest.update([0]);
    }
    joined.head.id = are_known.then(|| hex(&digest.finalize()[..12]));
    joined.head.updated_at = records.iter().filter_map(|record| record.head.updated_at).max();
    joined
}

/// Bytes as text.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What a value takes of memory, about.
pub(super) fn weight(value: &Value) -> usize {
    let own = size_of::<Value>();
    own + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| own + name.len() + weight(value))
            .sum(),
        _ => 0,
    }
}
