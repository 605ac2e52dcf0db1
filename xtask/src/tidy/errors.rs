//! Error codes: every code in the crates has a page, and every page belongs to a code.

use std::collections::BTreeSet;

use super::Findings;
use crate::repo::Tree;

/// Invariant 10.
pub(super) fn codes_and_pages_agree(tree: &Tree) -> Findings {
    let used: BTreeSet<&str> = tree
        .ending(".rs")
        .filter(|(path, _)| path.starts_with("crates/"))
        .flat_map(|(_, text)| codes(text))
        .collect();
    let mut findings = Findings::new();
    for code in &used {
        if tree.text(&format!("docs/errors/{code}.md")).is_none() {
            findings.push(format!("docs/errors/{code}.md: the page is missing"));
        }
    }
    for (path, text) in pages(tree) {
        let code = path.trim_start_matches("docs/errors/").trim_end_matches(".md");
        if !used.contains(code) {
            findings.push(format!("{path}: no error has this code"));
        }
        if !text.starts_with(&format!("# {code}: ")) {
            findings.push(format!("{path}: must begin with `# {code}: ` and what happened"));
        }
    }
    findings
}

/// The pages of single codes, in order.
pub(crate) fn pages(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    tree.ending(".md")
        .filter(|(path, _)| path.starts_with("docs/errors/TL"))
}

/// Every `TL` followed by exactly four digits, in quotes.
fn codes(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("\"TL").filter_map(|(at, _)| {
        let code = text.get(at + 1..at + 7)?;
        let closed = text.as_bytes().get(at + 7) == Some(&b'"');
        (closed && code[2..].bytes().all(|byte| byte.is_ascii_digit())).then_some(code)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_without_pages_and_pages_without_codes_are_found() {
        let tree = Tree::of(&[
            (
                "crates/a/src/e.rs",
                "\"TL0001\" \"TL0002\" \"TL99\" \"TLabcd\" \"TL00012\"",
            ),
            ("docs/errors/TL0001.md", "# TL0001: it broke\n"),
            ("docs/errors/TL0003.md", "# Something\n"),
        ]);
        assert_eq!(
            codes_and_pages_agree(&tree),
            [
                "docs/errors/TL0002.md: the page is missing",
                "docs/errors/TL0003.md: no error has this code",
                "docs/errors/TL0003.md: must begin with `# TL0003: ` and what happened",
            ]
        );
    }
}
