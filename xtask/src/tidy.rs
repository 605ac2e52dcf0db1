//! The rules of the house, checked over the files of the checkout; also a test.
//!
//! The one rule: a rule is a small function from a [`Tree`] to what is wrong, with bad samples in its tests. The
//! numbers are those of the invariants in `docs/architecture.md`.

use anyhow::{Result, bail};

use crate::repo::{self, Tree};

mod arrows;
mod errors;
mod links;
mod lints;
mod sizes;
mod source;
mod text;

/// What is wrong, as `path: what`.
pub(crate) type Findings = Vec<String>;

pub(crate) use errors::pages as error_pages;

type Rule = fn(&Tree) -> Findings;

/// Every rule with the words that name it; the number is the invariant that it keeps, where there is one.
const RULES: [(&str, Rule); 14] = [
    ("1 dependency arrows", arrows::only_allowed_arrows),
    (
        "2 the simulator never sees the client",
        arrows::simulator_never_sees_the_client,
    ),
    ("3 no ambient time or randomness", lints::ambient_calls_are_banned),
    ("8 generated documents are fresh", crate::docs::stale),
    (
        "evidence of the simulator's behaviours",
        crate::docs::conformance::every_behaviour_is_shown,
    ),
    (
        "8 generated files say who made them",
        source::generated_files_have_a_header,
    ),
    ("9 small files", sizes::no_long_files),
    ("10 errors and their pages", errors::codes_and_pages_agree),
    ("11 no unfinished work", source::nothing_is_left_for_later),
    ("12 tests are sentences", source::no_test_prefix),
    ("13 no code without safety", lints::unsafe_is_forbidden),
    ("links between documents", links::every_link_leads_somewhere),
    ("white space", text::clean_white_space),
    ("machine paths", text::no_machine_paths),
];

/// Checks everything and prints a line a rule.
pub(crate) fn run() -> Result<()> {
    let tree = Tree::read(&repo::root())?;
    println!("{}", sizes::summary(&tree));
    let mut count = 0;
    for (name, rule) in RULES {
        let findings = rule(&tree);
        println!(
            "{}  {name}",
            if findings.is_empty() { "ok    " } else { "UNTIDY" }
        );
        for finding in &findings {
            println!("          {finding}");
        }
        count += findings.len();
    }
    if count == 0 {
        Ok(())
    } else {
        bail!("{count} untidy places")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_is_tidy() {
        run().unwrap();
    }

    #[test]
    fn every_invariant_that_a_rule_names_is_in_the_architecture() {
        let tree = Tree::read(&repo::root()).unwrap();
        let page = tree.text("docs/architecture.md").unwrap();
        for (name, _) in RULES {
            let number = name.split(' ').next().unwrap();
            if number.parse::<u8>().is_ok() {
                assert!(
                    page.contains(&format!("\n{number}. ")),
                    "invariant {number} is not in docs/architecture.md"
                );
            }
        }
    }
}
