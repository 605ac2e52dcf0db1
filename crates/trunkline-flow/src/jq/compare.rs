//! How values are compared: jaq's order of types, with each pair of containers a step.
//!
//! The one rule: a value that shares its parts may be small in memory and endless to walk through, so whoever walks pays.

use std::cmp::Ordering;

use jaq_json::Val;

use super::{meter, value::Held};

/// Whether two values are the same.
pub(super) fn equal(left: &Val, right: &Val) -> bool {
    match (left, right) {
        (Val::Arr(left), Val::Arr(right)) => {
            meter::step();
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right.iter())
                    .all(|(left, right)| equal(left, right))
        }
        (Val::Obj(left), Val::Obj(right)) => {
            meter::step();
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, left)| right.get(key).is_some_and(|right| equal(left, right)))
        }
        (left, right) => left == right,
    }
}

/// Which of two values comes first.
pub(super) fn order(left: &Val, right: &Val) -> Ordering {
    match (left, right) {
        (Val::Arr(left), Val::Arr(right)) => {
            meter::step();
            left.iter()
                .zip(right.iter())
                .map(|(left, right)| order(left, right))
                .find(|order| order.is_ne())
                .unwrap_or_else(|| left.len().cmp(&right.len()))
        }
        (Val::Obj(left), Val::Obj(right)) => {
            meter::steps(1 + (left.len() + right.len()) as u64 / 8);
            let (mut lefts, mut rights): (Vec<_>, Vec<_>) = (left.iter().collect(), right.iter().collect());
            lefts.sort_by_key(|(key, _)| *key);
            rights.sort_by_key(|(key, _)| *key);
            let keys = lefts
                .iter()
                .map(|(key, _)| key)
                .cmp(rights.iter().map(|(key, _)| key));
            keys.then_with(|| {
                lefts
                    .iter()
                    .zip(&rights)
                    .map(|((_, left), (_, right))| order(left, right))
                    .find(|order| order.is_ne())
                    .unwrap_or(Ordering::Equal)
            })
        }
        // Of different types, or without parts: nothing is walked through.
        (left, right) => left.cmp(right),
    }
}

/// Whether the left value contains the right one, in jq's sense.
pub(super) fn contains(left: &Val, right: &Val) -> bool {
    match (left, right) {
        (Val::TStr(left), Val::TStr(right)) => {
            meter::steps(1 + left.len() as u64 / 256);
            bstr::ByteSlice::contains_str(&***left, &***right)
        }
        (Val::Arr(left), Val::Arr(right)) => right.iter().all(|right| {
            left.iter().any(|left| {
                meter::step();
                contains(left, right)
            })
        }),
        (Val::Obj(left), Val::Obj(right)) => right.iter().all(|(key, right)| {
            meter::step();
            left.get(key).is_some_and(|left| contains(left, right))
        }),
        (left, right) => equal(left, right),
    }
}

/// Where a list stands inside of another.
pub(super) fn places(items: &[Val], wanted: &[Val]) -> Vec<usize> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let is_here = |window: &[Val]| {
        window.iter().zip(wanted).all(|(item, wanted)| {
            meter::step();
            equal(item, wanted)
        })
    };
    items
        .windows(wanted.len())
        .enumerate()
        .filter(|(_, window)| is_here(window))
        .map(|(index, _)| index)
        .collect()
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        equal(&self.value, &other.value)
    }
}

impl Eq for Held {}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Held {
    fn cmp(&self, other: &Self) -> Ordering {
        order(&self.value, &other.value)
    }
}
