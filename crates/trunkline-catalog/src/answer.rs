//! What an operation answers when it succeeds: fields, their types, whether null may stand there.
//!
//! The rule: nothing of this is read before it is asked for, since most programs never ask. Read `load/answers.rs` for
//! the tables behind it, `answer/check.rs` for how a value is held against it.

mod check;

use std::collections::{BTreeMap, HashMap};

pub use check::{Difference, Weight};

use crate::{FieldType, Method, Operation, Version};

/// A success that an operation can answer with.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'c> {
    /// The HTTP status.
    pub status: u16,
    /// The JSON body; nothing when the answer has none, or is a file.
    pub body: Option<Shape<'c>>,
}

/// What one value of an answer looks like at one version.
#[derive(Clone, Copy)]
pub struct Shape<'c> {
    pub(crate) answers: &'c Answers,
    pub(crate) node: &'c Node,
    pub(crate) stated: &'c Stated,
    pub(crate) version: Version,
}

impl<'c> Shape<'c> {
    /// The JSON types that may stand here.
    #[must_use]
    pub fn types(&self) -> &'c [FieldType] {
        &self.stated.types
    }

    /// Whether null may stand here.
    #[must_use]
    pub const fn nullable(&self) -> bool {
        self.stated.nullable
    }

    /// Whether the object that this is a field of always has it.
    #[must_use]
    pub const fn required(&self) -> bool {
        self.stated.required
    }

    /// The values that may stand here; empty when any may.
    #[must_use]
    pub fn enumeration(&self) -> &'c [&'static str] {
        &self.stated.enumeration
    }

    /// The names of the shared shapes that an object here may have, such as `contact`; empty when it has its own.
    #[must_use]
    pub fn names(&self) -> &'c [&'static str] {
        &self.stated.of
    }

    /// The fields of an object here, by name; of several shared shapes, those of all.
    #[must_use]
    pub fn fields(&self) -> BTreeMap<&'static str, Self> {
        let mut found = BTreeMap::new();
        for node in self.objects() {
            for (name, child) in &node.children {
                if *name != ENTRY && *name != REST {
                    found.extend(self.at(child).map(|shape| (*name, shape)));
                }
            }
        }
        found
    }

    /// What each entry of a list here looks like.
    #[must_use]
    pub fn entry(&self) -> Option<Self> {
        self.at(self.node.children.get(ENTRY)?)
    }

    /// What stands in an object here under names that are anybody's, such as those of custom attributes.
    #[must_use]
    pub fn rest(&self) -> Option<Self> {
        self.objects()
            .into_iter()
            .find_map(|node| self.at(node.children.get(REST)?))
    }

    /// Where `value` is not what this says.
    #[must_use]
    pub fn check(&self, value: &serde_json::Value) -> Vec<Difference> {
        check::check(self, value)
    }

    /// Where the fields of an object here are stated.
    fn objects(&self) -> Vec<&'c Node> {
        if self.stated.of.is_empty() {
            return vec![self.node];
        }
        let known = |name| self.answers.shapes.get(name);
        self.stated.of.iter().filter_map(known).collect()
    }

    fn at(&self, node: &'c Node) -> Option<Self> {
        let stated = node.at(self.version)?;
        Some(Self {
            node,
            stated,
            ..*self
        })
    }
}

impl std::fmt::Debug for Shape<'_> {
    /// Without the tables behind it, which would be the whole catalog.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shape")
            .field("stated", &self.stated)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// The name of what stands in a list.
pub(crate) const ENTRY: &str = "[]";
/// The name of what stands under names that are anybody's.
pub(crate) const REST: &str = "*";

/// Every answer, and the shapes that they share.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    pub(crate) by_operation: HashMap<(Method, &'static str), BTreeMap<u16, Node>>,
    pub(crate) shapes: HashMap<&'static str, Node>,
}

impl Answers {
    /// The answers of an operation at a version, by status.
    pub(crate) fn of(&self, operation: &Operation, version: Version) -> Vec<Answer<'_>> {
        let statuses = self.by_operation.get(&(operation.method, operation.path));
        let mut found = Vec::new();
        for (status, node) in statuses.into_iter().flatten() {
            let Some(stated) = node.at(version) else { continue };
            let shape = Shape {
                answers: self,
                node,
                stated,
                version,
            };
            found.push(Answer {
                status: *status,
                body: (!stated.types.is_empty()).then_some(shape),
            });
        }
        found
    }
}

/// A value's place: what is stated about it in each stretch of versions, and what stands inside it.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) stated: Vec<Stated>,
    pub(crate) children: BTreeMap<&'static str, Node>,
}

impl Node {
    pub(crate) fn at(&self, version: Version) -> Option<&Stated> {
        self.stated
            .iter()
            .find(|stated| stated.versions.0 <= version && version <= stated.versions.1)
    }
}

/// What is stated about a value in a stretch of versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stated {
    pub(crate) versions: (Version, Version),
    pub(crate) types: Vec<FieldType>,
    pub(crate) required: bool,
    pub(crate) nullable: bool,
    pub(crate) enumeration: Vec<&'static str>,
    pub(crate) of: Vec<&'static str>,
}
