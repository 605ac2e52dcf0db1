//! `docs/reference/actions/from-other-connectors.md`: what the modules and fields of other systems are called here.
//!
//! The one rule: a table with fields shows them under their module, and one without is a plain list; what stands in either
//! comes from `crates/trunkline-actions/overlays/names.tsv`, which that crate's tests hold against the actions themselves.

use std::fmt::Write as _;

use anyhow::Result;
use trunkline_actions::{Name, names};

use super::{HEADER, cell};

/// The page.
pub(crate) fn page() -> Result<String> {
    written(names())
}

fn written(names: &[Name]) -> Result<String> {
    let mut page = format!("{HEADER}\n# From other connectors\n\n");
    page += "What the modules, actions and fields of other systems are called here. The guide \
             [From Make, Alumio, Appmixer, Alloy, Tealium to Trunkline](../../guides/from-other-connectors.md) tells how their \
             ideas map;\n`trunkline actions WORDS` finds an action by these names too.\n\n";
    page += "A field of an action is given to `trunkline call` as `name=value`, or by its name in JSON.\n";
    for system in names.chunk_by(|one, next| one.system == next.system) {
        let title = system[0].system;
        let with_fields = system.iter().any(|name| !name.field.is_empty());
        let heads = if with_fields {
            "| module | field | here | remarks |\n| --- | --- | --- | --- |"
        } else {
            "| action | here | remarks |\n| --- | --- | --- |"
        };
        writeln!(page, "\n## {title}\n\n{heads}")?;
        for module in system.chunk_by(|one, next| one.module == next.module) {
            let heads = module.iter().filter(|name| name.field.is_empty());
            let answered: Vec<String> = heads.map(|name| called(name.action)).collect();
            let title = cell(module[0].module);
            let note = cell(module[0].note);
            let answered = answered.join(", ");
            if with_fields {
                writeln!(page, "| **{title}** | | {answered} | {note} |")?;
            } else {
                writeln!(page, "| {title} | {answered} | {note} |")?;
            }
            for name in module.iter().filter(|name| !name.field.is_empty()) {
                let elsewhere = name.action != module[0].action;
                writeln!(
                    page,
                    "| | {} | {} | {} |",
                    cell(name.field),
                    ours(name, elsewhere),
                    cell(name.note)
                )?;
            }
        }
    }
    Ok(page)
}

/// The name of an action, or a command as it is typed.
fn called(action: &str) -> String {
    match action.strip_prefix("command:") {
        Some(command) => format!("`trunkline {command}`"),
        None => format!("`{action}`"),
    }
}

/// Our fields, with the command that they belong to where it is another one.
fn ours(name: &Name, elsewhere: bool) -> String {
    let mut fields: Vec<String> = Vec::new();
    for field in name.our_fields() {
        fields.push(match name.command() {
            Some(command) if elsewhere => format!("`{command} {field}`"),
            _ => format!("`{field}`"),
        });
    }
    fields.join(" or ")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use trunkline_catalog::Catalog;

    use super::*;

    const fn name([system, module, field, action, our_field, note]: [&'static str; 6]) -> Name {
        Name {
            system,
            module,
            field,
            action,
            our_field,
            note,
        }
    }

    #[test]
    fn a_module_is_shown_with_its_actions_and_fields() {
        let page = written(&[
            name(["A", "One", "", "contacts.get", "", "note"]),
            name(["A", "One", "", "contacts.find", "", ""]),
            name(["A", "One", "It | that", "contacts.get", "id|email", ""]),
            name(["A", "Two", "", "command:serve", "", ""]),
            name(["A", "Two", "Name", "command:connect", "NAME", "why"]),
            name(["B", "Three", "", "me.get", "", ""]),
        ])
        .unwrap();
        for line in [
            "## A",
            "| **One** | | `contacts.get`, `contacts.find` | note |",
            "| | It \\| that | `id` or `email` |  |",
            "| **Two** | | `trunkline serve` |  |",
            "| | Name | `connect NAME` | why |",
            "## B",
            "| Three | `me.get` |  |",
        ] {
            assert!(page.lines().any(|found| found == line), "{line}\n{page}");
        }
    }

    #[test]
    fn a_topic_that_a_trigger_is_watched_by_exists() {
        let catalog = Catalog::embedded();
        let mut known: HashSet<&str> = catalog.topics().iter().map(|topic| topic.name).collect();
        known.extend(catalog.topic_aliases().iter().map(|alias| alias.name));
        known.insert("'*'");
        let mut watched = 0;
        for name in names().iter().filter(|name| name.action == "command:watch") {
            if let Some((_, topics)) = name.note.split_once("`--topics ") {
                watched += 1;
                for topic in topics.trim_end_matches('`').split(',') {
                    assert!(known.contains(topic), "{}, {}: {topic}", name.system, name.module);
                }
            }
        }
        assert_eq!(watched, 61);
    }
}
