//! A flow's file: YAML that says where records come from, what becomes of them, and where they go.
//!
//! The one rule: every mistake is found before anything runs, all of them at once, each with its line, its column and a remedy.
//! Which components there are is told by whoever reads the file ([`Kinds`]); their settings stay trees until they are built.
//! Read `document/node.rs` for places, `flow.rs` for what a file becomes.

mod config;
pub mod jq;
mod node;
mod policy;
mod schedule;
mod span;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::nearest;

pub use config::read;
pub use jq::Jq;
pub use node::{Key, Kind, MAX_FILE, Node, Spot};
pub use policy::{Followed, History, OnFailure, Order, Policy, Retry};
pub use schedule::{Missed, Schedule};
pub use span::Span;

/// Something in a file that is not right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub spot: Spot,
    /// What.
    pub message: String,
    /// What to do.
    pub advice: String,
}

impl Mistake {
    /// A mistake at a place.
    pub fn new(spot: Spot, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            spot,
            message: message.into(),
            advice: advice.into(),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            spot,
            message,
            advice,
        } = self;
        write!(
            f,
            "line {}, column {}: {message}. {advice}",
            spot.line, spot.column
        )
    }
}

/// The names of the components that a file may use.
#[derive(Clone, Debug, Default)]
pub struct Kinds {
    /// Names of sources.
    pub sources: Vec<&'static str>,
    /// Names of transforms.
    pub transforms: Vec<&'static str>,
    /// Names of destinations.
    pub destinations: Vec<&'static str>,
}

/// A file that was read and is well formed.
#[derive(Clone, Debug)]
pub struct Document {
    /// The flow's name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Where records come from.
    pub source: Part,
    /// When it runs, where its source does not say so itself.
    pub schedule: Option<Schedule>,
    /// What becomes of every record, in this order.
    pub transforms: Vec<Part>,
    /// Where records go.
    pub destinations: Vec<Branch>,
    /// How deliveries are tried.
    pub policy: Policy,
    /// Records with what is to become of them.
    pub tests: Vec<Sample>,
}

/// A component and its settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its name.
    pub kind: String,
    /// Where the name stands.
    pub spot: Spot,
    /// Its settings.
    pub settings: Node,
}

/// A destination, and which records it gets.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// What it is called in this flow: by default as its component, with a number where there are several.
    pub name: String,
    /// Only records for which this holds.
    pub when: Option<Jq>,
    /// Only records that a `route` sent here.
    pub route: Option<String>,
    /// What becomes of records before they are brought here only.
    pub transforms: Vec<Part>,
    /// The component.
    pub part: Part,
}

/// Records, and what is to become of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// What it shows.
    pub name: String,
    /// The moment of the test; the beginning of 2026 unless told.
    #[serde(default)]
    pub now: Option<jiff::Timestamp>,
    /// Records as the source would give them.
    #[serde(default)]
    pub input: Vec<Value>,
    /// The same from a file of JSON lines or a JSON list, beside the flow's file.
    #[serde(default)]
    pub input_file: Option<String>,
    /// What each destination gets, by the name of the destination.
    #[serde(default)]
    pub output: Option<serde_json::Map<String, Value>>,
    /// The same from a JSON file beside the flow's file.
    #[serde(default)]
    pub output_file: Option<String>,
    /// How many records become dead letters.
    #[serde(default)]
    pub dead_letters: usize,
}

const KEYS: [&str; 8] = [
    "flow",
    "description",
    "source",
    "schedule",
    "transforms",
    "destinations",
    "policy",
    "tests",
];
/// Keys of a destination beside its component.
const BRANCH_KEYS: [&str; 4] = ["name", "when", "route", "transforms"];
/// The longest name of a flow.
const MAX_NAME: usize = 60;

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// All that is not right about it.
    pub fn parse(text: &str, kinds: &Kinds, now: jiff::Timestamp) -> Result<Self, Vec<Mistake>> {
        let root = Node::parse(text).map_err(|mistake| vec![mistake])?;
        let mut reader = Reader {
            kinds,
            mistakes: Vec::new(),
        };
        let document = reader.document(&root, now);
        reader.mistakes.sort_by_key(|mistake| mistake.spot);
        match document {
            Some(document) if reader.mistakes.is_empty() => Ok(document),
            _ => Err(reader.mistakes),
        }
    }

    /// The name that a destination has when none is given.
    fn own_names(branches: &mut [Branch]) {
        let kinds: Vec<String> = branches.iter().map(|branch| branch.part.kind.clone()).collect();
        for (at, branch) in branches
            .iter_mut()
            .enumerate()
            .filter(|(_, branch)| branch.name.is_empty())
        {
            let same = kinds.iter().filter(|kind| **kind == kinds[at]).count();
            let number = kinds[..=at].iter().filter(|kind| **kind == kinds[at]).count();
            branch.name = if same == 1 {
                kinds[at].clone()
            } else {
                format!("{}-{number}", kinds[at])
            };
        }
    }
}

struct Reader<'k> {
    kinds: &'k Kinds,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    fn wrong(&mut self, spot: Spot, message: impl Into<String>, advice: impl Into<String>) {
        self.mistakes.push(Mistake::new(spot, message, advice));
    }

    fn kept<T>(&mut self, read: Result<T, Mistake>) -> Option<T> {
        read.map_err(|mistake| self.mistakes.push(mistake)).ok()
    }

    fn document(&mut self, root: &Node, now: jiff::Timestamp) -> Option<Document> {
        if !matches!(root.kind, Kind::Map(_)) {
            self.wrong(
                root.spot,
                "a flow is a map of keys",
                "Begin with `flow:` and a name.",
            );
            return None;
        }
        self.only(root, &KEYS);
        let name = self.name(root);
        let description = root
            .get("description")
            .and_then(|node| self.kept(read::<String>(node)));
        let source = match root.get("source") {
            Some(node) => self.part(node, "source", &[]),
            None => {
                self.missing(root, "source");
                None
            }
        };
        let schedule = root.get("schedule").and_then(|node| {
            let schedule: Schedule = self.kept(read(node))?;
            if let Err((key, why)) = schedule.check(now) {
                self.wrong(
                    config::at_key(node, key),
                    why,
                    "See docs/flows/schedules.md for what a schedule can say.",
                );
            }
            Some(schedule)
        });
        let transforms = self.transforms(root);
        let destinations = self.destinations(root);
        let policy = match root.get("policy") {
            None => Policy::default(),
            Some(node) => {
                let policy: Policy = self.kept(read(node)).unwrap_or_default();
                if policy.order == Order::PerKey && policy.key.is_none() {
                    self.wrong(
                        config::at_key(node, "order"),
                        "an order per key needs a key",
                        "Add `key:`, an expression over the source's record, such as .id.",
                    );
                }
                for (key, value) in [
                    ("concurrency", u32::from(policy.concurrency)),
                    ("retry", u32::from(policy.retry.attempts)),
                ] {
                    if value == 0 {
                        let spot = config::at_key(node, key);
                        self.wrong(
                            spot,
                            format!("{key} must be at least 1"),
                            "Write a larger number.",
                        );
                    }
                }
                policy
            }
        };
        let tests = root.get("tests").map_or_else(Vec::new, |node| {
            self.kept(read::<Vec<Sample>>(node)).unwrap_or_default()
        });
        Some(Document {
            name: name?,
            description,
            source: source?,
            schedule,
            transforms,
            destinations,
            policy,
            tests,
        })
    }

    fn name(&mut self, root: &Node) -> Option<String> {
        let Some(node) = root.get("flow") else {
            self.missing(root, "flow");
            return None;
        };
        let name: String = self.kept(read(node))?;
        let is_letter =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(is_letter) || name.starts_with('-') {
            self.wrong(
                node.spot,
                format!("{name:?} is no name for a flow"),
                format!("Use up to {MAX_NAME} small letters, digits and hyphens, as in urgent-to-tier-two."),
            );
            return None;
        }
        Some(name)
    }

    fn missing(&mut self, node: &Node, key: &str) {
        self.wrong(
            node.spot,
            format!("the key {key} is missing"),
            format!("Add `{key}:`."),
        );
    }

    fn only(&mut self, node: &Node, known: &[&str]) {
        for (key, _) in node.entries() {
            if known.contains(&key.text.as_str()) {
                continue;
            }
            let advice = nearest::of(&key.text, known.iter().copied()).map_or_else(
                || format!("Known here: {}.", known.join(", ")),
                |near| format!("Did you mean {near}?"),
            );
            self.wrong(key.spot, format!("there is no key {}", key.text), advice);
        }
    }

    fn transforms(&mut self, node: &Node) -> Vec<Part> {
        let Some(node) = node.get("transforms") else {
            return Vec::new();
        };
        let Some(all) = self.list(node, "transforms") else {
            return Vec::new();
        };
        all.iter()
            .filter_map(|one| self.part(one, "transform", &[]))
            .collect()
    }

    fn destinations(&mut self, root: &Node) -> Vec<Branch> {
        let Some(node) = root.get("destinations") else {
            self.missing(root, "destinations");
            return Vec::new();
        };
        let Some(all) = self.list(node, "destinations") else {
            return Vec::new();
        };
        if all.is_empty() {
            self.wrong(
                node.spot,
                "a flow needs a destination",
                "Add one, such as `- stdout: {}`.",
            );
        }
        let mut branches: Vec<Branch> = all.iter().filter_map(|one| self.branch(one)).collect();
        Document::own_names(&mut branches);
        for (at, branch) in branches.iter().enumerate() {
            if branches[..at].iter().any(|earlier| earlier.name == branch.name) {
                self.wrong(
                    branch.part.spot,
                    format!("two destinations are called {}", branch.name),
                    "Give each a `name:` of its own.",
                );
            }
        }
        branches
    }

    fn branch(&mut self, node: &Node) -> Option<Branch> {
        let text =
            |reader: &mut Self, key: &str| node.get(key).and_then(|node| reader.kept(read::<String>(node)));
        let name = text(self, "name").unwrap_or_default();
        let route = text(self, "route");
        let when = node.get("when").and_then(|node| self.kept(read::<Jq>(node)));
        let transforms = self.transforms(node);
        let part = self.part(node, "destination", &BRANCH_KEYS)?;
        Some(Branch {
            name,
            when,
            route,
            transforms,
            part,
        })
    }

    fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        match &node.kind {
            Kind::List(all) => Some(all),
            Kind::Scalar(Value::Null) => Some(&[]),
            _ => {
                let message = format!("{what} is a list, and this is {}", node.named());
                self.wrong(node.spot, message, "Begin each of its items with a hyphen.");
                None
            }
        }
    }

    /// A map with one key, which names a component, beside those of `others`.
    fn part(&mut self, node: &Node, what: &str, others: &[&str]) -> Option<Part> {
        let known: &[&str] = match what {
            "source" => &self.kinds.sources,
            "transform" => &self.kinds.transforms,
            _ => &self.kinds.destinations,
        };
        let known = known.to_vec();
        // A component without settings may stand alone.
        if let Kind::Scalar(Value::String(kind)) = &node.kind
            && known.contains(&kind.as_str())
        {
            return Some(Part {
                kind: kind.clone(),
                spot: node.spot,
                settings: Node {
                    kind: Kind::Map(Vec::new()),
                    spot: node.spot,
                },
            });
        }
        if !matches!(node.kind, Kind::Map(_)) {
            let message = format!(
                "a {what} is a map with its name as the key, and this is {}",
                node.named()
            );
            self.wrong(node.spot, message, format!("Known: {}.", known.join(", ")));
            return None;
        }
        let mut named = node
            .entries()
            .iter()
            .filter(|(key, _)| !others.contains(&key.text.as_str()));
        let Some((key, settings)) = named.next() else {
            self.wrong(
                node.spot,
                format!("here is no {what}"),
                format!("Known: {}.", known.join(", ")),
            );
            return None;
        };
        for (key, _) in named {
            self.wrong(
                key.spot,
                format!("there is no key {} beside a {what}", key.text),
                "Indent it if it is a setting, or begin another item with a hyphen.",
            );
        }
        if !known.contains(&key.text.as_str()) {
            let advice = nearest::of(&key.text, known.iter().copied()).map_or_else(
                || format!("Known: {}.", known.join(", ")),
                |near| format!("Did you mean {near}?"),
            );
            self.wrong(key.spot, format!("there is no {what} {}", key.text), advice);
            return None;
        }
        let settings = match &settings.kind {
            Kind::Scalar(Value::Null) => Node {
                kind: Kind::Map(Vec::new()),
                spot: settings.spot,
            },
            _ => settings.clone(),
        };
        Some(Part {
            kind: key.text.clone(),
            spot: key.spot,
            settings,
        })
    }
}

#[cfg(test)]
mod tests;
