//! Permissions as people read them: what a token has, and what to tick.

use comfy_table::Cell;
use trunkline_client::permissions::{PermissionLine, PermissionReport, PermissionState};

use super::{json, tables};
use crate::{commands::scopes::Scopes, failure::Failure};

/// The most names that a cell lists before it counts the rest.
const LISTED: usize = 6;

/// What a token has, and what each missing permission costs.
pub(crate) fn print(report: &PermissionReport) -> Result<(), Failure> {
    json::line(&format!(
        "{} ({}), version {}",
        report.workspace_name, report.workspace, report.version
    ))?;
    let mut table = tables::new(&["permission", "about", "state", "streams", "operations", "note"]);
    for line in &report.permissions {
        table.add_row([
            Cell::new(line.permission),
            Cell::new(line.family),
            Cell::new(line.state.as_str()),
            tables::count(line.streams.len() as u64),
            tables::count(line.operations.len() as u64),
            Cell::new(note(line)),
        ]);
    }
    json::line(&table.trim_fmt())?;
    let count = |state: PermissionState| {
        report
            .permissions
            .iter()
            .filter(|line| line.state == state)
            .count()
    };
    json::line(&format!(
        "{} granted, {} missing, {} not probed, {} unknown",
        count(PermissionState::Granted),
        count(PermissionState::Missing),
        count(PermissionState::NotProbed),
        count(PermissionState::Unknown),
    ))?;
    let empty: Vec<&str> = report
        .missing()
        .flat_map(|line| line.streams.iter().copied())
        .collect();
    if !empty.is_empty() {
        json::line(&format!("Streams that stay empty: {}", listed(&empty)))?;
    }
    if !report.writes_probed {
        json::line("Permissions to write are asked with `--writes`, by calls on objects that cannot exist.")?;
    }
    Ok(())
}

fn note(line: &PermissionLine) -> String {
    match line.state {
        PermissionState::Granted => String::new(),
        PermissionState::Missing => line.cost.to_owned(),
        PermissionState::NotInPlan => format!("The workspace's plan does not include it. {}", line.cost),
        PermissionState::NotProbed => String::new(),
        PermissionState::NotInVersion | PermissionState::Unknown => line.why.clone().unwrap_or_default(),
    }
}

/// What to tick, and why.
pub(crate) fn print_scopes(scopes: &Scopes) -> Result<(), Failure> {
    if !scopes.permissions.is_empty() {
        let mut table = tables::new(&["tick", "under", "needed for"]);
        for tick in &scopes.permissions {
            table.add_row([
                tick.permission.to_owned(),
                tick.group.to_owned(),
                listed(&tick.needed_for),
            ]);
        }
        json::line(&table.trim_fmt())?;
    }
    json::line(&match scopes.permissions.len() {
        0 => "No permission is needed: any token will do.".to_owned(),
        1 => "1 permission".to_owned(),
        many => format!("{many} permissions"),
    })?;
    for advice in &scopes.advisable {
        json::line(&format!(
            "For the whole of {}, also tick \"{}\". {}",
            advice.completes.join(" and "),
            advice.permission,
            advice.cost
        ))?;
    }
    if !scopes.without_permission.is_empty() {
        json::line(&format!(
            "Without any permission: {}",
            listed(&scopes.without_permission)
        ))?;
    }
    for name in &scopes.understood {
        json::line(&match name.name_is {
            "alias" => format!(
                "`{}` is no permission of Intercom; today it is \"{}\"",
                name.given, name.permission
            ),
            "in_refusals" => format!("`{}` is what refusals call \"{}\"", name.given, name.permission),
            _ => format!("`{}` is \"{}\"", name.given, name.permission),
        })?;
    }
    Ok(())
}

/// The first names, and how many more there are.
fn listed(names: &[impl AsRef<str>]) -> String {
    let shown: Vec<&str> = names.iter().take(LISTED).map(AsRef::as_ref).collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::listed;

    #[test]
    fn a_long_list_is_cut_with_its_count() {
        for (count, text) in [
            (0, ""),
            (2, "a, a"),
            (6, "a, a, a, a, a, a"),
            (8, "a, a, a, a, a, a and 2 more"),
        ] {
            assert_eq!(listed(&vec!["a"; count]), text);
        }
    }
}
