//! `docs/reference/actions/from-other-connectors.md`: what the modules and fields of other systems are called here.
//!
//! The one rule: a table with fields shows them under their module, and one without is a plain list; what stands in either
//! comes from `crates/trunkline-actions/overlays/names.tsv`, which that crate's tests hold against the actions themselves.

use std::fmt::Write as _;

use anyhow::{Result, bail, ensure};

use super::{HEADER, cell};

const NAMES: &str = include_str!("../../../crates/trunkline-actions/overlays/names.tsv");
const COLUMNS: [&str; 6] = ["system", "module", "field", "action", "our_field", "note"];

/// One line of the table.
struct Name<'t> {
    system: &'t str,
    module: &'t str,
    field: &'t str,
    action: &'t str,
    our_field: &'t str,
    note: &'t str,
}

/// The page.
pub(crate) fn page() -> Result<String> {
    written(NAMES)
}

fn written(table: &str) -> Result<String> {
    let names = read(table)?;
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
fn ours(name: &Name<'_>, elsewhere: bool) -> String {
    let mut fields: Vec<String> = Vec::new();
    for field in name.our_field.split('|').filter(|field| !field.is_empty()) {
        fields.push(match name.action.strip_prefix("command:") {
            Some(command) if elsewhere => format!("`{command} {field}`"),
            _ => format!("`{field}`"),
        });
    }
    fields.join(" or ")
}

fn read(table: &str) -> Result<Vec<Name<'_>>> {
    let mut lines = table
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.starts_with('#'));
    let header = lines.next().map(|(_, line)| line);
    ensure!(
        header == Some(COLUMNS.join("\t").as_str()),
        "names.tsv: the columns are not {}",
        COLUMNS.join(", ")
    );
    let mut names: Vec<Name<'_>> = Vec::new();
    for (number, line) in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        let [system, module, field, action, our_field, note] = cells[..] else {
            bail!("names.tsv, line {number}: not {} columns", COLUMNS.len());
        };
        let before = names
            .last()
            .filter(|name| name.system == system && name.module == module);
        ensure!(
            !field.is_empty() || before.is_none_or(|name| name.field.is_empty()),
            "names.tsv, line {number}: {module} begins a second time"
        );
        ensure!(
            field.is_empty() || before.is_some(),
            "names.tsv, line {number}: a field of {module} stands before it"
        );
        names.push(Name {
            system,
            module,
            field,
            action,
            our_field,
            note,
        });
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use trunkline_catalog::Catalog;

    use super::*;

    fn table(rows: &str) -> String {
        format!("# a comment\n{}\n{rows}", COLUMNS.join("\t"))
    }

    #[test]
    fn a_module_is_shown_with_its_actions_and_fields() {
        let page = written(&table(
            "A\tOne\t\tcontacts.get\t\tnote\nA\tOne\t\tcontacts.find\t\t\nA\tOne\tIt | that\tcontacts.get\tid|email\t\n\
             A\tTwo\t\tcommand:serve\t\t\nA\tTwo\tName\tcommand:connect\tNAME\twhy\nB\tThree\t\tme.get\t\t\n",
        ))
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
    fn a_table_that_cannot_be_read_is_refused_with_its_line() {
        for (rows, expected) in [
            ("A\tOne\t\tme.get\t\n", "line 3: not 6 columns"),
            (
                "A\tOne\tField\tme.get\tid\t\n",
                "line 3: a field of One stands before it",
            ),
            (
                "A\tOne\t\tme.get\t\t\nA\tOne\tF\tme.get\tid\t\nA\tOne\t\tme.get\t\t\n",
                "line 5: One begins a second time",
            ),
        ] {
            let error = written(&table(rows)).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(written("a\tb\n").is_err());
    }

    #[test]
    fn a_topic_that_a_trigger_is_watched_by_exists() {
        let catalog = Catalog::embedded();
        let mut known: HashSet<&str> = catalog.topics().iter().map(|topic| topic.name).collect();
        known.extend(catalog.topic_aliases().iter().map(|alias| alias.name));
        known.insert("'*'");
        let names = read(NAMES).unwrap();
        let mut watched = 0;
        for name in names.iter().filter(|name| name.action == "command:watch") {
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
