//! The mistakes of the descriptions that are known: `xtask/contract/known-mistakes.tsv`.
//!
//! The one rule: a line excuses only what still happens; one that excuses nothing any more is an error, so that the list
//! never hides what came later. A line for some versions must excuse something at the first and the last of them.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail, ensure};

use trunkline_catalog::Version;

use super::{difference::Difference, span::Span};

const TABLE: &str = include_str!("../../contract/known-mistakes.tsv");
const HEADLINE: &str = "versions\toperation\tpath\twhat\treason";

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mistake {
    /// The versions whose descriptions have it.
    versions: Span,
    /// The operation's id; `*` for any, `tags.*` for a family.
    operation: String,
    /// The path in the answer, or after `#` the place in the description. One that begins with `*` fits every path with
    /// this end, one that ends so every path with this beginning.
    path: String,
    /// What the difference says; a `*` at its end fits any rest.
    what: String,
}

impl Mistake {
    fn excuses(&self, version: Version, difference: &Difference) -> bool {
        self.versions.has(version)
            && fits(&self.operation, difference.operation)
            && match self.path.strip_prefix('#') {
                Some(place) => fits(place, &difference.place),
                None => fits(&self.path, &difference.path),
            }
            && fits(&self.what, &difference.what)
    }

    /// Whether it can only speak of this operation.
    pub(super) fn is_about(&self, operation: &str) -> bool {
        fits(&self.operation, operation)
    }

    pub(super) fn speaks_of(&self, version: Version) -> bool {
        self.versions.has(version)
    }

    /// Whether what happened at the versions in `used` bears the line out.
    pub(super) fn is_borne_out(&self, used: &BTreeSet<(Version, Mistake)>) -> bool {
        match self.versions.ends() {
            None => used.iter().any(|(_, mistake)| mistake == self),
            Some(ends) => ends
                .into_iter()
                .all(|version| used.contains(&(version, self.clone()))),
        }
    }

    pub(super) fn line(&self) -> String {
        format!("{} | {} | {}", self.operation, self.path, self.what)
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    if let Some(end) = pattern.strip_prefix('*') {
        return text.ends_with(end);
    }
    match pattern.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => pattern == text,
    }
}

/// The committed table.
pub(super) fn committed() -> anyhow::Result<Vec<Mistake>> {
    parse(TABLE).context("in xtask/contract/known-mistakes.tsv")
}

fn parse(text: &str) -> anyhow::Result<Vec<Mistake>> {
    let mut lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.starts_with('#'));
    ensure!(
        lines.next().map(|(_, line)| line) == Some(HEADLINE),
        "the first line must be {HEADLINE:?}"
    );
    let mut seen = BTreeSet::new();
    let mut mistakes = Vec::new();
    for (number, line) in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        let [versions, operation, path, what, reason] = cells.as_slice() else {
            bail!(
                "line {}: five columns expected, {} found",
                number + 1,
                cells.len()
            );
        };
        ensure!(
            !reason.trim().is_empty(),
            "line {}: there is no reason",
            number + 1
        );
        let mistake = Mistake {
            versions: Span::parse(versions).with_context(|| format!("line {}", number + 1))?,
            operation: (*operation).to_owned(),
            path: (*path).to_owned(),
            what: (*what).to_owned(),
        };
        ensure!(
            seen.insert(mistake.clone()),
            "line {}: listed already",
            number + 1
        );
        mistakes.push(mistake);
    }
    Ok(mistakes)
}

/// Takes the excused differences at a version out of `differences`; the mistakes that excused something.
pub(super) fn excuse(
    version: Version,
    mistakes: &[Mistake],
    differences: &mut BTreeSet<Difference>,
) -> (BTreeSet<Mistake>, BTreeSet<Difference>) {
    let mut used = BTreeSet::new();
    let mut excused = BTreeSet::new();
    differences.retain(|difference| {
        let reasons: Vec<_> = mistakes
            .iter()
            .filter(|mistake| mistake.excuses(version, difference))
            .collect();
        if reasons.is_empty() {
            return true;
        }
        used.extend(reasons.into_iter().cloned());
        excused.insert(difference.clone());
        false
    });
    (used, excused)
}

#[cfg(test)]
mod tests {
    use super::{super::difference::Class, *};

    fn difference(operation: &'static str, path: &str) -> Difference {
        Difference {
            class: Class::Schema,
            operation,
            path: path.to_owned(),
            place: "tag.id".to_owned(),
            what: "required, missing".to_owned(),
        }
    }

    fn check(line: &str, operation: &'static str, path: &str, expected: bool) {
        let mistakes = parse(&format!("{HEADLINE}\n*\t{line}\treason\n")).expect("the case is a table");
        let mut differences = BTreeSet::from([difference(operation, path)]);
        let (used, excused) = excuse(Version::V2_16, &mistakes, &mut differences);
        assert_eq!(used.len() == 1, expected, "{line}");
        assert_eq!(excused.len() == 1, expected, "{line}");
        assert_eq!(differences.is_empty(), expected, "{line}");
    }

    #[test]
    fn a_listed_difference_is_excused_and_another_is_not() {
        check("tags.get\t$.id\trequired, missing", "tags.get", "$.id", true);
        check("tags.get\t$.id\trequired, missing", "tags.get", "$.name", false);
        check("tags.get\t$.id\trequired, missing", "tags.list", "$.id", false);
        check("*\t*.id\trequired, missing", "tags.list", "$.data[].id", true);
        check("tags.*\t$.id*\t*", "tags.list", "$.id.x", true);
        check("*\t#tag.id\trequired, missing", "tags.list", "$.data[].id", true);
        check(
            "*\t#tag.name\trequired, missing",
            "tags.list",
            "$.data[].id",
            false,
        );
        check("*\t$.id\tnull found", "tags.get", "$.id", false);
    }

    #[test]
    fn a_mistake_of_some_versions_is_borne_out_by_the_first_and_the_last_of_them() {
        let [mistake] = parse(&format!("{HEADLINE}\n2.9..2.11\ttags.get\t$.id\t*\treason\n"))
            .expect("the case is a table")
            .try_into()
            .expect("the case has one line");
        let check = |versions: &[Version], expected: bool| {
            let mut used = BTreeSet::new();
            for version in versions {
                let mut differences = BTreeSet::from([difference("tags.get", "$.id")]);
                let (excusing, _) = excuse(*version, std::slice::from_ref(&mistake), &mut differences);
                used.extend(excusing.into_iter().map(|mistake| (*version, mistake)));
            }
            assert_eq!(mistake.is_borne_out(&used), expected, "{versions:?}");
        };
        check(&[Version::V2_9, Version::V2_11], true);
        check(&[Version::V2_9, Version::V2_10], false);
        check(&[Version::V2_8, Version::V2_12], false);
    }

    #[test]
    fn a_table_with_a_mistake_of_its_own_is_refused() {
        for text in [
            "",
            "operation\tpath\n",
            "versions\toperation\tpath\twhat\treason\n*\ta\tb\tc\n",
            "versions\toperation\tpath\twhat\treason\n*\ta\tb\tc\t \n",
            "versions\toperation\tpath\twhat\treason\n2.6\ta\tb\tc\td\n",
            "versions\toperation\tpath\twhat\treason\n*\ta\tb\tc\td\n*\ta\tb\tc\te\n",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert!(committed().is_ok());
    }
}
