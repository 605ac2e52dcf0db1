//! Plain text hygiene: white space, and nothing that only one machine has.

use super::Findings;
use crate::repo::Tree;

/// Files whose white space carries data.
fn is_data(path: &str) -> bool {
    path.ends_with(".tsv")
        || path.ends_with(".snap")
        || path.ends_with(".json")
        || path.starts_with("LICENSE")
        || path.starts_with("fuzz/corpus/")
}

pub(super) fn clean_white_space(tree: &Tree) -> Findings {
    let mut findings = Findings::new();
    for (path, text) in tree.iter().filter(|(path, _)| !is_data(path)) {
        for (number, line) in text.lines().enumerate() {
            if line.ends_with([' ', '\t', '\r']) {
                findings.push(format!(
                    "{path}:{}: white space at the end of the line",
                    number + 1
                ));
            }
            if line.contains('\t') {
                findings.push(format!("{path}:{}: a tab", number + 1));
            }
        }
        if !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n")) {
            findings.push(format!("{path}: must end in exactly one line break"));
        }
    }
    findings
}

pub(super) fn no_machine_paths(tree: &Tree) -> Findings {
    // Built from parts, so that this file passes its own rule.
    let folders = ["home", "root", "work", "Users"].map(|name| format!("/{name}/"));
    let mut findings = Findings::new();
    for (path, text) in tree.iter().filter(|(path, _)| !path.starts_with("LICENSE")) {
        for (number, line) in text.lines().enumerate() {
            let starts = |folder: &String| {
                line.match_indices(folder.as_str()).any(|(at, _)| {
                    // `https://host/work/` and `./work/` are not absolute paths of a machine.
                    line[..at]
                        .chars()
                        .next_back()
                        .is_none_or(|before| " \t\"'`(=:".contains(before))
                })
            };
            if folders.iter().any(starts) {
                findings.push(format!("{path}:{}: a path that only one machine has", number + 1));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_at_ends_and_tabs_are_found() {
        let check = |text, count| {
            assert_eq!(
                clean_white_space(&Tree::of(&[("a.rs", text)])).len(),
                count,
                "{text:?}"
            );
        };
        check("a\n", 0);
        check("", 0);
        check("a \n", 1);
        check("\ta\n", 1);
        check("a", 1);
        check("a\n\n", 1);
        assert!(clean_white_space(&Tree::of(&[("a.tsv", "a\tb\t\n")])).is_empty());
    }

    #[test]
    fn absolute_paths_of_a_machine_are_found() {
        let check = |text: &str, count| {
            assert_eq!(
                no_machine_paths(&Tree::of(&[("a.md", text)])).len(),
                count,
                "{text}"
            );
        };
        check(concat!("see /", "home/ann/x"), 1);
        check(concat!("\"/", "work/x\""), 1);
        check(concat!("https://example.com/", "work/x"), 0);
        check("in /tmp/x and /dev/stderr", 0);
    }
}
