//! The pass itself: follows the plan through an object and skips everything else.

use std::borrow::Cow;

use super::{
    Extracted, Plan, Value,
    plan::{Node, Slot},
    scan::{NotJson, Number, Scanner},
};
use crate::tables::Kind;

/// Reads a record.
pub(super) fn record<'a>(plan: &Plan, text: &'a str, out: &mut Extracted<'a>) -> Result<(), NotJson> {
    let mut scanner = Scanner::new(text);
    object(plan, &plan.nodes[0], &mut scanner, out)?;
    scanner.end()
}

fn object<'a>(
    plan: &Plan,
    node: &Node,
    scanner: &mut Scanner<'a>,
    out: &mut Extracted<'a>,
) -> Result<(), NotJson> {
    scanner.object(
        |scanner, key| match key.unescaped().and_then(|key| node.child(&key)) {
            Some(child) => value(plan, &plan.nodes[child], scanner, out),
            None => scanner.skip(),
        },
    )
}

fn value<'a>(
    plan: &Plan,
    node: &Node,
    scanner: &mut Scanner<'a>,
    out: &mut Extracted<'a>,
) -> Result<(), NotJson> {
    let whole = node.column.filter(|slot| slot.kind == Kind::Json);
    if whole.is_none() && node.list.is_none() {
        return inside(plan, node, scanner, out);
    }
    let text = scanner.slice(|scanner| {
        if node.is_leaf() {
            scanner.skip()
        } else {
            inside(plan, node, scanner, out)
        }
    })?;
    if text != "null" {
        if let Some(slot) = whole {
            set(out, slot, Value::Text(text));
        }
        if let Some(list) = node.list {
            out.lists[list] = Some(text);
        }
    }
    Ok(())
}

/// A value that is read for its own column, or for those inside it.
fn inside<'a>(
    plan: &Plan,
    node: &Node,
    scanner: &mut Scanner<'a>,
    out: &mut Extracted<'a>,
) -> Result<(), NotJson> {
    let slot = node.column.filter(|slot| slot.kind != Kind::Json);
    match (scanner.peek(), slot) {
        (Some(b'{'), _) if !node.is_leaf() => object(plan, node, scanner, out)?,
        (Some(b'"'), Some(slot)) => {
            let value = match scanner.string()?.unescaped() {
                Some(Cow::Borrowed(text)) => Value::from_borrowed(slot.kind, text),
                Some(Cow::Owned(text)) => Value::from_owned(slot.kind, text),
                None => Value::Null,
            };
            set(out, slot, value);
        }
        (Some(b'-' | b'0'..=b'9'), Some(slot)) => {
            let value = match scanner.number()? {
                Number::Integer(value) => Value::from_integer(slot.kind, value),
                Number::Other(text) => Value::from_other_number(slot.kind, text),
            };
            set(out, slot, value);
        }
        (Some(b't' | b'f' | b'n'), Some(slot)) => {
            if let Some(value) = scanner.word()? {
                set(out, slot, Value::from_boolean(slot.kind, value));
            }
        }
        _ => scanner.skip()?,
    }
    Ok(())
}

fn set<'a>(out: &mut Extracted<'a>, slot: Slot, value: Value<'a>) {
    let place = &mut out.values[slot.index];
    if !slot.second || *place == Value::Null {
        *place = value;
    }
}
