//! A table's columns held against the fields of the action, before any row is read.
//!
//! The one rule: everything that is wrong with a header is said at once, with the column; a header that fits says nothing about
//! the rows.

use super::{Shape, shape::ADDED};
use crate::{Action, registry::nearest};

/// What is wrong with a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadColumns(pub Vec<String>);

/// Holds columns against what `action` takes.
///
/// # Errors
///
/// Columns without a name, columns of one name, columns that are no field, fields that are required and have no column.
pub fn check_columns(
    action: &Action,
    shape: &Shape,
    columns: &[String],
    allow_unknown: bool,
) -> Result<(), BadColumns> {
    let mut wrong = Vec::new();
    for (index, column) in columns.iter().enumerate() {
        if column.trim().is_empty() {
            wrong.push(format!("column {} has no name", index + 1));
        } else if let Some(first) = columns[..index].iter().position(|earlier| earlier == column) {
            wrong.push(format!(
                "`{column}` is the name of the columns {} and {}",
                first + 1,
                index + 1
            ));
        }
    }
    for (field, column) in &shape.columns {
        if !columns.contains(column) {
            wrong.push(format!("there is no column `{column}`, which is to be `{field}`"));
        }
    }
    for column in &shape.ignore {
        if !columns.contains(column) {
            wrong.push(format!("there is no column `{column}`, which is to be left out"));
        }
    }
    if shape.map.is_none() {
        fields(action, shape, columns, allow_unknown, &mut wrong);
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(BadColumns(wrong))
    }
}

fn fields(action: &Action, shape: &Shape, columns: &[String], allow_unknown: bool, wrong: &mut Vec<String>) {
    let given: Vec<&str> = columns
        .iter()
        .filter(|column| !shape.passes_over(column) && !ADDED.contains(&column.as_str()))
        .map(|column| shape.field_of(column).unwrap_or(column))
        .chain(shape.set.iter().map(|(field, _)| field.as_str()))
        .collect();
    let is_record = |name: &str| action.is_operation() && ["path", "query", "payload"].contains(&outer(name));
    for name in &given {
        let is_known = action.field(name).is_some()
            || action.field(outer(name)).is_some()
            || action.fields.iter().any(|field| outer(field.name) == outer(name))
            || is_record(name);
        if !is_known && !name.trim().is_empty() && !allow_unknown {
            let near = nearest(name, action.fields.iter().map(|field| field.name));
            wrong.push(match near.first() {
                Some(near) => format!("`{name}` is not a field of {}; did you mean `{near}`?", action.id),
                None => format!("`{name}` is not a field of {}", action.id),
            });
        }
    }
    if given.iter().any(|name| is_record(name)) {
        return;
    }
    for field in action
        .fields
        .iter()
        .filter(|field| field.required && field.alternative == 0)
    {
        // What lies within an object is needed only where the object is given.
        let is_given = given
            .iter()
            .any(|name| field.is_named(name) || field.is_named(outer(name)));
        if !is_given && !field.name.contains('.') {
            wrong.push(format!(
                "the field `{}` is required, and no column is it",
                field.name
            ));
        }
    }
}

fn outer(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wrong_with_a_header_is_said_at_once() {
        let action = crate::action("contacts.tag").unwrap();
        let by_id = crate::action("contacts.tag_by_id").unwrap();
        let operation = crate::action("contacts.update").unwrap();
        let renamed = Shape {
            columns: vec![("email".to_owned(), "Mail".to_owned())],
            ignore: vec!["Notes".to_owned()],
            set: vec![("tag_name".to_owned(), json!("x"))],
            ..Shape::default()
        };
        let plain = Shape::default();
        for (action, shape, columns, expected) in [
            (action, &plain, &["email", "tag_name"][..], &[][..]),
            (action, &renamed, &["Mail", "Notes", "_error", "_code"], &[]),
            (
                action,
                &plain,
                &["email", "email", ""],
                &["columns 1 and 2", "column 3 has no name"],
            ),
            (
                action,
                &renamed,
                &["email"],
                &["no column `Mail`", "no column `Notes`"],
            ),
            (action, &plain, &["emial"], &["did you mean `email`"]),
            (by_id, &plain, &["tag_name"], &["`contact_id` is required"]),
            (by_id, &plain, &["id", "name"], &[]),
            (operation, &plain, &["id", "custom_attributes.plan"], &[]),
            (operation, &plain, &["path.id", "payload.name"], &[]),
            (operation, &plain, &["name"], &["`id` is required"]),
        ] {
            let columns: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
            let wrong = check_columns(action, shape, &columns, false)
                .err()
                .map_or(Vec::new(), |bad| bad.0);
            assert_eq!(wrong.len(), expected.len(), "{columns:?}: {wrong:?}");
            for (wrong, expected) in wrong.iter().zip(expected) {
                assert!(wrong.contains(expected), "{wrong} {expected}");
            }
        }
    }
}
