//! `docs/reference/actions/`: every action with what it takes, a page for each family.
//!
//! The one rule: the pages are made of the same descriptors that calls are checked with.

use std::{collections::BTreeMap, fmt::Write as _};

use anyhow::Result;
use trunkline_actions::{Action, Field, Place, Returns, actions};

use super::{HEADER, cell};

/// The index and a page for each family, by path.
pub(crate) fn pages() -> Result<Vec<(String, String)>> {
    let mut families: BTreeMap<&str, Vec<&Action>> = BTreeMap::new();
    for action in actions() {
        families.entry(action.family()).or_default().push(action);
    }
    let mut pages = vec![("docs/reference/actions/README.md".to_owned(), index(&families)?)];
    for (family, actions) in families {
        pages.push((
            format!("docs/reference/actions/{family}.md"),
            page(family, &actions)?,
        ));
    }
    Ok(pages)
}

fn index(families: &BTreeMap<&str, Vec<&Action>>) -> Result<String> {
    let all: usize = families.values().map(Vec::len).sum();
    let modules = families
        .values()
        .flatten()
        .filter(|action| !action.is_operation());
    let mut page = format!("{HEADER}\n# Actions\n\n");
    writeln!(
        page,
        "What can be done in a workspace, by `trunkline call ID`, by `POST /api/v1/actions/ID` and by programs: {all} actions. {} of \
         them are\nmodules, made of several calls or with fields of their own; the others are the operations of Intercom's API as they are.\n\
         [From other connectors](from-other-connectors.md) tells what modules of other systems are called here, the guide\n\
         [Actions](../../guides/actions.md) how they are used.\n\n| family | modules | operations |\n| --- | --- | --- |",
        modules.count()
    )?;
    for (family, actions) in families {
        let operations = actions.iter().filter(|action| action.is_operation()).count();
        let modules: Vec<String> = actions
            .iter()
            .filter(|action| !action.is_operation())
            .map(|action| format!("[`{}`]({family}.md#{})", action.id, anchor(action.id)))
            .collect();
        writeln!(
            page,
            "| [{family}]({family}.md) | {} | {operations} |",
            modules.join(", ")
        )?;
    }
    Ok(page)
}

/// The anchor that a heading gets: its text without the dots.
fn anchor(id: &str) -> String {
    id.replace('.', "")
}

fn page(family: &str, actions: &[&Action]) -> Result<String> {
    let mut page = format!("{HEADER}\n# Actions: {family}\n");
    let (operations, modules): (Vec<&Action>, Vec<&Action>) =
        actions.iter().copied().partition(|action| action.is_operation());
    for action in modules.into_iter().chain(operations) {
        describe(&mut page, action)?;
    }
    Ok(page)
}

fn describe(page: &mut String, action: &Action) -> Result<()> {
    writeln!(page, "\n## {}\n\n{}\n", action.id, action.summary)?;
    let gives = match action.returns {
        Returns::One => "one value",
        Returns::Rows => "rows",
    };
    let mut facts = vec![
        format!("effect: {}", action.effect.as_str().replace('_', " ")),
        format!("gives: {gives}"),
        format!("versions: {} to {}", action.versions.0, action.versions.1),
    ];
    if !action.is_operation() && !action.operations.is_empty() {
        let calls: Vec<String> = action.operations.iter().map(|id| format!("`{id}`")).collect();
        facts.push(format!("calls: {}", calls.join(", ")));
    }
    writeln!(page, "{}", facts.join("; "))?;
    if action.fields.is_empty() {
        return Ok(());
    }
    if action.is_operation() {
        page.push_str("\n| field | in | type | values |\n| --- | --- | --- | --- |\n");
    } else {
        page.push_str("\n| field | type | values | what it is |\n| --- | --- | --- | --- |\n");
    }
    for field in once(&action.fields) {
        let name = if field.required {
            format!("**`{}`**", field.name)
        } else {
            format!("`{}`", field.name)
        };
        let sort = if field.time.is_some() {
            "time"
        } else {
            field.field_type.as_str()
        };
        if action.is_operation() {
            let place = if field.place == Place::Module {
                ""
            } else {
                field.place.as_str()
            };
            writeln!(page, "| {name} | {place} | {sort} | {} |", values(field))?;
        } else {
            writeln!(page, "| {name} | {sort} | {} | {} |", values(field), help(field))?;
        }
    }
    Ok(())
}

/// Fields that differ only by version or alternative are told once.
fn once(fields: &[Field]) -> Vec<&Field> {
    let mut seen: Vec<(&str, Place)> = Vec::new();
    fields
        .iter()
        .filter(|field| {
            let is_new = !seen.contains(&(field.name, field.place));
            seen.push((field.name, field.place));
            is_new
        })
        .collect()
}

fn values(field: &Field) -> String {
    let mut words: Vec<String> = field.choices.iter().map(|choice| format!("`{choice}`")).collect();
    if let Some(lookup) = field.lookup {
        words.push(format!("`trunkline lookup {lookup}`"));
    }
    cell(&words.join(", "))
}

fn help(field: &Field) -> String {
    let mut text = field.help.to_owned();
    if let Some(default) = field.default {
        write!(text, " `{default}` when it is left out.").expect("writing to a String cannot fail");
    }
    if !field.aliases.is_empty() {
        write!(text, " Also named `{}`.", field.aliases.join("`, `"))
            .expect("writing to a String cannot fail");
    }
    cell(&text)
}
