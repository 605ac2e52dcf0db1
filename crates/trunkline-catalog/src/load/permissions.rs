//! Permissions: one line each, as the Developer Hub lists them.
//!
//! The rule: a name stands for one permission only, and what is covered is described too.

use std::collections::HashSet;

use crate::{
    CatalogError, Cover, Permission, PermissionGroup, Probe,
    permission::normalized,
    table::{Row, rows},
};

/// What ships with the program.
pub(crate) const EMBEDDED: &str = include_str!("../../overlays/permissions.tsv");

const COLUMNS: [&str; 10] = [
    "label",
    "group",
    "family",
    "names",
    "aliases",
    "covers",
    "completes",
    "probe",
    "allows",
    "cost",
];

/// Reads the table.
pub(crate) fn load(text: &'static str) -> Result<Vec<Permission>, CatalogError> {
    let rows = rows("overlays/permissions.tsv", text, COLUMNS)?;
    let labels: HashSet<&str> = rows.iter().map(|row| row.cell(0)).collect();
    let mut taken = HashSet::new();
    let mut permissions = Vec::new();
    for row in &rows {
        let permission = read(row)?;
        let mut own = HashSet::new();
        for name in [permission.label]
            .iter()
            .chain(&permission.names)
            .chain(&permission.aliases)
        {
            own.insert(normalized(name));
        }
        if let Some(name) = own.iter().find(|name| taken.contains(*name)) {
            return Err(row.duplicate(name.as_str()));
        }
        taken.extend(own);
        if let Some(cover) = permission
            .covers
            .iter()
            .find(|cover| !labels.contains(cover.label))
        {
            return Err(row.unknown("permission", cover.label));
        }
        permissions.push(permission);
    }
    Ok(permissions)
}

fn read(row: &Row<10>) -> Result<Permission, CatalogError> {
    Ok(Permission {
        label: row.filled(0)?,
        group: match row.cell(1) {
            "people" => PermissionGroup::People,
            "workspace" => PermissionGroup::Workspace,
            "unlisted" => PermissionGroup::Unlisted,
            _ => return Err(row.wrong(1, "people, workspace or unlisted")),
        },
        family: row.filled(2)?,
        names: row.list(3),
        aliases: row.list(4),
        covers: row.list(5).into_iter().map(cover).collect(),
        completes: row.list(6),
        probe: row.optional(7).map(|text| probe(row, text)).transpose()?,
        allows: row.filled(8)?,
        cost: row.filled(9)?,
    })
}

/// `LABEL`, or `LABEL@FAMILY+FAMILY`.
fn cover(text: &'static str) -> Cover {
    let (label, families) = text.split_once('@').unwrap_or((text, ""));
    Cover {
        label,
        families: families.split('+').filter(|family| !family.is_empty()).collect(),
    }
}

/// `operation`, then `name=value&name=value`, then a body in braces.
fn probe(row: &Row<10>, text: &'static str) -> Result<Probe, CatalogError> {
    let (call, body) = match text.find('{') {
        Some(at) => (text[..at].trim_end(), Some(&text[at..])),
        None => (text, None),
    };
    if body.is_some_and(|body| serde_json::from_str::<serde_json::Value>(body).is_err()) {
        return Err(row.wrong(7, "a body of JSON"));
    }
    let (operation, pairs) = call.split_once(' ').unwrap_or((call, ""));
    let parameters = pairs
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').ok_or_else(|| row.wrong(7, "name=value")))
        .collect::<Result<_, _>>()?;
    Ok(Probe {
        operation,
        parameters,
        body,
    })
}
