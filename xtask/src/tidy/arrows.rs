//! Who may depend on whom: the allow-list of the architecture, read from the manifests.

use toml::{Table, Value};

use super::Findings;
use crate::repo::Tree;

/// A crate, what it may use, and what only its tests may use on top.
const ARROWS: [(&str, &[&str]); 12] = [
    ("trunkline-catalog", &[]),
    ("trunkline-client", &["trunkline-catalog"]),
    ("trunkline-flow", &[]),
    ("trunkline-simulator", &["trunkline-catalog"]),
    ("trunkline-actions", &["trunkline-catalog", "trunkline-client"]),
    ("trunkline-mirror", &["trunkline-catalog", "trunkline-client"]),
    (
        "trunkline-components",
        &[
            "trunkline-actions",
            "trunkline-catalog",
            "trunkline-client",
            "trunkline-flow",
            "trunkline-mirror",
        ],
    ),
    ("trunkline-store", &[]),
    (
        "trunkline-server",
        &[
            "trunkline-actions",
            "trunkline-catalog",
            "trunkline-client",
            "trunkline-components",
            "trunkline-flow",
            "trunkline-mirror",
            "trunkline-store",
        ],
    ),
    (
        "trunkline",
        &[
            "trunkline-actions",
            "trunkline-catalog",
            "trunkline-client",
            "trunkline-components",
            "trunkline-flow",
            "trunkline-mirror",
            "trunkline-server",
            "trunkline-simulator",
            "trunkline-store",
        ],
    ),
    (
        "xtask",
        &["trunkline-actions", "trunkline-catalog", "trunkline-simulator"],
    ),
    ("trunkline-fuzz", &["trunkline-simulator"]),
];

/// Invariant 1.
pub(super) fn only_allowed_arrows(tree: &Tree) -> Findings {
    let mut findings = Findings::new();
    for (path, package, uses) in packages(tree, &mut |finding| findings.push(finding)) {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package) else {
            findings.push(format!(
                "{path}: the crate {package} has no line in the allow-list"
            ));
            continue;
        };
        for name in uses {
            if !allowed.contains(&name.as_str()) {
                findings.push(format!("{path}: {package} must not depend on {name}"));
            }
        }
    }
    findings
}

/// Invariant 2: in the manifest, and by name in the code.
pub(super) fn simulator_never_sees_the_client(tree: &Tree) -> Findings {
    let strangers = [
        "trunkline_client",
        "trunkline_mirror",
        "trunkline_server",
        "trunkline_store",
    ];
    tree.ending(".rs")
        .filter(|(path, _)| path.starts_with("crates/trunkline-simulator/"))
        .filter(|(_, text)| strangers.iter().any(|name| text.contains(name)))
        .map(|(path, _)| format!("{path}: the simulator names the client or the mirror"))
        .collect()
}

fn packages(tree: &Tree, complain: &mut dyn FnMut(String)) -> Vec<(String, String, Vec<String>)> {
    let mut packages = Vec::new();
    for (path, text) in tree
        .ending("Cargo.toml")
        .filter(|(path, _)| *path != "Cargo.toml")
    {
        let manifest = match text.parse::<Table>() {
            Ok(manifest) => manifest,
            Err(error) => {
                complain(format!("{path}: {error}"));
                continue;
            }
        };
        let name = manifest
            .get("package")
            .and_then(|package| package.get("name"))
            .and_then(Value::as_str);
        let mut uses = Vec::new();
        collect(&manifest, &mut uses);
        packages.push((path.to_owned(), name.unwrap_or_default().to_owned(), uses));
    }
    packages
}

/// Our own crates in every table of dependencies, those of targets included.
fn collect(table: &Table, uses: &mut Vec<String>) {
    for (key, value) in table {
        let Some(inner) = value.as_table() else { continue };
        if ["dependencies", "dev-dependencies", "build-dependencies"].contains(&key.as_str()) {
            for (name, dependency) in inner {
                // A renamed dependency is known by its package.
                let package = dependency.get("package").and_then(Value::as_str).unwrap_or(name);
                if package.starts_with("trunkline") || package == "xtask" {
                    uses.push(package.to_owned());
                }
            }
        } else {
            collect(inner, uses);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(package: &str, dependencies: &str, expected: usize) {
        let text = format!("[package]\nname = \"{package}\"\n{dependencies}");
        let tree = Tree::of(&[("crates/x/Cargo.toml", &text)]);
        let findings = only_allowed_arrows(&tree);
        assert_eq!(findings.len(), expected, "{findings:?}");
    }

    #[test]
    fn only_the_listed_arrows_pass() {
        check(
            "trunkline-client",
            "[dependencies]\ntrunkline-catalog = { workspace = true }",
            0,
        );
        check(
            "trunkline-catalog",
            "[dependencies]\ntrunkline-client = { workspace = true }",
            1,
        );
        check(
            "trunkline-simulator",
            "[dev-dependencies]\ntrunkline-client = { workspace = true }",
            1,
        );
        check(
            "trunkline-simulator",
            "[dependencies]\nc = { path = \"../c\", package = \"trunkline-client\" }",
            1,
        );
        check(
            "trunkline-simulator",
            "[target.'cfg(unix)'.dependencies]\ntrunkline-mirror = { workspace = true }",
            1,
        );
        check("trunkline-new", "", 1);
        check(
            "trunkline",
            "[dependencies]\nserde = \"1\"\ntrunkline-mirror = { workspace = true }",
            0,
        );
        assert_eq!(
            only_allowed_arrows(&Tree::of(&[("a/Cargo.toml", "[package")])).len(),
            1
        );
    }

    #[test]
    fn the_simulator_may_not_even_name_the_client() {
        let tree = Tree::of(&[
            (
                "crates/trunkline-simulator/src/a.rs",
                "use trunkline_client::Client;",
            ),
            (
                "crates/trunkline-simulator/src/b.rs",
                "use trunkline_catalog::Catalog;",
            ),
            (
                "crates/trunkline-mirror/src/a.rs",
                "use trunkline_client::Client;",
            ),
        ]);
        assert_eq!(simulator_never_sees_the_client(&tree).len(), 1);
    }
}
