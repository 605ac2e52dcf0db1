use std::collections::HashSet;

use trunkline_catalog::Catalog;

use super::*;

#[test]
fn every_operation_is_an_action_and_ids_are_unique() {
    let ids: HashSet<&str> = actions().iter().map(|action| action.id).collect();
    assert_eq!(ids.len(), actions().len());
    for operation in Catalog::embedded().operations() {
        assert!(ids.contains(operation.id), "{}", operation.id);
    }
}

#[test]
fn an_action_calls_operations_that_exist_and_its_fields_are_named_once() {
    for action in actions() {
        for operation in &action.operations {
            assert!(
                Catalog::embedded().operation(operation).is_some(),
                "{} calls {operation}",
                action.id
            );
        }
        if action.is_operation() {
            continue;
        }
        assert!(
            !action.operations.is_empty() || action.id == "runs.undo",
            "{} calls nothing",
            action.id
        );
        let mut names = HashSet::new();
        for field in &action.fields {
            assert!(
                !field.help.is_empty(),
                "{}: {} has no help",
                action.id,
                field.name
            );
            for name in std::iter::once(&field.name).chain(field.aliases) {
                assert!(names.insert(*name), "{}: {name} stands twice", action.id);
            }
        }
    }
}

#[test]
fn a_misspelt_action_is_answered_with_the_nearest_ones() {
    for (asked, expected) in [
        ("contacts.updat", "contacts.update"),
        ("ticket.get", "tickets.get"),
        ("contacts.udpate", "contacts.update"),
        ("attach_to_ticket", "tags.attach_to_ticket"),
        ("tags.attach", "tags.attach_to_contact"),
    ] {
        let Err(ActionError::Unknown { near, .. }) = action(asked) else {
            panic!("{asked} is known");
        };
        assert!(near.contains(&expected), "{asked}: {near:?}");
    }
    for nothing in ["", "¡", "zzzzzzzzzzzz"] {
        let Err(ActionError::Unknown { near, .. }) = action(nothing) else {
            panic!("{nothing} is known");
        };
        assert!(near.len() <= 5, "{nothing}: {near:?}");
    }
}
