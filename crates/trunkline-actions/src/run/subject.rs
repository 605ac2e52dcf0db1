//! What a write changes: the object that its path names, and the operation that fetches it.

use trunkline_catalog::{Catalog, Method, Operation};
use trunkline_client::Call;

/// An object that a write changes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Subject {
    /// Family and id, such as `contacts/67ab`.
    pub(crate) name: String,
    /// The call that fetches it.
    pub(crate) read: Call,
}

/// The object of the longest part of the path that an operation fetches; none when the write makes something new.
pub(crate) fn subject(operation: &Operation, path: &[(String, String)]) -> Option<Subject> {
    let value = |name: &str| {
        path.iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    };
    let segments: Vec<&str> = operation.path.split('/').skip(1).collect();
    for end in (1..=segments.len()).rev() {
        if !segments[end - 1].starts_with('{') {
            continue;
        }
        let Some(fetch) = fetches(&segments[..end]) else {
            continue;
        };
        let mut read = Call::new(fetch.id);
        let mut last = None;
        for (own, fetched) in segments[..end].iter().zip(fetch.path.split('/').skip(1)) {
            if let Some(name) = own.strip_prefix('{').and_then(|own| own.strip_suffix('}')) {
                let id = value(name)?;
                last = Some(id);
                read = read.path(fetched.trim_matches(['{', '}']).to_owned(), id.clone());
            }
        }
        return Some(Subject {
            name: format!("{}/{}", fetch.family(), last?),
            read,
        });
    }
    None
}

/// The operation that fetches what stands at a path of this shape.
fn fetches(segments: &[&str]) -> Option<&'static Operation> {
    Catalog::embedded().operations().iter().find(|operation| {
        operation.method == Method::Get
            && !operation.id.contains("_bulk_")
            && operation.path.split('/').skip(1).count() == segments.len()
            && operation
                .path
                .split('/')
                .skip(1)
                .zip(segments)
                .all(|(own, asked)| own == *asked || (own.starts_with('{') && asked.starts_with('{')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_changes_the_object_that_its_path_names() {
        for (id, path, expected) in [
            (
                "contacts.update",
                vec![("id", "7")],
                Some(("contacts/7", "contacts.get")),
            ),
            (
                "contacts.archive",
                vec![("id", "7")],
                Some(("contacts/7", "contacts.get")),
            ),
            (
                "tags.attach_to_ticket",
                vec![("ticket_id", "3")],
                Some(("tickets/3", "tickets.get")),
            ),
            (
                "tags.detach_from_contact",
                vec![("contact_id", "7"), ("id", "9")],
                Some(("contacts/7", "contacts.get")),
            ),
            (
                "admins.set_away",
                vec![("id", "1")],
                Some(("admins/1", "admins.get")),
            ),
            ("contacts.create", vec![], None),
            ("messages.create", vec![], None),
        ] {
            let operation = Catalog::embedded().operation(id).expect("it exists");
            let path: Vec<(String, String)> = path
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            let found = subject(operation, &path);
            let found = found
                .as_ref()
                .map(|subject| (subject.name.as_str(), subject.read.operation_id()));
            assert_eq!(found, expected, "{id}");
        }
    }
}
