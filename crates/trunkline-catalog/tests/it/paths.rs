//! From a request line to its operation.

use trunkline_catalog::{Catalog, Method};

fn check(method: Method, path: &str, expected: Option<(&str, &[(&str, &str)])>) {
    let found = Catalog::embedded().match_path(method, path);
    let found = found
        .as_ref()
        .map(|found| (found.operation.id, found.parameters.as_slice()));
    assert_eq!(found, expected, "{method} {path}");
}

#[test]
fn every_operation_is_found_by_its_own_path() {
    for operation in Catalog::embedded().operations() {
        let mut sent = Vec::new();
        let segments: Vec<String> = operation
            .path
            .split('/')
            .map(
                |segment| match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                    Some(name) => {
                        sent.push((name, format!("value%20of-{name}")));
                        format!("value%20of-{name}")
                    }
                    None => segment.to_owned(),
                },
            )
            .collect();
        let expected: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let path = segments.join("/");
        check(operation.method, &path, Some((operation.id, &expected)));
        check(
            operation.method,
            &format!("{path}/"),
            Some((operation.id, &expected)),
        );
        let names: Vec<&str> = operation
            .path_parameters
            .iter()
            .map(|parameter| parameter.name)
            .collect();
        assert_eq!(
            names,
            expected.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            "{}",
            operation.id
        );
    }
}

#[test]
fn literal_segments_win_over_parameters() {
    for (method, path, id) in [
        (Method::Post, "/contacts/search", "contacts.search"),
        (Method::Get, "/companies/scroll", "companies.scroll"),
        (
            Method::Get,
            "/conversations/deleted",
            "conversations.list_deleted",
        ),
        (
            Method::Get,
            "/conversations/attributes",
            "conversation_attributes.list",
        ),
        (Method::Get, "/articles/search", "articles.search"),
        (Method::Post, "/contacts/merge", "contacts.merge"),
        (Method::Put, "/contacts/bulk", "contacts.bulk_update"),
    ] {
        check(method, path, Some((id, &[])));
    }
    check(
        Method::Get,
        "/companies/5f",
        Some(("companies.get", &[("id", "5f")])),
    );
    check(
        Method::Get,
        "/contacts/bulk/9",
        Some(("contacts.get_bulk_job", &[("id", "9")])),
    );
}

#[test]
fn what_is_no_operation_is_not_found() {
    for (method, path) in [
        (Method::Get, ""),
        (Method::Get, "/"),
        (Method::Get, "//"),
        (Method::Get, "contacts"),
        (Method::Get, "/contacts//tags"),
        (Method::Get, "/contacts/1/2/3/4/5"),
        (Method::Patch, "/contacts/1"),
        (Method::Get, "/Contacts"),
        (Method::Get, "/nothing"),
    ] {
        check(method, path, None);
    }
}

proptest::proptest! {
    #[test]
    fn no_path_makes_matching_panic(path in ".{0,60}") {
        for method in [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete] {
            let _ = Catalog::embedded().match_path(method, &path);
            let _ = Catalog::embedded().match_path(method, &format!("/contacts/{path}"));
        }
    }
}
