//! A component's settings, read into its own type; a mistake has its place in the file.

use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use super::{
    Mistake,
    node::{Key, Kind, Node, Spot},
};
use crate::nearest;

/// Reads a node into a type of one's own.
///
/// # Errors
///
/// The node does not fit the type; each of these names the place of what does not fit.
pub fn read<T: DeserializeOwned>(node: &Node) -> Result<T, Mistake> {
    let json = node.to_json();
    serde_path_to_error::deserialize(&json).map_err(|error| {
        let message = error.inner().to_string();
        mistake(node, error.path(), &message)
    })
}

fn mistake(node: &Node, path: &Path, message: &str) -> Mistake {
    let segments: Vec<&Segment> = path.iter().collect();
    if let Some((key, known)) = unknown(message, "unknown field `") {
        // The way ends with the key that is not known.
        let above = match segments.split_last() {
            Some((Segment::Map { key: last }, above)) if *last == key => above,
            _ => &segments,
        };
        let (at, steps) = follow(node, above);
        let found = at.entries().iter().find(|(own, _)| own.text == key);
        let spot = found.map_or(at.spot, |(Key { spot, .. }, _)| *spot);
        let message = format!("there is no key {key}{}", within(&steps));
        return Mistake::new(spot, message, instead(&key, &known));
    }
    let (at, steps) = follow(node, &segments);
    if let Some((value, known)) = unknown(message, "unknown variant `") {
        let message = format!("{value} is not known{}", within(&steps));
        return Mistake::new(at.spot, message, instead(&value, &known));
    }
    Mistake::new(
        at.spot,
        format!("{}{}", message.trim_end_matches('.'), within(&steps)),
        "Mend the value at this place.",
    )
}

fn instead(word: &str, known: &[String]) -> String {
    match nearest::of(word, known.iter().map(String::as_str)) {
        Some(near) => format!("Did you mean {near}?"),
        None if known.is_empty() => "Leave it out.".to_owned(),
        None => format!("Known here: {}.", known.join(", ")),
    }
}

fn within(steps: &str) -> String {
    if steps.is_empty() {
        String::new()
    } else {
        format!(" in {steps}")
    }
}

/// The deepest node on the way, and the way to it.
fn follow<'n>(node: &'n Node, path: &[&Segment]) -> (&'n Node, String) {
    let mut at = node;
    let mut steps = String::new();
    for segment in path {
        let next = match (segment, &at.kind) {
            (Segment::Map { key }, Kind::Map(_)) => at.get(key),
            (Segment::Seq { index }, Kind::List(all)) => all.get(*index),
            (Segment::Enum { variant }, Kind::Map(_)) => at.get(variant),
            _ => None,
        };
        let Some(next) = next else { break };
        match segment {
            Segment::Seq { index } => steps.push_str(&format!("[{index}]")),
            Segment::Map { key: name } | Segment::Enum { variant: name } => {
                if !steps.is_empty() {
                    steps.push('.');
                }
                steps.push_str(name);
            }
            Segment::Unknown => {}
        }
        at = next;
    }
    (at, steps)
}

/// The word and the known ones of serde's message about a word that is not known.
fn unknown(message: &str, start: &str) -> Option<(String, Vec<String>)> {
    let (word, rest) = message.strip_prefix(start)?.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    Some((word.to_owned(), known))
}

/// A mistake at a key of a node, or at the node where the key is missing.
pub(super) fn at_key(node: &Node, key: &str) -> Spot {
    node.get(key).map_or(node.spot, |value| value.spot)
}
