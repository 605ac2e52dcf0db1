//! One place in a shape: what may stand there.
//!
//! The rule: an empty set of types means that anything may. Read `examples.rs` next.

use std::collections::{BTreeMap, BTreeSet};

/// What may stand at one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::catalog) struct Slot {
    pub(super) types: BTreeSet<&'static str>,
    pub(super) nullable: bool,
    pub(super) required: bool,
    pub(super) enumeration: Vec<String>,
    /// The shapes that an object here may have; its fields are theirs.
    pub(super) of: BTreeSet<String>,
    /// The fields of an object without a name.
    pub(super) fields: BTreeMap<String, Slot>,
    /// An entry of a list.
    pub(super) entry: Option<Box<Slot>>,
    /// What stands in an object under names that are anybody's.
    pub(super) rest: Option<Box<Slot>>,
}

/// What a table says of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::catalog) struct Facts {
    pub(in crate::catalog) types: Vec<&'static str>,
    pub(in crate::catalog) nullable: bool,
    pub(in crate::catalog) required: bool,
    pub(in crate::catalog) enumeration: Vec<String>,
    pub(in crate::catalog) of: Vec<String>,
}

impl Slot {
    /// Both hold.
    pub(super) fn and(mut self, other: Self) -> Self {
        let common: BTreeSet<_> = self.types.intersection(&other.types).copied().collect();
        self.types = match (self.types.is_empty(), common.is_empty()) {
            (true, _) => other.types,
            (false, true) if !other.types.is_empty() => other.types,
            (false, true) => self.types,
            (false, false) => common,
        };
        self.nullable |= other.nullable;
        self.required |= other.required;
        if !other.enumeration.is_empty() {
            self.enumeration = other.enumeration;
        }
        self.of.extend(other.of);
        for (name, field) in other.fields {
            let joined = match self.fields.remove(&name) {
                Some(before) => before.and(field),
                None => field,
            };
            self.fields.insert(name, joined);
        }
        self.entry = joined(self.entry, other.entry, Self::and);
        self.rest = joined(self.rest, other.rest, Self::and);
        self
    }

    /// Either holds.
    pub(super) fn or(mut self, other: Self) -> Self {
        if other.says_only_null() {
            self.nullable = true;
            return self;
        }
        if self.says_only_null() {
            return Self {
                nullable: true,
                ..other
            };
        }
        if self.types.is_empty() || other.types.is_empty() {
            self.types.clear();
        } else {
            self.types.extend(other.types);
        }
        self.nullable |= other.nullable;
        if self.enumeration.is_empty() || other.enumeration.is_empty() {
            self.enumeration.clear();
        } else {
            self.enumeration.extend(other.enumeration);
        }
        self.of.extend(other.of);
        for (name, field) in &mut self.fields {
            field.required &= other.fields.get(name).is_some_and(|field| field.required);
        }
        for (name, mut field) in other.fields {
            let joined = match self.fields.remove(&name) {
                Some(before) => before.or(field),
                None => {
                    field.required = false;
                    field
                }
            };
            self.fields.insert(name, joined);
        }
        self.entry = joined(self.entry, other.entry, Self::or);
        self.rest = joined(self.rest, other.rest, Self::or);
        self
    }

    fn says_only_null(&self) -> bool {
        self.nullable
            && *self
                == Self {
                    nullable: true,
                    ..Self::default()
                }
    }

    /// What stands inside, taken out as a shape of its own.
    pub(super) fn as_shape(&mut self) -> Self {
        Self {
            fields: std::mem::take(&mut self.fields),
            entry: self.entry.take(),
            rest: self.rest.take(),
            ..Self::default()
        }
    }

    /// What the table says of this place.
    pub(super) fn facts(&self) -> Facts {
        let mut seen = BTreeSet::new();
        let values = self
            .enumeration
            .iter()
            .filter(|value| seen.insert(value.as_str()));
        Facts {
            types: match self.types.is_empty() {
                true => vec!["any"],
                false => self.types.iter().copied().collect(),
            },
            nullable: self.nullable,
            required: self.required,
            enumeration: values.cloned().collect(),
            of: self.of.iter().cloned().collect(),
        }
    }

    /// What stands inside, by dotted name.
    pub(super) fn flatten(&self, prefix: &str, found: &mut BTreeMap<String, Facts>) {
        let dotted = |name: &str| match prefix {
            "" => name.to_owned(),
            _ => format!("{prefix}.{name}"),
        };
        let mut inside = |name: String, slot: &Self| {
            slot.flatten(&name, found);
            found.insert(name, slot.facts());
        };
        for (name, field) in &self.fields {
            inside(dotted(name), field);
        }
        if let Some(entry) = &self.entry {
            inside(format!("{prefix}[]"), entry);
        }
        if let Some(rest) = &self.rest {
            inside(dotted("*"), rest);
        }
    }
}

fn joined(
    left: Option<Box<Slot>>,
    right: Option<Box<Slot>>,
    how: fn(Slot, Slot) -> Slot,
) -> Option<Box<Slot>> {
    match (left, right) {
        (Some(left), Some(right)) => Some(Box::new(how(*left, *right))),
        (left, right) => left.or(right),
    }
}
