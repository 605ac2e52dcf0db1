//! What becomes of records on their way: pure, but for the moment, which is told, and `enrich`, which looks things up.

pub(crate) mod batch;
pub(crate) mod dedupe;
pub(crate) mod enrich;
pub(crate) mod filter;
pub(crate) mod hash;
pub(crate) mod html;
mod joined;
pub(crate) mod jq;
pub(crate) mod map;
pub(crate) mod mask;
mod place;
pub(crate) mod route;
pub(crate) mod split;
pub(crate) mod window;

#[cfg(test)]
mod tests;

use trunkline_flow::document::{Kind, Mistake, Node};

/// Refuses a number that is too small or too large, at its place.
fn at_least(node: &Node, key: &str, number: usize, least: usize, most: usize) -> Result<(), Mistake> {
    if (least..=most).contains(&number) {
        return Ok(());
    }
    Err(Mistake::new(
        node.get(key).map_or(node.spot, |value| value.spot),
        format!("{key} is from {least} to {most}"),
        "Write a number between them.",
    ))
}

/// Refuses settings that name nothing under any of these keys.
fn one_of(node: &Node, keys: &[&str]) -> Result<(), Mistake> {
    let is_something = |node: &Node| match &node.kind {
        Kind::Scalar(value) => !value.is_null(),
        Kind::List(all) => !all.is_empty(),
        Kind::Map(all) => !all.is_empty(),
    };
    if keys.iter().any(|key| node.get(key).is_some_and(is_something)) {
        return Ok(());
    }
    Err(Mistake::new(
        node.spot,
        format!("here is nothing under {}", keys.join(" or ")),
        format!("Add `{}:`.", keys[0]),
    ))
}
