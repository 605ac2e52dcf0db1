//! `docs/simulator/conformance.md`: every operation and every behaviour of the simulator, with where it is known from.
//!
//! The one rule: what is not known is called assumed, and a test that shows a behaviour must exist by its name. Read
//! `xtask/conformance/behaviours.tsv` next.

use std::{collections::BTreeMap, fmt::Write as _};

use anyhow::{Context as _, Result, bail, ensure};
use trunkline_catalog::{Catalog, Operation};

use super::{HEADER, cell};
use crate::{repo::Tree, tidy::Findings};

const BEHAVIOURS: &str = include_str!("../../conformance/behaviours.tsv");
const NOTES: &str = include_str!("../../conformance/notes.tsv");
const GAPS: &str = include_str!("../../conformance/not-reproduced.tsv");
const PLACES: &str = include_str!("../../conformance/operations.tsv");

/// Where a description describes an operation: version and line.
type Places<'t> = BTreeMap<(&'t str, &'t str), (&'t str, &'t str)>;

/// One line of the table of behaviours.
struct Behaviour<'t> {
    area: &'t str,
    what: &'t str,
    evidence: Vec<Evidence<'t>>,
    test: &'t str,
}

/// Where a behaviour is known from.
#[derive(Debug, PartialEq, Eq)]
enum Evidence<'t> {
    /// Operations, where they are described.
    Description(Vec<&'t str>),
    /// A page of developers.intercom.com.
    Page(&'t str),
    /// Recorded notifications, by topic.
    Capture(Vec<&'t str>),
    /// Another source that anybody can read.
    Public(&'t str),
    /// Nothing; what is assumed, or why.
    Assumed(&'t str),
}

impl<'t> Evidence<'t> {
    fn parse(text: &'t str) -> Result<Self> {
        let (kind, rest) = text
            .split_once(' ')
            .with_context(|| format!("{text:?} names no source"))?;
        Ok(match kind {
            "description" => Self::Description(rest.split(' ').collect()),
            "page" => Self::Page(rest),
            "capture" => Self::Capture(rest.split(' ').collect()),
            "public" => Self::Public(rest),
            "assumed:" => Self::Assumed(rest),
            _ => bail!("{kind:?} is no kind of source"),
        })
    }

    fn text(&self, places: &Places<'_>) -> Result<String> {
        Ok(match self {
            Self::Description(ids) => {
                let mut told = Vec::new();
                for id in ids {
                    let operation = Catalog::embedded().operation(id);
                    let operation = operation.with_context(|| format!("there is no operation {id}"))?;
                    told.push(format!("{} (`{id}`)", described(operation, places)?));
                }
                told.join(", ")
            }
            Self::Page(page) => format!("page `{page}`"),
            Self::Capture(topics) => {
                let topics: Vec<_> = topics.iter().map(|topic| format!("`{topic}`")).collect();
                format!("capture {}", topics.join(", "))
            }
            Self::Public(source) => (*source).to_owned(),
            Self::Assumed(why) => format!("**assumed**: {why}"),
        })
    }
}

/// The page, and what is wrong with the tables behind it.
pub(super) fn page() -> Result<String> {
    let places = places()?;
    let mut page = format!("{HEADER}\n# How true the simulator is\n\n");
    page += "What the simulator does, and where it is known from. A description is the OpenAPI file of that version in the public\n";
    page += "repository `intercom/Intercom-OpenAPI`; a page is one of `developers.intercom.com`, named by the end of its address; a\n";
    page += "capture is a notification that Intercom really sent, from the public test fixtures of `zulip/zulip`. Where none of them\n";
    page += "says anything, the word is **assumed**.\n\n";
    page += "Two things hold it to this everywhere, without any of those sources: `cargo xtask contract` calls every operation and\n";
    page += "holds its answer against the catalog's tables (fields, types, values, what may be null, by version), and every test of\n";
    page += "the simulator has each successful answer checked the same way. With the descriptions at hand, `cargo xtask contract\n";
    page += "--openapi DIR` calls everything with their own examples instead, and checks refusals too.\n\n";
    page += "[Behaviours](#behaviours), [what is not reproduced](#what-is-not-reproduced), [operations](#operations)\n";
    behaviours(&mut page, &places)?;
    gaps(&mut page)?;
    operations(&mut page, &places)?;
    Ok(page)
}

fn behaviours(page: &mut String, places: &Places<'_>) -> Result<()> {
    page.push_str("\n## Behaviours\n\nThe test named last shows it.\n");
    let mut area = "";
    for behaviour in read_behaviours()? {
        if behaviour.area != area {
            area = behaviour.area;
            // Writing to a String cannot fail.
            let _ = writeln!(
                page,
                "\n### {area}\n\n| behaviour | known from | test |\n| --- | --- | --- |"
            );
        }
        let told: Result<Vec<_>> = behaviour
            .evidence
            .iter()
            .map(|evidence| evidence.text(places))
            .collect();
        let told = told.with_context(|| format!("at {:?}", behaviour.what))?;
        let _ = writeln!(
            page,
            "| {} | {} | `{}` |",
            cell(behaviour.what),
            cell(&told.join("; ")),
            behaviour.test
        );
    }
    Ok(())
}

fn gaps(page: &mut String) -> Result<()> {
    page.push_str("\n## What is not reproduced\n\n| of | what | instead |\n| --- | --- | --- |\n");
    for [of, what, instead] in lines("not-reproduced.tsv", GAPS, "of\twhat\tinstead")? {
        let _ = writeln!(page, "| {} | {} | {} |", cell(of), cell(what), cell(instead));
    }
    Ok(())
}

fn operations(page: &mut String, places: &Places<'_>) -> Result<()> {
    let notes = lines("notes.tsv", NOTES, "operation\tnote")?;
    page.push_str("\n## Operations\n\nEvery operation of every version answers, and the contract calls each with success at every version that has it.\n\n");
    page.push_str("| operation | call | versions | known from | notes |\n| --- | --- | --- | --- | --- |\n");
    let mut used = vec![false; notes.len()];
    for operation in Catalog::embedded().operations() {
        let mut told = Vec::new();
        for (index, [pattern, note]) in notes.iter().enumerate() {
            let fits = match pattern.strip_suffix('*') {
                Some(start) => operation.id.starts_with(start),
                None => operation.id == *pattern,
            };
            if fits {
                used[index] = true;
                told.push((*note).to_owned());
            }
        }
        let (first, last) = operation.versions;
        let _ = writeln!(
            page,
            "| `{}` | `{} {}` | {first} to {last} | {} | {} |",
            operation.id,
            operation.method,
            operation.path,
            described(operation, places)?,
            cell(&told.join(" "))
        );
    }
    if let Some(index) = used.iter().position(|used| !used) {
        bail!(
            "xtask/conformance/notes.tsv: no operation is {:?}",
            notes[index][0]
        );
    }
    Ok(())
}

fn described(operation: &Operation, places: &Places<'_>) -> Result<String> {
    let (version, line) = places
        .get(&(operation.method.as_str(), operation.path))
        .with_context(|| format!("{} has no line; run `cargo xtask catalog`", operation.id))?;
    Ok(format!("description {version}, line {line}"))
}

fn places() -> Result<Places<'static>> {
    let lines = lines("operations.tsv", PLACES, "method\tpath\tversion\tline")?;
    let place = |[method, path, version, line]: [&'static str; 4]| ((method, path), (version, line));
    Ok(lines.into_iter().map(place).collect())
}

fn read_behaviours() -> Result<Vec<Behaviour<'static>>> {
    let lines = lines("behaviours.tsv", BEHAVIOURS, "area\tbehaviour\tevidence\ttest")?;
    let behaviour = |[area, what, evidence, test]: [&'static str; 4]| {
        let evidence: Result<Vec<_>> = evidence.split("; ").map(Evidence::parse).collect();
        Ok(Behaviour {
            area,
            what,
            evidence: evidence.with_context(|| format!("at {what:?} in xtask/conformance/behaviours.tsv"))?,
            test,
        })
    };
    lines.into_iter().map(behaviour).collect()
}

/// The lines of a table after its headline, without comments; no cell but the last may be empty.
fn lines<const N: usize>(file: &str, text: &'static str, headline: &str) -> Result<Vec<[&'static str; N]>> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    ensure!(
        lines.next() == Some(headline),
        "xtask/conformance/{file}: the first line must be {headline:?}"
    );
    let row = |line: &'static str| {
        let cells: Vec<_> = line.split('\t').collect();
        let row: [&'static str; N] = cells
            .try_into()
            .ok()
            .with_context(|| format!("xtask/conformance/{file}: {N} columns expected in {line:?}"))?;
        ensure!(
            row.iter().all(|cell| !cell.is_empty()),
            "xtask/conformance/{file}: an empty cell in {line:?}"
        );
        Ok(row)
    };
    lines.map(row).collect()
}

/// The tests that behaviours name and that no source has.
pub(crate) fn every_behaviour_is_shown(tree: &Tree) -> Findings {
    let behaviours = match read_behaviours() {
        Ok(behaviours) => behaviours,
        Err(error) => return vec![format!("{error:#}")],
    };
    let sources: Vec<&str> = tree.ending(".rs").map(|(_, text)| text).collect();
    let is_there = |test: &str| {
        let start = format!("fn {test}(");
        sources.iter().any(|text| text.contains(&start))
    };
    behaviours
        .iter()
        .filter(|behaviour| !is_there(behaviour.test))
        .map(|behaviour| {
            format!(
                "xtask/conformance/behaviours.tsv: there is no test {} for {:?}",
                behaviour.test, behaviour.what
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_of_a_kind() {
        let check = |text: &'static str, expected: Option<Evidence<'static>>| {
            assert_eq!(Evidence::parse(text).ok(), expected, "{text}");
        };
        check(
            "description tags.get tags.list",
            Some(Evidence::Description(vec!["tags.get", "tags.list"])),
        );
        check("assumed: as elsewhere", Some(Evidence::Assumed("as elsewhere")));
        check("capture ping", Some(Evidence::Capture(vec!["ping"])));
        check("hearsay somebody", None);
        check("assumed", None);
    }

    #[test]
    fn a_test_that_does_not_exist_is_found() {
        assert_eq!(
            every_behaviour_is_shown(&Tree::default()).len(),
            read_behaviours().expect("the table can be read").len()
        );
        let first = read_behaviours().expect("the table can be read")[0].test;
        let source = format!("fn {first}() {{}}");
        let one_less = every_behaviour_is_shown(&Tree::of(&[("a.rs", &source)])).len();
        assert!(one_less < every_behaviour_is_shown(&Tree::default()).len());
    }

    #[test]
    fn a_malformed_table_is_refused() {
        for text in ["", "a\n", "a\tb\n1\n", "a\tb\n1\t\n", "a\tb\n1\t2\t3\n"] {
            assert!(lines::<2>("t.tsv", text, "a\tb").is_err(), "{text:?}");
        }
        assert_eq!(
            lines::<2>("t.tsv", "# x\na\tb\n1\t2\n", "a\tb").ok(),
            Some(vec![["1", "2"]])
        );
    }

    #[test]
    fn the_page_names_every_operation_and_says_what_is_assumed() {
        let page = page().expect("the tables can be read");
        for operation in Catalog::embedded().operations() {
            assert!(
                page.contains(&format!("\n| `{}` |", operation.id)),
                "{}",
                operation.id
            );
        }
        assert!(page.contains("**assumed**"));
        assert!(page.contains("description 2.16, line "));
    }
}
