//! Permissions: the labels of the Developer Hub, what they cover, and the names that refusals give them (facts 2.3).

use std::{collections::BTreeSet, sync::LazyLock};

use trunkline_catalog::Catalog;

/// Labels that cover others besides themselves.
const COVERS: [(&str, &[&str]); 12] = [
    (
        "Read and list users and companies",
        &["Read one user and one company"],
    ),
    (
        "Read and write users",
        &["Write users and companies", "Read one user and one company"],
    ),
    ("Read and Write Articles", &["Read and List articles"]),
    (
        "Read and write news items and newsfeeds",
        &["Read news items and newsfeeds"],
    ),
    ("Read and write data connectors", &["Read data connectors"]),
    ("Read admins", &["Read one admin"]),
    ("write_content", &["Read content"]),
    ("read_write_content_snippets", &["Read content snippets"]),
    (
        "read_write_help_center_redirects_scope",
        &["read_help_center_redirects_scope"],
    ),
    ("write_secure_mode_secret", &["read_secure_mode_secret"]),
    ("Write tickets", &["Read tickets"]),
    ("Write tags", &["Read tags"]),
];

/// Names that are on record for labels; all others are made of the label.
const MACHINE_NAMES: [(&str, &str); 6] = [
    ("Read and write users", "read_write_users"),
    ("Write users and companies", "write_users_companies"),
    ("Read and List articles", "read_articles_scope"),
    ("Read and Write Articles", "read_write_articles_scope"),
    ("Read content", "read_content"),
    ("Read audiences", "read_audiences"),
];

static LABELS: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    Catalog::embedded()
        .operations()
        .iter()
        .map(|operation| operation.permission)
        .filter(|label| !label.is_empty())
        .collect()
});

/// Every label that any operation needs, in alphabetical order.
pub(crate) fn labels() -> impl Iterator<Item = &'static str> {
    LABELS.iter().copied()
}

/// Whether any operation needs this label.
pub(crate) fn is_known(label: &str) -> bool {
    LABELS.contains(label)
}

/// Whether somebody with a permission may do what needs another.
pub(crate) fn covers(given: &str, needed: &str) -> bool {
    given == needed
        || COVERS
            .iter()
            .any(|(label, covered)| *label == given && covered.contains(&needed))
}

/// The name that a refusal gives a permission.
pub(crate) fn machine_name(label: &str) -> String {
    MACHINE_NAMES
        .iter()
        .find(|(known, _)| *known == label)
        .map_or_else(
            || label.to_lowercase().replace(' ', "_"),
            |(_, name)| (*name).to_owned(),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_of_the_tables_is_one_that_some_operation_needs() {
        for (label, covered) in COVERS {
            assert!(is_known(label), "{label}");
            for label in covered {
                assert!(is_known(label), "{label}");
            }
        }
        for (label, _) in MACHINE_NAMES {
            assert!(is_known(label), "{label}");
        }
        assert!(!is_known("read_contacts"));
    }

    #[test]
    fn a_permission_covers_itself_and_its_lesser_part() {
        for (given, needed, expected) in [
            ("Read tags", "Read tags", true),
            ("Write tags", "Read tags", true),
            ("Read tags", "Write tags", false),
            ("Read admins", "Read one admin", true),
        ] {
            assert_eq!(covers(given, needed), expected, "{given} / {needed}");
        }
        assert_eq!(machine_name("Read conversations"), "read_conversations");
    }
}
