//! The table against the operations, the streams and the documents that use other names.

use std::collections::BTreeSet;

use super::*;
use crate::{Catalog, Effect, load::permissions::load};

fn of(label: &str) -> &'static Permission {
    permission(label).unwrap_or_else(|| panic!("{label}")).0
}

#[test]
fn every_permission_that_an_operation_a_stream_or_a_topic_needs_is_described() {
    let catalog = Catalog::embedded();
    let needed = catalog
        .operations()
        .iter()
        .map(|operation| operation.permission)
        .chain(catalog.streams().iter().map(|stream| stream.permission))
        .chain(
            catalog
                .topics()
                .iter()
                .flat_map(|topic| topic.permissions.iter().copied()),
        )
        .filter(|label| !label.is_empty());
    for label in needed {
        let found = permissions().iter().any(|permission| permission.label == label);
        assert!(found, "{label} has no line in overlays/permissions.tsv");
    }
}

#[test]
fn a_probe_asks_for_what_its_permission_opens_and_leaves_nothing_out() {
    let catalog = Catalog::embedded();
    for permission in permissions() {
        let Some(probe) = &permission.probe else { continue };
        let operation = catalog
            .operation(probe.operation)
            .unwrap_or_else(|| panic!("{}: {}", permission.label, probe.operation));
        assert_eq!(operation.permission, permission.label, "{}", probe.operation);
        for parameter in &operation.path_parameters {
            let is_given = probe.parameters.iter().any(|(name, _)| *name == parameter.name);
            assert!(is_given, "{}: {}", probe.operation, parameter.name);
        }
        // What is not read names an object that cannot exist.
        assert!(
            matches!(operation.effect, Effect::Read | Effect::IdempotentWrite),
            "{}",
            probe.operation
        );
        if operation.effect != Effect::Read {
            let impossible = |(_, value): &(&str, &str)| value.bytes().all(|byte| byte == b'0');
            assert!(
                !probe.parameters.is_empty() && probe.parameters.iter().all(impossible),
                "{}",
                probe.operation
            );
        }
    }
}

#[test]
fn what_a_permission_completes_is_a_stream_and_what_it_covers_is_a_family() {
    let catalog = Catalog::embedded();
    for permission in permissions() {
        for stream in &permission.completes {
            assert!(catalog.stream(stream).is_some(), "{stream}");
        }
        for family in permission.covers.iter().flat_map(|cover| &cover.families) {
            let known = catalog
                .operations()
                .iter()
                .any(|operation| operation.family() == *family);
            assert!(known, "{family}");
        }
    }
}

#[test]
fn names_that_other_documents_use_are_understood() {
    use PermissionName::{Alias, InRefusals, Label};
    for (name, label, how) in [
        ("read_contacts", "Read and list users and companies", Alias),
        ("write_contacts", "Read and write users", Alias),
        ("read_conversations", "Read conversations", Label),
        ("write_conversations", "Write conversations", Label),
        ("read_articles", "Read and List articles", Alias),
        ("write_articles", "Read and Write Articles", Alias),
        ("read_admins", "Read admins", Label),
        ("read_teams", "Read admins", Alias),
        ("read_tickets", "Read tickets", Label),
        ("read_articles_scope", "Read and List articles", InRefusals),
        ("read_write_users", "Read and write users", InRefusals),
        ("manage_ip_allowlist", "manage_ip_allowlist", Label),
        ("Read and list articles", "Read and List articles", Label),
        (
            "Read users and companies",
            "Read and list users and companies",
            Alias,
        ),
        ("Read jobs", "Read status of jobs", Alias),
        ("READ  TAGS ", "Read tags", Label),
    ] {
        let (permission, found) = permission(name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!((permission.label, found), (label, how), "{name}");
    }
    for name in ["", "read", "read_everything", "read_contacts; drop"] {
        assert_eq!(permission(name), None, "{name}");
    }
}

fn needs(catalog: &Catalog, streams: &[&str], operations: &[&str]) -> BTreeSet<Need> {
    streams
        .iter()
        .flat_map(|name| Need::of_stream(catalog, catalog.stream(name).expect(name)))
        .chain(
            operations
                .iter()
                .filter_map(|id| Need::of_operation(catalog.operation(id).expect(id))),
        )
        .collect()
}

#[test]
fn the_fewest_permissions_serve_everything_that_was_chosen() {
    let people = "Read and list users and companies";
    let cases: &[(&[&str], &[&str], &[&str])] = &[
        (&[], &[], &[]),
        (&[], &["me.get"], &[]),
        (&["contacts"], &[], &[people]),
        (
            &["contacts", "contact_tags", "companies", "segments"],
            &[],
            &[people],
        ),
        (&["data_events"], &[], &[people, "Read events"]),
        (
            &["conversation_parts", "calls", "macros"],
            &[],
            &["Read conversations"],
        ),
        (&[], &["contacts.get"], &["Read one user and one company"]),
        (
            &[],
            &["contacts.get", "contacts.create"],
            &["Read and write users"],
        ),
        (
            &[],
            &["companies.get", "contacts.create"],
            &["Read one user and one company", "Read and write users"],
        ),
        (&["contacts"], &["contacts.get", "companies.get"], &[people]),
        (&["teams"], &["admins.get"], &["Read admins"]),
        (
            &["articles"],
            &["articles.update", "articles.get"],
            &["Read and Write Articles"],
        ),
        (
            &[],
            &["tags.attach_to_ticket", "tickets.get"],
            &["Read tickets", "Write tickets"],
        ),
    ];
    for (streams, operations, expected) in cases {
        let found: Vec<&str> = fewest(&needs(Catalog::embedded(), streams, operations))
            .iter()
            .map(|permission| permission.label)
            .collect();
        assert_eq!(found, *expected, "{streams:?} {operations:?}");
    }
}

#[test]
fn a_topic_is_told_to_whoever_has_any_of_its_permissions() {
    let catalog = Catalog::embedded();
    for (topics, streams, expected) in [
        (&["ping"][..], &[][..], &[][..]),
        (&["contact.created"], &[], &["Read one user and one company"]),
        (
            &["contact.created"],
            &["contacts"],
            &["Read and list users and companies"],
        ),
        (
            &["conversation.*", "call.*"],
            &["conversations"],
            &["Read conversations"],
        ),
        (
            &["ticket.created", "event.created"],
            &[],
            &["Read events", "Read tickets"],
        ),
    ] {
        let mut needs = needs(catalog, streams, &[]);
        needs.extend(
            catalog
                .expand_topics(topics)
                .unwrap()
                .into_iter()
                .filter_map(Need::of_topic),
        );
        let found: Vec<&str> = fewest(&needs).iter().map(|permission| permission.label).collect();
        assert_eq!(found, expected, "{topics:?} {streams:?}");
    }
}

#[test]
fn every_choice_is_served_and_nothing_in_it_is_needless() {
    let catalog = Catalog::embedded();
    let operations: Vec<&str> = catalog
        .operations()
        .iter()
        .map(|operation| operation.id)
        .collect();
    let mut choices: Vec<Vec<&str>> = operations.chunks(7).map(<[&str]>::to_vec).collect();
    choices.extend((2..9).map(|step| operations.iter().copied().step_by(step).collect()));
    choices.push(operations);
    for chosen in choices {
        let needs = needs(catalog, &[], &chosen);
        let found = fewest(&needs);
        let served = |by: &[&Permission]| needs.iter().all(|need| by.iter().any(|one| one.serves(need)));
        assert!(served(&found), "{chosen:?}");
        for left_out in 0..found.len() {
            let mut fewer = found.clone();
            fewer.remove(left_out);
            assert!(
                !served(&fewer),
                "{} is needless for {chosen:?}",
                found[left_out].label
            );
        }
    }
}

#[test]
fn one_broad_permission_wins_over_two_narrow_ones_and_loses_against_one() {
    let table = "label\tgroup\tfamily\tnames\taliases\tcovers\tcompletes\tprobe\tallows\tcost\n\
        a\tpeople\tx\t\t\t\t\t\tA.\tA.\n\
        b\tpeople\tx\t\t\t\t\t\tB.\tB.\n\
        c\tpeople\tx\t\t\t\t\t\tC.\tC.\n\
        broad\tpeople\tx\t\t\ta|b@f\t\t\tD.\tD.\n";
    let known = load(table).unwrap();
    let need = |permission, family| Need {
        any: vec![permission],
        family,
    };
    let either = |one, other| Need {
        any: vec![one, other],
        family: "",
    };
    for (needs, expected) in [
        (vec![need("a", ""), need("b", "f")], vec!["broad"]),
        (vec![need("a", ""), need("b", "g")], vec!["a", "b"]),
        (vec![need("a", "")], vec!["a"]),
        (
            vec![need("a", ""), need("b", "f"), need("c", "")],
            vec!["c", "broad"],
        ),
        (vec![need("unheard of", "")], vec![]),
        (vec![either("b", "c")], vec!["b"]),
        (vec![either("b", "c"), need("c", "")], vec!["c"]),
        (vec![either("a", "b"), either("b", "c")], vec!["b"]),
        (vec![either("broad", "c")], vec!["c"]),
    ] {
        let needs: BTreeSet<Need> = needs.into_iter().collect();
        let found: Vec<&str> = fewest::cover(&known, &needs)
            .iter()
            .map(|one| one.label)
            .collect();
        assert_eq!(found, expected, "{needs:?}");
    }
}

#[test]
fn a_malformed_permission_is_refused_with_its_place() {
    let header = "label\tgroup\tfamily\tnames\taliases\tcovers\tcompletes\tprobe\tallows\tcost\n";
    for (line, code) in [
        ("a\tpeople\tx\t\t\t\t\t\tA.", "TL0401"),
        ("\tpeople\tx\t\t\t\t\t\tA.\tA.", "TL0402"),
        ("a\tall\tx\t\t\t\t\t\tA.\tA.", "TL0402"),
        ("a\tpeople\tx\t\t\t\t\ttags.list per_page\tA.\tA.", "TL0402"),
        ("a\tpeople\tx\t\t\t\t\ttags.list {\"a\"\tA.\tA.", "TL0402"),
        ("a\tpeople\tx\t\t\tb\t\t\tA.\tA.", "TL0403"),
        ("known\tpeople\tx\t\t\t\t\t\tA.\tA.", "TL0404"),
        ("a\tpeople\tx\t\tKNOWN\t\t\t\tA.\tA.", "TL0404"),
    ] {
        let text = format!("{header}known\tpeople\tx\t\t\t\t\t\tA.\tA.\n{line}\n");
        let error = load(Box::leak(text.into_boxed_str())).expect_err(line);
        assert_eq!(error.code(), code, "{error}");
        assert!(
            error.to_string().starts_with("overlays/permissions.tsv:3"),
            "{error}"
        );
    }
    assert!(!of("Read tags").cost.is_empty());
}
