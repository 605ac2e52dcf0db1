//! Every action of the registry, run against a simulated workspace: with input that does not fit, with ids that nothing
//! has, and with input that does what the action is for.
//!
//! The one rule: what a write did is looked up in the workspace, past the action layer, and did not hold before it. The
//! inputs stand in `every/tables/`, read when the tests run; `table.rs` says what a row holds. Read `row.rs` next for what
//! is done with one.

mod fits;
mod names;
mod refused;
mod row;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use trunkline_actions::actions;
use trunkline_catalog::Effect;

use names::Lines;
use table::Table;

/// Runs every row of a table; fails with all that went wrong.
fn holds(name: &str) {
    let lines = Lines::committed();
    let table = Table::read(name);
    assert!(!table.rows.is_empty(), "{name} has no rows");
    let failures: Vec<String> = table
        .rows
        .iter()
        .flat_map(|(id, row)| {
            let failures = row::failures(id, row, &table, &lines);
            failures
                .into_iter()
                .map(move |failure| format!("{id}: {failure}"))
        })
        .collect();
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

/// One test a table, so that they run side by side.
macro_rules! tables {
    ($($test:ident: $table:literal,)*) => {
        const TABLES: &[&str] = &[$($table),*];
        $(
            #[test]
            fn $test() {
                holds($table);
            }
        )*
    };
}

tables! {
    each_action_on_companies_does_what_it_is_for: "companies",
    each_action_on_contacts_does_what_it_is_for: "contacts",
    each_action_on_content_does_what_it_is_for: "content",
    each_action_on_conversations_does_what_it_is_for: "conversations",
    each_action_on_data_does_what_it_is_for: "data",
    each_action_on_fin_does_what_it_is_for: "fin",
    each_action_on_the_help_center_does_what_it_is_for: "help_center",
    each_action_on_tags_does_what_it_is_for: "tags",
    each_action_on_tickets_does_what_it_is_for: "tickets",
    each_action_on_the_workspace_does_what_it_is_for: "workspace",
}

#[test]
fn every_action_stands_in_one_table_and_every_change_has_its_truth() {
    let mut places = BTreeMap::<String, Vec<&str>>::new();
    let mut without_truth = Vec::new();
    for name in TABLES {
        for (id, row) in Table::read(name).rows {
            let effect = actions()
                .iter()
                .find(|action| action.id == id)
                .map(|action| action.effect);
            let is_shown = match effect {
                Some(Effect::Read) => row.output.is_some(),
                _ => !row.truth.is_empty(),
            };
            if !is_shown {
                without_truth.push(id.clone());
            }
            places.entry(id).or_default().push(name);
        }
    }
    let registered: BTreeSet<&str> = actions().iter().map(|action| action.id).collect();
    let listed: BTreeSet<&str> = places.keys().map(String::as_str).collect();
    let missing: Vec<_> = registered.difference(&listed).collect();
    let unknown: Vec<_> = listed.difference(&registered).collect();
    let twice: Vec<_> = places.iter().filter(|(_, names)| names.len() > 1).collect();
    assert!(missing.is_empty(), "{} have no row: {missing:?}", missing.len());
    assert!(unknown.is_empty(), "no such actions: {unknown:?}");
    assert!(twice.is_empty(), "{twice:?}");
    assert!(
        without_truth.is_empty(),
        "nothing shows what these do: {without_truth:?}"
    );
}
