//! The paths of a table's columns, compiled into a trie whose nodes find a key without comparing all of them.

use super::{NotJson, Value, visit};
use crate::tables::{Column, Kind, Table};

/// What is taken from the records of one table.
#[derive(Debug)]
pub struct Plan {
    pub(super) nodes: Vec<Node>,
    pub(super) columns: usize,
    pub(super) lists: usize,
    /// Columns that, when nothing else filled them, have the value of another one.
    copies: Vec<(usize, usize)>,
}

/// The values of one record.
#[derive(Debug)]
pub struct Extracted<'a> {
    /// One for each column of the table, in its order.
    pub values: Vec<Value<'a>>,
    /// The text of each list of the table that the record has.
    pub lists: Vec<Option<&'a str>>,
}

/// One step of the paths.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// The column whose value stands here.
    pub(super) column: Option<Slot>,
    /// The list that stands here.
    pub(super) list: Option<usize>,
    children: Vec<(&'static str, usize)>,
    /// Open addressing: one more than the index of a child, or 0.
    buckets: Vec<u8>,
}

/// A column and how its value is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) index: usize,
    pub(super) kind: Kind,
    /// The place of another version: it only fills what is still empty.
    pub(super) second: bool,
}

impl Plan {
    /// Compiles the paths of a table.
    #[must_use]
    pub fn of(table: &Table) -> Self {
        let mut plan = Self {
            nodes: vec![Node::default()],
            columns: table.columns.len(),
            lists: table.lists.len(),
            copies: Vec::new(),
        };
        for (index, Column { path, also, kind, .. }) in table.columns.iter().enumerate() {
            for (path, second) in [(Some(*path), false), (*also, true)] {
                if let Some(path) = path.filter(|path| !path.is_empty()) {
                    let node = plan.node(path);
                    let new = Slot {
                        index,
                        kind: *kind,
                        second,
                    };
                    match plan.nodes[node].column {
                        None => plan.nodes[node].column = Some(new),
                        // One place may be the first of a column and the second of another.
                        Some(held) if held.second => {
                            plan.nodes[node].column = Some(new);
                            plan.copies.push((index, held.index));
                        }
                        Some(held) => plan.copies.push((held.index, index)),
                    }
                }
            }
        }
        for (index, list) in table.lists.iter().enumerate() {
            let node = plan.node(list.path);
            plan.nodes[node].list = Some(index);
        }
        for node in &mut plan.nodes {
            node.index();
        }
        plan
    }

    fn node(&mut self, path: &'static str) -> usize {
        let mut at = 0;
        for key in path.split('.') {
            at = match self.nodes[at].children.iter().find(|(child, _)| *child == key) {
                Some((_, child)) => *child,
                None => {
                    self.nodes.push(Node::default());
                    let child = self.nodes.len() - 1;
                    self.nodes[at].children.push((key, child));
                    child
                }
            };
        }
        at
    }

    /// Takes the values from a record's text.
    ///
    /// # Errors
    /// When the text is no JSON object.
    pub fn extract<'a>(&self, record: &'a str) -> Result<Extracted<'a>, NotJson> {
        let mut out = Extracted {
            values: vec![Value::Null; self.columns],
            lists: vec![None; self.lists],
        };
        visit::record(self, record, &mut out)?;
        for (from, to) in &self.copies {
            if out.values[*to] == Value::Null {
                out.values[*to] = out.values[*from].clone();
            }
        }
        Ok(out)
    }
}

impl Node {
    pub(super) fn is_leaf(&self) -> bool {
        self.children.is_empty()
    }

    fn index(&mut self) {
        if self.children.is_empty() {
            return;
        }
        let size = (self.children.len() * 4).next_power_of_two();
        self.buckets = vec![0; size];
        for (place, (key, _)) in self.children.iter().enumerate() {
            let mut bucket = bucket(key.as_bytes()) & (size - 1);
            while self.buckets[bucket] != 0 {
                bucket = (bucket + 1) & (size - 1);
            }
            self.buckets[bucket] = u8::try_from(place + 1).expect("a table has fewer than 255 columns");
        }
    }

    /// The node under `key`.
    pub(super) fn child(&self, key: &str) -> Option<usize> {
        if self.buckets.is_empty() {
            return None;
        }
        let mask = self.buckets.len() - 1;
        let mut bucket = bucket(key.as_bytes()) & mask;
        loop {
            let place = self.buckets[bucket];
            if place == 0 {
                return None;
            }
            let (name, node) = self.children[usize::from(place) - 1];
            if name == key {
                return Some(node);
            }
            bucket = (bucket + 1) & mask;
        }
    }
}

/// Spreads keys by their length and three of their bytes: enough for the few dozen that a record has.
#[inline]
fn bucket(key: &[u8]) -> usize {
    let (Some(first), Some(last)) = (key.first(), key.last()) else {
        return 0;
    };
    let middle = key[key.len() / 2];
    let word = key.len() << 24 | usize::from(*first) << 16 | usize::from(middle) << 8 | usize::from(*last);
    word.wrapping_mul(0x9E37_79B1) >> 15
}
