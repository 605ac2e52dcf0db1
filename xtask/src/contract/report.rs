//! What a run found, for people and for machines.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::difference::{Class, Difference};

/// What was found at one version.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) version: &'static str,
    /// The operations that were called.
    pub(super) operations: BTreeSet<&'static str>,
    pub(super) differences: BTreeSet<Difference>,
    /// Differences that are known mistakes of the description.
    pub(super) excused: BTreeSet<Difference>,
}

/// What decides whether a run fails.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strictness {
    pub(super) allow_missing: bool,
    pub(super) weak_too: bool,
}

impl Strictness {
    fn counts(self, difference: &Difference) -> bool {
        match difference.class {
            Class::NotSimulated => !self.allow_missing,
            class => class.is_strong() || self.weak_too,
        }
    }
}

impl Found {
    /// How many operations have no difference that `counts`.
    fn conforming(&self, counts: impl Fn(&Difference) -> bool) -> usize {
        let differing: BTreeSet<_> = self
            .differences
            .iter()
            .filter(|difference| counts(difference))
            .map(|difference| difference.operation)
            .collect();
        self.operations.len() - differing.len()
    }

    fn of(&self, class: Class) -> impl Iterator<Item = &Difference> {
        self.differences
            .iter()
            .filter(move |difference| difference.class == class)
    }

    pub(super) fn fails(&self, strictness: Strictness) -> bool {
        self.differences
            .iter()
            .any(|difference| strictness.counts(difference))
    }

    /// One line: how many operations conform.
    pub(super) fn score(&self) -> String {
        format!(
            "{}: {} of {} operations conform; {} also show all that the examples show and nothing undocumented; {} known mistakes",
            self.version,
            self.conforming(|difference| difference.class.is_strong()),
            self.operations.len(),
            self.conforming(|_| true),
            self.excused.len(),
        )
    }

    /// A table for each class; what several operations have in common is one line.
    pub(super) fn tables(&self, with_weak: bool) -> String {
        let mut text = String::new();
        for class in Class::ALL
            .into_iter()
            .filter(|class| with_weak || class.is_strong())
        {
            let mut lines: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
            for difference in self.of(class) {
                lines
                    .entry((difference.spot(), &difference.what))
                    .or_default()
                    .insert(difference.operation);
            }
            if lines.is_empty() {
                continue;
            }
            text.push_str(&format!(
                "\n{} at {}: {}\n",
                class.title(),
                self.version,
                self.of(class).count()
            ));
            for ((spot, what), operations) in lines {
                let operations: Vec<_> = operations.into_iter().collect();
                text.push_str(&format!("  {spot} | {what} | {}\n", operations.join(" ")));
            }
        }
        text
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "version": self.version,
            "operations": self.operations.len(),
            "conforming": self.conforming(|difference| difference.class.is_strong()),
            "conforming_strictly": self.conforming(|_| true),
            "differences": self.differences,
            "known_mistakes": self.excused,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_conforms_when_nothing_strong_is_left() {
        let difference = |class, operation| Difference {
            class,
            operation,
            path: "$".to_owned(),
            place: String::new(),
            what: "x".to_owned(),
        };
        let found = Found {
            version: "2.16",
            operations: BTreeSet::from(["a", "b", "c"]),
            differences: BTreeSet::from([
                difference(Class::NotSimulated, "a"),
                difference(Class::Example, "b"),
            ]),
            excused: BTreeSet::new(),
        };
        assert_eq!(found.conforming(|difference| difference.class.is_strong()), 2);
        let check = |allow_missing, weak_too, fails| {
            let strictness = Strictness {
                allow_missing,
                weak_too,
            };
            assert_eq!(found.fails(strictness), fails, "{strictness:?}");
        };
        check(false, false, true);
        check(true, false, false);
        check(true, true, true);
        assert!(found.tables(false).contains("  $ | x | a\n"));
        assert!(!found.tables(false).contains("  $ | x | b\n"));
        assert!(found.tables(true).contains("  $ | x | b\n"));
        assert_eq!(found.json()["conforming_strictly"], 1);
    }
}
