//! Channels that people are told things through: destinations of flows, with what they say filled in.
//!
//! The one rule: a channel is a destination and nothing beside it, so what signs, tries, hides and refuses is written once. What is
//! told has `subject`, `text` and `alerts`; an address may be written plainly, since it is the same for all.

use std::sync::Arc;

use serde_json::{Map, Value};
use trunkline_flow::{
    Destination,
    document::{Mistake, Node, Spot},
};

use crate::{Site, registry};

/// A destination's name, its keys whose texts may be plain, and expressions that need not be given.
type Kind = (
    &'static str,
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
);

/// The destinations that can be channels, with the keys whose texts may be plain, and the expressions that a channel need not give.
const CHANNELS: [Kind; 3] = [
    ("chat", &["url"], &[("text", ".text")]),
    ("http", &["url"], &[]),
    ("mail", &["to"], &[("subject", ".subject"), ("text", ".text")]),
];

/// Makes a channel: `settings` has one key, the name of the destination.
///
/// # Errors
///
/// It names none that can be a channel, or its settings are not right.
pub fn channel(
    settings: &Map<String, Value>,
    site: &Site,
) -> Result<(&'static str, Arc<dyn Destination>), Mistake> {
    let start = Spot { line: 1, column: 1 };
    let names: Vec<&str> = CHANNELS.iter().map(|(name, ..)| *name).collect();
    let one = settings.iter().next().filter(|_| settings.len() == 1);
    let known = one.and_then(|(name, own)| {
        let known = CHANNELS.iter().find(|(known, ..)| known == name)?;
        Some((known, own))
    });
    let Some(((name, plain, usual), own)) = known else {
        let given: Vec<&str> = settings.keys().map(String::as_str).collect();
        let message = format!(
            "a channel is one of {}, and this has: {}",
            names.join(", "),
            given.join(", ")
        );
        return Err(Mistake::new(
            start,
            message,
            "Give it one of them, with its settings.",
        ));
    };
    let mut own = own.clone();
    if let Value::Object(own) = &mut own {
        for key in *plain {
            if let Some(value) = own.get_mut(*key) {
                plainly(value);
            }
        }
        for (key, expression) in *usual {
            own.entry(*key).or_insert_with(|| (*expression).into());
        }
    }
    let node = Node::parse(&own.to_string())?;
    let kind = registry::destinations().iter().find(|kind| kind.name == *name);
    match kind {
        Some(kind) => Ok((name, (kind.build)(&node, site)?)),
        None => Err(Mistake::new(start, format!("there is no destination {name}"), "")),
    }
}

/// An address that stands there as it is becomes the expression that gives it.
fn plainly(value: &mut Value) {
    let is_plain = match value {
        Value::String(text) => {
            let text = text.trim_start();
            !text.starts_with(['"', '[', '.', '(']) && (text.contains("://") || text.contains('@'))
        }
        Value::Array(_) => true,
        _ => false,
    };
    if is_plain {
        *value = Value::String(value.to_string());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_may_be_an_expression_or_plain() {
        for (given, expected) in [
            (
                json!("https://example.test/hook"),
                json!("\"https://example.test/hook\""),
            ),
            (json!("ops@example.test"), json!("\"ops@example.test\"")),
            (
                json!(["a@example.test", "b@example.test"]),
                json!("[\"a@example.test\",\"b@example.test\"]"),
            ),
            (
                json!("\"https://example.test/\\(.id)\""),
                json!("\"https://example.test/\\(.id)\""),
            ),
            (json!(".address"), json!(".address")),
            (json!({ "env": "HOOK" }), json!({ "env": "HOOK" })),
        ] {
            let mut value = given.clone();
            plainly(&mut value);
            assert_eq!(value, expected, "{given}");
        }
    }
}
