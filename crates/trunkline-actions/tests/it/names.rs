//! The modules and fields of other systems, held against the actions.
//!
//! The one rule: the numbers below were counted in the systems' own pages, module by module; a row that goes missing fails.

use std::collections::{BTreeMap, BTreeSet};

use trunkline_actions::{Name, action, names};

/// For each system: modules, and fields over all of them. Settings of a connection are a module each.
const COUNTED: [(&str, usize, usize); 16] = [
    ("Make (Ibexa Connect)", 52, 166),
    ("Alumio", 5, 29),
    ("Appmixer", 14, 20),
    ("Alloy Automation", 10, 9),
    ("Tealium", 5, 22),
    ("n8n", 15, 0),
    ("Activepieces", 50, 0),
    ("Pipedream", 29, 0),
    ("Nango", 45, 0),
    ("Zapier", 25, 0),
    ("IBM webMethods", 13, 0),
    ("Prismatic", 17, 0),
    ("RudderStack", 5, 0),
    ("Segment", 6, 0),
    ("Workato", 1, 0),
    ("MCP servers", 15, 0),
];

/// The modules of Make, each with the number of its fields, in the order of its page.
const OF_MAKE: [(&str, usize); 51] = [
    ("List Contacts", 1),
    ("Get a Contact", 1),
    ("Create a Contact", 9),
    ("Update a Contact", 10),
    ("Delete a Contact", 1),
    ("Merge a Lead into a User", 2),
    ("List a Contact's Companies", 2),
    ("List a Contact's Tags", 2),
    ("List a Contact's Segments", 2),
    ("Get a Contact's Note", 2),
    ("List Companies", 5),
    ("List Companies (Large Datasets)", 1),
    ("Get a Company", 3),
    ("Create or Update a Company", 9),
    ("List a Company's Contacts", 3),
    ("List a Company's Segments", 3),
    ("Attach or Detach a Company to/from a Contact", 3),
    ("List Admins", 1),
    ("Get an Admin", 1),
    ("Set an Admin as Away", 3),
    ("List Activity Logs", 3),
    ("List a Contact's Data Events", 4),
    ("Submit a Contact's Event", 5),
    ("List Data Attributes", 3),
    ("Create or Update a Data Attribute", 8),
    ("List Tags", 1),
    ("Create or Update a tag", 2),
    ("Delete a Tag", 1),
    ("Attach or Detach a Tag to/from a Company", 3),
    ("Attach or Detach a Tag to/from a Conversation", 4),
    ("Attach or Detach a Tag to/from a Contact", 3),
    ("List Segments", 2),
    ("Get a Segment", 2),
    ("List a Contact's Notes", 2),
    ("Create a Contact Note", 3),
    ("List Conversations", 4),
    ("Search for a Conversation", 4),
    ("Get a Conversation", 1),
    ("Create a Contact Initiated Conversation", 2),
    ("Create an Admin Initiated Conversation", 4),
    ("Assign a Conversation", 5),
    ("Attach or Detach a Contact to/from a Conversation", 8),
    ("Mark a Conversation as Read", 1),
    ("Reply to a Conversation", 9),
    ("Snooze a Conversation", 3),
    ("Close a Conversation", 3),
    ("Open a Snoozed or Closed Conversation", 2),
    ("Update a Conversation's Custom Attributes", 2),
    ("Watch Events", 1),
    ("Get the Authenticated User", 0),
    ("Make an API Call", 5),
];

/// Fields of other systems that have no place here, each with a note that says why.
const WITHOUT_A_PLACE: [(&str, &str); 2] = [
    ("Attach or Detach a Contact to/from a Conversation", "Limit"),
    ("HTTP Client", "Platform"),
];

fn text(name: &Name) -> String {
    format!("{}, {}, {:?}", name.system, name.module, name.field)
}

#[test]
fn every_action_that_is_named_exists() {
    let missing: Vec<String> = names()
        .iter()
        .filter(|name| name.command().is_none())
        .filter(|name| action(name.action).is_err())
        .map(|name| format!("{}: there is no action {}", text(name), name.action))
        .collect();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_field_that_is_named_is_one_of_the_action() {
    let mut missing = Vec::new();
    for name in names() {
        // An action that is not there is another test's.
        let Ok(found) = action(name.action) else { continue };
        for field in name.our_fields() {
            if found.field(field).is_none() {
                missing.push(format!("{}: {} has no field {field}", text(name), name.action));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_field_of_another_system_is_answered_by_one_of_ours_or_it_is_said_why_not() {
    let without: Vec<(&str, &str)> = names()
        .iter()
        .filter(|name| !name.field.is_empty() && name.our_field.is_empty())
        .inspect(|name| assert!(!name.note.is_empty(), "{}", text(name)))
        .map(|name| (name.module, name.field))
        .collect();
    assert_eq!(without, WITHOUT_A_PLACE);
}

#[test]
fn no_module_and_no_field_of_another_system_is_missing() {
    let mut modules: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut fields: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names() {
        modules.entry(name.system).or_default().insert(name.module);
        *fields.entry(name.system).or_default() += usize::from(!name.field.is_empty());
    }
    assert_eq!(modules.len(), COUNTED.len());
    for (system, of_modules, of_fields) in COUNTED {
        assert_eq!(modules[system].len(), of_modules, "modules of {system}");
        assert_eq!(fields[system], of_fields, "fields of {system}");
    }
}

#[test]
fn each_module_of_make_has_all_its_fields() {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for name in names() {
        if name.system != COUNTED[0].0 || name.module == "Connection" {
            continue;
        }
        if counted.last().is_none_or(|(module, _)| *module != name.module) {
            counted.push((name.module, 0));
        }
        if let Some((_, fields)) = counted.last_mut() {
            *fields += usize::from(!name.field.is_empty());
        }
    }
    assert_eq!(counted, OF_MAKE);
}

#[test]
fn every_row_of_the_table_is_read_and_stands_once() {
    let table = include_str!("../../overlays/names.tsv");
    let lines = table.lines().filter(|line| !line.starts_with('#')).count() - 1;
    assert_eq!(names().len(), lines);
    let mut seen = BTreeSet::new();
    for name in names() {
        let row = (
            name.system,
            name.module,
            name.field,
            name.action,
            name.our_field,
            name.note,
        );
        assert!(seen.insert(row), "{} stands twice", text(name));
    }
}
