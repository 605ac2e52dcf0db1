//! One version's description, with references followed.
//!
//! The rule: a reference that leads nowhere is an error. Read `fields.rs` next.

use anyhow::{Context, bail};
use serde_json::Value;

/// A parsed description.
pub(super) struct Description {
    /// The version's name, such as `2.16`.
    pub(super) name: &'static str,
    pub(super) root: Value,
}

/// More hops than any honest chain of references has.
const MAX_HOPS: usize = 16;

impl Description {
    /// `value`, or what its `$ref` leads to.
    pub(super) fn resolve<'a>(&'a self, value: &'a Value) -> anyhow::Result<&'a Value> {
        let mut current = value;
        for _ in 0..MAX_HOPS {
            let Some(reference) = current.get("$ref").and_then(Value::as_str) else {
                return Ok(current);
            };
            let pointer = reference
                .strip_prefix('#')
                .with_context(|| format!("{reference:?} leads out of the file"))?;
            current = self
                .root
                .pointer(pointer)
                .with_context(|| format!("{reference:?} leads nowhere"))?;
        }
        bail!("a reference leads to itself")
    }
}
