//! The compiler's own rules stay in force: `clippy.toml` and the workspace's lints.

use toml::{Table, Value};

use super::Findings;
use crate::repo::Tree;

/// Calls that `clippy.toml` must keep banning.
const AMBIENT: [&str; 7] = [
    "std::time::SystemTime::now",
    "std::time::Instant::now",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
    "rand::rng",
    "rand::random",
    "std::thread::sleep",
];

/// Invariant 3.
pub(super) fn ambient_calls_are_banned(tree: &Tree) -> Findings {
    let table = parse(tree, "clippy.toml");
    let banned = table
        .get("disallowed-methods")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    AMBIENT
        .iter()
        .filter(|path| {
            !banned.iter().any(|entry| {
                let reason = entry.get("reason").and_then(Value::as_str).unwrap_or_default();
                entry.get("path").and_then(Value::as_str) == Some(path) && !reason.is_empty()
            })
        })
        .map(|path| format!("clippy.toml: {path} is not banned with a reason"))
        .collect()
}

/// Invariant 13, and that every crate takes part in the workspace's lints.
pub(super) fn unsafe_is_forbidden(tree: &Tree) -> Findings {
    let mut findings = Findings::new();
    let root = parse(tree, "Cargo.toml");
    let level = root
        .get("workspace")
        .and_then(|at| at.get("lints")?.get("rust")?.get("unsafe_code")?.as_str());
    if level != Some("forbid") {
        findings.push("Cargo.toml: unsafe_code is not forbidden".to_owned());
    }
    for (path, text) in tree
        .ending("Cargo.toml")
        // The fuzz targets stand outside of the workspace: what libFuzzer's macro writes is not safe.
        .filter(|(path, _)| !["Cargo.toml", "fuzz/Cargo.toml"].contains(path))
    {
        let manifest = text.parse::<Table>().unwrap_or_default();
        let shared = manifest
            .get("lints")
            .and_then(|lints| lints.get("workspace"))
            .and_then(Value::as_bool);
        if shared != Some(true) {
            findings.push(format!("{path}: does not take the workspace's lints"));
        }
    }
    findings
}

fn parse(tree: &Tree, path: &str) -> Table {
    tree.text(path)
        .and_then(|text| text.parse().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ban_that_is_gone_or_has_no_reason_is_found() {
        let all = |reason: &str| {
            let entries: Vec<_> = AMBIENT
                .iter()
                .map(|path| format!("{{ path = \"{path}\", reason = \"{reason}\" }}"))
                .collect();
            format!("disallowed-methods = [{}]", entries.join(","))
        };
        for (text, expected) in [
            (all("why"), 0),
            (all(""), AMBIENT.len()),
            (String::new(), AMBIENT.len()),
        ] {
            assert_eq!(
                ambient_calls_are_banned(&Tree::of(&[("clippy.toml", &text)])).len(),
                expected
            );
        }
    }

    #[test]
    fn every_crate_takes_the_workspace_lints() {
        let good = "[workspace.lints.rust]\nunsafe_code = \"forbid\"";
        let shared = "[lints]\nworkspace = true";
        for (root, own, expected) in [(good, shared, 0), (good, "", 1), ("", shared, 1)] {
            let tree = Tree::of(&[("Cargo.toml", root), ("crates/a/Cargo.toml", own)]);
            assert_eq!(unsafe_is_forbidden(&tree).len(), expected);
        }
    }
}
