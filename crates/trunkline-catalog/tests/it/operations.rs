//! What every operation must have, and one line of each.

use std::{collections::HashSet, fmt::Write as _};

use trunkline_catalog::{Catalog, Effect, Method, PageStyle, Version};

/// What the Developer Hub calls its permissions, and the scopes whose label is not published.
const PERMISSIONS: [&str; 51] = [
    "",
    "Create phone call redirects",
    "Delete conversations and metrics",
    "Export content data",
    "Export message data",
    "Gather App data",
    "Read admin activity logs",
    "Read admins",
    "Read and List articles",
    "Read and Write Articles",
    "Read and list users and companies",
    "Read and write AI content",
    "Read and write custom object instances",
    "Read and write data connectors",
    "Read and write news items and newsfeeds",
    "Read and write users",
    "Read audiences",
    "Read content",
    "Read content data",
    "Read content snippets",
    "Read conversations",
    "Read counts",
    "Read data connectors",
    "Read events",
    "Read jobs",
    "Read news items and newsfeeds",
    "Read one admin",
    "Read one user and one company",
    "Read status of jobs",
    "Read tags",
    "Read tickets",
    "Update admins",
    "Write conversations",
    "Write data attributes",
    "Write events",
    "Write tags",
    "Write tickets",
    "Write users and companies",
    "manage_ip_allowlist",
    "read_content",
    "read_help_center_redirects_scope",
    "read_secure_mode_secret",
    "read_write_content_snippets",
    "read_write_help_center_redirects_scope",
    "read_write_office_hours",
    "write_content",
    "write_secure_mode_secret",
    "write_tickets",
    "write_conversations",
    "write_users_companies",
    "read_audiences",
];

#[test]
fn each_version_has_as_many_operations_as_its_description() {
    let counts = [98, 98, 108, 108, 108, 118, 133, 150, 162, 231, 256];
    for (version, count) in Version::ALL.into_iter().zip(counts) {
        assert_eq!(
            Catalog::embedded().operations_in(version).count(),
            count,
            "{version}"
        );
    }
    assert_eq!(Catalog::embedded().operations().len(), 264);
}

#[test]
fn every_operation_is_described() {
    for operation in Catalog::embedded().operations() {
        let id = operation.id;
        assert!(operation.summary.ends_with('.'), "{id}: {}", operation.summary);
        assert!(operation.summary.len() <= 90, "{id}: {}", operation.summary);
        assert!(
            PERMISSIONS.contains(&operation.permission),
            "{id}: {}",
            operation.permission
        );
        assert!(!operation.success.is_empty(), "{id}");
        assert!(operation.id.starts_with(operation.family()), "{id}");
    }
}

#[test]
fn ids_and_summaries_are_unique() {
    let mut seen = HashSet::new();
    for operation in Catalog::embedded().operations() {
        assert!(seen.insert(operation.id), "{}", operation.id);
        assert!(seen.insert(operation.summary), "{}", operation.summary);
    }
}

#[test]
fn four_operations_have_no_id_in_the_descriptions() {
    let nameless: Vec<&str> = Catalog::embedded()
        .operations()
        .iter()
        .filter(|operation| operation.upstream_id.is_none())
        .map(|operation| operation.id)
        .collect();
    assert_eq!(
        nameless,
        [
            "reporting_exports.create",
            "reporting_exports.download",
            "reporting_exports.get",
            "reporting_exports.list_datasets"
        ]
    );
}

#[test]
fn effects_agree_with_methods_and_pages() {
    for operation in Catalog::embedded().operations() {
        let id = operation.id;
        if operation.method == Method::Get {
            assert_eq!(operation.effect, Effect::Read, "{id}");
        }
        if matches!(operation.method, Method::Put | Method::Patch) {
            assert_eq!(operation.effect, Effect::IdempotentWrite, "{id}");
        }
        if operation.page_style != PageStyle::Single || operation.search.is_some() {
            assert_eq!(operation.effect, Effect::Read, "{id}");
        }
    }
}

#[test]
fn the_fields_of_a_body_follow_the_version() {
    let update = Catalog::embedded()
        .operation("tickets.update")
        .expect("it exists");
    let in_version = |name: &str, version: Version| {
        update
            .body_fields
            .iter()
            .any(|field| field.name == name && field.versions.0 <= version && version <= field.versions.1)
    };
    for (name, version, exists) in [
        ("assignment.assignee_id", Version::V2_13, true),
        ("assignment.assignee_id", Version::V2_14, false),
        ("assignee_id", Version::V2_13, false),
        ("assignee_id", Version::V2_14, true),
        ("ticket_state_id", Version::V2_12, true),
    ] {
        assert_eq!(in_version(name, version), exists, "{name} in {version}");
    }
}

#[test]
fn every_operation_on_one_line() {
    let mut lines = String::new();
    for operation in Catalog::embedded().operations() {
        let (first, last) = operation.versions;
        let _ = writeln!(
            lines,
            "{} {} {} {first}..{last} {} {:?}",
            operation.id,
            operation.method,
            operation.path,
            operation.effect.as_str(),
            operation.page_style
        );
    }
    insta::assert_snapshot!(lines);
}
