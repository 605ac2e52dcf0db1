//! One version's description, with references followed.
//!
//! The rule: a reference to what the file lacks says nothing (the published files hold some), but one that leads to
//! itself or out of the file is an error. Read `fields.rs` next.

use anyhow::{Context as _, bail};
use serde_json::Value;

/// A parsed description.
pub(crate) struct Description {
    /// The version's name, such as `2.16`.
    pub(crate) name: &'static str,
    pub(crate) root: Value,
}

/// More hops than any honest chain of references has.
const MAX_HOPS: usize = 16;

impl Description {
    /// `value`, or what its `$ref` leads to; null when the file lacks that.
    pub(crate) fn resolve<'a>(&'a self, value: &'a Value) -> anyhow::Result<&'a Value> {
        let mut current = value;
        for _ in 0..MAX_HOPS {
            let Some(reference) = current.get("$ref").and_then(Value::as_str) else {
                return Ok(current);
            };
            let pointer = reference
                .strip_prefix('#')
                .with_context(|| format!("{reference:?} leads out of the file"))?;
            let Some(next) = self.root.pointer(pointer) else {
                return Ok(&Value::Null);
            };
            current = next;
        }
        bail!("a reference leads to itself")
    }
}
